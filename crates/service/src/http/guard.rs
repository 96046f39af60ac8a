//! Who is let through to the routes: pages of other sites aren't, nor is anybody while there is no room.
//!
//! A page makes a browser send requests to wherever it likes, with what the browser's user can reach. `Sec-Fetch-Site` and
//! `Origin` tell whose page it is; if it has bound its own name to this machine ("DNS rebinding"), `Host` does.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN, RETRY_AFTER};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use text::host::{address, is_loopback_name};

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// What tells nothing that isn't for everybody, and changes nothing.
const OPEN: [&str; 4] = ["/health", "/metrics", "/openapi.json", "/apidocs"];

/// How a request came in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival {
    /// Where the service listens.
    pub at: SocketAddr,
    /// Whether its connection is one of the spare ones, on which only `/health` is answered.
    pub is_spare: bool,
}

/// The layer; `names` are the service's own beside the usual ones.
pub(super) async fn guard(State(names): State<Arc<[String]>>, request: Request, next: Next) -> Response {
    let arrival = request.extensions().get::<Arrival>().copied();
    if arrival.is_some_and(|arrival| arrival.is_spare) && request.uri().path() != "/health" {
        let mut response =
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "There are too many connections. Try again.").into_response();
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        return response;
    }
    match refuse(&request, arrival.is_some_and(|arrival| arrival.at.ip().to_canonical().is_loopback()), &names) {
        Some(detail) => Problem::new(StatusCode::FORBIDDEN, detail).into_response(),
        None => next.run(request).await,
    }
}

/// Why a request isn't let through.
fn refuse(request: &Request, on_loopback: bool, names: &[String]) -> Option<String> {
    let headers = request.headers();
    let mut hosts = Vec::new();
    for host in headers.get_all(HOST) {
        let authority = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok());
        let Some(authority) = authority else { return Some("The header Host names no host.".into()) };
        hosts.push(authority.host().to_owned());
    }
    hosts.extend(request.uri().host().map(str::to_owned));
    let is_ours = |host: &str| is_local(host) || names.iter().any(|name| name.eq_ignore_ascii_case(host));
    if on_loopback && let Some(host) = hosts.iter().find(|host| !is_ours(host) && address(host).is_none()) {
        return Some(format!(
            "The service doesn't answer to the name {host:?}: a page may have bound it to this machine. If the service is \
             called so, start it with --name {host}."
        ));
    }
    let is_own = |host: &str| hosts.iter().any(|own| own.eq_ignore_ascii_case(host)) || on_loopback && is_ours(host);
    if is_open(request) || !is_foreign(headers, is_own) {
        return None;
    }
    Some("No page of another site may use this service.".into())
}

/// Whether anybody's page may ask for it, or lead to it.
fn is_open(request: &Request) -> bool {
    let path = request.uri().path();
    let is_below = |open: &&str| path.strip_prefix(*open).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    matches!(*request.method(), Method::GET | Method::HEAD) && OPEN.iter().any(is_below)
}

/// Whether a page of another site sent it. Who is no browser says nothing of the kind.
fn is_foreign(headers: &HeaderMap, is_own: impl Fn(&str) -> bool) -> bool {
    match headers.get(FETCH_SITE).map(HeaderValue::as_bytes) {
        // Behind a proxy the host may have another name than the page has.
        Some(b"same-origin") => return false,
        Some(b"cross-site") => return true,
        _ => {}
    }
    headers.get_all(ORIGIN).iter().any(|origin| {
        let origin = origin.to_str().unwrap_or_default();
        let rest = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        let authority = rest.and_then(|rest| rest.parse::<Authority>().ok());
        !authority.is_some_and(|authority| is_own(authority.host()))
    })
}

/// Whether it always names this very machine.
fn is_local(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    is_loopback_name(host) || address(host).is_some_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn refused(method: &str, path: &str, host: &str, header: Option<(&str, &str)>, on_loopback: bool) -> bool {
        let mut request = Request::builder().method(method).uri(path).header("host", host);
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        refuse(&request.body(Body::empty()).unwrap(), on_loopback, &["api.test".to_owned()]).is_some()
    }

    /// A page bound its name to 127.0.0.1, and read and sent what it liked.
    #[test]
    fn on_loopback_the_names_are_the_machines_own() {
        for (host, passes) in [
            ("localhost", true),
            ("LOCALHOST.:8080", true),
            ("jobs.localhost:8080", true),
            ("127.0.0.1:8080", true),
            ("[::1]:8080", true),
            ("192.168.0.7", true),
            ("API.test:80", true),
            ("evil.example", false),
            ("localhost.evil.example:8080", false),
            ("127.0.0.1.evil.example", false),
            ("xlocalhost", false),
            ("", false),
            ("a b", false),
        ] {
            for path in ["/", "/health", "/metrics"] {
                assert_eq!(refused("GET", path, host, None, true), !passes, "{host:?} {path}");
            }
            assert!(!refused("GET", "/", host, None, false) || ["", "a b"].contains(&host), "{host:?} beyond loopback");
        }
        assert!(refused("GET", "http://evil.example/", "localhost", None, true), "the request's target names it");
    }

    /// A page of another site submitted jobs and took books in its reader's name.
    #[test]
    fn pages_of_other_sites_use_nothing() {
        let (origin, site) = ("origin", "sec-fetch-site");
        for (host, header, on_loopback, passes) in [
            ("localhost:8080", (origin, "http://localhost:8080"), true, true),
            ("localhost:8080", (origin, "http://127.0.0.1:3000"), true, true),
            ("localhost:8080", (origin, "https://evil.example"), true, false),
            ("localhost:8080", (origin, "null"), true, false),
            ("localhost:8080", (origin, ""), true, false),
            ("localhost:8080", (site, "cross-site"), true, false),
            ("localhost:8080", (site, "none"), true, true),
            ("api.example", (origin, "https://api.example"), false, true),
            ("api.example", (origin, "https://API.example:8443"), false, true),
            ("api.example", (origin, "https://evil.example"), false, false),
            ("api.example", (origin, "http://localhost"), false, false),
            ("api.example", (site, "cross-site"), false, false),
            ("inside", (site, "same-origin"), false, true),
        ] {
            for (method, path) in [("POST", "/submit-job"), ("GET", "/"), ("PATCH", "/workflow/1"), ("POST", "/health")]
            {
                assert_eq!(refused(method, path, host, Some(header), on_loopback), !passes, "{method} {header:?}");
            }
            for path in ["/health", "/metrics", "/openapi.json", "/apidocs", "/apidocs/index.html"] {
                assert!(!refused("GET", path, host, Some(header), on_loopback), "{path} {header:?}");
            }
        }
        assert!(refused("GET", "/healthy", "localhost", Some((site, "cross-site")), true));
    }
}
