//! `messaging reset`: the embedded cloud is empty again.

use serde::Serialize;

use super::Context;
use crate::aws::{NoPage, Target, TargetArgs, TargetKind};
use crate::exit::{Exit, Failure};

/// Empty the embedded cloud: all queues, topics, streams, buckets and stacks, in all accounts and regions, are gone at once
#[derive(Debug, Clone, clap::Args)]
#[command(
    long_about = "Empty the embedded cloud: all queues, topics, streams, buckets and stacks, in all accounts and regions, are \
        gone at once, and so are the rules of chaos. Nothing is asked first. Its certificates and its clock stay.\n\n\
        A stack whose operation runs is waited for. AWS is never emptied: with the target aws it is refused, and so it is by a \
        server that checks signatures, whose keys are of several accounts.",
    after_long_help = "Examples:
  messaging reset
  messaging reset --endpoint-url http://127.0.0.1:4567"
)]
pub(crate) struct Args {
    /// A record on stdout.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    target: TargetArgs,
}

#[derive(Serialize)]
struct Record {
    record: &'static str,
    target: String,
}

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    if args.target.target == TargetKind::Aws {
        return Err(Failure::usage("AWS isn't emptied by this command, whatever the address is")
            .help("`messaging deploy --delete --target aws` deletes a stack there. Without --target aws the embedded cloud is emptied."));
    }
    let target = Target::connect(&args.target, &context.env, &context.stop).await?;
    let watched = context.with_complaints(&target);
    watched.reset().await.map_err(|none| match none {
        NoPage::Failed(error) => error.failure_after_answers(&target, "empty the cloud"),
        NoPage::NotThere => Failure::usage(format!("{} can't be emptied", target.describe()))
            .why("only the embedded cloud of `messaging local` can be, and this is another"),
    })?;
    context.ui.record(&Record { record: "reset", target: target.describe() });
    context.ui.line(format!("Nothing is left on {}.", target.describe()));
    Ok(Exit::Ok)
}
