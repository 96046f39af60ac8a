//! Why a cloud doesn't start or do what it is asked, and what to do.

use std::net::SocketAddr;
use std::path::PathBuf;

use cloud::AwsError;
use log::Durability;

/// Why a cloud doesn't start, or doesn't do what it is asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Durability `memory` was asked for, and a folder named.
    #[error("a cloud in memory keeps nothing in {}: leave out data_dir, or name another durability", folder.display())]
    KeepsNothing {
        /// The folder.
        folder: PathBuf,
    },
    /// A durability that needs a folder, and none was named.
    #[error("durability {durability} needs a folder: name one with data_dir")]
    NoDataDir {
        /// What was asked for.
        durability: Durability,
    },
    /// A parameter without a template.
    #[error("the parameter {parameter} is for a template: name one with template")]
    NoTemplate {
        /// Its name.
        parameter: String,
    },
    /// The template can't be read.
    #[error("the template {} can't be read: {why}", file.display())]
    Template {
        /// The file.
        file: PathBuf,
        /// Why.
        why: String,
    },
    /// A clock that can't be.
    #[error("the clock can't be so: {0}")]
    Clock(String),
    /// Rules of chaos that can't be.
    #[error("the rules of chaos can't be so: {0}")]
    Chaos(String),
    /// A region that can't be.
    #[error("the region can't be so: {0}")]
    Region(String),
    /// The cloud can't listen.
    #[error("can't listen on {address}: {source}; leave out port to have a free one, or stop what listens there")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The data folder can't be opened, or its log can't be read.
    #[error("can't open the cloud: {0}")]
    Open(#[from] cloud::OpenError),
    /// The system gives no thread, socket or the like.
    #[error("can't run the cloud: {0}")]
    System(#[from] std::io::Error),
    /// The template's stack couldn't be made.
    #[error("the template {} can't be deployed: {}", file.display(), reasons.join("; "))]
    Deploy {
        /// The template's file.
        file: PathBuf,
        /// What CloudFormation says: of the template, or of each resource that failed.
        reasons: Vec<String>,
    },
    /// What is looked at isn't there.
    #[error("there is no {what} {name}; there are: {}", if known.is_empty() { "none".to_owned() } else { known.join(", ") })]
    NotThere {
        /// What kind of thing, as `queue`.
        what: &'static str,
        /// How it was called.
        name: String,
        /// What is there instead.
        known: Vec<String>,
    },
    /// A state can't be saved as this file, or loaded of it.
    #[error("the state {}: {why}", file.display())]
    State {
        /// The file.
        file: PathBuf,
        /// Why.
        why: String,
    },
    /// The clock runs by itself and can't be moved.
    #[error("only a clock that stands still can be moved: start the cloud with clock(Clock::Frozen)")]
    ClockRuns,
    /// The cloud refuses.
    #[error("the cloud refuses ({code}): {message}")]
    Refused {
        /// AWS's code.
        code: String,
        /// AWS's or the cloud's words.
        message: String,
    },
    /// The end of the log couldn't be written.
    #[error("the end of the log could not be written: {0}")]
    Log(#[from] log::LogError),
    /// The cloud's thread has ended.
    #[error("the cloud has stopped")]
    Stopped,
}

impl From<AwsError> for Error {
    fn from(error: AwsError) -> Self {
        match &*error.code {
            "ClockRuns" => Self::ClockRuns,
            code => Self::Refused { code: code.to_owned(), message: error.message },
        }
    }
}
