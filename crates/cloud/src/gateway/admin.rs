//! What isn't AWS's: the paths of the server itself.

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Uri};

#[cfg(feature = "console")]
use super::to_console::{SIGN_IN, SIGN_OUT};
use super::{chaos, clock, look, metrics, pages, reset};
#[cfg(feature = "console")]
use crate::console::{api, page};
use crate::core::Cloud;
use crate::services::SERVICES;
use crate::{s3, sns, sqs};
use engine::Millis;
use wire::AwsError;

/// A page of the server's own.
pub(super) enum Page {
    /// Whether it is up: anybody may know.
    Health,
    /// The certificate (PEM) that SNS's signatures are checked with, at the path of their SigningCertURL: as on AWS anybody's.
    Certificate(String),
    /// The certificate that whoever speaks TLS to the server trusts: anybody's.
    Authority,
    /// What a browser begins with: the console's first page.
    #[cfg(feature = "console")]
    Start,
    /// What tools poll that wait for another local cloud: anybody may know.
    TestTools,
    /// Figures.
    Metrics,
    /// Rules of chaos: what is done with them, by the request's method.
    Chaos(Method),
    /// Empties the cloud; with its query, which it doesn't take.
    Reset(String),
    /// The whole state as a file: sent, or taken, by the request's method; with its query. It answers for itself.
    State(Method, String),
    /// What time it is.
    Clock,
    /// Moves a clock that stands still; with its query.
    MoveClock(String),
    /// A path that leads nowhere.
    Nowhere(String),
    /// A method that a page doesn't take, and those that it does.
    Untaken(&'static str),
    /// What would have been sent by mail, text message or push.
    Outbox,
    /// What didn't go as somebody may have expected.
    Notices,
    /// How full queues and streams are; with its query.
    Queues(String),
    /// The messages of a queue; with its query.
    Peek(String),
    /// A page of the console below the first, by its method: as [`Page::Start`] it answers for itself.
    #[cfg(feature = "console")]
    Html(Method),
    /// The console's API, and its sign-in: by its method. It answers for itself.
    #[cfg(feature = "console")]
    Console(Method),
}

impl Page {
    /// The page that a request is for. Where a bucket could have the path, a request that is `signed` is S3's. If signatures are
    /// `checked`, what has another path than the pages had is closed to who has none.
    pub(super) fn of(cloud: &Cloud, parts: &Parts, host: &str, signed: bool, checked: bool) -> Option<Page> {
        let path = parts.uri.path();
        if let Some(page) = Page::below(&parts.uri, &parts.method) {
            return Some(page);
        }
        let reads = parts.method == Method::GET || parts.method == Method::HEAD;
        if !reads || signed || parts.uri.query().is_some() {
            return None;
        }
        match path {
            "/health" => Some(Page::Health),
            #[cfg(feature = "console")]
            "/" if !checked && pages::wants_html(&parts.headers) && !s3::is_of_a_bucket(host) => Some(Page::Start),
            // A bucket of this name goes first, and only who has no key looks here at all.
            "/metrics" if !checked && !s3::is_of_a_bucket(host) => {
                let found = cloud.core.read(|engine, _| s3::find_bucket(engine, "metrics"));
                found.is_ok_and(|bucket| bucket.is_none()).then_some(Page::Metrics)
            }
            path => cloud.certificate(path).map(Page::Certificate),
        }
    }

