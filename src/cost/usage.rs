//! What a run did that AWS charges for, counted as AWS counts it.

use serde::{Deserialize, Serialize};

/// SNS and SQS count a request once for every 64 KiB of it, and at least once (pricing pages of SNS and SQS).
pub(super) const CHUNK: u64 = 64 << 10;
/// Firehose counts each record as a multiple of 5 KiB, also within a batch (pricing page of Data Firehose).
pub(super) const RECORD_STEP: u64 = 5 << 10;

/// How many requests one of so many bytes counts as.
fn chunks(bytes: u64) -> u64 {
    bytes.div_ceil(CHUNK).max(1)
}

/// What one run, or several together, did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Usage {
    pub topic: Publishes,
    pub fifo_topic: Publishes,
    pub queues: Calls,
    pub fifo_queues: Calls,
    pub firehose: Records,
    pub bucket: Objects,
}

/// What was asked of SNS, and what it did of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Publishes {
    /// Events that were acknowledged.
    pub events: u64,
    /// Requests, as they were sent, those included that were sent again.
    pub requests: u64,
    /// The same, each once for every 64 KiB.
    pub chunks: u64,
    pub bytes: u64,
    /// Deliveries to queues, and their bytes.
    pub to_queues: u64,
    pub to_queues_bytes: u64,
    /// Bytes of messages that a filter policy read, once for each policy.
    pub filtered_bytes: u64,
}

/// What was asked of SQS.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Calls {
    pub receives: u64,
    /// Those of the receives that brought nothing, and how many seconds they could wait together.
    pub empty_receives: u64,
    pub empty_wait_s: u64,
    /// What the receives count as beyond one each, by their bytes.
    pub more_chunks: u64,
    pub bytes: u64,
    /// Messages that were received.
    pub messages: u64,
    pub deletes: u64,
    pub sends: u64,
    /// Every other request: visibilities, attributes.
    pub others: u64,
}

/// What Firehose was given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Records {
    pub records: u64,
    pub bytes: u64,
    /// The bytes with each record rounded up.
    pub rounded_bytes: u64,
}

/// What landed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Objects {
    pub objects: u64,
    pub bytes: u64,
}

/// Adds each of the fields.
macro_rules! add_fields {
    ($to:ident, $from:ident: $($field:ident),+) => { $($to.$field = $to.$field.saturating_add($from.$field);)+ };
}

impl Usage {
    /// Adds what another run did.
    pub(crate) fn add(&mut self, other: &Self) {
        self.topic.add(&other.topic);
        self.fifo_topic.add(&other.fifo_topic);
        self.queues.add(&other.queues);
        self.fifo_queues.add(&other.fifo_queues);
        let (to, from) = (&mut self.firehose, &other.firehose);
        add_fields!(to, from: records, bytes, rounded_bytes);
        let (to, from) = (&mut self.bucket, &other.bucket);
        add_fields!(to, from: objects, bytes);
    }
}

impl Publishes {
    /// Counts a request with so many bytes of messages.
    pub(crate) fn count_request(&mut self, bytes: u64) {
        self.requests += 1;
        self.chunks += chunks(bytes);
        self.bytes += bytes;
    }

    /// Counts a delivery to a queue.
    pub(crate) fn count_to_queue(&mut self, bytes: u64) {
        self.to_queues += 1;
        self.to_queues_bytes += bytes;
    }

    fn add(&mut self, from: &Self) {
        add_fields!(self, from: events, requests, chunks, bytes, to_queues, to_queues_bytes, filtered_bytes);
    }
}

impl Calls {
    /// Counts a request, by the name of its operation.
    pub(crate) fn count_request(&mut self, operation: &str) {
        *match operation {
            "ReceiveMessage" => &mut self.receives,
            "DeleteMessage" | "DeleteMessageBatch" => &mut self.deletes,
            "SendMessage" | "SendMessageBatch" => &mut self.sends,
            _ => &mut self.others,
        } += 1;
    }

    /// Counts what a receive brought that could wait for `poll` seconds.
    pub(crate) fn count_received(&mut self, messages: u64, bytes: u64, poll: i32) {
        self.messages += messages;
        self.bytes += bytes;
        self.more_chunks += chunks(bytes) - 1;
        if messages == 0 {
            self.empty_receives += 1;
            self.empty_wait_s += u64::try_from(poll).unwrap_or(0);
        }
    }

    /// What SQS charges for that brought messages, or did something with them.
    pub(super) fn busy(&self) -> u64 {
        (self.receives + self.more_chunks + self.deletes + self.sends + self.others).saturating_sub(self.empty_receives)
    }

    /// The receives that brought something, as they count.
    pub(super) fn full_receives(&self) -> u64 {
        (self.receives + self.more_chunks).saturating_sub(self.empty_receives)
    }

    pub(crate) fn add(&mut self, from: &Self) {
        add_fields!(
            self, from: receives, empty_receives, empty_wait_s, more_chunks, bytes, messages, deletes, sends, others
        );
    }
}

impl Records {
    /// Counts a record of so many bytes.
    pub(crate) fn count(&mut self, bytes: u64) {
        self.records += 1;
        self.bytes += bytes;
        self.rounded_bytes += bytes.div_ceil(RECORD_STEP).max(1) * RECORD_STEP;
    }
}
