//! Every number of AWS that the engine obeys, with its source.

use super::Millis;

/// Amazon SQS Developer Guide, "Amazon SQS message quotas": default visibility timeout 30 s.
pub const VISIBILITY_TIMEOUT: Millis = 30_000;
/// "Amazon SQS message quotas": a visibility timeout is at most 12 hours.
pub const MAX_VISIBILITY: Millis = 12 * 3_600_000;
/// "Amazon SQS message quotas": a delay is at most 15 minutes.
pub const MAX_DELAY: Millis = 15 * 60_000;
/// "Amazon SQS message quotas": by default a message is retained for 4 days.
pub const RETENTION: Millis = 4 * 24 * 3_600_000;
/// "Amazon SQS message quotas": 1 MiB since 2025 (it was 256 KiB).
pub const MAX_MESSAGE_BYTES: usize = 1_048_576;
/// "Amazon SQS standard queue quotas": about 120,000 in flight messages a queue.
pub const IN_FLIGHT_STANDARD: usize = 120_000;
/// "Amazon SQS FIFO queue quotas": 120,000 in flight messages a queue (it was 20,000 before November 2024).
pub const IN_FLIGHT_FIFO: usize = 120_000;
/// "Exactly-once processing in Amazon SQS", "Message deduplication for FIFO topics": 5 minutes.
pub const DEDUPLICATION_WINDOW: Millis = 300_000;
/// API reference of ReceiveMessage: a ReceiveRequestAttemptId is good for 5 minutes.
pub const ATTEMPT_WINDOW: Millis = 300_000;
/// API reference of DeleteQueue and PurgeQueue: 60 seconds.
pub const QUEUE_COOL_DOWN: Millis = 60_000;
/// API reference of SetQueueAttributes: a change of an attribute takes up to 60 seconds to propagate.
pub const ATTRIBUTE_PROPAGATION: Millis = 60_000;
/// "How Amazon SQS fair queues work": a tenant is noisy with more than a tenth of the messages in flight, or of the recent
/// processing time.
pub const NOISY_SHARE: f64 = 0.1;
/// "How Amazon SQS fair queues work": and in flight they are at least 30.
pub const NOISY_IN_FLIGHT: u32 = 30;
/// "How Amazon SQS fair queues work": a tenant that has sent nothing for 5 minutes is quiet.
pub const NOISY_QUIET: Millis = 300_000;
/// "Amazon SQS message quotas", and "Amazon SNS raw message delivery" which discards what has more: 10 attributes a message.
pub const MAX_ATTRIBUTES: usize = 10;
