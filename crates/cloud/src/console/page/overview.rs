//! The first page: how much there is, how much goes through it, and what leads where.

use super::figure::{bytes, count, rate};
use super::html::Html;
use super::map;
use super::parts::{cli, empty, link};
use super::shell::Shell;
use crate::console::view::map::Map;

/// The server's other pages, for programs.
const OTHERS: [(&str, &str); 9] = [
    ("/_messaging/api/v1/overview", "this page as JSON, and all the others"),
    ("/health", "whether the server takes writes"),
    ("/_messaging/queues", "how full queues and the buffers of streams are"),
    ("/_messaging/notices", "what didn't go as somebody may have expected, and why"),
    ("/_messaging/outbox", "what would have been sent by mail, text message or push"),
    ("/_messaging/metrics", "figures of queues and streams, for Prometheus"),
    ("/_messaging/chaos", "faults by rules, and what they struck"),
    ("/_messaging/clock", "what time it is in the cloud, and how its clock runs"),
    ("/_messaging/ca.pem", "the certificate to trust for https on this port"),
];

/// The page.
pub(super) fn page(shell: &Shell, shown: &Map) -> Html {
    let Shell { scope, overview, .. } = shell;
    let tiles = [
        ("/topics", "topic", overview.counts.topics),
        ("/topics", "subscription", overview.counts.subscriptions),
        ("/queues", "queue", overview.counts.queues),
        ("/streams", "stream", overview.counts.streams),
        ("/buckets", "bucket", overview.counts.buckets),
        ("/stacks", "stack", overview.counts.stacks),
    ];
    let tiles: Html = tiles
        .iter()
        .map(|(page, what, n)| {
            let many = if *n == 1 { "" } else { "s" };
            Html::of("<li><a href=\"{}\"><b>{}</b>{}{}</a></li>\n", &[&scope.link(page, &[]), n, what, &many])
        })
        .collect();
    let (totals, rates) = (&overview.totals, &overview.per_second);
    let through = [
        ("published", totals.published, rates.published),
        ("queued", totals.queued, rates.queued),
        ("received", totals.received, rates.received),
        ("deleted", totals.deleted, rates.deleted),
        ("dead-lettered", totals.dead_lettered, rates.dead_lettered),
        ("landed", totals.landed, rates.landed),
    ];
    let through: Html = through
        .iter()
        .map(|(what, total, now)| Html::of("<li><b>{}</b>{}, {}</li>\n", &[&count(*total), what, &rate(*now)]))
        .collect();
    let history = &overview.history;
    let remembered = Html::of(
        "<p class=\"faint\">The journal remembers {} of at most {} messages ({} of {}).</p>\n",
        &[&history.messages, &history.most_messages, &bytes(history.bytes), &bytes(history.most_bytes)],
    );
    let map = match shown.nodes.is_empty() {
        true => empty("Nothing is here yet. The first topic is made by:", &scope.cli("sns create-topic --name orders")),
        false => map::drawing(scope, shown),
    };
    let others: Html =
        OTHERS.iter().map(|(address, what)| Html::of("<li>{}: {}</li>\n", &[&link(address, address), what])).collect();
    Html::of(
        "<section id=\"figures\" data-refresh><ul class=\"tiles\">{}</ul>\n<ul class=\"tiles\">{}</ul>\n{}</section>\n\
         <h2>What leads where</h2>\n<div class=\"map\" role=\"region\" aria-label=\"Map\" tabindex=\"0\"><div id=\"map\" data-refresh>{}</div></div>\n\
         <details><summary>The map as a table</summary><div id=\"ways\" data-refresh>{}</div></details>\n\
         <h2>To use it</h2>\n{}<details><summary>For programs</summary><ul>\n{}</ul></details>\n",
        &[&tiles, &through, &remembered, &map, &map::edges(shown), &how_to_use(shell), &others],
    )
}

fn how_to_use(shell: &Shell) -> Html {
    Html::of(
        "{}{}",
        &[
            &cli("export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1"),
            &cli(&shell.scope.cli("sqs list-queues")),
        ],
    )
}
