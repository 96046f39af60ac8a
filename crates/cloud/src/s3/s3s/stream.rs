//! The bytes of a request's body on their way to an operation: awaited, joined, compared with their hash.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::{FutureExt, Stream, StreamExt};
use s3s::Body;
use s3s::crypto::{Checksum as _, Sha256};
use s3s::dto::StreamingBlob;

use crate::s3::error::{Failure, Result};

/// The smallest piece of a body that is handled on its own, in bytes. AWS takes no smaller chunks, but for the last
/// ("Signature calculations for the authorization header: transferring payload in multiple chunks", Amazon S3 API reference).
const PIECE: usize = 8 * 1024;
/// The longest pause of a client within a body.
pub(super) const PAUSE: Duration = Duration::from_secs(30);

/// The bytes of a body. It fails if the client pauses for too long, or breaks off.
pub(super) fn patient(body: Body) -> impl Stream<Item = Result<Bytes>> + Unpin + Send + Sync + 'static {
    Box::pin(futures::stream::try_unfold(body, |mut body| async move {
        // Most of a body that is under way is here already, and needs no timer.
        let next = match body.next().now_or_never() {
            Some(next) => next,
            None => tokio::time::timeout(PAUSE, body.next()).await.map_err(|_| too_late())?,
        };
        match next {
            Some(bytes) => Ok(Some((bytes.map_err(|_| Failure::incomplete_body())?, body))),
            None => Ok(None),
        }
    }))
}

/// The failure of a client that pauses for longer than [`PAUSE`].
pub(super) fn too_late() -> Failure {
    let message = "Your socket connection to the server was not read from or written to within the timeout \
                   period. Idle connections will be closed.";
    Failure::new(400, "RequestTimeout", message)
}

/// The same bytes in pieces of at least [`PIECE`], but for the last, and for what stands before a long one, which isn't copied:
/// what is done for each piece costs too much for tiny ones. Lets other requests run while it joins tiny pieces.
pub(super) fn gathered<S>(body: S) -> impl Stream<Item = Result<Bytes>> + Unpin + Send + Sync + 'static
where
    S: Stream<Item = Result<Bytes>> + Send + Sync + 'static,
{
    Box::pin(futures::stream::try_unfold((Box::pin(body), None), |(mut body, long)| async move {
        if let Some(long) = long {
            return Ok(Some((long, (body, None))));
        }
        let mut gathered = BytesMut::new();
        while let Some(bytes) = body.next().await {
            let bytes = bytes?;
            if bytes.len() >= PIECE {
                return Ok(Some(match gathered.is_empty() {
                    true => (bytes, (body, None)),
                    false => (gathered.freeze(), (body, Some(bytes))),
                }));
            }
            gathered.extend_from_slice(&bytes);
            if gathered.len() >= PIECE {
                break;
            }
            tokio::task::coop::consume_budget().await;
        }
        Ok((!gathered.is_empty()).then(|| (gathered.freeze(), (body, None))))
    }))
}

/// A stream as a body.
pub(super) fn wrap(stream: impl Stream<Item = Result<Bytes>> + Send + Sync + 'static) -> Body {
    Body::from(StreamingBlob::wrap(stream))
}

/// Passes the bytes on, and fails at the end if their SHA-256 isn't `expected` (lower-case hex).
pub(super) fn hashed<S>(body: S, expected: String) -> impl Stream<Item = Result<Bytes>> + Send + Sync + 'static
where
    S: Stream<Item = Result<Bytes>> + Unpin + Send + Sync + 'static,
{
    futures::stream::try_unfold((body, Some(Sha256::new())), move |(mut body, hasher)| {
        let expected = expected.clone();
        async move {
            let Some(mut hasher) = hasher else { return Ok(None) };
            if let Some(bytes) = body.next().await {
                let bytes = bytes?;
                hasher.update(&bytes);
                return Ok(Some((bytes, (body, Some(hasher)))));
            }
            compare(&expected, hasher.finalize().as_ref())?;
            Ok(None)
        }
    })
}

/// Compares a body's SHA-256 with the one that its client says, in lower-case hex.
pub(super) fn compare(expected: &str, digest: &[u8]) -> Result<()> {
    let computed = hex::encode(digest);
    if computed == expected {
        return Ok(());
    }
    let message = "The provided 'x-amz-content-sha256' header does not match what was computed.";
    Err(Failure::new(400, "XAmzContentSHA256Mismatch", message)
        .with("ClientComputedContentSHA256", expected)
        .with("S3ComputedContentSHA256", computed))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Six million bytes in chunks of one held a worker for seconds, in which it served nobody else.
    #[tokio::test]
    async fn small_pieces_are_joined_and_others_run_between_them() {
        let small = || futures::stream::iter((0..20_000).map(|_| Ok(Bytes::from_static(b"x"))));
        let mut body = gathered(small());
        assert!(futures::poll!(body.next()).is_pending(), "it gives way");
        let lengths: Vec<usize> = gathered(small()).map(|piece| piece.unwrap().len()).collect().await;
        assert_eq!(lengths, [PIECE, PIECE, 20_000 - 2 * PIECE]);
        let large = [Bytes::from(vec![b'x'; PIECE]), Bytes::from_static(b"end")];
        let body = gathered(futures::stream::iter(large.clone().map(Ok)));
        let pieces: Vec<Bytes> = body.map(|piece| piece.unwrap()).collect().await;
        assert!(pieces == large && pieces[0].as_ptr() == large[0].as_ptr(), "what is large isn't copied");
        let failing = [Ok(Bytes::from_static(b"x")), Err(Failure::incomplete_body())];
        assert!(gathered(futures::stream::iter(failing)).next().await.unwrap().is_err());
    }
}
