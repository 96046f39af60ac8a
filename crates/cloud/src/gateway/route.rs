//! Which service and operation a request is for, before its body is read.

use http::header::{CONTENT_TYPE, HeaderName};
use http::request::Parts;
use http::{Method, Uri};

use super::scope::is_account;
use super::service::Service;
use crate::sigv4::Scope;
use wire::Protocol;

static TARGET: HeaderName = HeaderName::from_static("x-amz-target");

/// Where a request goes.
#[derive(Debug, PartialEq, Eq)]
pub enum Route<'r> {
    /// A JSON operation, named by the `X-Amz-Target` header.
    Json {
        service: Service,
        operation: &'r str,
        protocol: Protocol,
    },
    /// An `X-Amz-Target` of a service that isn't here.
    UnknownTarget(&'r str),
    /// Form parameters, in the query string or the body.
    Query {
        service: Option<Service>,
    },
    /// A queue's URL without an action.
    BareQueue,
    S3,
}

impl Route<'_> {
    /// Whether a request by this method may call an operation. A page can make a browser send a HEAD that doesn't say where
    /// it comes from, so a method that AWS doesn't take calls nothing.
    /// Sources: "Making Query API requests using AWS query protocol in Amazon SQS" (GET and POST) and "AWS JSON 1.0 protocol"
    /// (Smithy: POST).
    pub fn takes(&self, method: &Method) -> bool {
        match self {
            Route::Json { .. } | Route::UnknownTarget(_) => *method == Method::POST,
            Route::Query { .. } => matches!(*method, Method::GET | Method::POST),
            Route::BareQueue | Route::S3 => true,
        }
    }
}

