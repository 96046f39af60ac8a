//! The documents that SNS delivers, their signatures, and whom they may be posted to.
//!
//! SQS renders them as well: a queue keeps the message as it was published, and what a consumer gets is made of that when it
//! is received.

pub mod envelope;
pub mod reach;
pub mod signing;
pub mod tls;

/// The sender of what SNS delivers, as SQS shows it: the id of SNS's own user.
pub const SENDER: &str = "AIDAIT2UOQQY3AUEKVGXU";
