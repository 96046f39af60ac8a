//! CreateQueue: once, however often it is asked for with the same attributes.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{attributes, cool_down, error, queue_url, tags};
use crate::request::Context;
use engine::config::{Attributes, QueueConfig};
use engine::{Change, QueueId};
use wire::{AwsError, Pairs, Text};

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateQueueInput<'a> {
    #[serde(borrow)]
    pub queue_name: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub attributes: Option<Pairs<'a>>,
    #[serde(borrow, default, rename = "tags")]
    pub tags: Option<Pairs<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateQueueOutput {
    pub queue_url: String,
}

pub(crate) async fn create_queue(cx: &Context, input: CreateQueueInput<'_>) -> Result<CreateQueueOutput, AwsError> {
    let name =
        input.queue_name.as_deref().filter(|name| !name.is_empty()).ok_or_else(|| error::missing("QueueName"))?;
    let given = input.attributes.as_ref().map_or(&[][..], |attributes| attributes);
    let given: Vec<(&str, &str)> = given.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let fifo = given.iter().any(|(name, value)| *name == "FifoQueue" && value.eq_ignore_ascii_case("true"));
    check_name(name, fifo)?;
    let arn = queue_url::arn(&cx.region, &cx.account, name);
    let attributes = attributes::validate(given, &arn)?;
    let tags = input.tags.unwrap_or_default();
    tags::check(cx, &tags, name)?;
    let tags = tags.into_iter().map(|(key, value)| (key.into_owned(), value.into_owned())).collect();
    create(cx, &arn, attributes, tags).await?;
    Ok(CreateQueueOutput { queue_url: queue_url::of(cx.services, &cx.host, &arn) })
}

/// Declares a queue with validated attributes, unless it is there with the same.
///
/// # Errors
/// `QueueNameExists` when an attribute differs, `QueueDeletedRecently`, and what its redrive policy is refused for.
pub(crate) async fn create(
    cx: &Context,
    arn: &str,
    given: Vec<(String, String)>,
    tags: Attributes,
) -> Result<QueueId, AwsError> {
    cx.cloud
        .core
        .execute(|tx| {
            if let Some(queue) = queue_url::find(tx.engine(), arn).and_then(|id| tx.engine().queue(id)) {
                let differs = given.iter().find(|(name, value)| !attributes::agrees(&queue.config, name, value));
                return match differs {
                    None => Ok(queue.config.id),
                    Some((name, _)) => Err(exists(name)),
                };
            }
            cool_down::check(tx, arn)?;
            attributes::check_redrive(tx.engine(), &given, arn)?;
            let mut attributes = Attributes::new();
            attributes::merge(&mut attributes, given)?;
            let id = QueueId(tx.engine().next_id());
            let (created, modified) = (tx.now, tx.now);
            let config = QueueConfig { id, arn: arn.to_owned(), attributes, tags, created, modified, hidden: false };
            tx.declare(&Change::Queue(Cow::Owned(config)))?;
            Ok(id)
        })
        .await
}

fn exists(attribute: &str) -> AwsError {
    let message = format!("A queue already exists with the same name and a different value for attribute {attribute}");
    AwsError::bad("QueueNameExists", message).query_code("QueueAlreadyExists")
}

fn check_name(name: &str, fifo: bool) -> Result<(), AwsError> {
    if queue_url::is_name(name) && name.ends_with(".fifo") == fifo {
        return Ok(());
    }
    Err(error::invalid(if fifo {
        "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo \
         suffix and be 1 to 80 in length."
    } else {
        "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
    }))
}