/// Finds a request's way. `host` is without a port.
pub fn route<'r>(parts: &'r Parts, host: &str, scope: Option<Scope<'_>>) -> Route<'r> {
    if let Some(target) = parts.headers.get(&TARGET) {
        let target = target.to_str().unwrap_or_default();
        return match target.split_once('.') {
            Some(("AmazonSQS", operation)) => {
                Route::Json { service: Service::Sqs, operation, protocol: Protocol::Json10 }
            }
            Some(("Firehose_20150804", operation)) => {
                Route::Json { service: Service::Firehose, operation, protocol: Protocol::Json11 }
            }
            _ => Route::UnknownTarget(target),
        };
    }
    let signed_for = scope.map(|scope| Service::by_id(scope.service));
    if scope.is_some_and(|scope| matches!(scope.service, "s3" | "s3express")) {
        return Route::S3;
    }
    let service = signed_for.flatten().or_else(|| service_of_host(host));
    let form = parts.method == Method::POST
        && parts
            .headers
            .get(CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
    if form || has_action(&parts.uri) {
        return Route::Query { service };
    }
    match service {
        Some(Service::Sqs) => Route::BareQueue,
        Some(_) => Route::Query { service },
        None if parts.method == Method::GET && scope.is_none() && queue_path(parts.uri.path()).is_some() => {
            Route::BareQueue
        }
        None => Route::S3,
    }
}

fn has_action(uri: &Uri) -> bool {
    uri.query().is_some_and(|query| query.split('&').any(|pair| pair.starts_with("Action=")))
}

/// `sqs.us-east-1.amazonaws.com`, `sns.localhost`, `us-east-1.queue.localhost`, `queue.amazonaws.com`.
fn service_of_host(host: &str) -> Option<Service> {
    let mut labels = host.split('.');
    let (first, second) = (labels.next()?, labels.next()?);
    if first == "queue" || second == "queue" { Some(Service::Sqs) } else { Service::by_id(first) }
}

/// The region that an address names: `sqs.eu-west-1.amazonaws.com`, `eu-west-1.queue.localhost`, or the path
/// `/queue/eu-west-1/000000000000/name`.
pub fn region_of_address<'r>(host: &'r str, path: &'r str) -> Option<&'r str> {
    let mut labels = host.split('.');
    let named = match (labels.next(), labels.next()) {
        (Some(region), Some("queue")) => Some(region),
        (Some(service), Some(region)) if Service::by_id(service).is_some() => Some(region),
        _ => None,
    };
    named.or_else(|| path.strip_prefix("/queue/")?.split('/').next()).filter(|name| looks_like_region(name))
}

fn looks_like_region(text: &str) -> bool {
    text.split('-').count() >= 3 && text.ends_with(|c: char| c.is_ascii_digit()) && super::scope::is_region(text)
}

/// The account and name of the queue whose URL has this path: `/000000000000/name` or `/queue/region/000000000000/name`.
pub fn queue_path(path: &str) -> Option<(&str, &str)> {
    let path = path.strip_prefix('/')?;
    let path = match path.strip_prefix("queue/") {
        Some(rest) => rest.split_once('/')?.1,
        None => path,
    };
    let (account, name) = path.split_once('/')?;
    let named = !name.is_empty()
        && name.len() <= 80
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    (is_account(account) && named).then_some((account, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded; charset=utf-8");
    const NONE: (&str, &str) = ("accept", "*/*");

    fn scope(service: &'static str) -> Option<Scope<'static>> {
        Some(Scope { access_key: "k", day: "20260101", region: "us-east-1", service, terminator: "aws4_request" })
    }

    #[test]
    fn routing_table() {
        let query = |service| Route::Query { service };
        let table = [
            ("POST", "/", FORM, "localhost", scope("sns"), query(Some(Service::Sns))),
            ("POST", "/", FORM, "localhost", None, query(None)),
            ("POST", "/000000000000/q", FORM, "localhost", None, query(None)),
            ("POST", "/", FORM, "sqs.us-east-1.localhost", None, query(Some(Service::Sqs))),
            ("POST", "/", FORM, "us-east-1.queue.localhost", None, query(Some(Service::Sqs))),
            ("GET", "/?Action=GetCallerIdentity&Version=2011-06-15", NONE, "localhost", None, query(None)),
            ("GET", "/", NONE, "localhost", scope("sts"), query(Some(Service::Sts))),
            ("GET", "/000000000000/q", NONE, "127.0.0.1", None, Route::BareQueue),
            ("GET", "/queue/us-east-1/000000000000/q.fifo", NONE, "127.0.0.1", None, Route::BareQueue),
            ("GET", "/000000000000/q", NONE, "127.0.0.1", scope("s3"), Route::S3),
            ("GET", "/bucket/key?Actions=1", NONE, "localhost", None, Route::S3),
            ("PUT", "/bucket/key", FORM, "localhost", None, Route::S3),
            ("POST", "/bucket?delete", FORM, "localhost", scope("s3"), Route::S3),
            ("GET", "/", NONE, "bucket.s3.us-east-1.amazonaws.com", None, Route::S3),
            ("POST", "/", ("x-amz-target", "DynamoDB_20120810.ListTables"), "localhost", None, {
                Route::UnknownTarget("DynamoDB_20120810.ListTables")
            }),
            ("POST", "/000000000000/q", ("x-amz-target", "AmazonSQS.SendMessage"), "localhost", scope("sqs"), {
                Route::Json { service: Service::Sqs, operation: "SendMessage", protocol: Protocol::Json10 }
            }),
            ("POST", "/", ("x-amz-target", "Firehose_20150804.PutRecord"), "localhost", None, {
                Route::Json { service: Service::Firehose, operation: "PutRecord", protocol: Protocol::Json11 }
            }),
        ];
        for (method, uri, (name, value), host, scope, expected) in table {
            let request = http::Request::builder().method(method).uri(uri).header(name, value).body(()).unwrap();
            let (parts, ()) = request.into_parts();
            assert_eq!(route(&parts, host, scope), expected, "{method} {uri} {host}");
        }
    }

    #[test]
    fn addresses_name_regions() {
        assert_eq!(region_of_address("sqs.eu-west-1.amazonaws.com", "/"), Some("eu-west-1"));
        assert_eq!(region_of_address("eu-west-1.queue.localhost", "/"), Some("eu-west-1"));
        assert_eq!(region_of_address("localhost", "/queue/eu-west-1/000000000000/q"), Some("eu-west-1"));
        assert_eq!(region_of_address("sqs.localhost", "/"), None);
        assert_eq!(region_of_address("127.0.0.1", "/queue/x"), None);
    }

    /// `HEAD /?Action=DeleteQueue...`, which any page can make a browser send, deleted the queue.
    #[test]
    fn operations_have_their_methods() {
        let json = Route::Json { service: Service::Sqs, operation: "SendMessage", protocol: Protocol::Json10 };
        let query = Route::Query { service: None };
        for (method, by_query, by_json) in [
            ("GET", true, false),
            ("POST", true, true),
            ("HEAD", false, false),
            ("PUT", false, false),
            ("DELETE", false, false),
            ("OPTIONS", false, false),
            ("PATCH", false, false),
            ("post", false, false),
        ] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            assert_eq!((query.takes(&method), json.takes(&method)), (by_query, by_json), "{method}");
            assert!(Route::S3.takes(&method));
        }
    }

    #[test]
    fn paths_name_queues() {
        assert_eq!(queue_path("/000000000000/q"), Some(("000000000000", "q")));
        assert_eq!(queue_path("/queue/us-east-1/000000000000/q.fifo"), Some(("000000000000", "q.fifo")));
        for path in ["/", "/0000/q", "/000000000000/", "/000000000000/a/b", "/bucket/key"] {
            assert_eq!(queue_path(path), None, "{path}");
        }
    }
}
