//! HTTP answers: results and errors in the shape of each protocol; and what of requests and answers is held meanwhile.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Response, StatusCode};
use hyper::body::Incoming;

use super::{Context, Gateway, Operation, RequestId, Route, Service};
use crate::http::body::{self, Body};
use crate::sqs;
use wire::fault::{self, Style};
use wire::payload::Source;
use wire::{AwsError, Names, Payload, Protocol};

static REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
static QUERY_ERROR: HeaderName = HeaderName::from_static("x-amzn-query-error");
static ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// How a service shows errors in a protocol.
pub(super) fn style(service: Option<&'static Service>, protocol: Protocol) -> Style {
    Style {
        protocol,
        names: service.map_or(Names::Wrapped, |it| it.names),
        namespace: service.map_or(fault::NO_SERVICE, |it| it.namespace),
        prefix: service.map_or("", |it| it.error_prefix),
    }
}

/// How a query is answered: in XML, unless its client says that it takes JSON.
pub(super) fn negotiated(parts: &Parts) -> Protocol {
    let wanted = parts.headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut kinds =
        wanted.flat_map(|value| value.split(',')).map(|kind| kind.split(';').next().unwrap_or_default().trim());
    match kinds.any(|kind| kind.eq_ignore_ascii_case("application/json")) {
        true => Protocol::QueryJson,
        false => Protocol::Query,
    }
}

/// How errors are shown to whoever asked by this route.
pub(super) fn style_of(route: &Route) -> Style {
    match route {
        Route::Json { service, protocol, .. } => style(Some(*service), *protocol),
        Route::Query { service } => style(*service, Protocol::Query),
        Route::UnknownTarget(_) => style(None, Protocol::Json11),
        Route::BareQueue => style(Some(&sqs::SERVICE), Protocol::Query),
        Route::S3 => style(None, Protocol::Rest),
    }
}

pub(super) fn finish(answer: Result<Vec<u8>, AwsError>, style: Style, id: RequestId) -> Response<Body> {
    match answer {
        Ok(body) => plain(200, style.protocol.content_type(), id, body.into()),
        Err(error) => failure(&error, style, id),
    }
}

/// An error as an HTTP answer.
pub(super) fn failure(error: &AwsError, style: Style, id: RequestId) -> Response<Body> {
    let rendered = fault::render(error, style, id.as_str());
    let mut response = plain(rendered.status, style.protocol.content_type(), id, rendered.body.into());
    for (name, value) in [(&QUERY_ERROR, rendered.query_error), (&ERROR_TYPE, rendered.error_type)] {
        if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

pub(super) fn plain(status: u16, content_type: &'static str, id: RequestId, body: Bytes) -> Response<Body> {
    let mut response = Response::new(body::full(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(id.as_str()) {
        headers.insert(&REQUEST_ID, id);
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// Notes for the log of requests with which error a request is answered.
pub(super) fn tell(cx: &Context, error: &AwsError) {
    if let Some(told) = &cx.told {
        told.error(&error.code);
    }
}

/// The parameters of a request to an operation.
pub(super) fn payload<'r>(service: &Service, operation: &Operation, source: Source<'r>) -> Payload<'r> {
    Payload { operation: operation.name, source, names: service.names, namespace: service.namespace }
}

/// AWS's answer to an action it doesn't know.
pub(super) fn no_such_action(service: Option<&'static Service>, action: &str, version: Option<&str>) -> AwsError {
    let message = match service {
        Some(service) if *service == sqs::SERVICE => format!("The action {action} is not valid for this endpoint."),
        _ => {
            let version = version.or(service.and_then(|it| it.version)).unwrap_or("NO_VERSION_SPECIFIED");
            format!("Could not find operation {action} for version {version}")
        }
    };
    AwsError::bad("InvalidAction", message)
}

impl Gateway {
    /// Reads a whole body of at most `limit` bytes.
    pub(super) async fn collect(&self, incoming: &mut Option<Incoming>, limit: usize) -> Result<Bytes, AwsError> {
        let collected = body::collect(incoming, limit, &self.cloud.sent).await;
        if collected.as_ref().is_err_and(|error| error.status == 503) {
            self.cloud.notice_too_much();
        }
        collected
    }

    /// An answer that takes its share of what clients may leave unread, or the refusal of one that there is no room for.
    pub(super) fn share(&self, mut answer: Response<Body>) -> Response<Body> {
        let Some(bytes) = body::whole(answer.body_mut()) else { return answer };
        if let Some(held) = body::held(bytes, &self.cloud.unread) {
            return answer.map(|_| held);
        }
        self.cloud.notice_too_much();
        let kind = answer.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
        let protocol = match kind {
            b"application/x-amz-json-1.0" => Protocol::Json10,
            b"application/x-amz-json-1.1" => Protocol::Json11,
            b"application/xml" => Protocol::Rest,
            _ => Protocol::Query,
        };
        failure(&body::too_much(), style(None, protocol), self.request_ids.next())
    }
}
