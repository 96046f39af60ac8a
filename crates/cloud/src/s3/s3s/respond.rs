//! The way out: ids and server name on every response, and failures as AWS renders them.

use http::header::{CONTENT_RANGE, CONTENT_TYPE, SERVER};
use http::{HeaderName, HeaderValue, Method, Response, StatusCode};
use quick_xml::escape::{escape, unescape};
use s3s::Body;

use super::call::Call;
use crate::s3::error::Failure;

/// Bytes of an XML document in a request: `s3s` reads no more.
const MAX_DOCUMENT: u64 = 20 << 20;
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// The response to send: what `s3s` made of an output, or the failure that the call noted.
pub fn finish(call: &Call, method: &Method, response: Response<Body>) -> Response<Body> {
    let noted = call.failure.lock().take();
    let failure = match noted {
        Some(failure) => Some(failure),
        None if response.status().is_client_error() || response.status().is_server_error() => {
            Some(from_s3s(method, &response, sent(call)))
        }
        None => None,
    };
    let mut response = match failure {
        Some(failure) => render(call, method, &failure),
        None => response,
    };
    if let Some(xml) = call.xml.lock().take().filter(|_| response.status().is_success()) {
        *response.body_mut() = Body::from(format!("{DECLARATION}{xml}"));
    }
    stamp(call, &mut response);
    response
}

/// What every response has, also one that isn't S3's API.
pub fn stamp(call: &Call, response: &mut Response<Body>) {
    if response.status() == StatusCode::OK && response.headers().contains_key(CONTENT_RANGE) {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    let headers = response.headers_mut();
    headers.insert(SERVER, HeaderValue::from_static("AmazonS3"));
    put(headers, "x-amz-request-id", &call.id);
    put(headers, "x-amz-id-2", &call.host_id());
}

/// A failure as a response: XML, or no body where HTTP or S3 allows none.
fn render(call: &Call, method: &Method, failure: &Failure) -> Response<Body> {
    let status = StatusCode::from_u16(failure.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let bodiless = *method == Method::HEAD || status == StatusCode::NOT_MODIFIED;
    let mut response = Response::new(if bodiless { Body::empty() } else { Body::from(xml(call, failure)) });
    *response.status_mut() = status;
    if status != StatusCode::NOT_MODIFIED {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    }
    for (name, value) in &failure.headers {
        put(response.headers_mut(), name, value);
    }
    response
}

fn xml(call: &Call, failure: &Failure) -> String {
    let mut xml = format!("{DECLARATION}<Error>");
    let mut element = |name: &str, value: &str| {
        xml.push_str(&format!("<{name}>{}</{name}>", escape(value)));
    };
    element("Code", &failure.code);
    element("Message", &failure.message);
    for (name, value) in &failure.fields {
        element(name, value);
    }
    element("RequestId", &call.id);
    element("HostId", &call.host_id());
    xml.push_str("</Error>");
    xml
}

/// Bytes of a request's body as its head says.
fn sent(call: &Call) -> u64 {
    let length = call.header("x-amz-decoded-content-length").or_else(|| call.header("content-length"));
    length.and_then(|length| length.parse().ok()).unwrap_or(0)
}

/// What `s3s` refused by itself, in AWS's words.
fn from_s3s(method: &Method, response: &Response<Body>, length: u64) -> Failure {
    let status = response.status().as_u16();
    let body = response.body().bytes().unwrap_or_default();
    let body = String::from_utf8_lossy(&body);
    let find = |name: &str| {
        let (_, rest) = body.split_once(&format!("<{name}>"))?;
        let (value, _) = rest.split_once(&format!("</{name}>"))?;
        Some(unescape(value).map_or_else(|_| value.to_owned(), |value| value.into_owned()))
    };
    let code = find("Code").unwrap_or_else(|| "InternalError".into());
    let message = find("Message").unwrap_or_default();
    // `s3s` takes a document that is too long for a fault of its own, which clients would send again.
    if code == "InternalError" && message.is_empty() && length > MAX_DOCUMENT {
        return Failure::new(400, "MaxMessageLengthExceeded", "Your request was too big.")
            .with("MaxMessageLengthBytes", MAX_DOCUMENT.to_string());
    }
    if let Some(operation) = message.strip_suffix(" is not implemented yet") {
        return Failure::not_implemented(operation);
    }
    if code == "NotImplemented" || code == "MethodNotAllowed" {
        return Failure::new(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
            .with("Method", method.as_str())
            .with("ResourceType", "SERVICE");
    }
    if let Some((name, value)) = message.strip_prefix("invalid query: ").and_then(|rest| rest.split_once(": ")) {
        let message = match name {
            "max-keys" | "max-uploads" | "max-parts" | "max-buckets" | "partNumber" | "part-number-marker" => {
                format!("Provided {name} not an integer or within integer range")
            }
            _ => format!("Invalid value of {name}"),
        };
        return Failure::invalid_argument(message, name, value);
    }
    let message = match code.as_str() {
        "MalformedXML" => return Failure::malformed_xml(),
        "InvalidURI" => "Couldn't parse the specified URI.".into(),
        "KeyTooLongError" => "Your key is too long".into(),
        "MissingRequestBodyError" => "Request Body is empty".into(),
        "MissingContentLength" => "You must provide the Content-Length HTTP header.".into(),
        "MaxMessageLengthExceeded" => "Your request was too big.".into(),
        _ if message.is_empty() => code.clone(),
        _ => message,
    };
    Failure::new(status, code, message)
}

fn put(headers: &mut http::HeaderMap, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value.as_bytes())) {
        headers.insert(name, value);
    }
}
