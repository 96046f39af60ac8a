//! `messaging`: an e-commerce's event fan-out, simulated.
//!
//! # A map of the house
//!
//! One package, two wings that never import each other, and a face:
//!
//! ```text
//! face      main  cli  config  exit  ui  command/*            parse, resolve, run, print
//! traffic   event/  traffic/  report/  aws                    a client of AWS: knows the AWS SDK only
//! cloud     cloud/{http,gateway,wire,sigv4}                   the server: bytes to operations
//!           cloud/{sqs,sns,firehose,s3,cloudformation,iam,sts}  one folder a service, one file an operation
//!           engine/                                           pure state machine: decides and applies
//!           log/                                              the durable record
//!           directory                                         a folder in which no link is followed
//! ```
//!
//! A request's way: bytes -> `cloud::http` -> `cloud::gateway` (which service, operation, account, region) ->
//! `cloud::wire` (typed input) -> an operation (validates) -> `cloud::core` (the engine decides and applies, the log
//! keeps, only then the reply leaves) -> `cloud::wire` -> bytes.
//!
//! Who may import whom: `traffic`, `event`, `report` and `aws` never import `cloud`, `engine` or `log`. `engine`
//! imports nothing of ours. `log` knows bytes only. `cloud` uses both. Only `command::local` and
//! `command::simulate` hold both wings. `tests/it/house.rs` checks it.

pub mod aws;
pub mod cli;
pub mod command;
pub mod config;
pub mod event;
pub mod exit;
pub mod report;
pub mod traffic;
pub mod ui;
