//! ListMessageMoveTasks: a source's most recent tasks.

use serde::{Deserialize, Serialize};

use super::task::{KEPT, Status, Task, resource, tasks};
use crate::request::Context;
use crate::sqs::error;
use wire::{AwsError, Text};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListMessageMoveTasksInput<'a> {
    #[serde(borrow)]
    pub source_arn: Option<Text<'a>>,
    #[serde(default)]
    pub max_results: Option<i64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListMessageMoveTasksOutput {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<Entry>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Entry {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_handle: Option<String>,
    pub status: Status,
    pub source_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_number_of_messages_per_second: Option<u32>,
    pub approximate_number_of_messages_moved: u64,
    pub approximate_number_of_messages_to_move: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_reason: Option<String>,
    pub started_timestamp: u64,
}

pub(crate) async fn list_message_move_tasks(
    cx: &Context,
    input: ListMessageMoveTasksInput<'_>,
) -> Result<ListMessageMoveTasksOutput, AwsError> {
    let source =
        input.source_arn.as_deref().filter(|arn| !arn.is_empty()).ok_or_else(|| error::missing("SourceArn"))?;
    let max = input.max_results.unwrap_or(1);
    if !(1..=KEPT as i64).contains(&max) {
        return Err(error::invalid_value(max, "MaxResults", "Must be between 1 and 10, if provided."));
    }
    let tasks = cx.cloud.core.read(|engine, _| {
        resource(cx, engine, source, "SourceArn")?;
        Ok::<_, AwsError>(tasks(engine, source))
    })?;
    Ok(ListMessageMoveTasksOutput { results: tasks.into_iter().take(max as usize).map(entry).collect() })
}

fn entry(task: Task) -> Entry {
    Entry {
        task_handle: (task.status == Status::Running).then(|| task.handle()),
        status: task.status,
        source_arn: task.source,
        destination_arn: task.destination,
        max_number_of_messages_per_second: task.rate,
        approximate_number_of_messages_moved: task.moved,
        approximate_number_of_messages_to_move: task.to_move,
        failure_reason: task.failure,
        started_timestamp: task.started,
    }
}
