//! Publishing: to a topic, a phone number, a mobile endpoint; one message or a batch.

mod attributes;
pub mod batch;
mod message;
pub mod one;
mod structure;

/// Messages of a request together, in bytes ("Amazon SNS endpoints and quotas": 256 KiB).
const MOST_BYTES: usize = 262_144;
/// What SQS shows as the sender of a message that came by SNS: the service's own user.
pub const SENDER: &str = "AIDAIT2UOQQY3AUEKVGXU";
