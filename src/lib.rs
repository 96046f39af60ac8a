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

mod aws;
mod cli;
mod clock;
mod command;
mod config;
mod deploy;
mod embedded;
mod event;
mod exit;
mod report;
mod stack;
mod stop;
mod traffic;
mod ui;
mod units;

pub use cli::Cli;
pub use config::Env;
pub use exit::{Exit, Failure};
#[doc(hidden)]
pub use ui::{escape, write_stderr};
