//! `messaging peek`: looks at messages, and at objects that landed, without taking anything.

mod find;
mod objects;
mod show;

use serde_json::Value;

use super::Context;
use crate::aws::{NoPage, Target, TargetArgs};
use crate::exit::{Exit, Failure};
use crate::units::plural;

/// A page of the server has so many messages at most.
const PAGE: usize = 100;

/// Look at the messages of a queue without receiving them
#[derive(Debug, Clone, clap::Args)]
#[command(
    long_about = "Look at the messages of a queue without receiving them: no receive count rises, and nothing is hidden \
        from consumers. Shows each message's state, how often it was received, its attributes and its body, in the order \
        in which they came to the queue.\n\n\
        Only the embedded cloud of `messaging local` can show that: with any other target it is refused. What landed in a \
        bucket can be looked at everywhere: s3://BUCKET lists it, s3://BUCKET/KEY shows an object.",
    after_long_help = "Examples:
  messaging peek orders                      the queue of the orders API
  messaging peek orders --dead-letters       what ended in its dead-letter queue; orders-dlq is the same
  messaging peek my-queue --max 100          a queue by its name; its URL or ARN will do as well
  messaging peek orders --json               a record for each message, its body whole
  messaging peek s3://bucket                 what lies in a bucket
  messaging peek s3://bucket/landing_date=2026-01-31/key"
)]
pub(crate) struct Args {
    /// orders, payments, orders-dlq or payments-dlq; a queue's name, URL or ARN; s3://BUCKET or s3://BUCKET/KEY.
    #[arg(value_name = "QUEUE")]
    pub queue: String,
    /// So many messages, or objects, at most.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub max: u32,
    /// The dead-letter queue of the queue.
    #[arg(long)]
    pub dead_letters: bool,
    /// The stack whose outputs name the queues of the APIs.
    #[arg(long, value_name = "NAME", default_value = "messaging", env = "MESSAGING_STACK", hide_env_values = true)]
    pub stack: String,
    /// Newline-delimited JSON on stdout: a record for each message.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub target: TargetArgs,
}

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    let target = Target::connect(&args.target, &context.env, &context.stop).await?;
    let watched = context.with_complaints(&target);
    if let Some(object) = args.queue.strip_prefix("s3://") {
        if args.dead_letters {
            return Err(Failure::usage("A bucket has no dead letters").help("Leave --dead-letters away."));
        }
        return objects::peek(context, &watched, object, args.max as usize).await;
    }
    let found = find::queue(&watched, &context.env, &args).await?;
    let name = found.arn.rsplit(':').next().unwrap_or(&found.arn);
    let (messages, more) = messages(&watched, &found, args.max as usize).await?;
    for (n, message) in messages.iter().enumerate() {
        context.ui.record(&show::Record { record: "message", queue: &found.arn, message });
        context.ui.lines(&show::head(n + 1, message));
        context.ui.verbatim(&show::body(message));
    }
    match messages.len() {
        0 => context.ui.note(format!("{name} holds no message.")),
        n if more => {
            context.ui.note(format!("{} of {name}, the first; --max shows more.", plural(n as u64, "message")))
        }
        n => context.ui.note(format!("{} in {name}.", plural(n as u64, "message"))),
    }
    Ok(Exit::Ok)
}

/// Up to `max` messages, and whether there are more.
async fn messages(target: &Target, found: &find::Queue, max: usize) -> Result<(Vec<Value>, bool), Failure> {
    let mut messages: Vec<Value> = Vec::new();
    loop {
        let after = messages.last().and_then(|last| last["position"].as_u64()).map(|position| position.to_string());
        let ask = (max - messages.len()).min(PAGE).to_string();
        let mut query = vec![("queue", found.arn.as_str()), ("max", ask.as_str())];
        query.extend(after.as_deref().map(|after| ("after", after)));
        let mut page = target.page("peek", &query).await.map_err(|none| refusal(none, target, found))?;
        let more = page["more"] == true;
        let Value::Array(came) = page["messages"].take() else { return Ok((messages, false)) };
        let is_last = came.is_empty() || !more;
        messages.extend(came.into_iter().take(max - messages.len()));
        if is_last || messages.len() == max {
            return Ok((messages, more));
        }
    }
}

/// What to do where messages can't be looked at.
fn refusal(none: NoPage, target: &Target, found: &find::Queue) -> Failure {
    match none {
        NoPage::Failed(error) => error.failure_after_answers(target, &format!("look into {}", found.arn)),
        NoPage::NotThere => Failure::usage(format!("Messages can't be looked at on {}", target.describe()))
            .why("only the embedded cloud of `messaging local` shows a message without receiving it")
            .help(format!(
                "`messaging status` says how many there are. To see them, receive them and hide them for no time: aws sqs \
                 receive-message --queue-url {} --max-number-of-messages 10 --visibility-timeout 0. That counts as a receive, \
                 and a message that is received too often goes to the dead-letter queue.",
                found.url
            )),
    }
}
