//! The embedded cloud: a server that speaks AWS's wire protocols over the [`crate::engine`].

pub mod clock;
pub mod cloudformation;
pub mod core;
pub mod firehose;
pub mod gateway;
pub mod http;
pub mod iam;
pub mod receive;
pub mod s3;
pub mod server;
pub mod sigv4;
pub mod sns;
pub mod sqs;
pub mod sts;
pub mod transaction;
pub mod waiters;
pub mod wire;

/// The server's state, shared by all requests.
pub struct Cloud {}
