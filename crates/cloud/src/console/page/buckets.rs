//! Buckets: the list of them, what lies in one folder by folder, and an object, opened.

use super::bodies::pretty;
use super::figure::bytes;
use super::html::Html;
use super::parts::{List, cell, cli, empty, link, moment, next, number, pairs, table};
use super::scope::{Scope, encoded};
use crate::console::api::shell::quoted;
use crate::console::view::bucket::{BucketView, Buckets, ObjectView};

/// The list; `name` is what is looked for.
pub(super) fn list(scope: &Scope, buckets: &Buckets, name: &str) -> Html {
    let rows = buckets.buckets.iter().map(|bucket| {
        let address = scope.link(&format!("/buckets/{}", encoded(&bucket.name)), &[]);
        Html::of(
            "<tr><th scope=\"row\">{}</th>{}{}{}</tr>\n",
            &[
                &link(&address, &bucket.name),
                &cell(&bucket.region),
                &cell(&moment(bucket.created)),
                &cell(&if bucket.versioned { "yes" } else { "no" }),
            ],
        )
    });
    let columns = [("bucket", false), ("region", false), ("created", false), ("versioned", false)];
    let table = table("Buckets", &columns, rows.collect());
    let (shown, of, next) = (buckets.buckets.len(), buckets.of, buckets.next.as_deref());
    List { page: "/buckets", what: "buckets", name, shown, of, next }.html(scope, table, || {
        empty("There is no bucket yet. The first one is made by:", &scope.cli("s3 mb s3://landing"))
    })
}

/// One bucket, or one folder of it.
pub(super) fn one(scope: &Scope, bucket: &BucketView) -> Html {
    let name = &bucket.row.name;
    let page = format!("/buckets/{}", encoded(name));
    let trail = trail(scope, &page, name, &bucket.prefix);
    let list = scope.cli(&format!("s3 ls {}", quoted(&format!("s3://{name}/{}", bucket.prefix))));
    if bucket.folders.is_empty() && bucket.objects.is_empty() {
        let line = scope.cli(&format!("s3 cp FILE {}", quoted(&format!("s3://{name}/{}", bucket.prefix))));
        return Html::of("{}{}", &[&trail, &empty("Nothing lies here. An object is put here by:", &line)]);
    }
    let folders = bucket.folders.iter().map(|folder| {
        let shown = folder.strip_prefix(bucket.prefix.as_str()).unwrap_or(folder);
        let address = scope.link(&page, &[("prefix", folder)]);
        Html::of("<tr><th scope=\"row\">{}</th><td></td><td></td></tr>\n", &[&link(&address, shown)])
    });
    let objects = bucket.objects.iter().map(|object| {
        let shown = object.key.strip_prefix(bucket.prefix.as_str()).filter(|it| !it.is_empty()).unwrap_or(&object.key);
        let address = scope.link(&format!("{page}/object"), &[("key", &object.key)]);
        Html::of(
            "<tr><th scope=\"row\">{}</th>{}{}</tr>\n",
            &[&link(&address, shown), &number(&bytes(object.size)), &cell(&moment(object.modified))],
        )
    });
    let rows = folders.chain(objects).collect();
    let table = table("Folders and objects", &[("name", false), ("size", true), ("modified", false)], rows);
    let query = |at| scope.link(&page, &[("prefix", &bucket.prefix), ("next", at)]);
    let next = next(bucket.next.as_deref().map(query));
    Html::of("{}<section id=\"list\" data-refresh>{}</section>{}{}", &[&trail, &table, &next, &cli(&list)])
}

/// The folders that a prefix is in, as links.
fn trail(scope: &Scope, page: &str, bucket: &str, prefix: &str) -> Html {
    let mut trail = link(&scope.link(page, &[]), bucket);
    let ends = prefix.match_indices('/').map(|(at, _)| at + 1);
    let mut from = 0;
    for end in ends {
        let address = scope.link(page, &[("prefix", &prefix[..end])]);
        trail.put(" / {}", &[&link(&address, &prefix[from..end - 1])]);
        from = end;
    }
    Html::of("<nav aria-label=\"Folders\"><p>{} / {}</p></nav>\n", &[&trail, &&prefix[from..]])
}

/// One object.
pub(super) fn object(scope: &Scope, object: &ObjectView) -> Html {
    let (row, bucket) = (&object.row, &object.bucket);
    let page = format!("/buckets/{}", encoded(bucket));
    let folder = row.key.rfind('/').map_or("", |at| &row.key[..=at]);
    let mut about = Html::of(
        "<dt>size</dt><dd>{}</dd><dt>modified</dt><dd>{}</dd><dt>ETag</dt><dd>{}</dd>",
        &[&bytes(row.size), &moment(row.modified), &row.etag],
    );
    let more = [
        ("content type", &object.content_type),
        ("content encoding", &object.content_encoding),
        ("version", &object.version),
    ];
    for (name, value) in more.iter().filter(|(_, value)| value.is_some()) {
        about.put("<dt>{}</dt><dd>{}</dd>", &[name, *value]);
    }
    let metadata = if object.metadata.is_empty() { Html::default() } else { pairs(&object.metadata) };
    let fetch = scope.cli(&format!("s3 cp {} -", quoted(&format!("s3://{bucket}/{}", row.key))));
    Html::of(
        "{}<dl>{}</dl>{}<p><a href=\"{}\" download>Download</a>, or by this link, which holds for an hour:</p>{}{}{}",
        &[
            &trail(scope, &page, bucket, folder),
            &about,
            &metadata,
            &object.presigned,
            &cli(&object.presigned),
            &cli(&fetch),
            &opened(object),
        ],
    )
}

/// What is in an object, line by line.
fn opened(object: &ObjectView) -> Html {
    let Some(lines) = &object.lines else {
        return Html::of("<p>What is in it isn't text: it isn't shown.</p>", &[]);
    };
    let how = match object.opened {
        Some(how) => Html::of(" <small>opened: {}</small>", &[&how]),
        None => Html::default(),
    };
    let cut = match object.cut {
        true => Html::of("<p class=\"faint\">Only its beginning is shown.</p>", &[]),
        false => Html::default(),
    };
    // One line, or one document over several lines, is read best as a whole.
    let whole = lines.join("\n");
    let text = match serde_json::from_str::<serde::de::IgnoredAny>(&whole) {
        Ok(_) => Html::of("<pre class=\"wrap\">{}</pre>", &[&pretty(&whole)]),
        Err(_) => {
            let lines: Html = lines.iter().map(|line| Html::of("<li><code>{}</code></li>", &[line])).collect();
            Html::of("<ol class=\"lines\">{}</ol>", &[&lines])
        }
    };
    Html::of("<h2>What is in it{}</h2>\n{}{}", &[&how, &text, &cut])
}
