//! `messaging redrive`: moves dead letters back to where they came from.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::ListMessageMoveTasksResultEntry as Task;
use serde::Serialize;

use super::find::{self, Named, Queue};
use super::{Context, value};
use crate::aws::{CallError, Target, TargetArgs};
use crate::exit::{Exit, Failure};
use crate::stop::Stop;
use crate::units::{count, plural};

/// How often it is looked how far the task is.
const EVERY: Duration = Duration::from_millis(500);
/// Messages a second at most (API reference of SQS, StartMessageMoveTask).
const FASTEST: u64 = 500;
/// So many of the queues that get the messages are named.
const NAMED: usize = 3;
/// SQS's reason where a message has no queue that it came from.
const NO_SOURCE: &str = "CouldNotDetermineMessageSource";

/// Move dead letters back to the queues they came from
#[derive(Debug, Clone, clap::Args)]
#[command(
    long_about = "Move dead letters back to the queues they came from, by a message move task of SQS.\n\n\
        QUEUE is a dead-letter queue, or a queue that has one. All that lies in the dead-letter queue is moved, each message to the \
        queue it came from, or all of them to the queue of --to. Ctrl-C cancels the task; what was moved until then stays there. \
        The same operations run on AWS, where the figures are approximate.",
    after_long_help = "Examples:
  messaging redrive orders                     the dead letters of the queue of the orders API
  messaging redrive my-queue-dlq --rate 10     ten a second
  messaging redrive my-queue-dlq --to other    into another queue
  messaging redrive my-queue-dlq --cancel      ends the task that runs
  messaging peek orders --dead-letters         what would be moved"
)]
pub(crate) struct Args {
    /// orders, payments, orders-dlq or payments-dlq; a queue's name, URL or ARN.
    #[arg(value_name = "QUEUE")]
    queue: String,
    /// The queue that gets all of them.
    #[arg(long, value_name = "QUEUE", conflicts_with = "cancel")]
    to: Option<String>,
    /// So many messages a second at most; SQS finds one by itself otherwise.
    #[arg(long, value_name = "N", conflicts_with = "cancel", value_parser = value::within::<u32>(1, FASTEST))]
    rate: Option<u32>,
    /// Cancel the task that runs.
    #[arg(long)]
    cancel: bool,
    /// The stack whose outputs name the queues of the APIs.
    #[arg(long, value_name = "NAME", default_value = "messaging", env = "MESSAGING_STACK", hide_env_values = true)]
    stack: String,
    /// Newline-delimited JSON on stdout: a record for each look at the task.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    target: TargetArgs,
}

#[derive(Serialize)]
struct Record<'a> {
    record: &'static str,
    queue: &'a str,
    status: &'a str,
    moved: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<i64>,
}

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    let target = Target::connect(&args.target, &context.env, &context.stop).await?;
    let watched = context.with_complaints(&target);
    let (source, back_to) = source(&watched, context, &args).await?;
    // Requests that cancel are to leave after the user wants to stop.
    let client = watched.clone().stopped_by(&Stop::default()).sqs();
    let failed =
        |error: CallError| error.failure_after_answers(&target, &format!("move what is in {}", name(&source.arn)));
    if args.cancel {
        let task = latest(&client, &source.arn).await.map_err(failed)?;
        let Some(task) = task.filter(|task| task.status() == Some("RUNNING")) else {
            return Err(Failure::new(format!("No message move task of {} runs", name(&source.arn))));
        };
        cancel(&client, &task).await.map_err(failed)?;
        return follow(context, &client, &source, true).await?.map_err(failed);
    }
    let to = match &args.to {
        Some(to) => {
            let meant = Named { queue: to, stack: &args.stack, dead_letters: false };
            Some(find::queue(&watched, &context.env, meant).await?)
        }
        None => None,
    };
    let start = client.start_message_move_task().source_arn(&source.arn);
    let start = start.set_destination_arn(to.as_ref().map(|queue| queue.arn.clone()));
    let started = start.set_max_number_of_messages_per_second(args.rate.map(|rate| rate as i32)).send().await;
    started.map_err(|error| {
        failed(error.into()).help("One task of a queue runs at a time; `messaging redrive QUEUE --cancel` ends it.")
    })?;
    let to = to.map_or(back_to, |queue| name(&queue.arn).to_owned());
    context.ui.note(format!("Moving what is in {} to {to}; Ctrl-C cancels.", name(&source.arn)));
    follow(context, &client, &source, false).await?.map_err(failed)
}

