//! A client of the API.

use std::time::Duration;

use reqwest::header::{CONTENT_LOCATION, CONTENT_TYPE, LINK};
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{Error, Traffic};

/// How long an answer may take.
const TIME: Duration = Duration::from_secs(35);
/// How long to wait before something is asked again.
pub(super) const PAUSE: Duration = Duration::from_millis(200);
/// How many workflows a page of the list has.
const PAGE: u32 = 100;

/// A client of the API.
#[derive(Debug, Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    api: String,
    patience: Duration,
    stop: CancellationToken,
}

impl Client {
    pub(super) fn new(traffic: &Traffic) -> Result<Self, Error> {
        let http = reqwest::Client::builder().timeout(TIME).build();
        let http = http.map_err(|error| Error::failed("Can't make an HTTP client", error))?;
        Ok(Self { http, api: traffic.api.clone(), patience: traffic.patience, stop: traffic.stop.clone() })
    }

    /// Asks once.
    pub(super) async fn once(&self, method: Method, path: &str, body: Option<String>) -> Result<Response, String> {
        let mut request = self.http.request(method, format!("{}{path}", self.api));
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        request.send().await.map_err(|error| error.to_string())
    }

    /// Asks until there is an answer that isn't about the service's own troubles, as long as patience lasts.
    pub(super) async fn ask(&self, method: Method, path: &str, body: Option<String>) -> Result<Response, String> {
        let started = Instant::now();
        loop {
            let why = match self.once(method.clone(), path, body.clone()).await {
                Ok(response) if !response.status().is_server_error() => return Ok(response),
                Ok(response) => format!("{method} {path} gives {}", response.status()),
                Err(why) => why,
            };
            if started.elapsed() > self.patience || self.stop.is_cancelled() {
                return Err(why);
            }
            sleep(PAUSE).await;
        }
    }

    /// Consumes a workflow, if one waits: its uuid and its CSV.
    pub(super) async fn consume(&self) -> Result<Option<(Uuid, String)>, String> {
        let response = self.once(Method::GET, "/workflow/consume", None).await?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Ok(None),
            status => return Err(format!("consume gives {status}")),
        }
        let location = response.headers().get(CONTENT_LOCATION).and_then(|value| value.to_str().ok());
        let uuid = location.and_then(|path| path.strip_prefix("/workflow/")?.strip_suffix("/csv")?.parse().ok());
        let uuid = uuid.ok_or("the CSV doesn't say whose it is")?;
        let csv = response.text().await.map_err(|error| error.to_string())?;
        Ok(Some((uuid, csv)))
    }

    /// A workflow.
    pub(super) async fn get(&self, uuid: Uuid) -> Result<Option<Value>, String> {
        let response = self.ask(Method::GET, &format!("/workflow/{uuid}"), None).await?;
        match response.status() {
            StatusCode::OK => response.json().await.map(Some).map_err(|error| error.to_string()),
            StatusCode::NOT_FOUND => Ok(None),
            status => Err(format!("{uuid} gives {status}")),
        }
    }

    /// A workflow's CSV.
    pub(super) async fn csv(&self, uuid: Uuid) -> Result<Option<String>, String> {
        let response = self.ask(Method::GET, &format!("/workflow/{uuid}/csv"), None).await?;
        match response.status() {
            StatusCode::OK => response.text().await.map(Some).map_err(|error| error.to_string()),
            StatusCode::NOT_FOUND | StatusCode::CONFLICT => Ok(None),
            status => Err(format!("the CSV of {uuid} gives {status}")),
        }
    }

    /// Reads all pages of the list; `see` gets each workflow.
    pub(super) async fn list(&self, mut see: impl FnMut(Value)) -> Result<(), String> {
        let mut next = Some(format!("/workflow?limit={PAGE}"));
        while let Some(path) = next {
            let response = self.ask(Method::GET, &path, None).await?;
            let link = response.headers().get(LINK).and_then(|value| value.to_str().ok()).map(str::to_owned);
            let page: Vec<Value> = response.json().await.map_err(|error| error.to_string())?;
            page.into_iter().for_each(&mut see);
            next = link.and_then(|link| Some(link.strip_prefix('<')?.split_once(">; rel=\"next\"")?.0.to_owned()));
        }
        Ok(())
    }
}
