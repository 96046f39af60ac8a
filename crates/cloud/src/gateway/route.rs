//! Which service and operation a request is for, before its body is read.

use http::header::{CONTENT_TYPE, HeaderName};
use http::request::Parts;
use http::{Method, Uri};

use crate::request::{Service, queue_path};
use crate::services::SERVICES;
use crate::sigv4::Scope;
use crate::sqs;
use wire::Protocol;

static TARGET: HeaderName = HeaderName::from_static("x-amz-target");

/// Where a request goes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Route<'r> {
    /// A JSON operation, named by the `X-Amz-Target` header.
    Json {
        service: &'static Service,
        operation: &'r str,
        protocol: Protocol,
    },
    /// An `X-Amz-Target` of a service that isn't here.
    UnknownTarget(&'r str),
    /// Form parameters, in the query string or the body.
    Query {
        service: Option<&'static Service>,
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
    pub(super) fn takes(&self, method: &Method) -> bool {
        match self {
            Route::Json { .. } | Route::UnknownTarget(_) => *method == Method::POST,
            Route::Query { .. } => matches!(*method, Method::GET | Method::POST),
            Route::BareQueue | Route::S3 => true,
        }
    }
}

/// Finds a request's way. `host` is without a port.
pub(crate) fn route<'r>(parts: &'r Parts, host: &str, scope: Option<Scope<'_>>) -> Route<'r> {
    if let Some(target) = parts.headers.get(&TARGET) {
        let target = target.to_str().unwrap_or_default();
        let known = target.split_once('.').and_then(|(name, operation)| Some((SERVICES.by_target(name)?, operation)));
        return match known {
            Some(((service, protocol), operation)) => Route::Json { service, operation, protocol },
            None => Route::UnknownTarget(target),
        };
    }
    let signed_for = scope.map(|scope| SERVICES.by_id(scope.service));
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
        Some(service) if *service == sqs::SERVICE => Route::BareQueue,
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

/// `sqs.us-east-1.amazonaws.com`, `sns.localhost`, `us-east-1.queue.localhost`, `queue.amazonaws.com`. A service that is only spoken
/// to by `X-Amz-Target` has no host here, and before S3's own a service's name is a bucket's: `logs.localhost` and
/// `sns.s3.localhost` are buckets.
fn service_of_host(host: &str) -> Option<&'static Service> {
    let mut labels = host.split('.');
    let (first, second) = (labels.next()?, labels.next()?);
    if second == "s3" || second.starts_with("s3-") {
        return None;
    }
    if first == "queue" || second == "queue" {
        return Some(&sqs::SERVICE);
    }
    SERVICES.by_id(first).filter(|service| service.version.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{firehose, sns, sts};

    const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded; charset=utf-8");
    const NONE: (&str, &str) = ("accept", "*/*");

    fn scope(service: &'static str) -> Option<Scope<'static>> {
        Some(Scope { access_key: "k", day: "20260101", region: "us-east-1", service, terminator: "aws4_request" })
    }

    #[test]
    fn routing_table() {
        let query = |service| Route::Query { service };
        let table = [
            ("POST", "/", FORM, "localhost", scope("sns"), query(Some(&sns::SERVICE))),
            ("POST", "/", FORM, "localhost", None, query(None)),
            ("POST", "/000000000000/q", FORM, "localhost", None, query(None)),
            ("POST", "/", FORM, "sqs.us-east-1.localhost", None, query(Some(&sqs::SERVICE))),
            ("POST", "/", FORM, "us-east-1.queue.localhost", None, query(Some(&sqs::SERVICE))),
            ("GET", "/?Action=GetCallerIdentity&Version=2011-06-15", NONE, "localhost", None, query(None)),
            ("GET", "/", NONE, "localhost", scope("sts"), query(Some(&sts::SERVICE))),
            ("GET", "/000000000000/q", NONE, "127.0.0.1", None, Route::BareQueue),
            ("GET", "/queue/us-east-1/000000000000/q.fifo", NONE, "127.0.0.1", None, Route::BareQueue),
            ("GET", "/000000000000/q", NONE, "127.0.0.1", scope("s3"), Route::S3),
            ("GET", "/bucket/key?Actions=1", NONE, "localhost", None, Route::S3),
            ("PUT", "/bucket/key", FORM, "localhost", None, Route::S3),
            ("POST", "/bucket?delete", FORM, "localhost", scope("s3"), Route::S3),
            ("GET", "/", NONE, "bucket.s3.us-east-1.amazonaws.com", None, Route::S3),
            ("GET", "/key", NONE, "logs.localhost", None, Route::S3),
            ("GET", "/key", NONE, "logs.s3.us-east-1.localhost", None, Route::S3),
            ("GET", "/key", NONE, "sns.s3-website.us-east-1.localhost", None, Route::S3),
            ("GET", "/", NONE, "sns.us-east-1.localhost", None, query(Some(&sns::SERVICE))),
            ("POST", "/", ("x-amz-target", "DynamoDB_20120810.ListTables"), "localhost", None, {
                Route::UnknownTarget("DynamoDB_20120810.ListTables")
            }),
            ("POST", "/000000000000/q", ("x-amz-target", "AmazonSQS.SendMessage"), "localhost", scope("sqs"), {
                Route::Json { service: &sqs::SERVICE, operation: "SendMessage", protocol: Protocol::Json10 }
            }),
            ("POST", "/", ("x-amz-target", "Firehose_20150804.PutRecord"), "localhost", None, {
                Route::Json { service: &firehose::SERVICE, operation: "PutRecord", protocol: Protocol::Json11 }
            }),
        ];
        for (method, uri, (name, value), host, scope, expected) in table {
            let request = http::Request::builder().method(method).uri(uri).header(name, value).body(()).unwrap();
            let (parts, ()) = request.into_parts();
            assert_eq!(route(&parts, host, scope), expected, "{method} {uri} {host}");
        }
    }

    /// `HEAD /?Action=DeleteQueue...`, which any page can make a browser send, deleted the queue.
    #[test]
    fn operations_have_their_methods() {
        let json = Route::Json { service: &sqs::SERVICE, operation: "SendMessage", protocol: Protocol::Json10 };
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
}
