//! The documents that SNS delivers, their signatures, and the endpoints that they may be posted to.
//!
//! SQS makes them as well: a queue keeps the message as it was published, and the document is made of that when a consumer
//! receives the message.

pub(crate) mod envelope;
pub(crate) mod reach;
pub(crate) mod signing;
pub(crate) mod tls;

/// The sender of what SNS delivers, as SQS shows it: the id of SNS's own user.
pub(crate) const SENDER: &str = "AIDAIT2UOQQY3AUEKVGXU";
