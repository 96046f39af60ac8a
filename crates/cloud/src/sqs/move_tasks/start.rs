//! StartMessageMoveTask.

use serde::{Deserialize, Serialize};

use super::task::{KEPT, Status, Task, active, resource, tasks};
use crate::request::Context;
use crate::sqs::{error, list_queues};
use text::arn;
use wire::{AwsError, Text};

/// "StartMessageMoveTask" (Amazon SQS API Reference): up to 500 messages a second.
const MAX_RATE: i64 = 500;
/// "Learn how to configure a dead-letter queue redrive in Amazon SQS": active tasks of an account.
const MAX_ACTIVE: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct StartMessageMoveTaskInput<'a> {
    #[serde(borrow)]
    pub source_arn: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub destination_arn: Option<Text<'a>>,
    #[serde(default)]
    pub max_number_of_messages_per_second: Option<i64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct StartMessageMoveTaskOutput {
    pub task_handle: String,
}

pub(crate) async fn start_message_move_task(
    cx: &Context,
    input: StartMessageMoveTaskInput<'_>,
) -> Result<StartMessageMoveTaskOutput, AwsError> {
    let source =
        input.source_arn.as_deref().filter(|arn| !arn.is_empty()).ok_or_else(|| error::missing("SourceArn"))?;
    let destination = input.destination_arn.as_deref().filter(|arn| !arn.is_empty());
    let rate = input.max_number_of_messages_per_second;
    if let Some(rate) = rate
        && !(1..=MAX_RATE).contains(&rate)
    {
        let reason = "Must be between 1 and 500, if provided.";
        return Err(error::invalid_value(rate, "MaxNumberOfMessagesPerSecond", reason));
    }
    let id = cx.cloud.core.uuid();
    let task = cx
        .cloud
        .core
        .execute(|tx| {
            let queue = resource(cx, tx.engine(), source, "SourceArn")?;
            if let Some(destination) = destination {
                resource(cx, tx.engine(), destination, "DestinationArn")?;
                if destination == source {
                    return Err(error::invalid("Source queue arn and destination queue arn cannot be the same."));
                }
                if destination.ends_with(".fifo") != source.ends_with(".fifo") {
                    return Err(error::invalid("Source queue and destination queue must be of the same type."));
                }
            }
            if !tx.engine().queues("").any(|queue| list_queues::is_source(queue, source)) {
                return Err(error::invalid("Source queue must be configured as a Dead Letter Queue."));
            }
            let before = tasks(tx.engine(), source);
            if before.iter().any(Task::is_active) {
                let message = "There is already a task running. Only one active task is allowed for a source queue arn \
                               at a given time.";
                return Err(error::invalid(message));
            }
            let own = |task: &Task| arn::account(&task.source) == &*cx.account;
            if active(tx.engine()).into_iter().filter(own).count() >= MAX_ACTIVE {
                return Err(error::over_limit(format!(
                    "There are already {MAX_ACTIVE} active message move tasks. No more are allowed for an account."
                )));
            }
            for old in before.iter().skip(KEPT - 1) {
                tx.delete_doc(&old.key());
            }
            let now = tx.now;
            let to_move = tx.queue_mut(queue).map_or(0, |queue| queue.depth(now).visible as u64);
            let task = Task {
                id,
                source: source.to_owned(),
                destination: destination.map(str::to_owned),
                rate: rate.map(|rate| rate as u32),
                started: now,
                moved: 0,
                to_move,
                status: Status::Running,
                failure: None,
            };
            task.save(tx)?;
            Ok(task)
        })
        .await?;
    cx.cloud.move_tasks.notify_one();
    Ok(StartMessageMoveTaskOutput { task_handle: task.handle() })
}
