//! CancelMessageMoveTask: what was moved stays moved.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};

use super::task::{Status, resource, tasks};
use crate::request::Context;
use crate::sqs::error;
use wire::{AwsError, Text};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CancelMessageMoveTaskInput<'a> {
    #[serde(borrow)]
    pub task_handle: Option<Text<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CancelMessageMoveTaskOutput {
    pub approximate_number_of_messages_moved: u64,
}

/// What a task's handle holds.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Handle {
    task_id: String,
    source_arn: String,
}

pub(crate) async fn cancel_message_move_task(
    cx: &Context,
    input: CancelMessageMoveTaskInput<'_>,
) -> Result<CancelMessageMoveTaskOutput, AwsError> {
    let text = input.task_handle.as_deref().ok_or_else(|| error::missing("TaskHandle"))?;
    let handle: Handle = BASE64
        .decode(text)
        .ok()
        .and_then(|json| serde_json::from_slice(&json).ok())
        .ok_or_else(|| error::invalid("Value for parameter TaskHandle is invalid."))?;
    let cancelled = cx
        .cloud
        .core
        .execute(|tx| {
            resource(cx, tx.engine(), &handle.source_arn, "SourceArn")?;
            let mut task = tasks(tx.engine(), &handle.source_arn)
                .into_iter()
                .find(|task| task.id == handle.task_id)
                .ok_or_else(|| error::not_found("Task does not exist."))?;
            if task.status != Status::Running {
                return Err(error::invalid("Only active tasks can be cancelled."));
            }
            // The mover ends with what it is moving now.
            task.status = Status::Cancelling;
            task.save(tx)?;
            Ok(CancelMessageMoveTaskOutput { approximate_number_of_messages_moved: task.moved })
        })
        .await?;
    cx.cloud.move_tasks.notify_one();
    Ok(cancelled)
}
