//! GetQueueAttributes and SetQueueAttributes.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{attributes, error, queue_url};
use crate::request::Context;
use engine::Change;
use wire::{AwsError, Pairs, Text};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetQueueAttributesInput<'a> {
    #[serde(borrow)]
    pub queue_url: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub attribute_names: Option<Vec<Text<'a>>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetQueueAttributesOutput {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributes: Option<Pairs<'static, String>>,
}

pub(crate) async fn get_queue_attributes(
    cx: &Context,
    input: GetQueueAttributesInput<'_>,
) -> Result<GetQueueAttributesOutput, AwsError> {
    let arn = queue_url::to_arn(cx, &input.queue_url)?;
    let names = input.attribute_names.unwrap_or_default();
    let values = cx.cloud.core.count(|engine, now| {
        let id = queue_url::open(cx, engine, &arn, "sqs:GetQueueAttributes")?;
        let queue = engine.queue_mut(id).ok_or_else(|| error::no_queue(cx))?;
        attributes::read(queue, names.iter().map(Text::as_str), now)
    })?;
    let values: Pairs<'static, String> = values.into_iter().map(|(name, value)| (Text::from(name), value)).collect();
    Ok(GetQueueAttributesOutput { attributes: (!values.is_empty()).then_some(values) })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SetQueueAttributesInput<'a> {
    #[serde(borrow)]
    pub queue_url: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub attributes: Option<Pairs<'a>>,
}

pub(crate) async fn set_queue_attributes(cx: &Context, input: SetQueueAttributesInput<'_>) -> Result<(), AwsError> {
    let arn = queue_url::to_arn(cx, &input.queue_url)?;
    let given = input.attributes.filter(|given| !given.is_empty()).ok_or_else(|| error::missing("Attribute.Name"))?;
    let given: Vec<(&str, &str)> = given.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    set(cx, &arn, &given).await
}

/// Sets attributes of the queue with an ARN.
///
/// # Errors
/// `QueueDoesNotExist`; what the attributes are refused for.
pub(crate) async fn set(cx: &Context, arn: &str, given: &[(&str, &str)]) -> Result<(), AwsError> {
    // A policy that is taken away, as with its stack.
    let frees = given.iter().all(|(_, value)| value.is_empty());
    cx.cloud
        .core
        .execute_as(frees, |tx| {
            let id = queue_url::open(cx, tx.engine(), arn, "sqs:SetQueueAttributes")?;
            let given = attributes::validate(given.iter().copied(), arn)?;
            if given.iter().any(|(name, value)| name == "FifoQueue" && value == "false") {
                return Err(error::attribute_reason("FifoQueue", "Modifying queue type is not supported."));
            }
            attributes::check_redrive(tx.engine(), &given, arn)?;
            let now = tx.now;
            let config = &queue_url::queue(cx, tx.engine(), id)?.config;
            let mut attributes = config.attributes.clone();
            attributes::merge(&mut attributes, given)?;
            let config = attributes::changed(config, attributes, now);
            tx.declare(&Change::Queue(Cow::Owned(config)))?;
            Ok(())
        })
        .await
}
