//! `messaging wait`: until a cloud answers, and what is in it is as it is to be.

use std::time::{Duration, Instant};

use aws_sdk_firehose::types::DeliveryStreamStatus;
use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use serde::Serialize;

use super::find::{self, Named};
use super::{Context, value};
use crate::aws::{CallError, ErrorKind, Target, TargetArgs, TargetKind};
use crate::exit::{Exit, Failure};
use crate::stack;
use crate::units::{duration, plural};

/// How long it waits between two looks: an embedded cloud is asked for nothing but this machine's time.
const LOCAL_PAUSE: Duration = Duration::from_millis(50);
const AWS_PAUSE: Duration = Duration::from_secs(2);
/// The stack whose outputs name the queues of the APIs, unless another is waited for.
const STACK: &str = "messaging";

/// Wait until a cloud answers, and a stack, a queue or a stream is as it is to be
#[derive(Debug, Clone, clap::Args)]
#[command(
    long_about = "Wait until a cloud answers and, if that is asked for, until a stack is complete, a queue holds so many messages \
        or none, or a delivery stream takes records.\n\n\
        What isn't there yet is waited for as well. A stack whose operation failed, or was rolled back, ends it at once. It only \
        looks: no message is received. On AWS a queue's counts are approximate, and may say that it is empty before it is.",
    after_long_help = "Examples:
  messaging wait                                     until the embedded cloud answers
  messaging wait --stack messaging --timeout 2m      until the stack is complete
  messaging wait --queue orders --messages 12        until 12 messages can be received
  messaging wait --queue orders --empty              until nothing is visible, in flight or delayed
  messaging wait --stream my-stream                  until it takes records

Ends with 1 if it isn't so in time, with 4 if nothing answers until then."
)]
pub(crate) struct Args {
    /// Until this stack is complete.
    #[arg(long, value_name = "STACK")]
    stack: Option<String>,
    /// Until this queue is there: orders, payments, orders-dlq or payments-dlq; a queue's name, URL or ARN.
    #[arg(long, value_name = "QUEUE")]
    queue: Option<String>,
    /// And at least so many messages in it are visible.
    #[arg(long, value_name = "N", requires = "queue", value_parser = value::count)]
    messages: Option<u64>,
    /// And it holds no message: neither a visible nor a delayed one, nor one in flight.
    #[arg(long, requires = "queue", conflicts_with = "messages")]
    empty: bool,
    /// Until this delivery stream is active.
    #[arg(long, value_name = "STREAM")]
    stream: Option<String>,
    /// For so long at most, like 90s or 5m; a number alone is seconds.
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = value::interval)]
    timeout: Duration,
    /// A record on stdout.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    target: TargetArgs,
}

#[derive(Serialize)]
struct Record<'a> {
    record: &'static str,
    target: String,
    waited_ms: u128,
    /// What is so now, in words.
    found: &'a [String],
}

/// Whether something is as it is to be: what it is like, or what is missing.
type Look = Result<Result<String, String>, Failure>;

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    let began = Instant::now();
    let patience = Patience { context, began, most: args.timeout, pause: LOCAL_PAUSE };
    let target = connect(&patience, &args).await?;
    let pause = if target.kind == TargetKind::Aws { AWS_PAUSE } else { LOCAL_PAUSE };
    let patience = Patience { pause, ..patience };
    let mut found = vec![format!("{} answers", target.describe())];
    if let Some(name) = &args.stack {
        found.push(patience.until(async || look_at_stack(&target, name).await).await?);
    }
    if let Some(name) = &args.stream {
        found.push(patience.until(async || look_at_stream(&target, name).await).await?);
    }
    if let Some(name) = &args.queue {
        found.push(patience.until(async || look_at_queue(context, &target, &args, name).await).await?);
    }
    let waited_ms = began.elapsed().as_millis();
    context.ui.record(&Record { record: "wait", target: target.describe(), waited_ms, found: &found });
    context.ui.line(format!("{}.", found.join("; ")));
    Ok(Exit::Ok)
}

/// How long it is waited, and how often it is looked.
#[derive(Clone, Copy)]
struct Patience<'a> {
    context: &'a Context,
    began: Instant,
    most: Duration,
    pause: Duration,
}

impl Patience<'_> {
    /// Looks until it is so.
    async fn until(&self, look: impl AsyncFn() -> Look) -> Result<String, Failure> {
        loop {
            match look().await? {
                Ok(found) => return Ok(found),
                Err(missing) => self.again(&missing, Exit::Failed).await?,
            }
        }
    }

    /// Pauses before the next look; or says what is still missing when there is no time for one, or nobody wants it any more.
    async fn again(&self, missing: &str, exit: Exit) -> Result<(), Failure> {
        self.context.stop.check()?;
        if self.began.elapsed() + self.pause > self.most {
            return Err(Failure::new(format!("It isn't so after {}", duration(self.most)))
                .why(missing)
                .help("--timeout says how long to wait.")
                .exit(exit));
        }
        tokio::select! {
            () = tokio::time::sleep(self.pause) => Ok(()),
            () = self.context.stop.requested() => self.context.stop.check(),
        }
    }
}

