//! A client of the API, over HTTP.

use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::tasks::task::{Kind, TaskStatus};
use crate::{Error, Traffic};

/// The pause before a request is sent again that had no answer, or one of the server's troubles.
const PAUSE: Duration = Duration::from_millis(200);
/// How often a status is asked for: as often at first, ever less often later.
const FIRST_POLL: Duration = Duration::from_millis(10);
const LAST_POLL: Duration = Duration::from_millis(250);

/// A client of the API.
#[derive(Debug, Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    api: String,
    /// How long it tries.
    patience: Duration,
    stop: CancellationToken,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) content_type: String,
    pub(super) body: Bytes,
}

#[derive(Deserialize)]
struct Accepted {
    token: String,
}

impl Answer {
    /// The token in it.
    pub(super) fn token(&self) -> Option<String> {
        serde_json::from_slice(&self.body).map(|accepted: Accepted| accepted.token).ok()
    }

    /// What it says, shortly.
    pub(super) fn shown(&self) -> String {
        let text = String::from_utf8_lossy(&self.body[..self.body.len().min(200)]);
        format!("{} {text}", self.status)
    }
}

/// What is posted.
pub(super) struct Post<'a> {
    pub(super) kind: Kind,
    pub(super) tenant: &'a str,
    pub(super) key: &'a str,
    pub(super) content_type: &'a str,
    pub(super) body: Bytes,
}

impl Client {
    /// One of the system that the traffic is for.
    pub(super) fn new(traffic: &Traffic) -> Result<Self, Error> {
        let http = reqwest::Client::builder().connect_timeout(Duration::from_secs(5)).build();
        let http = http.map_err(|why| Error::failed("Can't make an HTTP client", why))?;
        Ok(Self { http, api: traffic.api.clone(), patience: traffic.patience, stop: traffic.stop.clone() })
    }

    /// Posts a file. Its key makes a repetition harmless: without an answer it is sent again.
    pub(super) async fn post(&self, post: &Post<'_>) -> Result<Answer, String> {
        let request = || {
            self.http
                .post(format!("{}/{}", self.api, post.kind.name()))
                .header("content-type", post.content_type)
                .header("x-tenant", post.tenant)
                .header("idempotency-key", post.key)
                .body(post.body.clone())
        };
        self.send(request).await
    }

    /// Posts a stream, once, and gives its token.
    pub(super) async fn post_stream(&self, kind: Kind, body: reqwest::Body) -> Result<Answer, String> {
        let request = self.http.post(format!("{}/{}", self.api, kind.name())).header("content-type", kind.takes());
        read(request.body(body).send().await).await
    }

    /// Gets the result of a task.
    pub(super) async fn result(&self, kind: Kind, token: &str, accept: &str) -> Result<Answer, String> {
        let url = format!("{}/{}/{token}/result", self.api, kind.name());
        self.send(|| self.http.get(&url).header("accept", accept)).await
    }

    /// Asks where a task stands.
    pub(super) async fn status(&self, kind: Kind, token: &str) -> Result<TaskStatus, String> {
        let url = format!("{}/{}/{token}/status", self.api, kind.name());
        let answer = self.send(|| self.http.get(&url)).await?;
        serde_json::from_slice(&answer.body).map_err(|_| answer.shown())
    }

    /// Waits until a task has ended; nothing if it hasn't while `may_wait` says so.
    pub(super) async fn end(&self, kind: Kind, token: &str, may_wait: impl Fn() -> bool) -> Result<TaskStatus, String> {
        let mut poll = FIRST_POLL;
        loop {
            let status = self.status(kind, token).await?;
            if status.ended.is_some() {
                return Ok(status);
            }
            if !may_wait() || self.stop.is_cancelled() {
                return Err(format!("it is still {:?}", status.status));
            }
            sleep(poll).await;
            poll = (poll * 3 / 2).min(LAST_POLL);
        }
    }

    /// Sends a request until there is an answer that isn't the server's trouble.
    async fn send(&self, request: impl Fn() -> reqwest::RequestBuilder) -> Result<Answer, String> {
        let begun = Instant::now();
        loop {
            let answer = read(request().send().await).await;
            let is_final = answer.as_ref().is_ok_and(|answer| answer.status < 500);
            if is_final || begun.elapsed() > self.patience || self.stop.is_cancelled() {
                return answer;
            }
            sleep(PAUSE).await;
        }
    }
}

async fn read(response: reqwest::Result<reqwest::Response>) -> Result<Answer, String> {
    let response = response.map_err(|why| why.to_string())?;
    let status = response.status().as_u16();
    let content_type = response.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let content_type = content_type.to_owned();
    let body = response.bytes().await.map_err(|why| why.to_string())?;
    Ok(Answer { status, content_type, body })
}
