//! What a client of AWS does: publishes at a pace, consumes as the APIs would, reads what landed, and keeps the ledger.
//!
//! Nothing here knows the embedded cloud: it runs on AWS unchanged.

pub mod api;
pub mod bitmap;
pub mod consumer;
pub mod landed;
pub mod ledger;
pub mod leg;
pub mod message;
pub mod pace;
pub mod publisher;
pub mod run;
pub mod runs;
pub mod stats;
pub mod tally;

use std::time::Duration;

/// For how long a cloud that doesn't answer is tried again: a restart must fit.
const PATIENCE: Duration = Duration::from_secs(30);

/// A name for a run that no other run has.
pub fn new_run_id() -> String {
    format!("run{:010x}", rand::random::<u64>() >> 24)
}
