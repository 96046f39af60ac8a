//! Serves a bucket as a web site: index and error documents, routing rules, redirects, and errors as HTML.
//!
//! Source: "Hosting a static website using Amazon S3", "Website endpoints" (Amazon S3 User Guide).

use std::sync::Arc;

use http::header::LOCATION;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use quick_xml::escape::escape;
use s3s::Body;
use s3s::dto::{RoutingRule, StreamingBlob};

use super::error::{Failure, Result};
use super::record::Bucket;
use super::s3s::call::Call;
use super::s3s::{front, respond};
use super::service::S3;
use super::website::no_website;
use super::{conditions, customer_key, get, visitor};
use crate::blobs::pace::Pace;
use crate::request::Context;

/// What stays in the path of a redirect.
const PATH: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'#').remove(b'?');

/// The bucket whose website endpoint this host is: `bucket.s3-website-eu-west-1.amazonaws.com`,
/// `bucket.s3-website.eu-west-1.amazonaws.com`, `bucket.s3-website.localhost`.
pub(super) fn bucket_of(host: &str) -> Option<&str> {
    if !host.contains(".s3-website") {
        return None;
    }
    let at = host.rfind(".s3-website.").or_else(|| host.rfind(".s3-website-"))?;
    Some(&host[..at]).filter(|bucket| !bucket.is_empty())
}

/// What a visitor gets.
enum Page {
    Found(Response<Body>),
    Moved(StatusCode, String),
}

/// One visit of a site.
struct Visit<'a> {
    s3: S3,
    call: &'a Call,
    bucket: Arc<Bucket>,
    /// Whether only what the bucket opens to everybody is shown: the cloud checks signatures, and a visitor has none.
    public_only: bool,
}

/// Answers a visitor. With `public_only`, only what the bucket opens to everybody.
pub(super) async fn answer(cx: Context, parts: Parts, name: &str, public_only: bool) -> Response<Body> {
    let path = parts.uri.path();
    let path = path.strip_prefix('/').unwrap_or(path);
    let key = percent_decode_str(path).decode_utf8_lossy().into_owned();
    let method = parts.method.clone();
    let mut call = front::bare(parts, cx);
    // A site's query means nothing to S3.
    call.query.clear();
    let s3 = S3::of(&call.cx.cloud);
    let bucket = s3.store.read(|docs| docs.bucket(name)).map_err(Box::from).and_then(|bucket| {
        if method != Method::GET && method != Method::HEAD {
            let message = "The specified method is not allowed against this resource.";
            let failure = Failure::new(405, "MethodNotAllowed", message).with("Method", method.as_str());
            return Err(failure.with("ResourceType", "OBJECT").header("allow", "HEAD, GET").into());
        }
        Ok(bucket)
    });
    let answer = match bucket {
        Ok(bucket) => Visit { s3, call: &call, bucket, public_only }.page(&key).await,
        Err(lost) => Err(lost),
    };
    let mut response = match answer {
        Ok(Page::Found(response)) => response,
        Ok(Page::Moved(status, location)) => moved(status, &location),
        Err(lost) => failed(&call, &lost.page, lost.document.as_ref()),
    };
    if method == Method::HEAD || response.status() == StatusCode::NOT_MODIFIED {
        *response.body_mut() = Body::empty();
    }
    respond::stamp(&call, &mut response);
    response
}

/// Why a visitor gets no page: the page failed, and then the error document if there is one.
struct Lost {
    page: Failure,
    document: Option<Failure>,
}

impl From<Failure> for Box<Lost> {
    fn from(page: Failure) -> Self {
        Box::new(Lost { page, document: None })
    }
}

type Visited = std::result::Result<Page, Box<Lost>>;

