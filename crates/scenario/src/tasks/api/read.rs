//! Says where tasks stand, and gives results.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, ETAG, VARY};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use service::http::Problem;
use service::objects::{Error, Object};
use utoipa::ToSchema;

use super::refused::unreadable;
use super::{Api, Png};
use crate::tasks::sum::Summary;
use crate::tasks::task::{Kind, TaskStatus, Token};

/// How many bytes a sum with all that is said beside it may have.
const MAX_SUMMARY: usize = 64 << 10;

/// There is no such result, or not yet.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NotFound {
    #[schema(example = "not found")]
    message: &'static str,
}

/// Where the task of a picture stands.
#[utoipa::path(get, path = "/randomize/{token}/status", tag = "tasks", params(("token" = Token, Path, description = "The task's token")),
    responses(
        (status = 200, description = "Where it stands", body = TaskStatus),
        (status = 404, description = "There is no such task", body = Problem, content_type = "application/problem+json"),
        (status = 500, description = "What the bucket holds of it was changed", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The bucket doesn't answer", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn randomize_status(State(api): State<Api>, Path(token): Path<String>) -> Response {
    status(&api, Kind::Randomize, &token).await
}

/// Where the task of a text stands.
#[utoipa::path(get, path = "/sum-even/{token}/status", tag = "tasks", params(("token" = Token, Path, description = "The task's token")),
    responses(
        (status = 200, description = "Where it stands", body = TaskStatus),
        (status = 404, description = "There is no such task", body = Problem, content_type = "application/problem+json"),
        (status = 500, description = "What the bucket holds of it was changed", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The bucket doesn't answer", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn sum_even_status(State(api): State<Api>, Path(token): Path<String>) -> Response {
    status(&api, Kind::SumEven, &token).await
}

async fn status(api: &Api, kind: Kind, token: &str) -> Response {
    let found = match Token::parse(token) {
        Some(token) => api.store.status(kind, &token).await,
        None => Ok(None),
    };
    match found {
        Ok(Some(status)) => Json(status).into_response(),
        Ok(None) => Problem::not_found(format!("There is no task {} of this token.", kind.name())).into_response(),
        Err(why) => no_answer(why),
    }
}

/// The answer when the bucket doesn't give what was asked for.
fn no_answer(why: Error) -> Response {
    match why {
        Error::Broken { .. } => unreadable(why),
        why => Problem::unavailable("The bucket").because(why),
    }
}

/// The picture with its blocks in another order.
#[utoipa::path(get, path = "/randomize/{token}/result", tag = "tasks", params(("token" = Token, Path, description = "The task's token")),
    responses(
        (status = 200, description = "The picture", body = Png, content_type = "image/png"),
        (status = 404, description = "There is no such task, or it hasn't finished", body = NotFound),
        (status = 422, description = "It is errored: there won't be a result", body = Problem, content_type = "application/problem+json"),
        (status = 500, description = "What the bucket holds of it was changed", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The bucket doesn't answer", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn randomize_result(State(api): State<Api>, Path(token): Path<String>) -> Response {
    match find(&api, Kind::Randomize, &token).await {
        Ok(object) => {
            let head = [
                (CONTENT_TYPE, Kind::Randomize.gives().to_owned()),
                (CONTENT_LENGTH, object.length.to_string()),
                (ETAG, object.etag.clone().unwrap_or_default()),
            ];
            (head, Body::from_stream(object.into_stream())).into_response()
        }
        Err(response) => response,
    }
}

/// The sum of the even numbers: as text the sum alone, as JSON with what was counted.
#[utoipa::path(get, path = "/sum-even/{token}/result", tag = "tasks", params(("token" = Token, Path, description = "The task's token")),
    responses(
        (status = 200, description = "The sum; text/plain unless Accept prefers application/json",
            content((String = "text/plain", example = "9007199254740994"), (Summary = "application/json"))),
        (status = 404, description = "There is no such task, or it hasn't finished", body = NotFound),
        (status = 422, description = "It is errored: there won't be a result", body = Problem, content_type = "application/problem+json"),
        (status = 500, description = "What the bucket holds of it was changed", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The bucket doesn't answer", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn sum_even_result(State(api): State<Api>, Path(token): Path<String>, headers: HeaderMap) -> Response {
    let object = match find(&api, Kind::SumEven, &token).await {
        Ok(object) => object,
        Err(response) => return response,
    };
    if object.length > MAX_SUMMARY as u64 {
        return unreadable(format!("the result has {} bytes", object.length));
    }
    let bytes = match axum::body::to_bytes(Body::from_stream(object.into_stream()), MAX_SUMMARY).await {
        Ok(bytes) => bytes,
        Err(why) => return Problem::unavailable("The bucket").because(why),
    };
    let vary = [(VARY, "accept")];
    match serde_json::from_slice::<Summary>(&bytes) {
        Ok(summary) if prefers_json(&headers) => (vary, Json(summary)).into_response(),
        Ok(summary) => (vary, summary.sum).into_response(),
        Err(why) => unreadable(why),
    }
}

/// Opens a result, or answers why there is none.
async fn find(api: &Api, kind: Kind, token: &str) -> Result<Object, Response> {
    let not_found = || (StatusCode::NOT_FOUND, Json(NotFound { message: "not found" })).into_response();
    let Some(token) = Token::parse(token) else { return Err(not_found()) };
    // A result counts from its task's end on: before, an attempt may still fail.
    let Some(end) = api.store.end(kind, &token).await.map_err(no_answer)? else { return Err(not_found()) };
    if let Some(error) = end.error {
        let detail = format!("The task is errored: {error}.");
        return Err(Problem::unprocessable(detail).with("error", error).into_response());
    }
    api.store.result(kind, &token).await.map_err(no_answer)?.ok_or_else(not_found)
}

/// Whether a client would rather have JSON than text.
fn prefers_json(headers: &HeaderMap) -> bool {
    let (mut json, mut text) = (0.0_f32, 0.0_f32);
    let mut text_is_named = false;
    let all = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    for range in all.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse().ok()).unwrap_or(1.0_f32);
        match kind.as_str() {
            "application/json" | "application/*" => json = json.max(weight),
            "text/plain" | "text/*" => {
                text = text.max(weight);
                text_is_named = true;
            }
            "*/*" if !text_is_named => text = text.max(weight),
            _ => {}
        }
    }
    json > text || (json > 0.0 && json == text && !text_is_named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_comes_unless_json_is_preferred() {
        for (accept, json) in [
            ("", false),
            ("*/*", false),
            ("text/plain", false),
            ("application/json", true),
            ("application/json, */*", true),
            ("application/json;q=0.5, text/plain", false),
            ("text/plain;q=0.2, Application/JSON;q=0.9", true),
            ("text/plain, application/json", false),
            ("image/png", false),
            ("application/json;q=x", true),
        ] {
            let mut headers = HeaderMap::new();
            if !accept.is_empty() {
                headers.insert(ACCEPT, accept.parse().unwrap());
            }
            assert_eq!(prefers_json(&headers), json, "{accept}");
        }
    }
}
