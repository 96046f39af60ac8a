//! `messaging top`: which queues are busy, again and again.

mod figures;
mod look;
mod table;
mod watch;

use std::time::Duration;

use serde::Serialize;

use self::figures::{Figures, Source};
use super::{Context, value};
use crate::aws::{Target, TargetArgs};
use crate::exit::{Exit, Failure};
use crate::ui::Screen;

/// How often it looks, unless it is said.
const LOCAL: Duration = Duration::from_secs(1);
const AWS: Duration = Duration::from_secs(5);

/// Show which queues, streams and topics are busy, and look into a queue
#[derive(Debug, Clone, clap::Args)]
#[command(
    long_about = "Show which queues, streams and topics are busy, the busiest first, again and again.\n\n\
        On a terminal it is a page of its own: arrows choose a queue, Enter looks into it, / filters by name, q or Ctrl-C ends. \
        Elsewhere, and with --once, it prints lines. Looking takes no message.\n\n\
        Rates, ages and what waits in a stream only the embedded cloud tells. On AWS it asks SQS for the attributes of each \
        queue, every 5 s, which are requests that cost; what is in a queue can't be looked at there without receiving it.",
    after_long_help = "Examples:
  messaging top
  messaging top --once              a table, and the end
  messaging top --every 10s > log   a table every ten seconds
  messaging top --json              a record for each look"
)]
pub(crate) struct Args {
    /// Look once, print it and end.
    #[arg(long)]
    once: bool,
    /// How often to look [default: 1s, on AWS 5s]; a number alone is seconds.
    #[arg(long, value_name = "DURATION", conflicts_with = "once", value_parser = value::interval)]
    every: Option<Duration>,
    /// Newline-delimited JSON on stdout: a record for each look.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    target: TargetArgs,
}

#[derive(Serialize)]
struct Record<'a> {
    record: &'static str,
    target: String,
    #[serde(flatten)]
    figures: &'a Figures,
}

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    let target = Target::connect(&args.target, &context.env, &context.stop).await?;
    let watched = context.with_complaints(&target);
    let (source, mut figures) = Source::find(&watched, &context.env).await?;
    let every = args.every.unwrap_or(if target.endpoint.is_some() { LOCAL } else { AWS });
    let screen = if context.ui.is_live() && !args.once { Screen::open() } else { None };
    if let Some(screen) = screen {
        // What goes wrong is a line of the page: a complaint would be drawn across it.
        return watch::run(context, &target, &source, figures, every, screen).await;
    }
    loop {
        context.ui.record(&Record { record: "top", target: target.describe(), figures: &figures });
        context.ui.lines(&table::plain(&figures, context.ui.columns()));
        if args.once {
            return Ok(Exit::Ok);
        }
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            () = context.stop.requested() => return Ok(Exit::Ok),
        }
        context.ui.line("");
        figures = source.look(&watched, &context.env).await?;
    }
}
