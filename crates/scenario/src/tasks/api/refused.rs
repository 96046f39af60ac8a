//! Why a file isn't taken.

use axum::Json;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use service::http::Problem;
use service::objects::Error;
use utoipa::ToSchema;

use crate::tasks::task::Kind;

/// What is wrong with a picture, or with its request.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Wrong {
    #[schema(example = "it isn't a PNG: Invalid PNG signature.")]
    pub(super) error: String,
}

/// Why a file isn't taken.
#[derive(Debug)]
pub(super) enum Refused {
    /// 400.
    Wrong(String),
    /// 415, with the content type that is taken.
    Type(&'static str),
    /// 422: its key was used for another file.
    Reused,
    /// Something of the store.
    Store(Error),
    /// The queue doesn't take the message.
    Queue(String),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

/// The answer when something in the bucket isn't what it should be: trying again doesn't help.
pub(super) fn unreadable(why: impl std::fmt::Display) -> Response {
    let detail = "What the bucket holds of this task can't be read: somebody changed it.";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail).because(why)
}

impl Refused {
    /// The answer. What is wrong with a picture has a body of its own.
    pub(super) fn answer(self, kind: Kind) -> Response {
        let later = |problem: Problem, why: String| {
            let mut response = problem.because(why);
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
            response
        };
        match self {
            Self::Wrong(error) | Self::Store(Error::Body(error)) => match kind {
                Kind::Randomize => (StatusCode::BAD_REQUEST, Json(Wrong { error })).into_response(),
                Kind::SumEven => Problem::bad_request(error).into_response(),
            },
            Self::Type(takes) => {
                let detail = format!("The content type of the body must be {takes}.");
                Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail).into_response()
            }
            Self::Reused => Problem::unprocessable(
                "This Idempotency-Key came with another file before. A key stands for one file and its repetitions.",
            )
            .into_response(),
            Self::Store(Error::TooLarge { most }) => {
                let detail = format!("The body may have {most} bytes at most.");
                Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail).into_response()
            }
            Self::Store(why @ Error::Slow) => {
                Problem::new(StatusCode::REQUEST_TIMEOUT, "The body came too slowly.").because(why)
            }
            Self::Store(why @ Error::Busy) => {
                let detail = "Too many large bodies come at the moment. Try again.";
                later(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail), why.to_string())
            }
            Self::Store(why @ Error::Broken { .. }) => unreadable(why),
            Self::Store(why) => later(Problem::unavailable("The bucket"), why.to_string()),
            Self::Queue(why) => later(Problem::unavailable("The queue"), why),
        }
    }
}
