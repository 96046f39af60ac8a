//! `GET /workflow/consume`

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LOCATION, CONTENT_TYPE};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use service::http::Problem;
use tokio::time::{Instant, sleep};
use utoipa::IntoParams;
use uuid::Uuid;

use super::refusal::{Common, Refusal};
use super::{Api, TAG};
use crate::workflows::MAX_CONSUMERS;
use crate::workflows::consumer::{Made, Outcome};
use crate::workflows::csv::{Format, MAX_BYTES, Separator};
use crate::workflows::memory::Held;

/// How long to look for a workflow: what is on the queue, each of its servers has told by then.
const WAIT: Duration = Duration::from_secs(1);
/// How long a worker that doesn't run may take to start.
const START: Duration = Duration::from_millis(500);
/// How long to wait until it is asked again.
const PAUSE: Duration = Duration::from_millis(10);
/// How many messages are looked at for a request: those of withdrawn workflows are passed over.
const MAX_LOOKS: usize = 100;

/// What the consumer wants.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// What stands between two cells.
    #[param(inline, nullable = false, example = ",")]
    separator: Option<Separator>,
    /// Whether the file begins with a byte order mark, by which some spreadsheets know that it is UTF-8.
    #[param(nullable = false, default = false)]
    bom: Option<bool>,
}

/// Takes a workflow from the queue, marks it `consumed`, and answers its data as a CSV file.
///
/// No other consumer gets the same. The CSV is stored before the workflow counts as consumed: if the answer is lost, it can be
/// had again at the path in `Content-Location`.
#[utoipa::path(
    get,
    path = "/workflow/consume",
    tag = TAG,
    params(Asked),
    responses(
        (status = 200, description = "The data as a CSV file", body = String, content_type = "text/csv", headers(
            ("Content-Location" = String, description = "Where the CSV can be had again"),
            ("Content-Disposition" = String, description = "The file's name: the workflow's uuid")
        )),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "A page of another site asks", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No workflow waits", body = Problem, content_type = "application/problem+json"),
        Common,
    ),
)]
pub(super) async fn consume(
    State(api): State<Arc<Api>>,
    method: Method,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
) -> Result<Response, Refusal> {
    refuse_accidents(&method, &headers)?;
    let format = Format { separator: asked.separator.unwrap_or_default(), mark: asked.bom.unwrap_or(false) };
    // Before a workflow is taken that couldn't be answered.
    drop(api.memory.csvs.take(MAX_BYTES).await.ok_or_else(Refusal::busy)?);
    let started = Instant::now();
    for _ in 0..MAX_LOOKS {
        let taken = match api.hand.take(1).await {
            Ok(taken) => taken,
            // The service is ready a moment before its worker is.
            Err(worker::Error::Stopped) if started.elapsed() < START => {
                sleep(PAUSE).await;
                continue;
            }
            Err(worker::Error::Full) => {
                let detail = format!("{MAX_CONSUMERS} consume already, which is the most. Try again.");
                return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).into());
            }
            Err(error) => return Err(Refusal::unavailable("The queue", error)),
        };
        let Some(job) = taken.first() else {
            if started.elapsed() < WAIT {
                continue;
            }
            break;
        };
        // It may be as large until it is made. Without it the message goes back.
        let mut held = api.memory.csvs.take(MAX_BYTES).await.ok_or_else(Refusal::busy)?;
        match api.handover.consume(job, format).await {
            Some(Outcome::Made(Made { uuid, csv })) => {
                held.shrink(csv.len());
                return Ok(answer(uuid, csv, held));
            }
            Some(Outcome::Failed(error)) => return Err(error.into()),
            Some(Outcome::Void(_) | Outcome::Dead(_)) => {}
            None => return Err(Refusal::unavailable("The service", "it stops")),
        }
    }
    Err(Problem::not_found("No workflow waits in the queue.").into())
}

/// A GET that changes something must not be made by accident: not as a HEAD, which is a GET for most servers, not by a page of
/// another site that names it as a picture, not by a browser that fetches ahead.
fn refuse_accidents(method: &Method, headers: &HeaderMap) -> Result<(), Refusal> {
    if method != Method::GET {
        let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "Only GET consumes a workflow.");
        let mut response = problem.into_response();
        response.headers_mut().insert(ALLOW, axum::http::HeaderValue::from_static("GET"));
        return Err(Refusal::from(response));
    }
    let says = |name: &str, values: &[&str]| {
        let value = headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        values.iter().any(|wrong| value.eq_ignore_ascii_case(wrong) || value.starts_with(&format!("{wrong};")))
    };
    if says("sec-fetch-site", &["cross-site", "same-site"]) || says("sec-purpose", &["prefetch"]) {
        let detail =
            "This consumes a workflow: no page of another site may ask for it, and no browser ahead of its user.";
        return Err(Problem::new(StatusCode::FORBIDDEN, detail).into());
    }
    Ok(())
}

/// A CSV as an answer, which holds its memory until it is read.
pub(super) fn answer(uuid: Uuid, csv: String, held: Held) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8; header=present".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{uuid}.csv\"")),
        (CONTENT_LOCATION, format!("/workflow/{uuid}/csv")),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, held.with(csv)).into_response()
}
