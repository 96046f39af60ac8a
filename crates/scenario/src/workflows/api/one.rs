//! `GET /workflow/{uuid}`, and its CSV.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use service::http::Problem;

use super::consume::answer;
use super::refusal::{Common, Refusal};
use super::{Api, TAG, uuid};
use crate::workflows::workflow::Shown;

/// One workflow.
#[utoipa::path(
    get,
    path = "/workflow/{uuid}",
    tag = TAG,
    params(("uuid" = Uuid, Path, description = "The workflow's name", example = "5f0c7f4e-8e0b-4b61-9d1f-2f7b1f7f8a11")),
    responses(
        (status = 200, description = "The workflow", body = Shown),
        (status = 400, description = "The path has no UUID", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such workflow", body = Problem, content_type = "application/problem+json"),
        Common,
    ),
)]
pub(super) async fn get(State(api): State<Arc<Api>>, Path(name): Path<String>) -> Result<Json<Shown>, Refusal> {
    let uuid = uuid(&name)?;
    let found = api.store.get(uuid).await?;
    found.map(|workflow| Json(workflow.into())).ok_or_else(|| Refusal::unknown(uuid))
}

/// The CSV that was made when the workflow was consumed the last time, exactly as it was answered then.
#[utoipa::path(
    get,
    path = "/workflow/{uuid}/csv",
    tag = TAG,
    params(("uuid" = Uuid, Path, description = "The workflow's name", example = "5f0c7f4e-8e0b-4b61-9d1f-2f7b1f7f8a11")),
    responses(
        (status = 200, description = "The CSV", body = String, content_type = "text/csv"),
        (status = 400, description = "The path has no UUID", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such workflow", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Nobody has taken it from the queue yet", body = Problem, content_type = "application/problem+json"),
        Common,
    ),
)]
pub(super) async fn csv(State(api): State<Arc<Api>>, Path(name): Path<String>) -> Result<Response, Refusal> {
    let uuid = uuid(&name)?;
    if let Some(size) = api.store.csv_size(uuid).await? {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let held = api.memory.csvs.take(size).await.ok_or_else(Refusal::busy)?;
        if let Some(csv) = api.store.csv(uuid).await? {
            return Ok(answer(uuid, csv, held));
        }
    }
    match api.store.get(uuid).await? {
        None => Err(Refusal::unknown(uuid)),
        Some(_) => {
            let detail = format!("Nobody has taken the workflow {uuid} from the queue yet.");
            Err(Problem::new(StatusCode::CONFLICT, detail).into())
        }
    }
}
