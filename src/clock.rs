//! The wall clock. Clients live in real time; this is the one place where the client wing reads it.

use std::time::Duration;

use jiff::Timestamp;

/// What time it is.
#[expect(clippy::disallowed_methods, reason = "a client has no Clock of the cloud")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// How long ago `then` was; nothing when the clocks disagree.
pub(crate) fn since(then: Timestamp) -> Duration {
    Duration::try_from(now().duration_since(then)).unwrap_or_default()
}
