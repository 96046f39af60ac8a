//! The pages of the embedded cloud's own: what AWS has no operation for.

use std::sync::Arc;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::retry::RetryConfig;
use parking_lot::Mutex;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::attempts::Called;
use super::error::{CallError, ErrorKind};
use super::target::Target;

/// The version of the pages that this program reads.
const VERSION: u64 = 1;
/// What is written otherwise in a query's value.
const IN_QUERY: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b':').remove(b'/');

/// What is done with a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PageMethod {
    /// It is looked at.
    Get,
    /// Something is added.
    Post,
    /// Something is put in the place of all.
    Put,
    /// All is taken away.
    Delete,
}

impl PageMethod {
    fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// Why there is no page.
#[derive(Debug)]
pub(crate) enum NoPage {
    /// The target isn't an embedded cloud: it has no such pages.
    NotThere,
    Failed(CallError),
}

/// Takes a look at the answer before the SDK makes something of it, and says what is asked for: not the operation of AWS whose request
/// is sent elsewhere.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    asked: String,
    taken: Arc<Mutex<Option<(u16, Vec<u8>)>>>,
}

impl Answer {
    /// Of a request for something that has this name in a sentence.
    pub(super) fn to(asked: impl Into<String>) -> Self {
        Self { asked: asked.into(), taken: Arc::default() }
    }

    /// The status and the body, if all of it came.
    pub(super) fn taken(&self) -> Option<(u16, Vec<u8>)> {
        self.taken.lock().take()
    }
}

#[dyn_dispatch_hint]
impl Intercept for Answer {
    fn name(&self) -> &'static str {
        "Answer"
    }

    fn read_before_execution(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        cfg.interceptor_state().store_put(Called(self.asked.clone()));
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let answer = context.response().and_then(|it| Some((it.status().as_u16(), it.body().bytes()?.to_vec())));
        *self.taken.lock() = answer;
        Ok(())
    }
}

impl Target {
    /// A page, by its name and its parameters, as JSON. It is asked for as an operation of SQS would be, by the target's client: with the
    /// same key, limits of time and signature. AWS itself is never asked.
    pub(crate) async fn page(&self, page: &str, query: &[(&str, &str)]) -> Result<Value, NoPage> {
        self.with_query(PageMethod::Get, page, query).await
    }

    /// As [`page`](Self::page), for what a page changes by its parameters. It is tried once only.
    pub(crate) async fn change(&self, page: &str, query: &[(&str, &str)]) -> Result<Value, NoPage> {
        self.with_query(PageMethod::Post, page, query).await
    }

    async fn with_query(&self, method: PageMethod, page: &str, query: &[(&str, &str)]) -> Result<Value, NoPage> {
        if self.endpoint.is_none() {
            return Err(NoPage::NotThere);
        }
        let path = format!("/_messaging/{page}?{}", joined(query));
        self.ask(method, page, path, None).await
    }

    /// Changes what a page is about; the page as it is then. It is tried once only: what came of a try that isn't answered is not known.
    pub(crate) async fn send_to_page(
        &self,
        method: PageMethod,
        page: &str,
        body: Option<String>,
    ) -> Result<Value, NoPage> {
        if self.endpoint.is_none() {
            return Err(NoPage::NotThere);
        }
        self.ask(method, page, format!("/_messaging/{page}"), body).await
    }

    async fn ask(&self, method: PageMethod, page: &str, path: String, body: Option<String>) -> Result<Value, NoPage> {
        read(page, Some(self.exchange(method, path, body).await?))
    }

