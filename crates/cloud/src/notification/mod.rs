//! The documents that SNS delivers, their signatures, and the endpoints that they may be posted to.
//!
//! SQS makes them as well: a queue keeps the message as it was published, and the document is made of that when a consumer
//! receives the message.

pub mod envelope;
pub mod reach;
pub mod signing;
pub mod tls;

/// The sender of what SNS delivers, as SQS shows it: the id of SNS's own user.
pub const SENDER: &str = "AIDAIT2UOQQY3AUEKVGXU";
