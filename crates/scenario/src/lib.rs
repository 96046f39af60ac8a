//! The systems that are simulated beside the fan-out. Each is a folder: its template (at the top, in `templates/`), its API
//! and workers, the traffic that clients make, and the legs of its ledger. It is a client of AWS like any other: it knows
//! the AWS SDK and nothing of the embedded cloud.
//!
//! A further scenario is a folder, its `mod` and its place in [`ALL`]; CONTRIBUTING.md has the rest.
//!
//! ```text
//! archive/    books from a queue into a bucket per genre
//! tasks/      work that takes a file and gives a result
//! workflows/  an API in front of a database and a queue
//! jobs/       an ingestion by a queue, with an authorizer and a tracking table
//! ledger      what a run of traffic comes to
//! message     what a message of SQS can hold
//! setup       what a scenario is started with
//! traffic     what clients of a scenario are given
//! ```

mod archive;
mod jobs;
pub mod ledger;
mod message;
mod setup;
mod tasks;
mod traffic;
mod workflows;

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;

pub use self::ledger::Ledger;
pub use self::setup::{Clients, Role, Setting, Settings, Setup, System, UsedBy, make_folder};
pub use self::traffic::{Progress, Traffic};

/// Why a scenario can't go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What the user set doesn't make sense; with what to do.
    #[error("{what}")]
    Usage {
        /// What is wrong.
        what: String,
        /// What to do.
        help: String,
    },
    /// Something failed.
    #[error("{what}: {why}")]
    Failed {
        /// What could not be done, as "Can't open the database".
        what: String,
        /// Why.
        why: String,
    },
}

impl Error {
    /// A setting that doesn't make sense, and what to do.
    pub fn usage(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Usage { what: what.into(), help: help.into() }
    }

    /// Something that could not be done, and why.
    pub fn failed(what: impl Into<String>, why: impl std::fmt::Display) -> Self {
        Self::Failed { what: what.into(), why: why.to_string() }
    }
}

/// A system over queues.
#[async_trait]
pub trait Scenario: Send + Sync + 'static {
    /// Its name on the command line.
    fn name(&self) -> &'static str;

    /// What it is, in a line.
    fn about(&self) -> &'static str;

    /// The text of its CloudFormation template.
    fn template(&self) -> &'static str;

    /// Its own settings: each is a flag and a variable.
    fn settings(&self) -> &'static [Setting];

    /// Finds by their usual names the resources that no stack tells of: outputs of the template by name, as far as they
    /// are there. Only for systems that are set up by hand, too.
    async fn find_by_name(&self, _clients: &Clients) -> Result<Outputs, Error> {
        Ok(Outputs::new())
    }

    /// Whether its API takes tokens.
    fn takes_tokens(&self) -> bool {
        false
    }

    /// A token that its API takes, for a caller of a name: signed by a key in the folder that it is served with, which is made
    /// if there is none. Nothing where the API takes no tokens. May take a second of a processor.
    fn token(
        &self,
        _settings: &Settings,
        _folder: &Path,
        _caller: &str,
        _lifetime: Duration,
    ) -> Option<Result<String, Error>> {
        None
    }

    /// Opens it: its face and its work, as the role says.
    ///
    /// # Errors
    /// A setting that is missing or wrong, or something that it needs and that doesn't answer.
    async fn open(&self, setup: Setup) -> Result<System, Error>;

    /// Makes the traffic of its clients against a running system, waits until all of it has had its effect or nothing more
    /// moves, and says what it came to. Ends early, with what it knows, when `traffic.stop` is cancelled.
    async fn traffic(&self, traffic: Traffic) -> Result<Ledger, Error>;
}

/// A stack's outputs by name.
pub type Outputs = std::collections::BTreeMap<String, String>;

/// All scenarios but the fan-out.
pub const ALL: &[&dyn Scenario] = &[&archive::Archive, &tasks::Tasks, &workflows::Workflows, &jobs::Jobs];
