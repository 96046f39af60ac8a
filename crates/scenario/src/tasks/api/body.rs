//! The body of a request, as its bytes come.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use bytes::{Bytes, BytesMut};
use futures::stream::{self, BoxStream, StreamExt};
use tokio::time::timeout;

/// How much of a refused body is still taken, in bytes and time: a connection that ends while its client sends loses the
/// answer that says why.
const REFUSED: usize = 64 << 20;
const REFUSED_TIME: Duration = Duration::from_secs(5);

/// A body from which the first bytes were looked at.
pub(super) struct Upload {
    begin: Bytes,
    rest: BodyDataStream,
}

impl Upload {
    pub(super) fn new(body: Body) -> Self {
        Self { begin: Bytes::new(), rest: body.into_data_stream() }
    }

    /// The first so many bytes, or all if there are fewer; they stay in the body.
    pub(super) async fn begin(&mut self, size: usize) -> Result<&[u8], axum::Error> {
        let mut begin = BytesMut::from(self.begin.as_ref());
        while begin.len() < size
            && let Some(bytes) = self.rest.next().await
        {
            begin.extend_from_slice(&bytes?);
        }
        self.begin = begin.freeze();
        Ok(&self.begin[..self.begin.len().min(size)])
    }

    /// All of it.
    pub(super) fn stream(&mut self) -> BoxStream<'_, Result<Bytes, axum::Error>> {
        let begin = Some(std::mem::take(&mut self.begin)).filter(|begin| !begin.is_empty());
        stream::iter(begin.map(Ok)).chain(&mut self.rest).boxed()
    }

    /// Takes what is still sent, for a while.
    pub(super) async fn refuse(mut self) {
        let mut taken = 0;
        let take = async {
            while let Some(Ok(bytes)) = self.rest.next().await {
                taken += bytes.len();
                if taken > REFUSED {
                    break;
                }
            }
        };
        _ = timeout(REFUSED_TIME, take).await;
    }
}
