//! `messaging peek`: looks at messages, and at objects that landed, without taking anything.

mod objects;

use serde_json::Value;

use super::find::{self, Named};
use super::message::{self, Record};
use super::{Context, value};
use crate::aws::{NoPage, Target, TargetArgs};
use crate::exit::{Exit, Failure};
use crate::units::plural;

/// A page of the server has so many messages at most.
const PAGE: usize = 100;
/// So many messages of a queue are searched for a text; of more it is said that there are more.
const SEARCHED: usize = 10_000;

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
  messaging peek orders --text 4711          those that have it in their body, attributes or ids
  messaging peek orders --json               a record for each message, its body whole
  messaging peek s3://bucket                 what lies in a bucket
  messaging peek s3://bucket/landing_date=2026-01-31/key"
)]
pub(crate) struct Args {
    /// orders, payments, orders-dlq or payments-dlq; a queue's name, URL or ARN; s3://BUCKET or s3://BUCKET/KEY.
    #[arg(value_name = "QUEUE")]
    pub queue: String,
    /// So many messages, or objects, at most.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = value::within::<u32>(1, 1000))]
    pub max: u32,
    /// Only those with this text in their body, their attributes or their ids; capitals are as small letters.
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
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
        if args.text.is_some() {
            let help =
                "`messaging objects s3://BUCKET --cat` shows what is in its objects, for another program to search.";
            return Err(Failure::usage("--text searches the messages of a queue").help(help));
        }
        return objects::peek(context, &watched, object, args.max as usize).await;
    }
    let meant = Named { queue: &args.queue, stack: &args.stack, dead_letters: args.dead_letters };
    let found = find::queue(&watched, &context.env, meant).await?;
    let name = found.arn.rsplit(':').next().unwrap_or(&found.arn);
    let wanted = args.text.as_deref().map(str::to_lowercase);
    let Looked { messages, more, searched } = messages(&watched, &found, args.max as usize, wanted.as_deref()).await?;
    for (n, message) in messages.iter().enumerate() {
        context.ui.record(&Record { record: "message", queue: &found.arn, message });
        context.ui.lines(&message::head(n + 1, message));
        context.ui.verbatim(&message::body(message));
    }
    let shown = plural(messages.len() as u64, "message");
    let of = format!("of {} of {name}", plural(searched as u64, "message"));
    context.ui.note(match (messages.len(), more, &args.text) {
        (0, false, None) => format!("{name} holds no message."),
        (_, false, None) => format!("{shown} in {name}."),
        (_, true, None) => format!("{shown} of {name}, the first; --max shows more."),
        (n, true, Some(_)) if n == args.max as usize => {
            format!("{shown} {of} with that text, the first; --max shows more.")
        }
        (_, true, Some(_)) => {
            format!("{shown} {of}, the first, with that text; at those behind them it wasn't looked.")
        }
        (_, false, Some(_)) => format!("{shown} {of} with that text."),
    });
    Ok(Exit::Ok)
}

/// What was found in a queue.
struct Looked {
    messages: Vec<Value>,
    /// There are messages behind the last at which it was looked.
    more: bool,
    /// At so many it was looked.
    searched: usize,
}

/// Up to `max` messages; with a text, in small letters, only those that have it.
async fn messages(target: &Target, found: &find::Queue, max: usize, text: Option<&str>) -> Result<Looked, Failure> {
    let mut looked = Looked { messages: Vec::new(), more: true, searched: 0 };
    let mut after: Option<String> = None;
    while looked.more && looked.messages.len() < max && looked.searched < SEARCHED {
        let ask = if text.is_some() { PAGE } else { (max - looked.messages.len()).min(PAGE) }.to_string();
        let mut query = vec![("queue", found.arn.as_str()), ("max", ask.as_str())];
        query.extend(after.as_deref().map(|after| ("after", after)));
        let mut page = target.page("peek", &query).await.map_err(|none| refusal(none, target, found))?;
        let Value::Array(came) = page["messages"].take() else { break };
        looked.more = page["more"] == true && !came.is_empty();
        let (mut all, many) = (came.into_iter().enumerate(), looked.searched);
        for (n, message) in all.by_ref() {
            looked.searched = many + n + 1;
            after = message["position"].as_u64().map(|position| position.to_string());
            if text.is_none_or(|text| has_text(&message, text)) {
                looked.messages.push(message);
                if looked.messages.len() == max {
                    break;
                }
            }
        }
        looked.more |= all.next().is_some();
    }
    Ok(looked)
}

/// Whether a text, in small letters, stands in what a message is and says.
fn has_text(message: &Value, text: &str) -> bool {
    let has = |value: &Value| value.as_str().is_some_and(|value| value.to_lowercase().contains(text));
    let attributes = message["attributes"].as_object();
    ["body", "message_id", "group", "deduplication_id"].iter().any(|name| has(&message[name]))
        || attributes.is_some_and(|all| {
            all.iter().any(|(name, value)| name.to_lowercase().contains(text) || has(&value["value"]))
        })
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