    /// What is below the console's interface for programs, `/_messaging/api/v1`, by its path and its parameters. `path` begins with a
    /// slash.
    pub(crate) async fn api(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, NoPage> {
        if self.endpoint.is_none() {
            return Err(NoPage::NotThere);
        }
        let path = format!("/_messaging/api/v1{path}?{}", joined(query));
        let (status, body) = self.exchange(PageMethod::Get, path, None).await?;
        let json: Option<Value> = serde_json::from_slice(&body).ok();
        match (status, json.filter(|json| json["api"].is_u64())) {
            (200, Some(json)) => of_version(json, "api", "interface for programs"),
            (status, Some(json)) => Err(told_error(status, &json)),
            (status, None) => Err(nothing_there(status)),
        }
    }

    /// Empties the embedded cloud, once. Whoever has no clock of ours is another server, of which nothing is asked.
    pub(crate) async fn reset(&self) -> Result<(), NoPage> {
        self.page("clock", &[]).await?;
        let (status, body) = self.exchange(PageMethod::Post, "/_messaging/reset".to_owned(), None).await?;
        match status {
            200 => Ok(()),
            _ => {
                let why = String::from_utf8_lossy(&body).trim().to_owned();
                Err(NoPage::Failed(CallError::without_code(ErrorKind::Other, why)))
            }
        }
    }

    /// Sends one request by the client of SQS; the status and the body of the answer.
    async fn exchange(&self, method: PageMethod, path: String, body: Option<String>) -> Result<(u16, Vec<u8>), NoPage> {
        let page = path.split('?').next().unwrap_or_default().trim_start_matches("/_messaging/");
        let answer = Answer::to(format!("the page {page}"));
        let asked = self.sqs().list_queues().customize().interceptor(answer.clone());
        let asked = asked.mutate_request(move |request| turn(request, method, &path, body.as_deref()));
        let asked = match method {
            PageMethod::Get => asked,
            _ => asked.config_override(aws_sdk_sqs::config::Builder::new().retry_config(RetryConfig::disabled())),
        };
        let sent = asked.send().await;
        let came = answer.taken();
        came.ok_or_else(|| match sent {
            Ok(_) => NoPage::NotThere,
            Err(error) => NoPage::Failed(error.into()),
        })
    }
}

/// What an answer says that came from a page.
pub(super) fn read(page: &str, answer: Option<(u16, Vec<u8>)>) -> Result<Value, NoPage> {
    let (status, body) = answer.ok_or(NoPage::NotThere)?;
    let json: Option<Value> = serde_json::from_slice(&body).ok();
    match (status, json.filter(|json| json["page"] == page)) {
        (200, Some(json)) => of_version(json, "version", &format!("page {page}")),
        (status, Some(json)) => Err(told_error(status, &json)),
        (status, None) => Err(nothing_there(status)),
    }
}

/// A page, if it is of the version that this program reads.
fn of_version(json: Value, field: &str, what: &str) -> Result<Value, NoPage> {
    if json[field] == VERSION {
        return Ok(json);
    }
    Err(NoPage::Failed(CallError::without_code(
        ErrorKind::Other,
        format!("its {what} is of version {}, this program reads version {VERSION}", json[field]),
    )))
}

/// What a page says went wrong.
fn told_error(status: u16, json: &Value) -> NoPage {
    let kind = match status {
        401 | 403 => ErrorKind::Denied,
        404 => ErrorKind::NotFound,
        _ => ErrorKind::Other,
    };
    NoPage::Failed(CallError::without_code(kind, json["error"]["message"].as_str().unwrap_or_default()))
}

/// What an answer means that is no page.
fn nothing_there(status: u16) -> NoPage {
    match status {
        401 | 403 => NoPage::Failed(CallError::without_code(
            ErrorKind::Denied,
            format!("HTTP {status}: the key of these requests isn't one of the server's"),
        )),
        _ => NoPage::NotThere,
    }
}

/// A name as it stands in a path or in a query's value.
fn encoded(name: &str) -> String {
    utf8_percent_encode(name, IN_QUERY).to_string()
}

/// Parameters as a query.
fn joined(query: &[(&str, &str)]) -> String {
    let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    query.join("&")
}

/// Makes a request for a page of what would have been one for an operation, before it is signed.
fn turn(request: &mut HttpRequest, method: PageMethod, target: &str, body: Option<&str>) {
    let uri: http::Uri = request.uri().parse().unwrap_or_default();
    let authority = uri.authority().map(ToString::to_string).unwrap_or_default();
    if request.set_uri(format!("{}://{authority}{target}", uri.scheme_str().unwrap_or("http"))).is_err() {
        return;
    }
    _ = request.set_method(method.name());
    for name in ["content-length", "content-type", "x-amz-target", "x-amzn-query-mode"] {
        request.headers_mut().remove(name);
    }
    if let Some(body) = body {
        request.headers_mut().insert("content-type", "application/json");
        request.headers_mut().insert("content-length", body.len().to_string());
    }
    *request.body_mut() = body.map_or_else(SdkBody::empty, SdkBody::from);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A queue's name is whatever a server says it is.
    #[test]
    fn a_query_holds_whatever_a_name_is() {
        assert_eq!(encoded("arn:aws:sqs:us-east-1:0:q.fifo"), "arn:aws:sqs:us-east-1:0:q.fifo");
        assert_eq!(encoded("a&b=c d\r\nö"), "a%26b%3Dc%20d%0D%0A%C3%B6");
    }
}
