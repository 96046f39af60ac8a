//! How the program ends: exit codes, and the one error shape of the command line.

use std::error::Error as StdError;
use std::fmt;

use miette::Diagnostic;

use crate::ui::escape;

/// The exit codes; `messaging --help` lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything asked for was done.
    Ok = 0,
    /// Something failed.
    Failed = 1,
    /// The command line, the environment or `.env` doesn't make sense.
    Usage = 2,
    /// The run finished, but the ledger doesn't balance: something was lost.
    Lost = 3,
    /// Nothing answers at the endpoint.
    Unreachable = 4,
    /// The run finished, and nobody can say whether something was lost.
    Unknown = 5,
    /// Stopped by Ctrl-C, SIGTERM or SIGHUP before it was done.
    Interrupted = 130,
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        (exit as u8).into()
    }
}

/// An error as the command line shows it: what happened, why, and what to do. Names and reasons come from outside: what
/// a terminal would obey in them is escaped where they are shown.
#[derive(Debug)]
pub struct Failure {
    /// What the process ends with.
    pub exit: Exit,
    message: String,
    why: Option<Why>,
    help: Option<String>,
}

/// One cause in the chain that miette prints.
#[derive(Debug)]
struct Why(String);

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escape::lines(&self.0))
    }
}

impl StdError for Why {}

impl Failure {
    /// Something failed while it ran.
    pub fn new(message: impl Into<String>) -> Self {
        Self { exit: Exit::Failed, message: message.into(), why: None, help: None }
    }

    /// The user's input doesn't make sense.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(message).exit(Exit::Usage)
    }

    /// The same with another exit code.
    pub fn exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    /// The same with the cause.
    pub fn why(mut self, why: impl fmt::Display) -> Self {
        self.why = Some(Why(why.to_string()));
        self
    }

    /// The same with advice: what the user can do.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escape::lines(&self.message))
    }
}

impl StdError for Failure {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.why.as_ref().map(|why| why as &dyn StdError)
    }
}

impl Diagnostic for Failure {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(escape::lines(help)) as Box<dyn fmt::Display>)
    }
}
