//! Who calls: before anything of a request's body is read.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use service::auth::{Caller, Denied};
use service::http::{Problem, RequestId, Trace};
use tokio::time::Instant;
use utoipa::IntoResponses;

use super::Api;
use crate::jobs::figures::{Call, Part};

/// A request that may be made, its caller, and what it is known by.
#[derive(Debug, Clone)]
pub(super) struct Allowed {
    pub caller: Caller,
    pub id: String,
    pub trace: String,
}

/// The answers to those that may not.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only its documentation is used")]
pub(super) enum Refusals {
    /// There is no token
    #[response(status = 401, content_type = "application/problem+json")]
    Missing(Problem),
    /// The token is no good one: the detail says why
    #[response(status = 403, content_type = "application/problem+json")]
    Bad(Problem),
    /// The request's body came too slowly
    #[response(status = 408, content_type = "application/problem+json")]
    Late(Problem),
    /// The caller makes too many requests; Retry-After says when to try again
    #[response(status = 429, content_type = "application/problem+json")]
    TooMany(Problem),
    /// The service failed
    #[response(status = 500, content_type = "application/problem+json")]
    Failed(Problem),
}

impl FromRequestParts<Arc<Api>> for Allowed {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Response> {
        let started = Instant::now();
        let id = parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
        let trace = parts.extensions.get::<Trace>().map(|trace| trace.0.clone()).unwrap_or_default();
        let decided = api.authorizer.authorize(&parts.headers).await;
        let call = if matches!(decided, Err(Denied::Unavailable(_))) { Call::Failed } else { Call::Well };
        api.figures.called(Part::Authorizer, call, started.elapsed(), &id, &trace);
        let caller = decided.map_err(refuse)?;
        if !api.throttle.allows(&caller.tenant) {
            let problem =
                Problem::new(StatusCode::TOO_MANY_REQUESTS, "You make too many requests. Try again in a second.");
            return Err(with_header(problem.into_response(), RETRY_AFTER, "1"));
        }
        Ok(Self { caller, id, trace })
    }
}

/// A refusal, with what RFC 6750 wants to be said.
fn refuse(denied: Denied) -> Response {
    match denied {
        Denied::Missing => {
            let detail = "Send a token in the header Authorization: Bearer TOKEN.";
            let response = Problem::new(StatusCode::UNAUTHORIZED, detail).into_response();
            with_header(response, WWW_AUTHENTICATE, "Bearer realm=\"jobs\"")
        }
        Denied::Bad(why) => {
            let response = Problem::new(StatusCode::FORBIDDEN, why).into_response();
            with_header(response, WWW_AUTHENTICATE, "Bearer realm=\"jobs\", error=\"invalid_token\"")
        }
        Denied::Unavailable(why) => Problem::unavailable("The issuer of tokens").because(why),
    }
}

fn with_header(mut response: Response, name: axum::http::HeaderName, value: &'static str) -> Response {
    response.headers_mut().insert(name, HeaderValue::from_static(value));
    response
}
