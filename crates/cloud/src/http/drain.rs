//! Reads what is left of a request's body after the request was answered.
//!
//! The rest of the body lies between this request and the next one on the connection. hyper would close the connection without a
//! word, and a client that keeps its connections would send its next request to nobody. So the rest is read and thrown away, or the
//! answer says `Connection: close`.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// How many bytes are read and thrown away before the connection is given up.
const MAX_DRAINED: usize = 64 << 20;
/// A client that sends nothing for this long is taken to wait for the answer.
const PAUSE: Duration = Duration::from_millis(200);

/// Reads the rest of a body as long as it keeps coming. False if its end wasn't reached.
pub(crate) async fn drain(mut body: Incoming) -> bool {
    let mut drained = 0;
    while drained < MAX_DRAINED {
        match timeout(PAUSE, body.frame()).await {
            Ok(None) => return true,
            Ok(Some(Ok(frame))) => drained += frame.data_ref().map_or(0, Bytes::len),
            Ok(Some(Err(_))) | Err(_) => return false,
        }
    }
    false
}

/// A body for a callee that must own it, and the way to get back what the callee left of it.
pub(crate) fn lend(body: Option<Incoming>) -> (Lent, Back) {
    let (give, back) = oneshot::channel();
    (Lent { body, give: Some(give) }, Back(back))
}

/// A body that goes back when it is dropped.
pub(crate) struct Lent {
    body: Option<Incoming>,
    give: Option<oneshot::Sender<Incoming>>,
}

/// Where a [`Lent`] body comes back.
pub(crate) struct Back(oneshot::Receiver<Incoming>);

impl Back {
    /// The body, if nobody holds it any more.
    pub(crate) fn take(mut self) -> Option<Incoming> {
        self.0.try_recv().ok()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let (Some(body), Some(give)) = (self.body.take(), self.give.take()) {
            let _ = give.send(body);
        }
    }
}

impl Body for Lent {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or(SizeHint::with_exact(0), Body::size_hint)
    }
}
