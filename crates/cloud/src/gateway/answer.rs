//! HTTP answers: results and errors in the shape of each protocol.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Response, StatusCode};

use super::{RequestId, Route, Service};
use crate::http::body::{self, Body};
use crate::sqs;
use wire::fault::{self, Style};
use wire::{AwsError, Names, Protocol};

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
