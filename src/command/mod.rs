//! The subcommands: each resolves its arguments, runs, and says how it ended.

pub mod completions;
pub mod consume;
pub mod deploy;
pub mod local;
pub mod publish;
pub mod simulate;
pub mod stack;
pub mod value;

use std::sync::Arc;
use std::time::Duration;

use console::Style;
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::aws::Cloud;
use crate::aws::attempts::Attempt;
use crate::config::Env;
use crate::event::Kind;
use crate::exit::Stop;
use crate::report::{Outcome, terminal};
use crate::ui::{self, Ui, count};

/// What every command is given.
#[derive(Debug)]
pub struct Context {
    pub ui: Ui,
    pub env: Env,
    pub stop: Stop,
}

impl Context {
    /// A cloud whose failing requests are told of, though the SDK tries them again: nobody waits without knowing for what.
    fn telling(&self, cloud: &Cloud) -> Cloud {
        let complaints = Complaints::new(&self.ui);
        cloud.heard_by(Arc::new(move |attempt| {
            if let Attempt::Failed { operation, why, .. } = attempt {
                complaints.say(&format!("{operation}: {why}"));
            }
        }))
    }

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

/// Errors that come again and again: the first few are told one by one, then one now and then, with the count of those
/// between.
#[derive(Debug)]
struct Complaints {
    ui: Ui,
    state: Mutex<(u64, u64, Instant)>,
}

impl Complaints {
    const IN_FULL: u64 = 5;
    const EVERY: Duration = Duration::from_secs(5);

    fn new(ui: &Ui) -> Self {
        Self { ui: ui.clone(), state: Mutex::new((0, 0, Instant::now())) }
    }

    fn say(&self, text: &str) {
        let mut state = self.state.lock();
        let (told, held, last) = &mut *state;
        *told += 1;
        if *told > Self::IN_FULL && last.elapsed() < Self::EVERY {
            *held += 1;
            return;
        }
        *last = Instant::now();
        match std::mem::take(held) {
            0 => self.ui.warn(ui::short(text)),
            held => self.ui.warn(format!("{} ({} more since)", ui::short(text), count(held))),
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