    /// The page at a path that is the server's own, whoever asks: no bucket has such a name.
    fn below(uri: &Uri, method: &Method) -> Option<Page> {
        let path = uri.path();
        let query = || uri.query().unwrap_or_default().to_owned();
        let is_below = |own: &str| path.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if !is_below("/_messaging") && !is_below("/_localstack") {
            return None;
        }
        let (page, takes) = match path {
            #[cfg(feature = "console")]
            "/_messaging" | "/_messaging/" => (Page::Start, "GET, HEAD"),
            "/_messaging/outbox" => (Page::Outbox, "GET, HEAD"),
            "/_messaging/notices" => (Page::Notices, "GET, HEAD"),
            "/_messaging/queues" => (Page::Queues(query()), "GET, HEAD"),
            "/_messaging/peek" => (Page::Peek(query()), "GET, HEAD"),
            "/_messaging/metrics" => (Page::Metrics, "GET, HEAD"),
            "/_messaging/ca.pem" => (Page::Authority, "GET, HEAD"),
            "/_messaging/chaos" => (Page::Chaos(method.clone()), "GET, HEAD, POST, PUT, PATCH, DELETE"),
            "/_messaging/reset" => (Page::Reset(query()), "POST"),
            "/_messaging/state" => (Page::State(method.clone(), query()), "GET, HEAD, PUT"),
            "/_messaging/clock" if method == Method::POST => (Page::MoveClock(query()), "GET, HEAD, POST"),
            "/_messaging/clock" if uri.query().is_some_and(|query| !query.is_empty()) => {
                (Page::Untaken("POST"), "POST")
            }
            "/_messaging/clock" => (Page::Clock, "GET, HEAD, POST"),
            #[cfg(feature = "console")]
            path if path.strip_prefix(page::BASE).is_some_and(|rest| rest.starts_with("/actions/")) => {
                (Page::Html(method.clone()), "POST")
            }
            #[cfg(feature = "console")]
            path if path.strip_prefix(page::BASE).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) => {
                (Page::Html(method.clone()), "GET, HEAD")
            }
            #[cfg(feature = "console")]
            SIGN_IN | SIGN_OUT => (Page::Console(method.clone()), "POST"),
            #[cfg(feature = "console")]
            path if path.strip_prefix(api::BASE).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) => {
                // Which methods one of its paths takes, the API says itself.
                return Some(Page::Console(method.clone()));
            }
            "/_localstack/health" => (Page::TestTools, "GET, HEAD"),
            _ => return Some(Page::Nowhere(path.to_owned())),
        };
        let taken = takes.split(", ").any(|taken| taken == method.as_str());
        Some(if taken { page } else { Page::Untaken(takes) })
    }

    /// Whether it changes something, and doesn't only show it.
    pub(super) fn changes(&self) -> bool {
        match self {
            Page::Reset(_) | Page::MoveClock(_) => true,
            Page::Chaos(method) | Page::State(method, _) => *method != Method::GET && *method != Method::HEAD,
            #[cfg(feature = "console")]
            Page::Console(method) | Page::Html(method) => *method != Method::GET && *method != Method::HEAD,
            _ => false,
        }
    }

    /// Whether a request for it has a body that counts.
    pub(super) fn takes_body(&self) -> bool {
        matches!(self, Page::Chaos(_)) && self.changes()
    }

    /// An error on the way to it, where it is a page for programs: those read JSON and nothing else.
    pub(super) fn told_error(&self, error: &AwsError) -> Option<(u16, &'static str, Bytes)> {
        let name = match self {
            Page::Chaos(_) => "chaos",
            Page::Clock | Page::MoveClock(_) => "clock",
            Page::Queues(_) => "queues",
            Page::Peek(_) => "peek",
            _ => return None,
        };
        Some(shown_json(name, Err(error.clone())))
    }

    /// Whether it is for those alone who may use the server.
    pub(super) fn is_closed(&self) -> bool {
        !matches!(
            self,
            Page::Health
                | Page::Certificate(_)
                | Page::Authority
                | Page::TestTools
                | Page::Nowhere(_)
                | Page::Untaken(_)
        )
    }

    /// Its status, content type and text. Of `account` alone, if there is one. `body` is what the
    /// client sent.
    pub(super) async fn answer(
        self,
        cloud: &Arc<Cloud>,
        account: Option<&str>,
        body: &[u8],
    ) -> (u16, &'static str, Bytes) {
        match self {
            Page::TestTools => {
                let (status, body) = pages::test_tools(cloud);
                (status, "application/json", body)
            }
            Page::Metrics => (200, "text/plain; version=0.0.4; charset=utf-8", metrics::page(cloud)),
            Page::Nowhere(path) => (404, "application/json", pages::nowhere(&path)),
            Page::Untaken(takes) => (405, "text/plain; charset=utf-8", format!("This path takes {takes}.\n").into()),
            // A key may do all in its own account, and these would do it in all of them.
            Page::Reset(_) if account.is_some() => {
                let why = "A server that checks signatures isn't reset: its keys are of several accounts.\n";
                (403, "text/plain; charset=utf-8", why.into())
            }
            Page::MoveClock(_) if account.is_some() => {
                let why = "The clock of a server that checks signatures isn't moved: its keys are of several accounts.";
                shown_json("clock", Err(AwsError::new(403, "AccessDenied", why)))
            }
            Page::Clock => shown_json("clock", Ok(clock::page(cloud))),
            Page::MoveClock(query) => shown_json("clock", Box::pin(clock::advance(cloud, &query)).await),
            // The gateway leads them elsewhere: see `to_console`, `to_html` and `to_state`.
            Page::State(..) => (404, "application/json", pages::nowhere("/_messaging/state")),
            #[cfg(feature = "console")]
            Page::Start | Page::Html(_) | Page::Console(_) => (404, "application/json", pages::nowhere(api::BASE)),
            Page::Reset(query) => match Box::pin(reset::reset(cloud, &query)).await {
                Ok(()) => (200, "application/json", "{}".into()),
                Err(error) => (error.status, "text/plain; charset=utf-8", format!("{}\n", error.message).into()),
            },
            Page::Health => health(cloud),
            Page::Certificate(pem) => (200, "application/x-pem-file", pem.into()),
            Page::Authority => match cloud.authority().await {
                Ok(authority) => (200, "application/x-pem-file", authority.pem().to_owned().into()),
                Err(error) => (error.status, "text/plain; charset=utf-8", error.message.into()),
            },
            Page::Notices => (200, "application/json", notices(cloud)),
            Page::Outbox => shown(Box::pin(sns::outbox::page(cloud, account)).await),
            Page::Chaos(method) => shown_json("chaos", chaos::page(cloud, account, &method, body)),
            Page::Queues(query) => shown_json("queues", look::queues(cloud, account, &query)),
            Page::Peek(query) => shown_json("peek", Box::pin(sqs::peek::page(cloud, &SERVICES, account, &query)).await),
        }
    }
}

