//! What happens around every request: its id, its trace, its line in the log, its figures, and that each error is a
//! problem document.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::problem::{Problem, Reason};
use crate::clock;
use crate::metrics::Metrics;
use crate::record::{Record, Tell};

/// The header of a request's id.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The header of AWS X-Ray's trace ("AWS X-Ray concepts", tracing header).
const TRACE: HeaderName = HeaderName::from_static("x-amzn-trace-id");
/// The route's name where none matched: a client's paths are no labels.
const NO_ROUTE: &str = "(none)";
/// The text of somebody's error, which becomes a problem's detail, is read up to so many bytes.
const MAX_DETAIL: usize = 8 << 10;
/// A path in the log has at most so many characters.
const MAX_PATH: usize = 512;

/// The id of a request: the client's own, where it sent a decent one.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// The trace that a request belongs to, as `Root=1-5759e988-bd862e3fe1be46a994272793`: the client's, or a new one.
#[derive(Debug, Clone)]
pub struct Trace(pub String);

/// Who is at the other end of the connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// A request that was answered, for whoever counts them.
#[derive(Debug)]
pub struct Answered<'a> {
    /// The route, as `/task/{token}`.
    pub route: &'a str,
    /// The answer's status.
    pub status: StatusCode,
    /// From the request's head to the answer's.
    pub took: Duration,
    /// The request's id.
    pub id: &'a str,
    /// The request's trace.
    pub trace: &'a str,
}

/// Hears of every request; it must be quick, and never block.
pub type Observer = Arc<dyn Fn(&Answered<'_>) + Send + Sync>;

/// What the layer needs.
pub(super) struct Around {
    pub metrics: Metrics,
    pub tell: Tell,
    pub observer: Option<Observer>,
}

/// The layer.
pub(super) async fn around(State(around): State<Arc<Around>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = given_id(request.headers()).unwrap_or_else(new_id);
    let trace = given_trace(request.headers()).unwrap_or_else(new_trace);
    request.extensions_mut().insert(RequestId(id.clone()));
    request.extensions_mut().insert(Trace(trace.clone()));
    let method = request.method().clone();
    let path: String = request.uri().path().chars().take(MAX_PATH).collect();
    let route = request.extensions().get::<MatchedPath>().map_or(NO_ROUTE, MatchedPath::as_str).to_owned();
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0.ip().to_string());

    let mut response = as_problem(next.run(request).await, &id).await;
    for (name, value) in [(REQUEST_ID, &id), (TRACE, &trace)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }

    let took = started.elapsed();
    let status = response.status();
    around.metrics.request(label(&method, &route), &route, status.as_u16(), took);
    if let Some(observer) = &around.observer {
        observer(&Answered { route: &route, status, took, id: &id, trace: &trace });
    }
    let why = response.extensions_mut().remove::<Reason>().map(|reason| reason.0);
    let why = why.filter(|why| !status.is_success() && !why.is_empty());
    let text = format!("{method} {path} {} {:.1} ms", status.as_u16(), took.as_secs_f64() * 1_000.0);
    let text = why.as_ref().map_or(text.clone(), |why| format!("{text}: {why}"));
    // What is streamed has none yet.
    let length = response.body().size_hint().exact();
    around.tell.tell(Record::new(
        "access",
        text,
        json!({
            "time": clock::now().to_string(),
            "id": id,
            "trace": trace,
            "address": peer,
            "method": method.as_str(),
            "route": route,
            "path": path,
            "status": status.as_u16(),
            "length": length,
            "ms": took.as_secs_f64() * 1_000.0,
            "error": why,
        }),
    ));
    response
}

/// A method as a label of the figures: a client may make any word one, and each label is kept for good.
fn label<'a>(method: &'a Method, route: &str) -> &'a str {
    let standard = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
        Method::CONNECT,
        Method::TRACE,
    ];
    if route != NO_ROUTE && standard.contains(method) { method.as_str() } else { "OTHER" }
}

