//! `messaging`: event-driven systems over AWS's queues, simulated; the first is an e-commerce's fan-out.
//!
//! As a library it is a cloud for tests: SQS, SNS, Firehose, S3, CloudFormation and more, within the test's process, on a free port.
//! [`Cloud::builder`] begins; `docs/tests.md` of the repository tells more. Without the feature `cli`, that is with
//! `default-features = false`, nothing of the program is compiled:
//!
//! ```toml
//! [dev-dependencies]
//! messaging = { git = "..", default-features = false }
//! ```
//!
//! # A map of the house
//!
//! Two wings that never import each other, and a program over both. A part imports only parts that stand below it:
//!
//! ```text
//! program      main  cli  command/       parses the command line, runs a command, says how it ended
//!              embedded                  the cloud inside this process: opened, served, stopped
//! library      library/                  the same for the tests of others: the crate's face
//! client wing  deploy/                   brings a stack to what a template says, and deletes it
//!              report/                   what a run comes to and how it goes, for people and for programs
//!              stack                     a stack's outputs: where the topic, the queues and the bucket are
//!              traffic/                  publishes, consumes, reads what landed, and keeps the ledger
//!              cost/                     what AWS charges for, its prices, and what a run comes to
//!              aws/                      a target: clients of AWS's services, and what their errors mean
//!              event/                    the events: what they carry, the story that makes them up, their envelope
//! scenarios    crates/scenario           systems over queues: a folder each, with its API, workers, traffic and ledger
//!              crates/service            what their services share: the HTTP face, tokens, objects, databases, alarms
//!              crates/worker             a worker of an SQS queue, also under `consume`
//! base         config/  stop  exit       settings, the stop signal, exit codes and errors
//!              ui/  units  clock         the only printer, numbers as people read them, the wall clock
//! cloud wing   crates/cloud              the server: bytes to operations, a folder a service, a file an operation
//!              crates/template           CloudFormation's template language
//!              crates/jq                 the language jq, for Firehose's records
//!              crates/search             regular expressions that are searched with going back
//!              crates/wire               the protocols: typed inputs and outputs, as JSON, XML and forms
//!              crates/engine             pure state machine: decides and applies
//!              crates/filter             filter policies of subscriptions: the client wing judges by them too
//!              crates/log                the durable record
//!              crates/directory          a folder in which no link is followed
//!              crates/text               patterns that clients write
//!              crates/chart              charts of a run, as SVG
//! ```
//!
//! The client wing knows the AWS SDK only: it runs on AWS as it does on the embedded cloud. Only `embedded`,
//! `command::local` and `library` import the crates of the cloud. A command imports no other command. Only `ui` writes to the terminal.
//!
//! A run's way: `command::simulate` deploys the template (`deploy`), finds the topic, the queues and the bucket (`stack`),
//! and hands them to a `traffic::run`. That publishes a story (`event::story`), drains the queues as the APIs would, reads
//! the bucket, and tells the ledger (`traffic::ledger`) of every event on each leg; `report` prints how the ledger balances.
//!
//! A request's way through the server: bytes -> `cloud::http` -> `cloud::gateway` (which service, operation, account,
//! region) -> `wire` (typed input) -> an operation (validates) -> `cloud::core` (the engine decides and applies, the log
//! keeps, only then the reply leaves) -> `wire` -> bytes.

#[cfg(feature = "cli")]
mod aws;
#[cfg(feature = "cli")]
mod cli;
#[cfg(feature = "cli")]
mod clock;
#[cfg(feature = "cli")]
mod command;
#[cfg(feature = "cli")]
mod config;
#[cfg(feature = "cli")]
mod cost;
#[cfg(feature = "cli")]
mod deploy;
#[cfg(feature = "cli")]
mod embedded;
#[cfg(feature = "cli")]
mod event;
#[cfg(feature = "cli")]
mod exit;
mod library;
#[cfg(feature = "cli")]
mod report;
#[cfg(feature = "cli")]
mod stack;
#[cfg(feature = "cli")]
mod stop;
#[cfg(feature = "cli")]
mod traffic;
#[cfg(feature = "cli")]
mod ui;
#[cfg(feature = "cli")]
mod units;

pub use library::{Attribute, Bucket, Builder, Clock, Cloud, Durability, Error, Message, Notice, Object, Queue, State};

// The program's own: its `main` and its tests use them.
#[cfg(feature = "cli")]
#[doc(hidden)]
pub use cli::{Cli, Refused, scenario_settings};
#[cfg(feature = "cli")]
#[doc(hidden)]
pub use config::Env;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub use exit::{Exit, Failure};
#[cfg(feature = "cli")]
#[doc(hidden)]
pub use ui::{escape, wrap, write_stderr};