impl Visit<'_> {
    async fn page(&self, key: &str) -> Visited {
        let site = self.bucket.website.as_ref().ok_or_else(|| no_website(&self.bucket.name))?;
        if let Some(all) = &site.redirect_all_requests_to {
            let protocol = all.protocol.as_ref().map_or("http", |protocol| protocol.as_str());
            let path = utf8_percent_encode(key, PATH);
            return Ok(Page::Moved(StatusCode::MOVED_PERMANENTLY, format!("{protocol}://{}/{path}", all.host_name)));
        }
        let rules = site.routing_rules.as_deref().unwrap_or_default();
        if let Some(moved) = self.routed(rules, key, None) {
            return Ok(moved);
        }
        let suffix = site.index_document.as_ref().map_or("index.html", |index| &index.suffix);
        let wanted = if key.is_empty() || key.ends_with('/') { format!("{key}{suffix}") } else { key.to_owned() };
        let failure = match self.object(&wanted, StatusCode::OK).await {
            Ok(page) => return Ok(page),
            Err(failure) => failure,
        };
        if failure.status == 304 || failure.status == 412 || failure.status == 416 {
            return Err(failure.into());
        }
        if wanted == key && self.object(&format!("{key}/{suffix}"), StatusCode::OK).await.is_ok() {
            // A folder without its slash.
            return Ok(Page::Moved(StatusCode::FOUND, format!("/{}/", utf8_percent_encode(key, PATH))));
        }
        if let Some(moved) = self.routed(rules, key, Some(failure.status)) {
            return Ok(moved);
        }
        let Some(document) = &site.error_document else { return Err(failure.into()) };
        let status = StatusCode::from_u16(failure.status).unwrap_or(StatusCode::NOT_FOUND);
        match self.object(&document.key, status).await {
            Ok(Page::Found(mut page)) => {
                describe(&failure, page.headers_mut());
                Ok(Page::Found(page))
            }
            Ok(moved) => Ok(moved),
            Err(second) => Err(Box::new(Lost { page: failure, document: Some(second) })),
        }
    }

    /// An object as a page, with this status.
    async fn object(&self, key: &str, status: StatusCode) -> Result<Page> {
        let read = self.s3.store.read(|docs| {
            let object = S3::find_in(docs, &self.bucket, key, None)?;
            let pinned = self.s3.pin(docs, &object);
            Ok::<_, Failure>((object, pinned))
        });
        let object = read.as_ref().ok().map(|(object, _)| &**object);
        if self.public_only && !visitor::may_read(self.call, &self.bucket, key, None, object) {
            return Err(Failure::access_denied());
        }
        let (object, pinned) =
            read.map_err(|failure| match self.public_only && !visitor::may_list(self.call, &self.bucket) {
                // Who may not list a bucket isn't told what is not in it.
                true => Failure::access_denied(),
                false => failure,
            })?;
        if let Some(location) = object.headers.get("x-amz-website-redirect-location") {
            return Ok(Page::Moved(StatusCode::MOVED_PERMANENTLY, location.clone()));
        }
        let plain = status == StatusCode::OK;
        if plain {
            conditions::check_read(self.call, &object, self.s3.store.now())?;
        }
        customer_key::check(self.call, customer_key::OWN, &object.encryption)?;
        let selection = get::select(self.call, &object, None, plain)?;
        let cloud = &self.call.cx.cloud;
        let pace = Pace::of_client(&cloud.unread);
        let body = self.s3.body(&object, selection.offset, selection.length, pinned, pace).await?;
        let body = body.shared(cloud)?.into_stream();
        let mut response = Response::new(Body::from(StreamingBlob::wrap(body)));
        *response.status_mut() = status;
        *response.headers_mut() = get::answer(self.call, &self.bucket, &object, selection)?;
        Ok(Page::Found(response))
    }

    /// Where the first rule that fits sends the visitor. `error`: the status of the error there would be otherwise.
    fn routed(&self, rules: &[RoutingRule], key: &str, error: Option<u16>) -> Option<Page> {
        let rule = rules.iter().find(|rule| fits(rule, key, error))?;
        let (status, location) = redirect(rule, key, self.call.host());
        Some(Page::Moved(status, location))
    }
}

fn fits(rule: &RoutingRule, key: &str, error: Option<u16>) -> bool {
    let Some(condition) = &rule.condition else { return error.is_none() };
    let code = condition.http_error_code_returned_equals.as_ref().map(|code| code.parse().ok());
    let prefix = condition.key_prefix_equals.as_deref().unwrap_or_default();
    code.unwrap_or_default() == error && key.starts_with(prefix)
}

fn redirect(rule: &RoutingRule, key: &str, host: &str) -> (StatusCode, String) {
    let to = &rule.redirect;
    let prefix = rule.condition.as_ref().and_then(|condition| condition.key_prefix_equals.as_deref());
    let key = match (&to.replace_key_with, &to.replace_key_prefix_with) {
        (Some(key), _) => key.clone(),
        (None, Some(new)) => format!("{new}{}", key.strip_prefix(prefix.unwrap_or_default()).unwrap_or(key)),
        (None, None) => key.to_owned(),
    };
    let protocol = to.protocol.as_ref().map_or("http", |protocol| protocol.as_str());
    let host = to.host_name.as_deref().unwrap_or(host);
    let status = to.http_redirect_code.as_ref().and_then(|code| StatusCode::from_bytes(code.as_bytes()).ok());
    let location = format!("{protocol}://{host}/{}", utf8_percent_encode(&key, PATH));
    (status.unwrap_or(StatusCode::MOVED_PERMANENTLY), location)
}

