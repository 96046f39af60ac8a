//! `GET /job-status/{job-id}`.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::presigning::PresigningConfig;
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use service::http::Problem;
use tokio::time::Instant;
use utoipa::ToSchema;

use super::caller::{Allowed, Refusals};
use super::{Api, in_time};
use crate::jobs::failure::tell;
use crate::jobs::figures::{Call, Part};
use crate::jobs::tracking::{Entry, Status, Trouble};

/// How long the link to a result works, unless the credentials that sign it end before.
const LINK_LIFETIME: Duration = Duration::from_secs(60 * 60);
/// How the answer for an unknown job begins; its id follows.
pub(in crate::jobs) const UNKNOWN: &str = "No Job data found for Job Id : ";

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(in crate::jobs) enum JobStatus {
    /// It is in the queue, or being worked on.
    Submitted,
    /// Its result is there.
    #[serde(rename = "complete")]
    Complete,
    /// It is in the dead-letter queue. Not with `--literal`: the published API has two statuses.
    #[serde(rename = "failed")]
    Failed,
}

/// What is known of a job.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::jobs) struct JobInfo {
    pub job_status: JobStatus,
    /// The id that was asked for.
    #[schema(example = "0b2f2c1e-5a3f-4a55-8f5e-3a3d6b9f9a10")]
    pub job_id: String,
    /// The id of the job's entry in the tracking table, which is the same.
    #[schema(example = "0b2f2c1e-5a3f-4a55-8f5e-3a3d6b9f9a10")]
    pub job_request_id: String,
    /// Where the result of a complete job can be fetched for an hour, without a token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_processed_payload_link: Option<String>,
    /// Why a job failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When the job was sent, in milliseconds since the epoch.
    pub sent_timestamp: i64,
    /// The trace of the request.
    pub trace: String,
    /// How often it was begun, once it has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts: Option<i64>,
    /// How long the last attempt took, in milliseconds, once it has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_ms: Option<f64>,
    /// From the request to the end, in milliseconds, once it has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lead_ms: Option<f64>,
}

/// There is no such job.
#[derive(Debug, Serialize, ToSchema)]
struct NoJob {
    #[serde(rename = "Error Message")]
    #[schema(example = "No Job data found for Job Id : 0b2f2c1e-5a3f-4a55-8f5e-3a3d6b9f9a10")]
    error_message: String,
}

/// An unknown job in literal mode, or what is known
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its documentation is used")]
enum Answer {
    Job(JobInfo),
    /// Only with `--literal`.
    None(NoJob),
}

/// How far a job is, and when it is complete the link to its result
#[utoipa::path(
    get, path = "/job-status/{job-id}", tag = "jobs", security(("bearer" = [])),
    params(("job-id" = String, Path, description = "What `/submit-job-request` answered",
        example = "0b2f2c1e-5a3f-4a55-8f5e-3a3d6b9f9a10")),
    responses(
        (status = 200, description = "What is known of it", body = Answer),
        (status = 400, description = "The id is no text", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such job of this caller's", body = NoJob),
        (status = 503, description = "The table or the issuer of tokens doesn't answer", body = Problem,
            content_type = "application/problem+json"),
        Refusals,
    )
)]
pub(super) async fn job_status(
    State(api): State<Arc<Api>>,
    allowed: Allowed,
    id: Result<Path<String>, PathRejection>,
) -> Response {
    let id = match id {
        Ok(Path(id)) => id,
        Err(rejection) => return Problem::bad_request(rejection.body_text()).into_response(),
    };
    let started = Instant::now();
    let (call, mut response) = api.tell_status(&allowed, &id).await;
    api.figures.called(Part::Status, call, started.elapsed(), &allowed.id, &allowed.trace);
    // It changes, and its link is for the one who asked.
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

impl Api {
    async fn tell_status(&self, allowed: &Allowed, id: &str) -> (Call, Response) {
        let read = in_time(self.tracking.get(id), Trouble::new).await;
        self.figures.asked("get", read.is_ok());
        let entry = match read {
            Ok(entry) => entry,
            Err(trouble) => {
                let call = if trouble.throttled { Call::Throttled } else { Call::Failed };
                return (call, Problem::unavailable("The tracking table").because(trouble));
            }
        };
        // Another's job isn't there: who asks learns nothing of it.
        let Some(entry) = entry.filter(|entry| entry.tenant == allowed.caller.tenant) else {
            let status = if self.literal { StatusCode::OK } else { StatusCode::NOT_FOUND };
            let body = NoJob { error_message: format!("{UNKNOWN}{id}") };
            return (Call::Well, (status, Json(body)).into_response());
        };
        match self.info(id, entry).await {
            Ok(info) => (Call::Well, Json(info).into_response()),
            Err(why) => (Call::Failed, Problem::unavailable("The bucket").because(why)),
        }
    }

    async fn info(&self, id: &str, entry: Entry) -> Result<JobInfo, String> {
        let status = match entry.status {
            Status::Submitted => JobStatus::Submitted,
            Status::Complete => JobStatus::Complete,
            Status::Failed if self.literal => JobStatus::Submitted,
            Status::Failed => JobStatus::Failed,
        };
        let link = match (status, &entry.bucket, &entry.key) {
            (JobStatus::Complete, Some(bucket), Some(key)) => Some(self.link(bucket, key).await?),
            _ => None,
        };
        let has_ended = status != JobStatus::Submitted;
        Ok(JobInfo {
            job_status: status,
            job_id: id.to_owned(),
            job_request_id: id.to_owned(),
            job_processed_payload_link: link,
            reason: entry.reason.filter(|_| has_ended),
            sent_timestamp: entry.sent,
            trace: entry.trace,
            attempts: has_ended.then_some(entry.attempts),
            execution_ms: entry.execution_ms.filter(|_| has_ended),
            lead_ms: entry.lead_ms.filter(|_| has_ended),
        })
    }

    /// A link to an object that works without any credentials.
    async fn link(&self, bucket: &str, key: &str) -> Result<String, String> {
        let lifetime = PresigningConfig::expires_in(LINK_LIFETIME).map_err(|error| error.to_string())?;
        let get = self.clients.s3.get_object().bucket(bucket).key(key);
        let signed = get.presigned(lifetime).await;
        signed.map(|link| link.uri().to_owned()).map_err(|error| tell(&error))
    }
}
