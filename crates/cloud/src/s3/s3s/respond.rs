//! The way out: ids and server name on every response, and failures as AWS renders them.

use http::header::{CONTENT_RANGE, CONTENT_TYPE, SERVER};
use http::{HeaderName, HeaderValue, Method, Response, StatusCode};
use s3s::Body;
use s3s::xml::{DeResult, DeserializeContent, Deserializer};

use super::call::Call;
use super::xml;
use crate::s3::acl;
use crate::s3::error::Failure;

static REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-request-id");
static HOST_ID: HeaderName = HeaderName::from_static("x-amz-id-2");

/// Bytes of an XML document in a request: `s3s` reads no more, and neither do we.
pub(crate) const MAX_DOCUMENT: u64 = 20 << 20;

/// The response to send: what `s3s` made of an output, or the failure that the call noted.
pub(crate) fn finish(call: &Call, method: &Method, response: Response<Body>) -> Response<Body> {
    let noted = call.failure.lock().take();
    let failure = match noted {
        Some(failure) => Some(failure),
        None if response.status().is_client_error() || response.status().is_server_error() => {
            Some(from_s3s(method, &response, sent(call)))
        }
        None => None,
    };
    let mut response = match failure {
        Some(failure) => refuse(call, method, failure),
        None => response,
    };
    if response.status().is_success() {
        if let Some(xml) = call.xml.lock().take() {
            *response.body_mut() = Body::from(xml);
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
        }
        if let Some(status) = call.status.lock().take() {
            *response.status_mut() = status;
        }
    }
    mend(&mut response);
    stamp(call, &mut response);
    response
}

/// A failure as it is answered and told.
pub(super) fn refuse(call: &Call, method: &Method, mut failure: Failure) -> Response<Body> {
    if failure.code == "MalformedXML" && call.query("acl").is_some() {
        failure = acl::malformed();
    }
    if let Some(told) = &call.cx.told {
        told.error(&failure.code);
    }
    render(call, method, &failure)
}

/// Makes AWS's XML of a document of `s3s`, which writes texts as they are, but for what would end an element. A key may hold what XML can't
/// ("ListObjectsV2", encoding-type).
///
/// An object's bytes are a stream, and stay as they are whatever their type says.
fn mend(response: &mut Response<Body>) {
    if response.headers().get(CONTENT_TYPE).is_none_or(|kind| kind != "application/xml") {
        return;
    }
    const DECLARATION: &[u8] = b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
    let Some(body) = response.body().bytes() else { return };
    let mended = wire::xml::mended(&body);
    // S3 has a line of its own for the declaration.
    let text = mended.as_deref().unwrap_or(&body);
    match text.strip_prefix(DECLARATION).filter(|rest| !rest.starts_with(b"\n")) {
        Some(rest) => *response.body_mut() = Body::from([DECLARATION, b"\n", rest].concat()),
        None => {
            if let Some(document) = mended {
                *response.body_mut() = Body::from(document);
            }
        }
    }
}

