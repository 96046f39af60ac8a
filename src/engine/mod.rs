//! The state machine of the cloud: queues, topics, streams and documents. No I/O, no clock, no randomness.

pub mod filter;
pub mod policy;