fn name(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

/// The dead-letter queue that is meant, and the names of the queues that it is one of.
async fn source(target: &Target, context: &Context, args: &Args) -> Result<(Queue, String), Failure> {
    let meant = Named { queue: &args.queue, stack: &args.stack, dead_letters: false };
    let queue = find::queue(target, &context.env, meant).await?;
    if let Some(of) = sources(target, &queue).await? {
        return Ok((queue, of));
    }
    let dead = find::queue(target, &context.env, Named { dead_letters: true, ..meant }).await.map_err(|failure| {
        failure.help(format!(
            "{} is no queue's dead-letter queue either: there is nothing to move back.",
            name(&queue.arn)
        ))
    })?;
    let of = sources(target, &dead).await?;
    Ok((dead, of.unwrap_or_else(|| name(&queue.arn).to_owned())))
}

/// Whose dead-letter queue a queue is, in words; none if it is nobody's.
async fn sources(target: &Target, queue: &Queue) -> Result<Option<String>, Failure> {
    let asked = target.sqs().list_dead_letter_source_queues().queue_url(&queue.url).max_results(1_000).send().await;
    let asked = asked.map_err(|error| {
        CallError::from(error).failure_after_answers(target, &format!("ask whose dead-letter queue {} is", queue.arn))
    })?;
    let names: Vec<&str> = asked.queue_urls().iter().filter_map(|url| url.rsplit('/').next()).collect();
    Ok(match names.as_slice() {
        [] => None,
        names if names.len() <= NAMED => Some(names.join(", ")),
        names => Some(format!("{} and {} more", names[..NAMED].join(", "), count((names.len() - NAMED) as u64))),
    })
}

/// The newest task of a queue.
async fn latest(client: &Client, arn: &str) -> Result<Option<Task>, CallError> {
    let answer = client.list_message_move_tasks().source_arn(arn).max_results(1).send().await?;
    Ok(answer.results.unwrap_or_default().into_iter().next())
}

async fn cancel(client: &Client, task: &Task) -> Result<(), CallError> {
    client.cancel_message_move_task().set_task_handle(task.task_handle.clone()).send().await?;
    Ok(())
}

/// Follows the newest task to its end, which the user may bring about. `cancelled` says that it is wanted already.
async fn follow(
    context: &Context,
    client: &Client,
    source: &Queue,
    mut cancelled: bool,
) -> Result<Result<Exit, CallError>, Failure> {
    let asked_to_cancel = cancelled;
    let bar = context.ui.bar(Some(0), "{bar:30} {msg}");
    let ended = loop {
        let task = match latest(client, &source.arn).await {
            Ok(Some(task)) => task,
            Ok(None) => return Err(Failure::new(format!("SQS knows no message move task of {}", source.arn))),
            Err(error) => return Ok(Err(error)),
        };
        let (moved, of) = (task.approximate_number_of_messages_moved(), task.approximate_number_of_messages_to_move());
        let status = task.status().unwrap_or_default();
        context.ui.record(&Record { record: "redrive", queue: &source.arn, status, moved, of });
        bar.set_length(of.unwrap_or(moved).unsigned_abs());
        bar.set_position(moved.unsigned_abs());
        bar.set_message(&format!(
            "{} moved of {}",
            count(moved.unsigned_abs()),
            of.map_or("?".into(), |of| count(of.unsigned_abs()))
        ));
        if !matches!(status, "RUNNING" | "CANCELLING") {
            break task;
        }
        if cancelled {
            tokio::time::sleep(EVERY).await;
            continue;
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = context.stop.requested() => {
                cancelled = true;
                // It may have ended in the meantime: the next look says so.
                _ = cancel(client, &task).await;
            }
        }
    };
    bar.finish_and_clear();
    let moved = plural(ended.approximate_number_of_messages_moved().unsigned_abs(), "message");
    match ended.status().unwrap_or_default() {
        "COMPLETED" => {
            context.ui.line(format!("{moved} moved out of {}.", name(&source.arn)));
            Ok(Ok(Exit::Ok))
        }
        "CANCELLED" => {
            context.ui.line(format!("Cancelled; {moved} had been moved out of {}.", name(&source.arn)));
            Ok(Ok(if asked_to_cancel { Exit::Ok } else { Exit::Interrupted }))
        }
        status => {
            let why = ended.failure_reason().unwrap_or("SQS doesn't say why");
            let failed = Failure::new(format!("The task of {} is {status} after {moved}", name(&source.arn))).why(why);
            Err(match why {
                NO_SOURCE => failed.help("It was sent straight to this queue: --to says where it is to go."),
                _ => failed,
            })
        }
    }
}
