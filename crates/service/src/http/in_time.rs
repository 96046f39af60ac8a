//! A request has its time. Whose fault it is when that is over, the answer says: 408 if the client still owes a part of the body, 503 if the
//! service was the slow side.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::time::timeout;
use tower_http::timeout::TimeoutError;

use super::{MAX_TIME, Problem};

/// The layer.
pub(super) async fn in_time(request: Request, next: Next) -> Response {
    let body = Arc::new(Owed::default());
    let request = request.map(|inner| Body::new(Watched { inner, body: body.clone() }));
    let response = timeout(MAX_TIME, next.run(request)).await;
    let seconds = MAX_TIME.as_secs();
    // What reads a body makes a 400 of it that it stood still for too long.
    let stood_still = body.stood_still.load(Ordering::Relaxed);
    match response {
        Ok(response) if !(stood_still && response.status().is_client_error()) => response,
        Err(_) if !stood_still && !body.is_waited_for.load(Ordering::Relaxed) => {
            let detail = format!(
                "The service had no answer within {seconds} s. Whether the request had its effect isn't known. Try again."
            );
            let why = format!("no answer within {seconds} s: what the service waited for was too slow");
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).because(why)
        }
        _ => {
            let detail = format!("The request's body came too slowly: {seconds} s are the most.");
            Problem::new(StatusCode::REQUEST_TIMEOUT, detail).because("the body came too slowly")
        }
    }
}

/// What a client owes.
#[derive(Default)]
struct Owed {
    /// Somebody waits for a part of the body.
    is_waited_for: AtomicBool,
    /// It was waited for in vain.
    stood_still: AtomicBool,
}

/// A body, which notes what is owed of it.
struct Watched {
    inner: Body,
    body: Arc<Owed>,
}

impl hyper::body::Body for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        self.body.is_waited_for.store(polled.is_pending(), Ordering::Relaxed);
        if let Poll::Ready(Some(Err(error))) = &polled
            && is_timeout(error)
        {
            self.body.stood_still.store(true, Ordering::Relaxed);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Whether it is the end of [`super::MAX_PAUSE`].
fn is_timeout(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source()).any(|error| error.is::<TimeoutError>())
}