fn shown(page: Result<serde_json::Value, AwsError>) -> (u16, &'static str, Bytes) {
    match page {
        Ok(page) => (200, "application/json", page.to_string().into()),
        Err(error) => (error.status, "text/plain; charset=utf-8", error.message.into()),
    }
}

/// A page for programs: an error is JSON too.
fn shown_json(page: &str, shown: Result<serde_json::Value, AwsError>) -> (u16, &'static str, Bytes) {
    let (status, json) = match shown {
        Ok(json) => (200, json),
        Err(error) => {
            let told = serde_json::json!({"code": error.code, "message": error.message});
            (error.status, serde_json::json!({"page": page, "error": told}))
        }
    };
    (status, "application/json", json.to_string().into())
}

/// 503 while no change is taken, with the reason: reads may still be answered.
pub(crate) fn health(cloud: &Cloud) -> (u16, &'static str, Bytes) {
    let mut body = serde_json::json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "durability": cloud.core.durability(),
    });
    let refusal = cloud.core.refusal();
    let status = if refusal.is_some() { 503 } else { 200 };
    if let Some(reason) = refusal {
        body["status"] = "refuses writes".into();
        body["reason"] = reason.into();
    }
    (status, "application/json", body.to_string().into())
}

/// What the page of notices is like; a change that other readers would misread makes it another.
const VERSION: u32 = 1;

fn notices(cloud: &Cloud) -> Bytes {
    let all = cloud.notices.all();
    let notices: Vec<_> =
        all.iter().map(|(at, text)| serde_json::json!({"time": timestamp(*at), "notice": text})).collect();
    serde_json::json!({ "page": "notices", "version": VERSION, "notices": notices }).to_string().into()
}

/// RFC 3339, to the millisecond.
fn timestamp(at: Millis) -> String {
    i64::try_from(at)
        .ok()
        .and_then(|at| jiff::Timestamp::from_millisecond(at).ok())
        .map_or_else(String::new, |at| at.to_string())
}
