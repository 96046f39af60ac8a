//! End to end: the embedded cloud on a real port, the real AWS SDKs, the real binary.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]
#![expect(clippy::print_stdout, reason = "a test that this machine cannot run says so")]

mod attack_accounts;
mod attack_client;
mod attack_conditions;
mod attack_crossing;
mod attack_disk;
mod attack_endpoints;
mod attack_folder;
mod attack_forms;
mod attack_full;
mod attack_identity;
mod attack_names;
mod attack_objects;
mod attack_presigned;
mod attack_public;
mod attack_running;
mod attack_sizes;
mod attack_templates;
mod attack_terminal;
mod cli;
mod commands;
mod deploying;
mod durability;
mod firehose;
mod firehose_rules;
mod helpers;
mod hostile;
mod house;
mod iam;
mod iam_stack;
mod identity;
mod logs;
mod look;
mod narrow;
mod old_folder;
mod own_events;
mod pages;
mod s3;
mod s3_lifecycle;
mod s3_lock;
mod s3_sites;
mod settings;
mod simulate;
mod sns;
mod sns_rules;
mod sqs;
mod stack;
mod stack_placeholders;
mod stack_points;
mod stack_rules;
mod stack_templates;
mod sts;