/// What every response has, also one that isn't S3's API.
pub(crate) fn stamp<B>(call: &Call, response: &mut Response<B>) {
    if response.status() == StatusCode::OK && response.headers().contains_key(CONTENT_RANGE) {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    let headers = response.headers_mut();
    headers.insert(SERVER, HeaderValue::from_static("AmazonS3"));
    for (name, id) in
        [(&REQUEST_ID, HeaderValue::try_from(&call.id)), (&HOST_ID, HeaderValue::try_from(call.host_id()))]
    {
        if let Ok(id) = id {
            headers.insert(name, id);
        }
    }
}

/// A failure as a response: XML, or no body where HTTP or S3 allows none.
fn render(call: &Call, method: &Method, failure: &Failure) -> Response<Body> {
    let status = StatusCode::from_u16(failure.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let bodiless = *method == Method::HEAD || status == StatusCode::NOT_MODIFIED;
    let mut response = Response::new(if bodiless { Body::empty() } else { Body::from(document_of(call, failure)) });
    *response.status_mut() = status;
    if status != StatusCode::NOT_MODIFIED {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    }
    for (name, value) in &failure.headers {
        put(response.headers_mut(), name, value);
    }
    response
}

/// The document that tells a failure ("Error responses", Amazon S3 API reference).
fn document_of(call: &Call, failure: &Failure) -> Vec<u8> {
    xml::document("Error", "", |xml| {
        xml.element("Code", &failure.code);
        xml.element("Message", &failure.message);
        for (name, value) in &failure.fields {
            xml.element(name, value);
        }
        xml.element("RequestId", &call.id);
        xml.element("HostId", &call.host_id());
    })
}

/// The failure of a document that is longer than [`MAX_DOCUMENT`].
pub(crate) fn too_long() -> Failure {
    Failure::new(400, "MaxMessageLengthExceeded", "Your request was too big.")
        .with("MaxMessageLengthBytes", MAX_DOCUMENT.to_string())
}

/// Bytes of a request's body as its head says.
pub(crate) fn sent(call: &Call) -> u64 {
    let length = call.header("x-amz-decoded-content-length").or_else(|| call.header("content-length"));
    length.and_then(|length| length.parse().ok()).unwrap_or(0)
}

/// An error document that `s3s` wrote.
#[derive(Default)]
struct Refusal {
    code: Option<String>,
    message: Option<String>,
}

impl<'xml> DeserializeContent<'xml> for Refusal {
    fn deserialize_content(d: &mut Deserializer<'xml>) -> DeResult<Self> {
        let mut refusal = Self::default();
        d.for_each_element(|d, name| {
            let text: String = d.content()?;
            match name {
                b"Code" => refusal.code = Some(text),
                b"Message" => refusal.message = Some(text),
                _ => {}
            }
            Ok(())
        })?;
        Ok(refusal)
    }
}

/// What `s3s` refused by itself, in AWS's words. `length` is the request's, in bytes.
fn from_s3s(method: &Method, response: &Response<Body>, length: u64) -> Failure {
    let status = response.status().as_u16();
    let body = response.body().bytes().unwrap_or_default();
    let refusal = Deserializer::new(&body).named_element("Error", Deserializer::content::<Refusal>);
    let Refusal { code, message } = refusal.unwrap_or_default();
    let (code, message) = (code.unwrap_or_else(|| "InternalError".into()), message.unwrap_or_default());
    // `s3s` takes a document that is too long for a fault of its own, which clients would send again.
    if code == "InternalError" && message.is_empty() && length > MAX_DOCUMENT {
        return too_long();
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

#[cfg(test)]
mod tests {
    use http::Request;
    use s3s::service::S3ServiceBuilder;

    use super::*;

    /// A service without operations.
    struct Nothing;

    impl s3s::S3 for Nothing {}

    /// The texts of `s3s` by which its refusals are told apart. Another version may have others.
    #[tokio::test]
    async fn refusals_of_the_library_get_awss_words() {
        let malformed = "The XML you provided was not well-formed or did not validate against our published schema";
        let cases = [
            (
                Method::GET,
                "/bucket?max-keys=x",
                "",
                "InvalidArgument",
                "Provided max-keys not an integer or within integer range",
            ),
            (
                Method::GET,
                "/bucket/k?partNumber=x",
                "",
                "InvalidArgument",
                "Provided partNumber not an integer or within integer range",
            ),
            (Method::GET, "/bucket/k", "", "NotImplemented", "GetObject is not implemented by this cloud."),
            (Method::PUT, "/bucket?tagging", "<x", "MalformedXML", malformed),
            (Method::PUT, "/bucket?tagging", "", "MissingRequestBodyError", "Request Body is empty"),
            (Method::DELETE, "/", "", "MethodNotAllowed", "The specified method is not allowed against this resource."),
        ];
        let service = S3ServiceBuilder::new(Nothing).build();
        for (method, uri, body, code, message) in cases {
            let request = Request::builder().method(&method).uri(uri).header("host", "localhost");
            let request = request.header("content-length", body.len()).body(Body::from(body.to_owned())).unwrap();
            let response = service.call(request).await.unwrap();
            let failure = from_s3s(&method, &response, 0);
            assert_eq!((&*failure.code, &*failure.message), (code, message), "{method} {uri}");
        }
    }
}
