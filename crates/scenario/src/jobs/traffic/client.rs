//! A tenant's requests over HTTP, as its own program would make them.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::Value;

use super::plan::Kind;
use crate::jobs::options;
use crate::{Error, Traffic};

/// How long its token is good: longer than any run.
const LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(40);

/// A tenant's client.
#[derive(Debug, Clone)]
pub(super) struct Client {
    /// The tenant.
    pub name: &'static str,
    http: reqwest::Client,
    api: String,
    token: String,
}

impl Client {
    pub(super) fn new(traffic: &Traffic, name: &'static str) -> Result<Self, Error> {
        let token = options::token(&traffic.settings, &traffic.folder, name, LIFETIME)?;
        let http = reqwest::Client::builder().timeout(PATIENCE).build();
        let http = http.map_err(|error| Error::failed("Can't make an HTTP client", error))?;
        Ok(Self { name, http, api: traffic.api.trim_end_matches('/').to_owned(), token })
    }

    /// Submits a job; the status, and the answer as JSON.
    pub(super) async fn submit(&self, kind: Kind, payload: String) -> Result<(u16, Value), reqwest::Error> {
        let request =
            self.http.post(format!("{}/submit-job-request", self.api)).header(CONTENT_TYPE, "application/json");
        let request = match kind {
            Kind::NoToken => request,
            // The last character of a signature of 256 bytes has only two bits that count: one in the middle is changed.
            Kind::BadToken => {
                let at = self.token.len() - 100;
                let other = if self.token.as_bytes()[at] == b'A' { "B" } else { "A" };
                let token = format!("{}{other}{}", &self.token[..at], &self.token[at + 1..]);
                request.header(AUTHORIZATION, format!("Bearer {token}"))
            }
            _ => request.header(AUTHORIZATION, format!("Bearer {}", self.token)),
        };
        let answer = request.body(payload).send().await?;
        Ok((answer.status().as_u16(), answer.json().await.unwrap_or_default()))
    }

    /// Asks for a job's status; the status, and the answer as JSON.
    pub(super) async fn status(&self, job: &str) -> Result<(u16, Value), reqwest::Error> {
        let request = self.http.get(format!("{}/job-status/{job}", self.api));
        let answer = request.header(AUTHORIZATION, format!("Bearer {}", self.token)).send().await?;
        Ok((answer.status().as_u16(), answer.json().await.unwrap_or_default()))
    }

    /// Fetches what a link leads to, without any token.
    pub(super) async fn fetch(&self, link: &str) -> Result<Vec<u8>, String> {
        let answer = self.http.get(link).send().await.map_err(|error| error.to_string())?;
        let status = answer.status();
        let body = answer.bytes().await.map_err(|error| error.to_string())?;
        match status.is_success() {
            true => Ok(body.to_vec()),
            false => Err(format!("the link gives {status}: {}", String::from_utf8_lossy(&body))),
        }
    }
}