/// An error that isn't JSON yet as a problem document.
async fn as_problem(response: Response, id: &str) -> Response {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let content = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if content.contains("json") {
        return response;
    }
    let (mut head, body) = response.into_parts();
    let told = to_bytes(body, MAX_DETAIL).await.unwrap_or_default();
    let told = String::from_utf8_lossy(&told).into_owned();
    let detail = match (status.is_server_error(), told.trim()) {
        (true, _) => format!("The service failed; its log says why beside the request id {id}."),
        (false, "") => default_detail(status).to_owned(),
        (false, told) => told.to_owned(),
    };
    let reason = head.extensions.remove::<Reason>().map_or_else(|| told.trim().to_owned(), |reason| reason.0);
    let mut response = Problem::new(status, detail).because(reason);
    head.headers.remove(CONTENT_LENGTH);
    head.headers.remove(CONTENT_TYPE);
    for (name, value) in &head.headers {
        response.headers_mut().append(name, value.clone());
    }
    response
}

/// What an error without a word says.
fn default_detail(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "There is nothing at this path; /apidocs shows what there is.",
        StatusCode::METHOD_NOT_ALLOWED => "The path has other methods than this one; the header Allow names them.",
        StatusCode::REQUEST_TIMEOUT => "The request took too long.",
        StatusCode::PAYLOAD_TOO_LARGE => "The request's body is too large.",
        _ => "The request can't be answered.",
    }
}

/// The id that a client gave its request.
fn given_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let is_decent = |c: char| c.is_ascii_alphanumeric() || "-_.:/+=".contains(c);
    ((1..=128).contains(&id.len()) && id.chars().all(is_decent)).then(|| id.to_owned())
}

/// The trace that a client gave its request.
fn given_trace(headers: &HeaderMap) -> Option<String> {
    let trace = headers.get(TRACE)?.to_str().ok()?;
    let is_decent = |c: char| c.is_ascii_alphanumeric() || "-=;:.?".contains(c);
    let root = trace.split(';').find_map(|field| field.strip_prefix("Root="))?;
    (trace.len() <= 256 && is_root(root) && trace.chars().all(is_decent)).then(|| trace.to_owned())
}

/// Whether it is a trace's root: `1`, 8 hex digits of time, 24 of chance. Services that the trace is handed on to refuse others.
fn is_root(root: &str) -> bool {
    let mut parts = root.split('-');
    let mut is_hex = |digits: usize| {
        parts.next().is_some_and(|part| part.len() == digits && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    root.starts_with("1-") && is_hex(1) && is_hex(8) && is_hex(24) && parts.next().is_none()
}

/// A new id: 32 hex digits.
pub(crate) fn new_id() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// A new trace: version 1, the time in seconds, 96 random bits.
fn new_trace() -> String {
    format!("Root=1-{:08x}-{:024x}", clock::since_epoch().as_secs(), rand::random::<u128>() >> 32)
}

/// What a panic becomes: its text is for the log.
pub(super) fn panicked(panic: Box<dyn std::any::Any + Send + 'static>) -> Response {
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
    *response.body_mut() = Body::from(format!("panicked: {}", text.unwrap_or_default()));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_that_is_none_is_not_handed_on() {
        let good = "Root=1-5759e988-bd862e3fe1be46a994272793";
        for (trace, kept) in [
            (good.to_owned(), true),
            (format!("{good};Parent=53995c3f42cd8ad8;Sampled=1"), true),
            (format!("Self=1-67891234-12456789abcdef012345678;{good}"), true),
            ("Root=1-5759e988-short".into(), false),
            ("Root=2-5759e988-bd862e3fe1be46a994272793".into(), false),
            ("Root=".into(), false),
            (format!("{good}-1"), false),
            (format!("{good};{}", "a".repeat(256)), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(TRACE, HeaderValue::from_str(&trace).unwrap());
            assert_eq!(given_trace(&headers).is_some(), kept, "{trace}");
        }
    }
}
