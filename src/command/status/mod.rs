//! `messaging status`: how full the queues are, and what else of a stack there is to look at.

mod table;

use std::time::Duration;

use serde::Serialize;

use super::Context;
use super::gather::{Scope, Status};
use crate::aws::{Target, TargetArgs};
use crate::exit::{Exit, Failure};
use crate::ui::Bar;

/// How often `--watch` looks.
const EVERY: Duration = Duration::from_secs(2);

/// Show how full the queues are, what is in flight, and how many dead letters there are
#[derive(Debug, Clone, clap::Args)]
#[command(
    long_about = "Show how full the queues are, what is in flight, and how many dead letters there are.\n\n\
        The queues of the stack with their dead-letter queues, its topics with how many subscriptions they have, its \
        delivery streams and its buckets; with --all every queue of the account in the region. It asks AWS's own \
        operations, whose counts are approximate, and takes no message. The age of the oldest message and what waits in a \
        stream's buffer only the embedded cloud tells: elsewhere a - stands for the age (on AWS it is CloudWatch's \
        ApproximateAgeOfOldestMessage).",
    after_long_help = "Examples:
  messaging status
  messaging status --watch                again every 2 s, until Ctrl-C
  messaging status --all                  every queue, of no stack too
  messaging status --json                 a record for a program
  messaging peek orders --dead-letters    the messages themselves"
)]
pub(crate) struct Args {
    /// Every queue of the account and region, not only the stack's.
    #[arg(long)]
    pub all: bool,
    /// Look again every 2 s, until Ctrl-C.
    #[arg(long)]
    pub watch: bool,
    /// The stack whose queues to look at.
    #[arg(long, value_name = "NAME", default_value = "messaging", env = "MESSAGING_STACK", hide_env_values = true)]
    pub stack: String,
    /// Newline-delimited JSON on stdout: a record for each look.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub target: TargetArgs,
}

/// A look, in `--json` mode.
#[derive(Serialize)]
struct Record<'a> {
    record: &'static str,
    target: String,
    #[serde(flatten)]
    status: &'a Status,
}

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    let target = Target::connect(&args.target, &context.env, &context.stop).await?;
    let watched = context.with_complaints(&target);
    let scope = Scope::find(&watched, &context.env, &args.stack, args.all).await?;
    let mut rows: Vec<Bar> = Vec::new();
    loop {
        let status = scope.look(&watched).await?;
        context.ui.record(&Record { record: "status", target: target.describe(), status: &status });
        let lines = table::render(&status, context.ui.columns());
        if args.watch && context.ui.is_live() {
            show(context, &mut rows, &lines);
        } else {
            context.ui.lines(&lines);
        }
        if !args.watch {
            return Ok(Exit::Ok);
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = context.stop.requested() => break,
        }
        if !context.ui.is_live() {
            context.ui.line("");
        }
    }
    rows.iter().for_each(Bar::finish_and_clear);
    // What was seen last stays.
    if context.ui.is_live() {
        context.ui.lines(&table::render(&scope.look(&target).await?, context.ui.columns()));
    }
    Ok(Exit::Ok)
}

/// Draws the table in the place of the last.
fn show(context: &Context, rows: &mut Vec<Bar>, lines: &[String]) {
    if rows.len() != lines.len() {
        rows.iter().for_each(Bar::finish_and_clear);
        *rows = lines.iter().map(|_| context.ui.bar(None, "{msg}")).collect();
    }
    for (row, line) in rows.iter().zip(lines) {
        row.set_message(line);
    }
}
