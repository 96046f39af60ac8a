//! Takes what a client still sends of a body that nobody read to its end.
//!
//! A connection that is closed while its client sends is reset, and the client may lose the answer that says why.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::header::{CONNECTION, EXPECT};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use http_body_util::BodyExt;
use hyper::body::{Frame, SizeHint};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// So many bytes are taken at most; whoever has announced more loses the connection at once.
const MOST: u64 = 64 << 20;
/// It takes at most so long: the answer waits for it.
const TIME: Duration = Duration::from_secs(5);

/// A body that comes back when it is dropped before its end.
pub(super) struct Lent {
    body: Body,
    back: Option<oneshot::Sender<Body>>,
}

/// What is left of a body when the request is answered.
pub(super) struct Rest {
    back: oneshot::Receiver<Body>,
    /// Whether the client waits with its body until it is asked for it.
    waits: bool,
}

/// The body of a request for those who answer it, and what they leave of it.
pub(super) fn lend(headers: &HeaderMap, body: Body) -> (Body, Rest) {
    let (give, back) = oneshot::channel();
    let rest = Rest { back, waits: headers.contains_key(EXPECT) };
    if body.is_end_stream() {
        return (body, rest);
    }
    (Body::new(Lent { body, back: Some(give) }), rest)
}

impl Rest {
    /// Takes the rest. If that can't be done, the answer says that the connection ends.
    pub(super) async fn drain(mut self, response: &mut Response) {
        let Ok(mut body) = self.back.try_recv() else { return };
        if body.is_end_stream() {
            return;
        }
        let ended = !self.waits
            && body.size_hint().lower() <= MOST
            && timeout(TIME, to_end(&mut body)).await.unwrap_or_default();
        if !ended {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
    }
}

/// Whether the body's end came within the bound.
async fn to_end(body: &mut Body) -> bool {
    let mut taken = 0;
    while taken <= MOST {
        match body.frame().await {
            Some(Ok(frame)) => taken += frame.data_ref().map_or(0, |bytes| bytes.len() as u64),
            Some(Err(_)) => return false,
            None => return true,
        }
    }
    false
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(back) = self.back.take() {
            // Nobody waits for it where the connection is gone.
            _ = back.send(std::mem::take(&mut self.body));
        }
    }
}
