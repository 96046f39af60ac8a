//! Work that may block: on threads of its own, or, in a process that does one thing after the other, at once.
//!
//! What other threads do ends at one time or another. Where a run is to be the same each time nothing may depend on that: its one
//! thread says so, and then does all of it itself.

use std::cell::Cell;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::task::{JoinError, JoinHandle};

thread_local! {
    /// Whether this thread does everything itself.
    static ALONE: Cell<bool> = const { Cell::new(false) };
}

/// From now on this thread does itself what else is done aside.
pub fn work_alone() {
    ALONE.set(true);
}

/// Work that is under way, or done.
pub(crate) enum Aside<T> {
    Done(Option<T>),
    Elsewhere(JoinHandle<T>),
}

/// Does work aside, so that no request has to wait for it. What has begun is done, even if nobody waits for it any more.
pub(crate) fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Aside<T> {
    match ALONE.get() {
        true => Aside::Done(Some(work())),
        false => Aside::Elsewhere(tokio::task::spawn_blocking(work)),
    }
}

// Nothing of it is pinned.
impl<T> Unpin for Aside<T> {}

impl<T> Future for Aside<T> {
    type Output = Result<T, JoinError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            // Who asks again after the end waits for ever, as for any future.
            Self::Done(done) => done.take().map_or(Poll::Pending, |done| Poll::Ready(Ok(done))),
            Self::Elsewhere(work) => Pin::new(work).poll(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_works_alone_has_done_it_when_it_was_asked_for() {
        let thread = || std::thread::current().id();
        assert_ne!(aside(thread).await.unwrap(), thread());
        work_alone();
        assert!(matches!(aside(thread), Aside::Done(Some(id)) if id == thread()));
        assert_eq!(aside(thread).await.unwrap(), thread());
        ALONE.set(false);
    }
}
