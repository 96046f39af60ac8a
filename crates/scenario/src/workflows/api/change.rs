//! `PATCH /workflow/{uuid}`

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::{Extension, Json};
use serde::Deserialize;
use service::http::{Problem, Trace};
use utoipa::ToSchema;

use super::body::{Body, Sent};
use super::refusal::{Common, Refusal, WithBody};
use super::{Api, TAG, uuid};
use crate::workflows::workflow::{Shown, Status, now};

/// What is to change.
#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "it is only described: the body is read member by member")]
#[schema(as = Change, title = "Change")]
#[serde(deny_unknown_fields)]
struct Asked {
    #[schema(inline)]
    status: Status,
}

/// Sets a workflow's status.
///
/// `consumed` withdraws it: nobody gets it from the queue any more. `inserted` queues it again. The status that it has
/// already changes nothing.
#[utoipa::path(
    patch,
    path = "/workflow/{uuid}",
    tag = TAG,
    params(("uuid" = Uuid, Path, description = "The workflow's name", example = "5f0c7f4e-8e0b-4b61-9d1f-2f7b1f7f8a11")),
    request_body(content = inline(Asked), example = json!({"status": "consumed"})),
    responses(
        (status = 200, description = "The workflow as it is now", body = Shown),
        (status = 400, description = "The path has no UUID, or the body isn't JSON", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such workflow", body = Problem, content_type = "application/problem+json"),
        WithBody,
        Common,
    ),
)]
pub(super) async fn change(
    State(api): State<Arc<Api>>,
    Extension(trace): Extension<Trace>,
    Path(name): Path<String>,
    headers: HeaderMap,
    Sent { bytes, held }: Sent,
) -> Result<Json<Shown>, Refusal> {
    let uuid = uuid(&name)?;
    let mut body = Body::read(&headers, &bytes)?;
    let given = body.take("status").ok_or_else(|| Refusal::unprocessable("The member status is missing."))?;
    let status = api.status(&given)?;
    body.end()?;
    // From here on it is written to the end, also for a client that doesn't wait.
    let writing = async move {
        let _held = held;
        let Some((workflow, outgoing)) = api.store.set(uuid, status, &trace.0, now()).await? else { return Ok(None) };
        if let Some(outgoing) = outgoing {
            api.relay.send(outgoing).await;
        }
        Ok::<_, sqlx::Error>(Some(workflow))
    };
    let written = tokio::spawn(writing).await.map_err(|error| Refusal::unavailable("The service", error))?;
    written?.map(|workflow| Json(workflow.into())).ok_or_else(|| Refusal::unknown(uuid))
}
