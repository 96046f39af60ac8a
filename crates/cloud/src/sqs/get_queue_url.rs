//! GetQueueUrl: a queue's URL by its name.

use serde::{Deserialize, Serialize};

use super::{error, queue_url};
use crate::request::Context;
use wire::{AwsError, Text};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetQueueUrlInput<'a> {
    #[serde(borrow)]
    pub queue_name: Option<Text<'a>>,
    #[serde(borrow, default, rename = "QueueOwnerAWSAccountId")]
    pub owner: Option<Text<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetQueueUrlOutput {
    pub queue_url: String,
}

pub(super) async fn get_queue_url(cx: &Context, input: GetQueueUrlInput<'_>) -> Result<GetQueueUrlOutput, AwsError> {
    let name =
        input.queue_name.as_deref().filter(|name| !name.is_empty()).ok_or_else(|| error::missing("QueueName"))?;
    let owner = input.owner.as_deref().filter(|owner| !owner.is_empty()).unwrap_or(&cx.account);
    let arn = queue_url::arn(&cx.region, owner, name);
    cx.cloud.core.read(|engine, _| queue_url::open(cx, engine, &arn, "sqs:GetQueueUrl"))?;
    Ok(GetQueueUrlOutput { queue_url: queue_url::of(cx.services, &cx.host, &arn) })
}
