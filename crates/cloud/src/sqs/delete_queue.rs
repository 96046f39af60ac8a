//! DeleteQueue: the queue, its messages and its message move tasks.

use serde::Deserialize;

use super::{cool_down, move_tasks, queue_url};
use crate::request::Context;
use engine::Change;
use wire::{AwsError, Text};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteQueueInput<'a> {
    #[serde(borrow)]
    pub queue_url: Option<Text<'a>>,
}

pub(crate) async fn delete_queue(cx: &Context, input: DeleteQueueInput<'_>) -> Result<(), AwsError> {
    let arn = queue_url::to_arn(cx, &input.queue_url)?;
    delete(cx, &arn).await
}

/// Deletes the queue with an ARN.
///
/// # Errors
/// `QueueDoesNotExist`.
pub(crate) async fn delete(cx: &Context, arn: &str) -> Result<(), AwsError> {
    let id = cx
        .cloud
        .core
        .execute_freeing(|tx| {
            let id = queue_url::open(cx, tx.engine(), arn, "sqs:DeleteQueue")?;
            tx.apply(&Change::QueueGone(id));
            move_tasks::forget(tx, arn);
            cool_down::start(tx, arn);
            Ok(id)
        })
        .await?;
    cx.cloud.core.waiters.wake_all(id);
    Ok(())
}
