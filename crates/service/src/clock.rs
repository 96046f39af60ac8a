//! The wall clock: the one place where services read it.

use std::time::Duration;

use jiff::Timestamp;

/// What time it is.
#[expect(clippy::disallowed_methods, reason = "a service lives in real time, as any client of AWS does")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// The time since the epoch.
pub fn since_epoch() -> Duration {
    Duration::try_from(now().as_duration()).unwrap_or_default()
}
