//! How connections hear that the server stops, at next to no cost while it doesn't.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use tokio::sync::Notify;

/// Whether the server stops; shared by all connections.
#[derive(Debug, Default)]
pub(super) struct Closing {
    told: AtomicBool,
    wake: Notify,
}

impl Closing {
    /// Tells all connections.
    pub(super) fn tell(&self) {
        self.told.store(true, Ordering::Release);
        self.wake.notify_waiters();
    }

    /// Polls a connection until it ends (true) or the server stops (false).
    ///
    /// Its task is registered once and then looks at a flag: to ask a `CancellationToken` at each poll takes a lock that all
    /// connections share, 840 instructions for each request.
    pub(super) async fn or_end<F: Future>(&self, mut connection: Pin<&mut F>) -> bool {
        let mut told = pin!(self.wake.notified());
        let mut registered = false;
        poll_fn(|cx| {
            if connection.as_mut().poll(cx).is_ready() {
                return Poll::Ready(true);
            }
            let woken = !std::mem::replace(&mut registered, true) && told.as_mut().poll(cx).is_ready();
            if woken || self.told.load(Ordering::Acquire) { Poll::Ready(false) } else { Poll::Pending }
        })
        .await
    }

    /// What a future comes to; `None` if the server stops before.
    pub(super) async fn unless_told<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let mut output = None;
        {
            let ended = pin!(async { output = Some(future.await) });
            self.or_end(ended).await;
        }
        output
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_ends_or_is_told() {
        let closing = Closing::default();
        assert!(closing.or_end(pin!(async {})).await);
        let mut open = pin!(std::future::pending::<()>());
        let (ended, ()) = tokio::join!(closing.or_end(open.as_mut()), async { closing.tell() });
        assert!(!ended);
        assert!(!closing.or_end(open.as_mut()).await, "whoever comes late is told as well");
    }
}
