//! What the server tells of itself: the start page for browsers, the health that test tools poll.

use std::fmt::Write;

use bytes::Bytes;
use http::HeaderMap;
use http::header::ACCEPT;

use super::metrics::Counts;
use crate::core::Cloud;
use crate::services::SERVICES;

/// The server's own paths, each with its method and what it is.
pub(super) const PAGES: [(&str, &str, &str); 13] = [
    ("GET", "/_messaging", "this page"),
    ("GET", "/health", "whether the server takes writes"),
    ("GET", "/_messaging/notices", "what didn't go as somebody may have expected, and why"),
    ("GET", "/_messaging/queues", "how full queues and the buffers of streams are"),
    ("GET", "/_messaging/peek", "the messages of a queue, without receiving them: ?queue= and its ARN or URL"),
    ("GET", "/_messaging/outbox", "what would have been sent by mail, text message or push"),
    ("GET", "/_messaging/metrics", "figures of queues and streams, for Prometheus"),
    ("GET", "/_messaging/ca.pem", "the certificate to trust for https on this port"),
    ("GET", "/_messaging/chaos", "faults by rules, and what they struck; POST, PUT, PATCH and DELETE change the rules"),
    ("GET", "/_localstack/health", "the health as tools poll it that wait for LocalStack"),
    ("GET", "/_messaging/clock", "what time it is in the cloud, and how its clock runs"),
    ("POST", "/_messaging/clock", "moves a clock that stands still: ?advance=2h or ?to= a moment"),
    ("POST", "/_messaging/reset", "empties the cloud, for tests"),
];

/// So many queues are linked.
const SHOWN: usize = 100;

/// Whether a request is a browser's that wants a page. No client of S3 asks for HTML.
pub(super) fn wants_html(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    accept.split(',').any(|range| range.split(';').next().is_some_and(|kind| kind.trim() == "text/html"))
}

/// The start page. `url` is how the client called the server.
pub(super) fn start(cloud: &Cloud, url: &str) -> Bytes {
    let url = escaped(url);
    let counts = cloud.core.read(|engine, _| Counts::of(engine));
    let Counts { queues, topics, subscriptions, streams, buckets, stacks } = counts;
    let mut links = String::new();
    for (method, path, what) in PAGES {
        let link = match method {
            // Without a queue it leads nowhere.
            "GET" if path == "/_messaging/peek" => path.to_owned(),
            "GET" => format!("<a href=\"{path}\">{path}</a>"),
            _ => format!("{method} {path}"),
        };
        // Writing to a string can't fail.
        _ = writeln!(links, "<li>{link}: {what}</li>");
    }
    let (names, more) = cloud.core.read(|engine, _| {
        let mut names = engine.queues("arn:aws:sqs:").filter(|it| !it.config.hidden).map(|it| it.config.arn.clone());
        let shown: Vec<_> = names.by_ref().take(SHOWN).collect();
        (shown, names.next().is_some())
    });
    let mut listed = String::new();
    for arn in &names {
        let arn = escaped(arn);
        _ = writeln!(listed, "<li><a href=\"/_messaging/peek?queue={arn}\">{arn}</a></li>");
    }
    if more {
        listed.push_str("<li>and more: <a href=\"/_messaging/queues\">all of them</a></li>\n");
    }
    format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>messaging</title>\n\
         <body style=\"font-family:sans-serif;max-width:45em;margin:2em auto;padding:0 1em\">\n\
         <h1>messaging {version}</h1>\n\
         <p>An embedded cloud that speaks AWS's protocols: {services}. Durability: {durability}.</p>\n\
         <p>In all accounts: queues {queues}, topics {topics}, subscriptions {subscriptions}, delivery streams {streams}, \
         buckets {buckets}, stacks {stacks}.</p>\n\
         <pre>export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1\n\
         aws --endpoint-url {url} sqs list-queues</pre>\n<ul>\n{links}</ul>\n\
         <p>A look into the queues:</p>\n<ul>\n{listed}</ul>\n</body></html>\n",
        version = env!("CARGO_PKG_VERSION"),
        services = titles().join(", "),
        durability = cloud.core.durability(),
    )
    .into()
}

/// What tools poll that wait for LocalStack. Source: "Internal Endpoints" (LocalStack's documentation).
pub(super) fn test_tools(cloud: &Cloud) -> (u16, Bytes) {
    let refuses = cloud.core.refusal().is_some();
    let state = if refuses { "error" } else { "running" };
    let ids = SERVICES.iter().map(|service| service.id).chain(["s3"]);
    let services: serde_json::Map<_, _> = ids.map(|id| (id.to_owned(), state.into())).collect();
    let body = serde_json::json!({
        "services": services,
        "edition": "messaging",
        "version": env!("CARGO_PKG_VERSION"),
    });
    (if refuses { 503 } else { 200 }, body.to_string().into())
}

/// What stands at paths below `/_messaging` that lead nowhere.
pub(super) fn nowhere(path: &str) -> Bytes {
    let pages: Vec<_> = PAGES.iter().map(|(method, path, _)| format!("{method} {path}")).collect();
    let message = format!("The server has no page {path}.");
    serde_json::json!({ "message": message, "pages": pages }).to_string().into()
}

fn titles() -> Vec<&'static str> {
    SERVICES.iter().map(|service| service.title).chain(["S3"]).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_browsers_ask_for_html() {
        for (accept, html) in [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true),
            ("application/xml, text/html;q=0.5", true),
            ("*/*", false),
            ("application/json", false),
            ("text/htmlx", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]);
            assert_eq!(wants_html(&headers), html, "{accept}");
        }
        assert!(!wants_html(&HeaderMap::new()));
    }
}
