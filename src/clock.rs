//! The clock of clients: the one on the wall. Clients live in real time; this is the one place where the client wing reads it.
//!
//! But for a run that steps from one moment to the next: there is one clock for the clients and their cloud, Tokio's, which is paused
//! and goes on when nothing is left to do. Only its own thread knows of it.

use std::cell::Cell;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

thread_local! {
    /// A moment of Tokio's paused time, and what time that is.
    static STEPPED: Cell<Option<(Instant, Timestamp)>> = const { Cell::new(None) };
}

/// What time it is.
#[expect(clippy::disallowed_methods, reason = "a client has no Clock of the cloud")]
pub(crate) fn now() -> Timestamp {
    let Some((since, from)) = STEPPED.get() else { return Timestamp::now() };
    let passed = SignedDuration::try_from(since.elapsed()).unwrap_or(SignedDuration::MAX);
    from.saturating_add(passed).unwrap_or(Timestamp::MAX)
}

/// How long ago `then` was; nothing when the clocks disagree.
pub(crate) fn since(then: Timestamp) -> Duration {
    Duration::try_from(now().duration_since(then)).unwrap_or_default()
}

/// From now on it is `now` on this thread, and as much later as its runtime's paused time goes on.
pub(crate) fn step_from(now: Timestamp) {
    STEPPED.set(Some((Instant::now(), now)));
}

/// Whether time goes on here when nothing is left to do, and not by itself.
pub(crate) fn is_stepped() -> bool {
    STEPPED.get().is_some()
}
