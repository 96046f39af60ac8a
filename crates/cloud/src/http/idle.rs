//! How long a connection may wait for a request's head: hyper's rule, at a smaller price.
//!
//! hyper makes a timer for each head and drops it with the last byte. With tokio's timers that is an allocation and two turns
//! at a lock that all connections share, for each request. Here it is a note of the deadline; one timer a connection, that
//! nearly never rings, looks at it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};
use parking_lot::Mutex;

/// A connection's deadline for the head of its next request; none while it has one.
#[derive(Debug, Clone, Default)]
pub(super) struct Idle(Arc<Mutex<Option<Instant>>>);

impl Idle {
    /// Returns when the deadline has passed. `limit` is the time that hyper gives each head. While no deadline is set the next look
    /// comes after `limit`, so that a client may get up to twice as long.
    pub(super) async fn expired(&self, limit: Duration) {
        loop {
            let deadline = *self.0.lock();
            let now = tokio::time::Instant::now();
            match deadline.map(tokio::time::Instant::from_std) {
                Some(deadline) if deadline <= now => return,
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => tokio::time::sleep(limit).await,
            }
        }
    }
}

impl Timer for Idle {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        *self.0.lock() = Some(deadline);
        Box::pin(Armed(self.clone()))
    }

    fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }
}

/// hyper waits for a head. It never wakes hyper: whoever waits for [`Idle::expired`] drops the connection.
struct Armed(Idle);

impl Future for Armed {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

impl Sleep for Armed {}

impl Drop for Armed {
    fn drop(&mut self) {
        *self.0.0.lock() = None;
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_head_that_is_late_ends_the_connection() {
        const PATIENCE: Duration = Duration::from_secs(75);
        let idle = Idle::default();
        let expired = || idle.expired(PATIENCE).now_or_never().is_some();
        assert!(!expired());
        let late = idle.sleep_until(idle.now() - Duration::from_secs(1));
        assert!(expired());
        drop(late);
        assert!(!expired(), "while it has a request, a connection may take its time");
        let _armed = idle.sleep(PATIENCE);
        assert!(!expired());
    }
}
