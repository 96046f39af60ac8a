//! `messaging clock`: what time it is in the embedded cloud, and how one that stands still is moved.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::{Context, value};
use crate::aws::{NoPage, Target, TargetArgs};
use crate::exit::{Exit, Failure};
use crate::units::{duration, plural};

/// Show the embedded cloud's clock, or move one that stands still
#[derive(Debug, Clone, clap::Args)]
#[command(
    long_about = "Show the clock of the embedded cloud, or move one that stands still.\n\n\
        `messaging local --clock frozen` stands still until it is moved. What falls due on the way, as a message that becomes \
        visible or a stream that lands, is done in the order in which it falls due, and all of it before the command ends.",
    after_long_help = "Examples:
  messaging clock                            what time it is there
  messaging clock advance 90s                on by so much
  messaging clock to 2026-03-29T00:00:00Z    on until then"
)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    change: Option<Change>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Clone, clap::Args)]
struct Common {
    /// Newline-delimited JSON on stdout.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: TargetArgs,
}

impl Args {
    fn common(&self) -> &Common {
        match &self.change {
            Some(Change::Advance { common, .. } | Change::To { common, .. }) => common,
            None => &self.common,
        }
    }

    /// Whether stdout is for a program.
    pub(crate) fn json(&self) -> bool {
        self.common().json
    }
}

#[derive(Debug, Clone, clap::Subcommand)]
enum Change {
    /// Move it on by so much, like 90s, 2h or 1h30m
    Advance {
        #[arg(value_name = "DURATION", value_parser = value::duration)]
        by: Duration,
        #[command(flatten)]
        common: Common,
    },
    /// Move it on until a moment, like 2026-03-29T00:00:00Z
    To {
        #[arg(value_name = "MOMENT")]
        at: Timestamp,
        #[command(flatten)]
        common: Common,
    },
}

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    let target = Target::connect(&args.common().target, &context.env, &context.stop).await?;
    let watched = context.with_complaints(&target);
    let shown = watched.page("clock", &[]).await.map_err(|none| refusal(none, &target, "ask for the clock"))?;
    let Some(change) = args.change else {
        tell(context, &shown, |now, mode| match mode {
            "wall" => format!("It is {now}: the wall clock."),
            "frozen" => format!("It is {now}; the clock stands still."),
            mode => format!("It is {now}; the clock runs {mode}."),
        });
        return Ok(Exit::Ok);
    };
    // A moment, not a length: asked for twice it is the same.
    let to = match change {
        Change::Advance { by, .. } => moment(&shown).and_then(|now| now.checked_add(by).ok()),
        Change::To { at, .. } => Some(at),
    };
    let to = to.ok_or_else(|| Failure::usage("The clock has no such time").help("The year 9000 is its last."))?;
    let moved = watched
        .change("clock", &[("to", &to.to_string())])
        .await
        .map_err(|none| refusal(none, &target, "move the clock"))?;
    let by = moment(&moved).zip(moment(&shown)).map(|(now, then)| now.duration_since(then).unsigned_abs());
    tell(context, &moved, |now, _| {
        let moments = plural(moved["moments"].as_u64().unwrap_or_default(), "moment");
        let by = duration(by.unwrap_or_default());
        format!("It is {now}, {by} later; what fell due on the way did so at {moments}.")
    });
    Ok(Exit::Ok)
}

/// What time a page tells.
fn moment(page: &Value) -> Option<Timestamp> {
    Timestamp::from_millisecond(page["millis"].as_i64()?).ok()
}

fn tell(context: &Context, page: &Value, text: impl Fn(&str, &str) -> String) {
    #[derive(serde::Serialize)]
    struct Record<'a> {
        record: &'static str,
        mode: &'a Value,
        now: &'a Value,
        millis: &'a Value,
        #[serde(skip_serializing_if = "Option::is_none")]
        moments: Option<&'a Value>,
    }
    let (mode, now, millis) = (&page["mode"], &page["now"], &page["millis"]);
    context.ui.record(&Record { record: "clock", mode, now, millis, moments: page.get("moments") });
    context.ui.line(text(now.as_str().unwrap_or_default(), mode.as_str().unwrap_or_default()));
}

/// Why the clock isn't shown or moved.
fn refusal(none: NoPage, target: &Target, doing: &str) -> Failure {
    match none {
        NoPage::Failed(error) => error.failure_after_answers(target, doing),
        NoPage::NotThere => Failure::usage(format!("{} has no clock to look at", target.describe()))
            .why("only the embedded cloud of `messaging local` has one"),
    }
}