fn moved(status: StatusCode, location: &str) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    if let Ok(location) = HeaderValue::from_bytes(location.as_bytes()) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// The headers in which a website tells an error.
fn describe(failure: &Failure, headers: &mut HeaderMap) {
    let mut put = |name: String, value: &str| {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value.as_bytes())) {
            headers.insert(name, value);
        }
    };
    put("x-amz-error-code".into(), &failure.code);
    put("x-amz-error-message".into(), &failure.message);
    for (name, value) in &failure.fields {
        put(format!("x-amz-error-detail-{name}"), value);
    }
}

/// An error as AWS's websites show it; `second` is what became of the custom error document.
fn failed(call: &Call, failure: &Failure, second: Option<&Failure>) -> Response<Body> {
    let status = StatusCode::from_u16(failure.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = Response::new(Body::from(html(&status.to_string(), failure, second, &call.id, &call.host_id())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    if status != StatusCode::NOT_MODIFIED {
        describe(failure, headers);
    }
    for (name, value) in &failure.headers {
        if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    response
}

fn html(status: &str, failure: &Failure, second: Option<&Failure>, id: &str, host_id: &str) -> String {
    let list = |failure: &Failure, ids: bool| {
        let mut list = String::from("<ul>\n");
        let mut item = |name: &str, value: &str| list.push_str(&format!("<li>{name}: {}</li>\n", escape(value)));
        item("Code", &failure.code);
        item("Message", &failure.message);
        failure.fields.iter().for_each(|(name, value)| item(name, value));
        if ids {
            item("RequestId", id);
            item("HostId", host_id);
        }
        list + "</ul>\n"
    };
    let second = second.map_or(String::new(), |second| {
        let title = "An Error Occurred While Attempting to Retrieve a Custom Error Document";
        format!("<h3>{title}</h3>\n{}", list(second, false))
    });
    format!(
        "<html>\n<head><title>{status}</title></head>\n<body>\n<h1>{status}</h1>\n{}{second}<hr/>\n</body>\n</html>\n",
        list(failure, true)
    )
}

#[cfg(test)]
mod tests {
    use s3s::dto::{Condition, Redirect};

    use super::*;

    #[test]
    fn website_hosts() {
        let table = [
            ("b.s3-website-us-east-1.amazonaws.com", Some("b")),
            ("my.b.s3-website.eu-central-1.amazonaws.com", Some("my.b")),
            ("b.s3-website.localhost", Some("b")),
            ("s3-website.localhost", None),
            ("b.s3.amazonaws.com", None),
        ];
        for (host, bucket) in table {
            assert_eq!(bucket_of(host), bucket, "{host}");
        }
    }

    #[test]
    fn routing_rules() {
        let rule = |prefix: Option<&str>, code: Option<&str>, redirect: Redirect| RoutingRule {
            condition: (prefix.is_some() || code.is_some()).then(|| Condition {
                http_error_code_returned_equals: code.map(Into::into),
                key_prefix_equals: prefix.map(Into::into),
            }),
            redirect,
        };
        let prefix = |new: &str| Redirect { replace_key_prefix_with: Some(new.into()), ..Default::default() };
        let host = || Redirect {
            host_name: Some("shop.example".into()),
            http_redirect_code: Some("302".into()),
            ..Default::default()
        };
        let key = || Redirect { replace_key_with: Some("sorry.html".into()), ..Default::default() };
        let table = [
            (rule(Some("docs/"), None, prefix("documents/")), "docs/a b", None, Some("301 http://h/documents/a%20b")),
            (rule(Some("docs/"), None, prefix("documents/")), "other", None, None),
            (rule(None, None, host()), "x", None, Some("302 http://shop.example/x")),
            (rule(None, Some("404"), key()), "x", Some(404), Some("301 http://h/sorry.html")),
            (rule(None, Some("404"), key()), "x", None, None),
            (rule(None, Some("404"), key()), "x", Some(403), None),
            (rule(Some("docs/"), None, key()), "docs/x", Some(404), None),
        ];
        for (rule, key, error, expected) in table {
            let got = fits(&rule, key, error).then(|| redirect(&rule, key, "h"));
            let got = got.map(|(status, location)| format!("{} {location}", status.as_u16()));
            assert_eq!(got.as_deref(), expected, "{rule:?} {key} {error:?}");
        }
    }

    #[test]
    fn errors_are_pages() {
        let page = html("404 Not Found", &Failure::no_such_key("<a>"), Some(&Failure::no_such_key("e")), "R", "H");
        assert!(page.contains("<h1>404 Not Found</h1>\n<ul>\n<li>Code: NoSuchKey</li>\n"));
        assert!(
            page.contains("<li>Key: &lt;a&gt;</li>\n<li>RequestId: R</li>\n<li>HostId: H</li>\n</ul>\n<h3>An Error")
        );
    }
}
