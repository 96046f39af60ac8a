//! `GET /`, and the looking by itself when nobody asks.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::header::{ALLOW, RETRY_AFTER};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use parking_lot::Mutex;
use serde::Serialize;
use serde_json::json;
use service::http::Problem;
use service::record::{Record, Tell};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use worker::Hand;

use crate::Error;

/// How many books a request takes at most, as a receive of SQS does.
const BATCH: usize = 10;
/// So many requests ask the queue at a time; others wait for their turn, which is a second away at most.
const AT_ONCE: usize = 32;

/// Takes books when somebody asks.
pub(super) struct Desk {
    hand: Hand,
    asked: Mutex<Instant>,
    turns: Semaphore,
}

/// The answer of a request that took books.
#[derive(Debug, Serialize, ToSchema)]
struct Taken {
    /// The ids of the messages that were taken, as SQS gave them when they were sent: one to ten.
    #[schema(min_items = 1, max_items = 10, example = json!(["5fea7756-0ea4-451a-a703-a558b933e274"]))]
    ids: Vec<String>,
}

/// The API's routes.
pub(super) fn routes(desk: Arc<Desk>) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(take)).with_state(desk)
}

/// Takes up to ten books from the queue to be filed, and says which, without waiting for the work on them.
///
/// When the queue is empty the answer comes after up to a second: only so has SQS asked all of its servers.
#[utoipa::path(get, path = "/", tag = "archive", operation_id = "take", responses(
    (status = 202, description = "These were taken and are being worked on", body = Taken),
    (status = 204, description = "There were none, or those that wait are behind others of their groups"),
    (status = 503, description = "The process holds as many books as it may, or the queue doesn't answer",
     body = Problem, content_type = "application/problem+json"),
))]
async fn take(State(desk): State<Arc<Desk>>, method: Method) -> Response {
    // A HEAD is a GET for the router, and the one who makes it never sees which books it took.
    if method != Method::GET {
        let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "Only GET takes books.");
        return ([(ALLOW, HeaderValue::from_static("GET"))], problem).into_response();
    }
    let taken = desk.take().await;
    *desk.asked.lock() = Instant::now();
    match taken {
        Ok(ids) if ids.is_empty() => StatusCode::NO_CONTENT.into_response(),
        Ok(ids) => (StatusCode::ACCEPTED, Json(Taken { ids })).into_response(),
        Err(error) => {
            let mut response = match error {
                worker::Error::Full => Problem::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "As many books are held as may be. Ask again when some of them have been filed.",
                )
                .into_response(),
                error => Problem::unavailable("The queue").because(error),
            };
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
            response
        }
    }
}

impl Desk {
    pub(super) fn new(hand: Hand) -> Self {
        Self { hand, asked: Mutex::new(Instant::now()), turns: Semaphore::new(AT_ONCE) }
    }

    /// One receive: the ids of what it took.
    async fn take(&self) -> Result<Vec<String>, worker::Error> {
        let _turn = self.turns.acquire().await;
        let jobs = self.hand.take(BATCH).await?;
        Ok(jobs.iter().map(|job| job.id.clone()).collect())
    }

    /// Looks for books by itself, until `stop`: whenever nobody has asked for a while, and then until none are left. So whoever
    /// asks decides when books are filed, and what nobody asks for is filed all the same.
    pub(super) async fn look_when_nobody_asks(
        self: Arc<Self>,
        period: Duration,
        tell: Tell,
        stop: CancellationToken,
    ) -> Result<(), Error> {
        let mut next = Instant::now() + period;
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = sleep_until(next) => {}
            }
            let quiet_until = *self.asked.lock() + period;
            if quiet_until > Instant::now() {
                next = quiet_until;
                continue;
            }
            next = match self.take().await {
                Ok(ids) if !ids.is_empty() => Instant::now(),
                Ok(_) | Err(worker::Error::Full | worker::Error::Stopped) => Instant::now() + period,
                Err(why) => {
                    let why = format!("Can't look for books: {why}");
                    tell.tell(Record::new("trouble", why.clone(), json!({ "why": why })));
                    Instant::now() + period
                }
            };
        }
    }
}
