//! The subcommands: each resolves its arguments, runs, and says how it ended.

pub(crate) mod chaos;
#[cfg(feature = "scenarios")]
pub(crate) mod choice;
pub(crate) mod clock;
pub(crate) mod completions;
pub(crate) mod consume;
mod dead_letters;
pub(crate) mod deploy;
pub(crate) mod env;
mod find;
mod gather;
mod handling;
pub(crate) mod health;
mod listing;
pub(crate) mod local;
pub(crate) mod man;
mod message;
mod metrics;
mod names;
mod object;
pub(crate) mod objects;
mod page;
pub(crate) mod peek;
pub(crate) mod publish;
pub(crate) mod redrive;
#[cfg(feature = "scenarios")]
mod refused;
pub(crate) mod report;
pub(crate) mod reset;
#[cfg(feature = "scenarios")]
mod running;
#[cfg(feature = "scenarios")]
pub(crate) mod serve;
mod shape;
pub(crate) mod simulate;
pub(crate) mod state;
pub(crate) mod status;
pub(crate) mod tail;
#[cfg(feature = "scenarios")]
pub(crate) mod token;
pub(crate) mod top;
mod value;
pub(crate) mod verify;
pub(crate) mod wait;

use std::sync::Arc;

use crate::aws::Target;
use crate::aws::attempts::Attempt;
use crate::config::Env;
use crate::exit::Exit;
use crate::report::progress::Complaints;
use crate::report::{Outcome, Verdict, terminal};
use crate::stop::Stop;
use crate::ui::Ui;

/// What every command is given.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    /// The printer.
    pub ui: Ui,
    /// The environment and `.env`.
    pub env: Env,
    /// The stop signal.
    pub stop: Stop,
}

impl Context {
    /// The same target, whose failed requests the user sees, though the SDK tries them again: nobody waits without knowing
    /// for what.
    fn with_complaints(&self, target: &Target) -> Target {
        let complaints = Complaints::new(&self.ui);
        target.heard_by(Arc::new(move |attempt| {
            if let Attempt::Failed { operation, why, .. } = attempt {
                complaints.say(&format!("{operation}: {why}"));
            }
        }))
    }

    /// Prints an outcome in the mode that was asked for.
    fn report(&self, outcome: &Outcome) {
        self.ui.record(&outcome.record());
        for line in terminal::render(outcome, self.ui.columns()) {
            self.ui.line(line);
        }
    }
}

/// What a command ends with whose run came to this.
fn exit_of(verdict: Verdict) -> Exit {
    match verdict {
        Verdict::NothingLost => Exit::Ok,
        Verdict::Lost => Exit::Lost,
        Verdict::NotAllPublished => Exit::Failed,
        Verdict::Unknown => Exit::Unknown,
    }
}
