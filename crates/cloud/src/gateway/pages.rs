//! What the server tells of itself: where its pages are, the health that test tools poll.

use bytes::Bytes;
use http::HeaderMap;
use http::header::ACCEPT;

use crate::core::Cloud;
use crate::services::SERVICES;

/// The server's own paths, each with its method and what it is.
pub(super) const PAGES: &[(&str, &str, &str)] = &[
    #[cfg(feature = "console")]
    ("GET", "/_messaging", "the console, for browsers"),
    ("GET", "/health", "whether the server takes writes"),
    ("GET", "/_messaging/notices", "what didn't go as somebody may have expected, and why"),
    ("GET", "/_messaging/queues", "how full queues and the buffers of streams are"),
    ("GET", "/_messaging/peek", "the messages of a queue, without receiving them: ?queue= and its ARN or URL"),
    ("GET", "/_messaging/outbox", "what would have been sent by mail, text message or push"),
    ("GET", "/_messaging/metrics", "figures of queues and streams, for Prometheus"),
    #[cfg(feature = "console")]
    ("GET", "/_messaging/api/v1", "all of this and what became of messages, for programs: docs/console.md"),
    #[cfg(feature = "console")]
    ("POST", "/_messaging/sign-in", "a session for a browser, where keys are wanted: access_key and secret as a form"),
    #[cfg(feature = "console")]
    ("POST", "/_messaging/sign-out", "ends it"),
    ("GET", "/_messaging/ca.pem", "the certificate to trust for https on this port"),
    ("GET", "/_messaging/chaos", "faults by rules, and what they struck; POST, PUT, PATCH and DELETE change the rules"),
    ("GET", "/_localstack/health", "the health as tools poll it that wait for LocalStack"),
    ("GET", "/_messaging/clock", "what time it is in the cloud, and how its clock runs"),
    ("POST", "/_messaging/clock", "moves a clock that stands still: ?advance=2h or ?to= a moment"),
    ("POST", "/_messaging/reset", "empties the cloud, for tests"),
    ("GET", "/_messaging/state", "the whole state as a file; PUT loads one in the place of all there is"),
];

/// Whether a request is a browser's that wants a page. No client of S3 asks for HTML.
pub(super) fn wants_html(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    accept.split(',').any(|range| range.split(';').next().is_some_and(|kind| kind.trim() == "text/html"))
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
