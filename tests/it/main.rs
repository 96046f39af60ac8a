//! End to end: the embedded cloud on a real port, the real AWS SDKs, the real binary.

mod cloud;
mod house;
mod sqs;
