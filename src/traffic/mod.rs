//! What a client of AWS does: publishes at a pace, consumes as the APIs would, reads what landed, and keeps the ledger.
//!
//! Nothing here knows the embedded cloud: it runs on AWS unchanged.

pub mod api;
pub mod bitmap;
pub mod consumer;
pub mod landed;
pub mod ledger;
pub mod message;
pub mod pace;
pub mod publisher;
pub mod stats;

use std::time::Duration;

use jiff::Timestamp;

/// For how long a cloud that doesn't answer is tried again: a restart must fit.
const PATIENCE: Duration = Duration::from_secs(30);

/// The wall clock. Clients live in real time; the one place where the traffic wing reads it.
#[expect(clippy::disallowed_methods, reason = "a client has no Clock of the cloud")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// How long ago `then` was; nothing when the clocks disagree.
pub fn since(then: Timestamp) -> Duration {
    Duration::try_from(now().duration_since(then)).unwrap_or_default()
}

/// A name for a run that no other run has.
pub fn new_run_id() -> String {
    format!("run{:010x}", rand::random::<u64>() >> 24)
}
