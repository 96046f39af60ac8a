//! Request bodies collected within bounds, and the type of every response's body.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::FutureExt;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Either, Full};
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use tokio::time::{Instant, timeout_at};

use crate::bodies::{Bodies, SHORT, Share};
use wire::AwsError;

/// Any error of a streamed body.
pub(crate) type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// A response's body: whole, or streamed.
pub(crate) type Body = Either<Full<Bytes>, UnsyncBoxBody<Bytes, BodyError>>;

pub(crate) fn full(bytes: Bytes) -> Body {
    Either::Left(Full::new(bytes))
}

/// A streamed body.
pub(crate) fn stream<B>(body: B) -> Body
where
    B: hyper::body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BodyError>,
{
    Either::Right(UnsyncBoxBody::new(body.map_err(Into::into)))
}

/// A whole body that takes its share of what may be held: more than a piece of it is never hyper's, and so never out of count. `None`
/// where there is no room for it.
pub(crate) fn held(bytes: Bytes, all: &Bodies) -> Option<Body> {
    let mut share = all.share();
    match (bytes.len() <= SHORT, share.grows_to(bytes.len())) {
        (true, _) => Some(full(bytes)),
        (false, true) => Some(stream(Held { rest: bytes, _share: share })),
        (false, false) => None,
    }
}

/// The bytes of a body that is whole.
pub(crate) fn whole(body: &mut Body) -> Option<Bytes> {
    match body {
        Either::Left(full) => full.frame().now_or_never().flatten()?.ok()?.into_data().ok(),
        Either::Right(_) => None,
    }
}

/// Bytes of a whole body that hyper gets at a time.
const PIECE: usize = 128 << 10;

/// What is left of a whole body.
struct Held {
    rest: Bytes,
    _share: Share,
}

impl hyper::body::Body for Held {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = self.rest.len().min(PIECE);
        Poll::Ready((piece > 0).then(|| Ok(Frame::data(self.rest.split_to(piece)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

/// How long a client may take for a body that isn't there at once.
const PATIENCE: Duration = Duration::from_secs(60);
/// No more than this is reserved for a body whose length is announced but hasn't come.
const MAX_RESERVE: usize = 64 * 1024;

/// A shorter body is copied: what hyper read it into, 8 KiB, would be held by a request that waits.
const COPIED: usize = 512;

/// Reads a whole body of at most `limit` bytes, and takes what it was read from away. One that came in one piece isn't copied, but for a
/// short one. Of what all bodies may hold a long one takes its share as it comes.
pub(crate) async fn collect(incoming: &mut Option<Incoming>, limit: usize, all: &Bodies) -> Result<Bytes, AwsError> {
    let Some(body) = incoming else { return Ok(Bytes::new()) };
    let announced = body.size_hint().lower();
    if announced > limit as u64 {
        return Err(too_long(limit));
    }
    let mut first = Bytes::new();
    let mut rest: Option<BytesMut> = None;
    let mut deadline = None;
    let mut share = all.share();
    while !body.is_end_stream() {
        let frame = match soon(body.frame()).await {
            Some(frame) => frame,
            None => {
                let until = *deadline.get_or_insert_with(|| Instant::now() + PATIENCE);
                timeout_at(until, body.frame()).await.map_err(|_| late())?
            }
        };
        let Some(frame) = frame else { break };
        let frame = frame.map_err(|_| AwsError::bad("IncompleteBody", "The request's body ended early."))?;
        let Ok(data) = frame.into_data() else { continue };
        let length = rest.as_ref().map_or(first.len(), BytesMut::len) + data.len();
        if length > limit {
            return Err(too_long(limit));
        }
        if !share.grows_to(length) {
            return Err(too_much());
        }
        match &mut rest {
            Some(rest) => rest.extend_from_slice(&data),
            None if first.is_empty() => first = data,
            None => {
                let mut whole = BytesMut::with_capacity(length.max((announced as usize).min(MAX_RESERVE)));
                whole.extend_from_slice(&first);
                whole.extend_from_slice(&data);
                rest = Some(whole);
            }
        }
    }
    *incoming = None;
    Ok(match rest {
        Some(rest) => share.of(rest.freeze()),
        None if first.len() < COPIED => Bytes::copy_from_slice(&first),
        None => share.of(first),
    })
}

/// What comes at once, or by the next turn of the task: hyper gives out a body that it has read already only when it was asked for it.
/// No timer is made for it.
pub(crate) async fn soon<F: Future + Unpin>(mut future: F) -> Option<F::Output> {
    let mut asked = false;
    poll_fn(|cx| match future.poll_unpin(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if asked => Poll::Ready(None),
        Poll::Pending => {
            asked = true;
            cx.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await
}

fn late() -> AwsError {
    AwsError::new(408, "RequestTimeout", "The request's body did not arrive in time.")
}

/// The error for a body that there is no room for; clients try again. Source: "Common error types" (of each service's API reference).
pub(crate) fn too_much() -> AwsError {
    AwsError::new(503, "ServiceUnavailable", "Too much is being sent to this server, or waits to be read, at once.")
}

fn too_long(limit: usize) -> AwsError {
    AwsError::new(413, "RequestEntityTooLargeException", format!("The request's body is longer than {limit} bytes."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_comes_by_the_next_turn_is_soon() {
        let mut turns = 0;
        let by_the_next_turn = poll_fn(move |_| {
            turns += 1;
            if turns == 2 { Poll::Ready(turns) } else { Poll::Pending }
        });
        assert_eq!(soon(by_the_next_turn).await, Some(2));
        assert_eq!(soon(std::future::pending::<()>()).await, None);
    }
}
