//! Why a request gets no answer that it hoped for.

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use service::database;
use service::http::Problem;
use utoipa::IntoResponses;
use uuid::Uuid;

/// A text of a client's is repeated up to so many characters.
const MAX_SHOWN: usize = 60;

/// Why a request gets no answer that it hoped for.
#[derive(Debug)]
pub(super) struct Refusal(Box<Response>);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        *self.0
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self(Box::new(problem.into_response()))
    }
}

impl From<Response> for Refusal {
    fn from(response: Response) -> Self {
        Self(Box::new(response))
    }
}

/// The database's errors are for the log, not for clients.
impl From<sqlx::Error> for Refusal {
    fn from(error: sqlx::Error) -> Self {
        let problem = match database::is_away(&error) {
            true => Problem::unavailable("The database"),
            false => Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "The database refused what it was asked."),
        };
        Self(Box::new(problem.because(error)))
    }
}

impl Refusal {
    pub(super) fn bad_request(detail: impl Into<String>) -> Self {
        Problem::bad_request(detail).into()
    }

    pub(super) fn unprocessable(detail: impl Into<String>) -> Self {
        Problem::unprocessable(detail).into()
    }

    pub(super) fn unknown(uuid: Uuid) -> Self {
        Problem::not_found(format!("There is no workflow {uuid}.")).into()
    }

    /// A status outside the enum.
    pub(super) fn status(given: &Value, literal: bool) -> Self {
        let shown: String = given.to_string().chars().take(MAX_SHOWN).collect();
        let status = if literal { StatusCode::FORBIDDEN } else { StatusCode::UNPROCESSABLE_ENTITY };
        Problem::new(status, format!("The status {shown} is neither \"inserted\" nor \"consumed\".")).into()
    }

    /// Others hold the memory that the request needs.
    pub(super) fn busy() -> Self {
        let detail = "Other requests hold the memory that this one needs. Try again.";
        let mut response = Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).into_response();
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        response.into()
    }

    /// Something that the service needs doesn't answer.
    pub(super) fn unavailable(what: &str, why: impl std::fmt::Display) -> Self {
        Self(Box::new(Problem::unavailable(what).because(why)))
    }
}

/// What every route may answer.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "it is only described")]
pub(super) enum Common {
    /// The request's body came too slowly
    #[response(status = 408, content_type = "application/problem+json")]
    Slow(#[to_schema] Problem),
    /// The service failed; its log says why
    #[response(status = 500, content_type = "application/problem+json")]
    Failed(#[to_schema] Problem),
    /// The database or the queue doesn't answer, or not in time, or too many large requests are under way
    #[response(status = 503, content_type = "application/problem+json")]
    Away(#[to_schema] Problem),
}

/// What every route with a body may answer besides.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "it is only described")]
pub(super) enum WithBody {
    /// The body is too large: 1 MiB is the most
    #[response(status = 413, content_type = "application/problem+json")]
    Large(#[to_schema] Problem),
    /// The body's content type isn't JSON
    #[response(status = 415, content_type = "application/problem+json")]
    OfOtherType(#[to_schema] Problem),
    /// The body is JSON, but not what is needed, as a status outside the enum
    #[response(status = 422, content_type = "application/problem+json")]
    Wrong(#[to_schema] Problem),
    /// A status outside the enum, if the service runs with `--literal`
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(#[to_schema] Problem),
}
