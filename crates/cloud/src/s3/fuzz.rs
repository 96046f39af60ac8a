//! What the fuzzers of this room push against: no decoder panics, and what it accepts holds together.

use bytes::Bytes;
use futures::{FutureExt, StreamExt};

use super::error::Result;
use super::s3s::{chunked, fields};
use crate::sigv4::Chunks;

/// Runs a stream that never has to wait.
pub(super) fn drain(stream: impl futures::Stream<Item = Result<Bytes>>) -> Result<usize> {
    let sum = async {
        let mut stream = std::pin::pin!(stream);
        let mut sum = 0;
        while let Some(bytes) = stream.next().await {
            sum += bytes?.len();
        }
        Ok(sum)
    };
    sum.now_or_never().expect("nothing to wait for")
}

/// A body in pieces of `cut` bytes.
pub(super) fn pieces(
    body: &[u8],
    cut: usize,
) -> impl futures::Stream<Item = Result<Bytes>> + Unpin + Send + Sync + use<> {
    let pieces: Vec<_> = body.chunks(cut).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    futures::stream::iter(pieces)
}

/// A body of `aws-chunked`, with and without signatures. The first byte says how it is cut and what it promises to hold.
pub(crate) fn chunks(data: &[u8]) {
    let Some((first, body)) = data.split_first() else { return };
    let (cut, length) = (usize::from(first & 15) + 1, u64::from(first >> 4));
    let signed = || Chunks::new(b"key".to_vec(), "20260101T000000Z", "20260101/us-east-1/s3/aws4_request", "seed");
    for check in [None, Some(signed())] {
        if let Ok(decoded) = drain(chunked::decode(pieces(body, cut), length, check, |_, _| {})) {
            assert_eq!(decoded as u64, length);
        }
    }
}

/// A browser's form with the boundary `x`. What goes on to the next reader is what was read.
pub(crate) fn browser_form(data: &[u8]) {
    fields::check(data, "x");
}
