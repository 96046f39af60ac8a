//! End to end: the embedded cloud on a real port, the real AWS SDKs, the real binary.

mod cli;
mod cloud;
mod firehose;
mod house;
mod s3;
mod sns;
mod sqs;
