//! Delivery streams: the list of them, and one with its buffer.

use super::figure::{bytes, count, or_dash, percent, rate, time};
use super::html::Html;
use super::parts::{Action, List, cards, cell, cli, counted, empty, link, moment, moving, number, resource, table};
use super::scope::{Scope, encoded};
use crate::console::view::map::StreamFigures;
use crate::console::view::stream::{StreamView, Streams};

/// The list; `name` is what is looked for.
pub(super) fn list(scope: &Scope, streams: &Streams, name: &str) -> Html {
    let rows = streams.streams.iter().map(|stream| {
        let address = scope.link_in(&format!("/streams/{}", encoded(&stream.name)), &stream.region, &[]);
        let region = if scope.many { format!(" {}", stream.region) } else { String::new() };
        let it = &stream.figures;
        let bucket = stream.bucket.as_deref().map(|bucket| bucket_link(scope, bucket));
        Html::of(
            "<tr data-id=\"{}\"><th scope=\"row\">{}<span class=\"faint\">{}</span></th>{}{}{}{}{}{}{}</tr>\n",
            &[
                &stream.arn,
                &link(&address, &stream.name),
                &region,
                &moving("records", &count(it.records as u64)),
                &moving("bytes", &bytes(it.bytes)),
                &moving("fill", &percent(it.fill)),
                &moving("next_in_ms", &or_dash(it.next_in_ms.map(time))),
                &moving("landed", &count(it.landed)),
                &moving("landed_per_second", &rate(it.landed_per_second)),
                &cell(&bucket),
            ],
        )
    });
    let columns = [
        ("stream", false),
        ("records", true),
        ("bytes", true),
        ("full", true),
        ("lands in", true),
        ("landed", true),
        ("rate", true),
        ("bucket", false),
    ];
    let table = table("Delivery streams: their buffers", &columns, rows.collect());
    let (shown, of, next) = (streams.streams.len(), streams.of, streams.next.as_deref());
    List { page: "/streams", what: "delivery streams", name, shown, of, next }.html(scope, table, || {
        let line = "firehose create-delivery-stream --delivery-stream-name events --s3-destination-configuration \
                    RoleARN=arn:aws:iam::000000000000:role/firehose,BucketARN=arn:aws:s3:::BUCKET";
        empty("There is no delivery stream yet. The first one is made by:", &scope.cli(line))
    })
}

fn bucket_link(scope: &Scope, bucket: &str) -> Html {
    match bucket.starts_with("arn:") {
        true => resource(scope, bucket),
        false => link(&scope.link(&format!("/buckets/{}", encoded(bucket)), &[]), bucket),
    }
}

/// One stream.
pub(super) fn one(scope: &Scope, stream: &StreamView) -> Html {
    let row = &stream.row;
    let back = scope.link_in(&format!("/streams/{}", encoded(&row.name)), &row.region, &[]);
    let hidden: &[(&str, &str)] = &[("stream", &row.name), ("region", &row.region)];
    let flush = Action {
        name: "flush",
        title: "Land what is buffered now",
        hidden,
        fields: Html::default(),
        button: "Land it now",
        danger: false,
    };
    let objects = stream.objects.iter().map(|it| {
        let page = format!("/buckets/{}/object", encoded(&it.bucket));
        Html::of(
            "<tr><th scope=\"row\">{}</th>{}{}{}</tr>\n",
            &[
                &link(&scope.link(&page, &[("key", &it.key)]), &it.key),
                &cell(&moment(it.at)),
                &counted("records", &it.records),
                &number(&bytes(it.bytes)),
            ],
        )
    });
    let columns = [("object", false), ("landed", false), ("records", true), ("size", true)];
    let objects: Html = objects.collect();
    let landed = match objects.is_empty() {
        true => Html::of("<p>Nothing has landed since the server started.</p>\n", &[]),
        false => Html::of("<h2>What landed last</h2>\n{}", &[&cards("What landed last", &columns, objects)]),
    };
    let failed = match stream.failed {
        0 => Html::of("<p>No record has failed.</p>\n", &[]),
        n => Html::of(
            "<p class=\"bad\">{} failed, or landed under the prefix of errors: <a href=\"{}\">the notices say why</a>.</p>\n",
            &[
                &if n == 1 { "1 record".to_owned() } else { format!("{} records", count(n)) },
                &scope.link("/notices", &[]),
            ],
        ),
    };
    let describe = format!("firehose describe-delivery-stream --delivery-stream-name {}", row.name);
    Html::of(
        "<section id=\"figures\" data-refresh>{}{}{}</section>\n<h2>Do</h2>\n{}<h2>About it</h2>\n{}{}\
         <p><a href=\"{}\">Charts of this stream</a></p>\n",
        &[
            &buffer(&row.arn, &row.figures),
            &failed,
            &landed,
            &flush.form(scope, &back),
            &about(scope, stream),
            &cli(&scope.cli_of(&row.arn, &describe)),
            &scope.link("/charts", &[("of", &row.arn)]),
        ],
    )
}

fn buffer(arn: &str, it: &StreamFigures) -> Html {
    Html::of(
        "<ul class=\"tiles\" data-id=\"{}\"><li><b data-figure=\"records\">{}</b>records</li>\
         <li><b data-figure=\"bytes\">{}</b>buffered</li>\
         <li><b data-figure=\"fill\">{}</b><meter data-figure=\"fill\" value=\"{}\" aria-label=\"How full the buffer is\"></meter></li>\
         <li><b data-figure=\"next_in_ms\">{}</b>until it lands</li><li><b data-figure=\"oldest_age_ms\">{}</b>oldest</li>\
         <li><b data-figure=\"landed\">{}</b>landed</li></ul>",
        &[
            &arn,
            &count(it.records as u64),
            &bytes(it.bytes),
            &percent(it.fill),
            &it.fill.to_string(),
            &or_dash(it.next_in_ms.map(time)),
            &or_dash(it.oldest_age_ms.map(time)),
            &count(it.landed),
        ],
    )
}

fn about(scope: &Scope, stream: &StreamView) -> Html {
    let row = &stream.row;
    let size = stream.buffer_bytes.map_or_else(|| "a buffer for each partition".to_owned(), bytes);
    let bucket = row.bucket.as_deref().map(|bucket| bucket_link(scope, bucket));
    let partitioned = if stream.partitioned { "yes" } else { "no" };
    Html::of(
        "<dl><dt>lands at</dt><dd>{}, or {}</dd><dt>bucket</dt><dd>{}</dd><dt>prefix</dt><dd>{}</dd><dt>prefix of errors</dt><dd>{}</dd>\
         <dt>compression</dt><dd>{}</dd><dt>partitioned</dt><dd>{}</dd><dt>role</dt><dd>{}</dd></dl>\n",
        &[
            &size,
            &time(stream.buffer_ms),
            &bucket,
            &stream.prefix,
            &stream.error_prefix,
            &stream.compression,
            &partitioned,
            &stream.role,
        ],
    )
}
