//! The subcommands: each resolves its arguments, runs, and says how it ended.

pub mod completions;
pub mod consume;
pub mod deploy;
pub mod local;
pub mod publish;
pub mod simulate;
pub mod stack;
pub mod value;

use console::Style;

use crate::config::Env;
use crate::event::Kind;
use crate::exit::Stop;
use crate::report::{Outcome, terminal};
use crate::ui::Ui;

/// What every command is given.
#[derive(Debug)]
pub struct Context {
    pub ui: Ui,
    pub env: Env,
    pub stop: Stop,
}

impl Context {
    /// Prints an outcome in the mode that was asked for.
    fn report(&self, outcome: &Outcome) {
        #[derive(serde::Serialize)]
        struct Record<'a> {
            record: &'static str,
            #[serde(flatten)]
            outcome: &'a Outcome,
        }
        self.ui.record(&Record { record: "report", outcome });
        for line in terminal::render(outcome) {
            self.ui.line(line);
        }
    }
}

/// The colour of a kind of event, the same everywhere.
fn kind_style(event_type: &str) -> Style {
    let style = Style::new();
    match Kind::ALL.into_iter().find(|kind| kind.event_type() == event_type) {
        Some(Kind::Consumer) => style.cyan(),
        Some(Kind::Order) => style.yellow(),
        Some(Kind::Payment) => style.green(),
        None => style,
    }
}
