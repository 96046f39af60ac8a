//! End to end: the embedded cloud on a real port, the real AWS SDKs, the real binary.

mod attack_client;
mod attack_terminal;
mod binary;
mod cli;
mod cloud;
mod commands;
mod durability;
mod firehose;
mod firehose_rules;
mod hostile;
mod house;
mod identity;
mod s3;
mod s3_lifecycle;
mod s3_lock;
mod s3_sites;
mod sns;
mod sns_rules;
mod sqs;
mod stack;
mod stack_points;
mod stack_rules;
mod sts;
mod traffic;
