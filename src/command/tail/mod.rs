//! `messaging tail`: follows what comes, and takes nothing.

mod journal;
mod meant;
mod objects;

use self::meant::Meant;
use super::{Context, value};
use crate::aws::{Target, TargetArgs};
use crate::exit::{Exit, Failure};

/// Follow a topic, a queue, a delivery stream or a bucket without taking anything
#[derive(Debug, Clone, clap::Args)]
#[command(
    long_about = "Follow a topic, a queue, a delivery stream or a bucket without taking anything: no message is received, and no \
        count rises.\n\n\
        Of a topic and a queue it shows each message as it comes, by the embedded cloud's journal of messages, which remembers \
        the last ones; of a stream and a bucket each object that lands, by listing the bucket.\n\n\
        On AWS buckets and streams are followed as here. Topics and queues aren't: there a message can only be seen by whoever \
        receives it. To see a topic's, subscribe a queue of your own to it and `messaging consume` that.",
    after_long_help = "Examples:
  messaging tail orders                       the queue of the orders API
  messaging tail created-consumer --last 0    only what comes from now on
  messaging tail my-stream --cat              the records of each object that lands
  messaging tail s3://bucket/prefix
  messaging tail orders --json | jq .body"
)]
pub(crate) struct Args {
    /// A topic, a queue, a stream or a bucket: its name, ARN or URL, or s3://BUCKET/PREFIX; orders and payments are the APIs' queues.
    #[arg(value_name = "NAME")]
    name: String,
    /// So many of those that came before are shown first.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = value::within::<u32>(0, 1000))]
    last: u32,
    /// It ends when so many were shown.
    #[arg(long, value_name = "N", value_parser = value::count)]
    max: Option<u64>,
    /// What is in the objects, of a stream or a bucket.
    #[arg(long)]
    cat: bool,
    /// The stack whose outputs name the queues of the APIs.
    #[arg(long, value_name = "NAME", default_value = "messaging", env = "MESSAGING_STACK", hide_env_values = true)]
    stack: String,
    /// Newline-delimited JSON on stdout: a record for each message or object.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    target: TargetArgs,
}

/// How much is shown.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    last: usize,
    /// So many are still to be shown; none for no end.
    left: Option<u64>,
}

impl Wanted {
    /// One was shown: whether that is all.
    fn is_done(&mut self) -> bool {
        let Some(left) = &mut self.left else { return false };
        *left = left.saturating_sub(1);
        *left == 0
    }
}

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    let target = Target::connect(&args.target, &context.env, &context.stop).await?;
    let watched = context.with_complaints(&target);
    let wanted = Wanted { last: args.last as usize, left: args.max };
    let meant = meant::find(&watched, context, &args.name, &args.stack).await?;
    if args.cat && !matches!(meant, Meant::Place(_)) {
        return Err(Failure::usage("--cat shows what is in objects")
            .why(format!("{} is no delivery stream and no bucket", args.name))
            .help("Leave it away: messages are shown with their bodies."));
    }
    match meant {
        Meant::Topic(arn) => journal::follow(context, &watched, &journal::Of::Topic(&arn), wanted).await,
        Meant::Queue(arn) => journal::follow(context, &watched, &journal::Of::Queue(&arn), wanted).await,
        Meant::Place(place) => objects::follow(context, &watched, &place, args.cat, wanted).await,
    }
}
