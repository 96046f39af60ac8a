//! What a client of AWS does: publishes a load, consumes as the APIs would, reads what landed, and keeps the ledger.
//!
//! Nothing here knows the embedded cloud: it runs on AWS unchanged.

pub(crate) mod account;
mod alarms;
pub(crate) mod api;
pub(crate) mod bitmap;
pub(crate) mod consumer;
pub(crate) mod dead;
pub(crate) mod depths;
pub(crate) mod filtered;
pub(crate) mod landed;
pub(crate) mod ledger;
pub(crate) mod leg;
pub(crate) mod load;
pub(crate) mod message;
pub(crate) mod name;
mod order;
mod packed;
mod places;
mod policy;
pub(crate) mod publisher;
pub(crate) mod run;
pub(crate) mod runs;
mod schedule;
pub(crate) mod settle;
pub(crate) mod shape;
mod spread;
pub(crate) mod stats;
pub(crate) mod tally;
pub(crate) mod timeline;
pub(crate) mod trace;
pub(crate) mod ways;

use std::time::Duration;

/// For how long a cloud that doesn't answer is tried again: a restart must fit.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A name for a run that no other run has, but one that is to be the same.
pub(crate) fn new_run_id() -> String {
    format!("{:010x}", fastrand::u64(..) >> 24)
}

#[cfg(test)]
mod tests;
