//! A time limit on writing: the server hangs up on a client that does not read its answer.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::rt::{Read, ReadBufCursor, Write};
use tokio::time::Sleep;

/// A connection that fails when nothing could be written for longer than a limit.
pub(super) struct WriteTimeout<C> {
    inner: C,
    limit: Duration,
    /// Runs while the client doesn't read.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<C> WriteTimeout<C> {
    pub(super) fn new(inner: C, limit: Duration) -> Self {
        Self { inner, limit, waiting: None }
    }

    pub(super) fn into_inner(self) -> C {
        self.inner
    }
}

impl<C: Write + Unpin> WriteTimeout<C> {
    fn attempt<T>(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut C>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if let done @ Poll::Ready(_) = write(Pin::new(&mut self.inner), cx) {
            self.waiting = None;
            return done;
        }
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(tokio::time::sleep(self.limit)));
        ready!(waiting.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<C: Read + Unpin> Read for WriteTimeout<C> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_read(cx, buffer)
    }
}

impl<C: Write + Unpin> Write for WriteTimeout<C> {
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
        let mut connection = WriteTimeout::new(TokioIo::new(server), Duration::ZERO);
        let mut write = async |bytes: &[u8]| {
            std::future::poll_fn(|cx| Pin::new(&mut connection).poll_write(cx, bytes))
                .await
                .map_err(|error| error.kind())
        };
        assert_eq!(write(b"fits").await, Ok(4));
        assert_eq!(write(b"more").await, Err(io::ErrorKind::TimedOut));
        let mut taken = [0; 4];
        client.read_exact(&mut taken).await.unwrap();
        assert_eq!(write(b"more").await, Ok(4), "whoever reads again is served");
    }
}