/// The target, once something answers there as AWS does.
async fn connect(patience: &Patience<'_>, args: &Args) -> Result<Target, Failure> {
    let context = patience.context;
    loop {
        let missing = match Target::connect(&args.target, &context.env, &context.stop).await {
            Ok(target) => match target.sqs().list_queues().max_results(1).send().await.map_err(CallError::from) {
                Ok(_) => return Ok(target),
                // It knows who asks, and lets him do little: it answers.
                Err(error) if error.kind == ErrorKind::Denied => return Ok(target),
                Err(error) if error.kind.may_pass() => error.to_string(),
                Err(error) => return Err(error.failure(&target, "ask the cloud")),
            },
            Err(failure) if failure.exit == Exit::Unreachable => failure.to_string(),
            Err(failure) => return Err(failure),
        };
        patience.again(&missing, Exit::Unreachable).await?;
    }
}

/// What fails for a moment only is as good as not there yet.
fn passing<T>(asked: Result<T, CallError>, target: &Target, doing: &str) -> Result<Result<T, String>, Failure> {
    match asked {
        Ok(answer) => Ok(Ok(answer)),
        Err(error) if error.kind.may_pass() || error.kind == ErrorKind::NotFound => Ok(Err(error.to_string())),
        Err(error) => Err(error.failure(target, doing)),
    }
}

async fn look_at_stack(target: &Target, name: &str) -> Look {
    let asked = stack::describe(target, name).await;
    let stack = match passing(asked, target, &format!("look the stack {name} up"))? {
        Ok(Some(stack)) => stack,
        Ok(None) => return Ok(Err(format!("there is no stack {name}"))),
        Err(why) => return Ok(Err(why)),
    };
    let status = stack.status.as_str();
    let told = format!("the stack {name} is {status}");
    // A stack that is deleted can be made anew: it isn't the end of the waiting.
    let failed = status.ends_with("_FAILED") || (status.contains("ROLLBACK") && !status.ends_with("_IN_PROGRESS"));
    match status {
        "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS" | "IMPORT_COMPLETE" => {
            Ok(Ok(told))
        }
        _ if failed => Err(Failure::new(format!("The stack {name} is {status}"))
            .why(stack.reason.unwrap_or_else(|| "its events say why".to_owned()))),
        _ => Ok(Err(told)),
    }
}

async fn look_at_stream(target: &Target, name: &str) -> Look {
    let asked = target.firehose().describe_delivery_stream().delivery_stream_name(name).send().await;
    let answer = match passing(asked.map_err(CallError::from), target, &format!("look at the stream {name}"))? {
        Ok(answer) => answer,
        Err(why) => return Ok(Err(why)),
    };
    let status = answer.delivery_stream_description().map(|it| it.delivery_stream_status().clone());
    let status = status.unwrap_or(DeliveryStreamStatus::Creating);
    let told = format!("the stream {name} is {}", status.as_str());
    match status {
        DeliveryStreamStatus::Active => Ok(Ok(told)),
        DeliveryStreamStatus::CreatingFailed => Err(Failure::new(format!("The stream {name} couldn't be created"))),
        _ => Ok(Err(told)),
    }
}

async fn look_at_queue(context: &Context, target: &Target, args: &Args, named: &str) -> Look {
    let stack = args.stack.as_deref().unwrap_or(STACK);
    let meant = Named { queue: named, stack, dead_letters: false };
    let url = match find::queue(target, &context.env, meant).await {
        Ok(queue) => queue.url,
        Err(failure) if failure.exit == Exit::Interrupted => return Err(failure),
        Err(failure) => return Ok(Err(failure.to_string())),
    };
    const NUMBERS: [Attribute; 3] = [
        Attribute::ApproximateNumberOfMessages,
        Attribute::ApproximateNumberOfMessagesNotVisible,
        Attribute::ApproximateNumberOfMessagesDelayed,
    ];
    let ask = target.sqs().get_queue_attributes().queue_url(&url).set_attribute_names(Some(NUMBERS.to_vec()));
    let answer = match passing(ask.send().await.map_err(CallError::from), target, &format!("look at {named}"))? {
        Ok(answer) => answer,
        Err(why) => return Ok(Err(why)),
    };
    let number = |name| answer.attributes().and_then(|it| it.get(&name)).and_then(|it| it.parse::<u64>().ok());
    let [visible, in_flight, delayed] = NUMBERS.map(|name| number(name).unwrap_or_default());
    let others = format!("{in_flight} in flight and {delayed} delayed");
    let told = format!("{named} has {}, {others}", plural(visible, "visible message"));
    let is_so = match (args.messages, args.empty) {
        (Some(wanted), _) => visible >= wanted,
        (None, true) => visible + in_flight + delayed == 0,
        (None, false) => true,
    };
    Ok(if is_so { Ok(told) } else { Err(told) })
}
