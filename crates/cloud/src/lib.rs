//! The embedded cloud: a server that speaks AWS's wire protocols over the [`engine`].
//!
//! # Its rooms
//!
//! Arrows only fall: a room may import what stands below it, and `tests/it/house.rs` of the program holds each to its list.
//!
//! ```text
//! server, maintenance      open, start, stop, and what is done without being asked: may name all
//! inside                   what the process does by itself that a cloud runs in, without a socket
//! gateway                  route, verify, answer; the server's own pages; what AWS has and this cloud hasn't
//! state                    the whole state as one file: saved, and loaded in the place of all there is
//! console                  what there is and what became of messages: views, their API, events
//! services                 the registry: which code answers for which service
//! cloudformation           } one folder a service, one file an operation; of each other
//! firehose > s3 > sns      } they know no more than these arrows
//! sqs  sns  iam  sts  logs }
//! ssm  ecr  kms           }
//! sigv4     http           signatures; sockets
//! request                  who asks, where, for what: Context, Operation, Service
//! core                     engine + log + clock + waiters: the one owner of the state
//! chaos  quotas                  faults by rules; AWS's quotas of throughput
//! authority                      the certificates that the server shows
//! notification  blobs  folder    SNS's documents; the bytes of objects; the data folder
//! turns                    what may block: on other threads, or one after the other
//! ```
//!
//! Below them are crates: `wire` (protocols), `engine` (decides), `log` (keeps), `directory`, `text`.

// What only the console looks at stands beside what it is of: without it nobody does.
#![cfg_attr(not(feature = "console"), allow(dead_code, unused_imports))]

mod authority;
mod blobs;
mod bodies;
mod chaos;
mod cloudformation;
#[cfg(feature = "console")]
mod console;
mod core;
mod ecr;
mod firehose;
mod folder;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod gateway;
mod http;
mod iam;
mod inside;
mod kms;
mod logs;
mod maintenance;
mod notification;
mod quotas;
mod request;
mod s3;
mod server;
mod services;
mod sigv4;
mod sns;
mod sqs;
mod ssm;
mod state;
mod sts;
#[cfg(test)]
mod testing;
mod turns;

pub use self::core::clock::{Clock, FASTEST, wall};
pub use self::core::journal::History;
pub use self::core::transaction::Transaction;
pub use self::core::{Cloud, Core};
pub use self::gateway::Access;
pub use self::gateway::chaos::ChaosRules;
pub use self::gateway::clock::LATEST;
pub use self::gateway::guard::Guard;
pub use self::gateway::log::{LogForm, RequestLog};
pub use self::inside::Inside;
pub use self::s3::Listed;
pub use self::server::{Entrance, FolderError, OpenError, Options, Server};
pub use self::sigv4::{Credentials, Key};
pub use self::state::Summary;
pub use self::turns::work_alone;
pub use wire::AwsError;
