//! A body of few bytes, read from its connection at once: none of the streams that a long one goes through is made for it.

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use s3s::crypto::{Checksum as _, Sha256};

use super::stream::{self, PAUSE};
use crate::blobs::SMALL;
use crate::http::body::soon;
use crate::s3::error::{Failure, Result};

/// A body of at most [`SMALL`] bytes that nobody has read yet.
pub(in crate::s3) struct Few<'b> {
    incoming: &'b mut Option<Incoming>,
    /// The SHA-256 (hexadecimal) that it must have.
    hash: Option<String>,
}

impl<'b> Few<'b> {
    /// The body of a request whose head says that it has `length` bytes; `None` for one that isn't so short.
    pub(super) fn of(incoming: &'b mut Option<Incoming>, length: u64, hash: Option<String>) -> Option<Self> {
        (length <= SMALL as u64).then_some(Self { incoming, hash })
    }

    /// Reads it.
    ///
    /// # Errors
    /// As a long body's: `RequestTimeout`, `IncompleteBody`, `XAmzContentSHA256Mismatch`.
    pub(in crate::s3) async fn read(self) -> Result<Bytes> {
        let (mut first, mut joined) = (Bytes::new(), BytesMut::new());
        if let Some(body) = self.incoming {
            while !body.is_end_stream() {
                let frame = match soon(body.frame()).await {
                    Some(frame) => frame,
                    None => tokio::time::timeout(PAUSE, body.frame()).await.map_err(|_| stream::too_late())?,
                };
                let Some(frame) = frame else { break };
                let Ok(data) = frame.map_err(|_| Failure::incomplete_body())?.into_data() else { continue };
                if first.is_empty() && joined.is_empty() {
                    first = data;
                    continue;
                }
                joined.extend_from_slice(&std::mem::take(&mut first));
                joined.extend_from_slice(&data);
            }
        }
        let bytes = if joined.is_empty() { first } else { joined.freeze() };
        if let Some(expected) = self.hash {
            let digest = Sha256::checksum(&bytes);
            stream::compare(&expected.to_ascii_lowercase(), digest.as_ref())?;
        }
        Ok(bytes)
    }
}
