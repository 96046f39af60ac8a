//! `POST /workflow`

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::Value;
use service::http::{Problem, Trace};
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::{Body, Sent};
use super::refusal::{Common, Refusal, WithBody};
use super::{Api, TAG};
use crate::workflows::data::{self, Data};
use crate::workflows::store::New;
use crate::workflows::workflow::{Shown, Status, now};

/// A workflow has at most so many steps.
const MAX_STEPS: usize = 100;
/// A step's name has at most so many characters.
const MAX_NAME: usize = 128;

/// What is asked for.
#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "it is only described: the body is read member by member")]
#[schema(as = NewWorkflow, title = "NewWorkflow")]
#[serde(deny_unknown_fields)]
struct Asked {
    /// Its name; a new one unless it is given. With a name of its own a client can ask again when an answer was lost.
    #[schema(nullable = false)]
    uuid: Option<Uuid>,
    #[schema(inline, nullable = false)]
    status: Option<Status>,
    #[schema(value_type = Data)]
    data: Value,
    /// The names of its steps, in order.
    #[schema(
        nullable = false,
        max_items = 100,
        min_length = 1,
        max_length = 128,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]+$"
    )]
    steps: Option<Vec<String>>,
}

/// Creates a workflow: it is in the database, and on its way to the queue.
///
/// It is on the queue when the answer comes. If the queue is away, the database keeps its message, and sends it later. One that is
/// `consumed` from the beginning isn't queued.
#[utoipa::path(
    post,
    path = "/workflow",
    tag = TAG,
    request_body(content = inline(Asked), example = json!({
        "data": {"order": 7, "customer": {"name": "Ada"}, "lines": [{"sku": "A-1", "n": 2}, {"sku": "B-2", "n": 1}]},
        "steps": ["validate", "ship"],
    })),
    responses(
        (status = 201, description = "It is created", body = Shown, headers(
            ("Location" = String, description = "Its path")
        )),
        (status = 400, description = "The body isn't JSON", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "There is a workflow of this uuid", body = Problem, content_type = "application/problem+json"),
        WithBody,
        Common,
    ),
)]
pub(super) async fn create(
    State(api): State<Arc<Api>>,
    Extension(trace): Extension<Trace>,
    headers: HeaderMap,
    Sent { bytes, held }: Sent,
) -> Result<Response, Refusal> {
    let mut body = Body::read(&headers, &bytes)?;
    if let Some(integer) = data::lossy_integer(&bytes) {
        return Err(Refusal::unprocessable(format!("The integer {integer} has more than 64 bits: send it as a text.")));
    }
    let uuid = body.take("uuid").map_or_else(|| Ok(Uuid::new_v4()), |given| uuid(&given))?;
    let status = body.take("status").map_or(Ok(Status::Inserted), |given| api.status(&given))?;
    let steps = body.take("steps").map_or_else(|| Ok(Vec::new()), |given| steps(&given))?;
    let mut data = body.take("data").ok_or_else(|| Refusal::unprocessable("The member data is missing."))?;
    body.end()?;
    // Up to a megabyte is looked at, and as a CSV it may be eight.
    let settled = tokio::task::spawn_blocking(move || data::settle(&mut data).map(|columns| (data, columns))).await;
    let settled = settled.unwrap_or_else(|error| Err(format!("it can't be looked at: {error}")));
    let (data, columns) = settled.map_err(|why| Refusal::unprocessable(format!("The data can't be taken: {why}.")))?;
    let new = New { uuid, status, data, columns, steps, trace: trace.0, now: now() };
    // From here on it is written to the end, also for a client that doesn't wait.
    let writing = async move {
        let _held = held;
        let Some((workflow, outgoing)) = api.store.create(&new).await? else { return Ok(None) };
        if let Some(outgoing) = outgoing {
            api.relay.send(outgoing).await;
        }
        Ok::<_, sqlx::Error>(Some(workflow))
    };
    let written = tokio::spawn(writing).await.map_err(|error| Refusal::unavailable("The service", error))?;
    let Some(workflow) = written? else {
        let detail = format!("There is a workflow {uuid} already.");
        return Err(Problem::new(StatusCode::CONFLICT, detail).into());
    };
    let location = format!("/workflow/{uuid}");
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(Shown::from(workflow))).into_response())
}

fn uuid(given: &Value) -> Result<Uuid, Refusal> {
    let text = given.as_str().filter(|text| text.len() == 36);
    let uuid = text.and_then(|text| Uuid::try_parse(text).ok());
    uuid.ok_or_else(|| {
        Refusal::unprocessable("The member uuid must be a UUID, as 5f0c7f4e-8e0b-4b61-9d1f-2f7b1f7f8a11.")
    })
}

fn steps(given: &Value) -> Result<Vec<String>, Refusal> {
    let is_name = |name: &&str| (1..=MAX_NAME).contains(&name.chars().count()) && !name.contains(char::is_control);
    let names = given.as_array().filter(|all| all.len() <= MAX_STEPS).and_then(|all| {
        all.iter().map(|name| name.as_str().filter(is_name).map(str::to_owned)).collect::<Option<Vec<_>>>()
    });
    names.ok_or_else(|| {
        Refusal::unprocessable(format!(
            "The member steps must be an array of at most {MAX_STEPS} names, each of 1 to {MAX_NAME} characters without control characters."
        ))
    })
}
