//! TagQueue, UntagQueue, ListQueueTags.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{error, queue_url};
use crate::request::Context;
use engine::Change;
use engine::config::{Attributes, QueueConfig};
use wire::{AwsError, Pairs, Text};

/// "Amazon SQS policy and tagging quotas": 50 tags a queue, keys of 128 and values of 256 characters.
const MAX_TAGS: usize = 50;
const MAX_KEY: usize = 128;
const MAX_VALUE: usize = 256;

/// Checks the tags that a client gives.
///
/// # Errors
/// `InvalidParameterValue`.
pub(crate) fn check(cx: &Context, tags: &Pairs<'_>, queue: &str) -> Result<(), AwsError> {
    if tags.iter().filter(|(key, _)| !key.starts_with("aws:")).count() > MAX_TAGS {
        return Err(too_many(queue));
    }
    for (key, value) in tags.iter() {
        if key.is_empty() || key.chars().count() > MAX_KEY {
            return Err(error::invalid("Tag keys must be between 1 and 128 characters in length."));
        }
        if value.chars().count() > MAX_VALUE {
            return Err(error::invalid("Tag values must be between 0 and 256 characters in length."));
        }
        if cx.service.is_none() && key.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:")) {
            return Err(error::invalid("Tag keys can't start with aws: because it is reserved for internal use."));
        }
    }
    Ok(())
}

fn too_many(queue: &str) -> AwsError {
    error::invalid(format!("Too many tags added for queue {queue}."))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TagQueueInput<'a> {
    #[serde(borrow)]
    pub queue_url: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub tags: Option<Pairs<'a>>,
}

pub(crate) async fn tag_queue(cx: &Context, input: TagQueueInput<'_>) -> Result<(), AwsError> {
    let arn = queue_url::to_arn(cx, &input.queue_url)?;
    let given = input.tags.filter(|tags| !tags.is_empty()).ok_or_else(|| error::missing("Tags"))?;
    check(cx, &given, queue_url::name(&arn))?;
    change(cx, &arn, "sqs:TagQueue", |tags| {
        tags.extend(given.into_iter().map(|(key, value)| (key.into_owned(), value.into_owned())));
        if tags.keys().filter(|key| !key.starts_with("aws:")).count() > MAX_TAGS {
            return Err(too_many(queue_url::name(&arn)));
        }
        Ok(())
    })
    .await
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UntagQueueInput<'a> {
    #[serde(borrow)]
    pub queue_url: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub tag_keys: Option<Vec<Text<'a>>>,
}

pub(crate) async fn untag_queue(cx: &Context, input: UntagQueueInput<'_>) -> Result<(), AwsError> {
    let arn = queue_url::to_arn(cx, &input.queue_url)?;
    let keys = input.tag_keys.filter(|keys| !keys.is_empty()).ok_or_else(|| error::missing("TagKeys"))?;
    change(cx, &arn, "sqs:UntagQueue", |tags| {
        keys.iter().for_each(|key| _ = tags.remove(key.as_str()));
        Ok(())
    })
    .await
}

async fn change(
    cx: &Context,
    arn: &str,
    action: &str,
    change: impl FnOnce(&mut Attributes) -> Result<(), AwsError>,
) -> Result<(), AwsError> {
    cx.cloud
        .core
        .execute(|tx| {
            let id = queue_url::open(cx, tx.engine(), arn, action)?;
            let config = &queue_url::queue(cx, tx.engine(), id)?.config;
            let mut tags = config.tags.clone();
            change(&mut tags)?;
            let config = QueueConfig { tags, ..config.clone() };
            tx.declare(&Change::Queue(Cow::Owned(config)))?;
            Ok(())
        })
        .await
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListQueueTagsInput<'a> {
    #[serde(borrow)]
    pub queue_url: Option<Text<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListQueueTagsOutput {
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    pub tags: Attributes,
}

pub(crate) async fn list_queue_tags(
    cx: &Context,
    input: ListQueueTagsInput<'_>,
) -> Result<ListQueueTagsOutput, AwsError> {
    let arn = queue_url::to_arn(cx, &input.queue_url)?;
    cx.cloud.core.read(|engine, _| {
        let id = queue_url::open(cx, engine, &arn, "sqs:ListQueueTags")?;
        let mut tags = queue_url::queue(cx, engine, id)?.config.tags.clone();
        // Those of CloudFormation aren't shown.
        tags.retain(|key, _| !key.starts_with("aws:"));
        Ok(ListQueueTagsOutput { tags })
    })
}
