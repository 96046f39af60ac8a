//! The documents that SNS delivers, their signatures, and whom they may be posted to.
//!
//! SQS renders them as well: a queue keeps the message as it was published, and what a consumer gets is made of that when it
//! is received.

pub mod envelope;
pub mod reach;
pub mod signing;
pub mod tls;
