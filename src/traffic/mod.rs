//! What a client of AWS does: publishes a load, consumes as the APIs would, reads what landed, and keeps the ledger.
//!
//! Nothing here knows the embedded cloud: it runs on AWS unchanged.

mod alarms;
pub(crate) mod api;
pub(crate) mod bitmap;
pub(crate) mod consumer;
pub(crate) mod depths;
pub(crate) mod filtered;
pub(crate) mod landed;
pub(crate) mod ledger;
pub(crate) mod leg;
pub(crate) mod load;
pub(crate) mod message;
mod packed;
mod places;
pub(crate) mod publisher;
pub(crate) mod run;
pub(crate) mod runs;
mod schedule;
pub(crate) mod shape;
pub(crate) mod stats;
pub(crate) mod tally;
pub(crate) mod timeline;

use std::time::Duration;

/// For how long a cloud that doesn't answer is tried again: a restart must fit.
const PATIENCE: Duration = Duration::from_secs(30);

/// A name for a run that no other run has.
pub(crate) fn new_run_id() -> String {
    format!("{:010x}", rand::random::<u64>() >> 24)
}

#[cfg(test)]
mod tests;
