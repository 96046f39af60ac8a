//! A connection's socket as hyper sees it: first come bytes that were read before, and the server hangs up on a client that does not
//! read its answer.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::rt::{Read, ReadBufCursor, Write};
use tokio::time::Sleep;

use super::parked::Exchange;

/// A socket that gives what was read of it before, and fails when nothing could be written for longer than a limit.
pub(super) struct Socket<C> {
    inner: C,
    /// What is to be read before all else.
    first: Bytes,
    limit: Duration,
    /// Runs while the client doesn't read, which the exchange is told.
    waiting: Option<Pin<Box<Sleep>>>,
    exchange: Arc<Exchange>,
}

impl<C> Socket<C> {
    pub(super) fn new(inner: C, first: Bytes, limit: Duration, exchange: Arc<Exchange>) -> Self {
        Self { inner, first, limit, waiting: None, exchange }
    }

    /// The socket itself, and what of the bytes that were to come first nobody has read yet.
    pub(super) fn into_parts(self) -> (C, Bytes) {
        (self.inner, self.first)
    }
}

impl<C: Write + Unpin> Socket<C> {
    fn attempt<T>(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut C>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if let done @ Poll::Ready(_) = write(Pin::new(&mut self.inner), cx) {
            if self.waiting.take().is_some() {
                self.exchange.blocked.store(false, Ordering::Relaxed);
            }
            return done;
        }
        let waiting = self.waiting.get_or_insert_with(|| {
            self.exchange.blocked.store(true, Ordering::Relaxed);
            Box::pin(tokio::time::sleep(self.limit))
        });
        ready!(waiting.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<C: Read + Unpin> Read for Socket<C> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, mut buffer: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let socket = self.get_mut();
        if socket.first.is_empty() {
            return Pin::new(&mut socket.inner).poll_read(cx, buffer);
        }
        let bytes = socket.first.split_to(buffer.remaining().min(socket.first.len()));
        buffer.put_slice(&bytes);
        Poll::Ready(Ok(()))
    }
}

impl<C: Write + Unpin> Write for Socket<C> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.get_mut().attempt(cx, |inner, cx| inner.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().attempt(cx, |inner, cx| inner.poll_write_vectored(cx, bytes))
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().attempt(cx, |inner, cx| inner.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().attempt(cx, |inner, cx| inner.poll_shutdown(cx))
    }
}

#[cfg(test)]
mod tests {
    use hyper_util::rt::TokioIo;
    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test]
    async fn who_does_not_read_is_hung_up_on() {
        let (server, mut client) = tokio::io::duplex(4);
        let exchange = Arc::<Exchange>::default();
        let mut connection = Socket::new(TokioIo::new(server), Bytes::new(), Duration::ZERO, exchange.clone());
        let mut write = async |bytes: &[u8]| {
            std::future::poll_fn(|cx| Pin::new(&mut connection).poll_write(cx, bytes))
                .await
                .map_err(|error| error.kind())
        };
        assert_eq!(write(b"fits").await, Ok(4));
        assert_eq!(write(b"more").await, Err(io::ErrorKind::TimedOut));
        assert!(exchange.blocked.load(Ordering::Relaxed));
        let mut taken = [0; 4];
        client.read_exact(&mut taken).await.unwrap();
        assert_eq!(write(b"more").await, Ok(4), "whoever reads again is served");
        assert!(!exchange.blocked.load(Ordering::Relaxed));
    }
}
