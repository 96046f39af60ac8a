//! What would make a load cheaper, by how much.

use serde::Serialize;

use super::prices::{Prices, per_unit};
use super::usage::{CHUNK, Calls, Publishes, Usage};

/// SNS and SQS take and give at most ten messages a request (API references, PublishBatch and ReceiveMessage).
const BATCH: u64 = 10;
/// A receive waits for at most so many seconds (API reference of SQS, ReceiveMessage).
const LONGEST_POLL_S: u64 = 20;
/// So many are told.
const TOLD: usize = 2;

/// One thing to do, and what it saves in a month.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Saving {
    pub what: &'static str,
    /// In US dollars.
    pub month: f64,
}

/// The largest savings of a month, if what is done goes on `busy` times and what is empty `idle` times.
pub(super) fn savings(prices: Prices<'_>, usage: &Usage, region: &str, busy: f64, idle: f64) -> Vec<Saving> {
    let usd = |service, dimension, n: u64| {
        let price = prices.find(service, dimension, region);
        price.usd.map_or(0.0, |usd| n as f64 / per_unit(price.unit) * usd)
    };
    let publishes =
        usd("sns", "publish", unbatched(&usage.topic)) + usd("sns", "publish-fifo", unbatched(&usage.fifo_topic));
    let calls = usd("sqs", "request", alone(&usage.queues)) + usd("sqs", "request-fifo", alone(&usage.fifo_queues));
    let polls = usd("sqs", "request", hasty(&usage.queues)) + usd("sqs", "request-fifo", hasty(&usage.fifo_queues));
    let rounded = usage.firehose.rounded_bytes.saturating_sub(usage.firehose.bytes);
    let mut all = vec![
        Saving { what: "publishes in batches of ten", month: publishes * busy },
        Saving { what: "receives and deletes in batches of ten", month: calls * busy },
        Saving { what: "several events in a record of Firehose", month: usd("firehose", "ingest", rounded) * busy },
        Saving { what: "receives that wait for 20 s", month: polls * idle },
    ];
    all.retain(|saving| saving.month > 0.0);
    all.sort_by(|one, other| other.month.total_cmp(&one.month));
    all.truncate(TOLD);
    all
}

/// How many requests so many messages of so many bytes need at least.
fn least(messages: u64, bytes: u64) -> u64 {
    messages.div_ceil(BATCH).max(bytes.div_ceil(CHUNK))
}

/// The publishes that full batches would spare.
fn unbatched(publishes: &Publishes) -> u64 {
    publishes.chunks.saturating_sub(least(publishes.events, publishes.bytes))
}

/// The receives and deletes that full batches would spare.
fn alone(calls: &Calls) -> u64 {
    let receives = calls.full_receives().saturating_sub(least(calls.messages, calls.bytes));
    receives + calls.deletes.saturating_sub(calls.messages.div_ceil(BATCH))
}

/// The empty receives that would be spared if each waited as long as it can.
fn hasty(calls: &Calls) -> u64 {
    calls.empty_receives.saturating_sub(calls.empty_wait_s.div_ceil(LONGEST_POLL_S))
}
