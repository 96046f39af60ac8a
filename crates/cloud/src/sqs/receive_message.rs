//! ReceiveMessage, with long polling.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::received::{self, Message, Wanted};
use super::{again, error, queue_url};
use crate::chaos::Kind;
use crate::core::receive::{Manner, Reorder};
use crate::request::Context;
use engine::Position;
use engine::queue::Receive;
use wire::{AwsError, Protocol, Text};

/// "ReceiveMessage" (Amazon SQS API Reference): 1 to 10 messages, 20 seconds, 12 hours, an attempt id of 128 characters.
const MAX_MESSAGES: i64 = 10;
const MAX_WAIT: i64 = 20;
pub(super) const MAX_VISIBILITY: i64 = 43_200;
const MAX_ATTEMPT: usize = 128;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ReceiveMessageInput<'a> {
    #[serde(borrow)]
    pub queue_url: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub attribute_names: Option<Vec<Text<'a>>>,
    #[serde(borrow, default)]
    pub message_system_attribute_names: Option<Vec<Text<'a>>>,
    #[serde(borrow, default)]
    pub message_attribute_names: Option<Vec<Text<'a>>>,
    #[serde(default)]
    pub max_number_of_messages: Option<i64>,
    #[serde(default)]
    pub visibility_timeout: Option<i64>,
    #[serde(default)]
    pub wait_time_seconds: Option<i64>,
    #[serde(borrow, default)]
    pub receive_request_attempt_id: Option<Text<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ReceiveMessageOutput {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<Message>,
}

pub(super) async fn receive_message(
    cx: &Context,
    input: ReceiveMessageInput<'_>,
) -> Result<ReceiveMessageOutput, AwsError> {
    let arn = queue_url::to_arn(cx, &input.queue_url)?;
    let max = input.max_number_of_messages.unwrap_or(1);
    if !(1..=MAX_MESSAGES).contains(&max) {
        return Err(error::invalid_value(max, "MaxNumberOfMessages", "Must be between 1 and 10, if provided."));
    }
    let visibility = up_to(input.visibility_timeout, MAX_VISIBILITY, "VisibilityTimeout")?;
    let wait = up_to(input.wait_time_seconds, MAX_WAIT, "WaitTimeSeconds")?;
    let attempt = input.receive_request_attempt_id.as_deref();
    if let Some(attempt) = attempt
        && (attempt.is_empty() || attempt.len() > MAX_ATTEMPT || !attempt.bytes().all(|byte| byte.is_ascii_graphic()))
    {
        let reason =
            "ReceiveRequestAttemptId can only include alphanumeric and punctuation characters. 1 to 128 in length.";
        return Err(error::invalid_value(attempt, "ReceiveRequestAttemptId", reason));
    }
    let wanted = Wanted::of(system_names(cx, &input), input.message_attribute_names.as_deref().unwrap_or_default())?;
    let core = &cx.cloud.core;
    let (id, salt, fifo, patience) = core.read(|engine, _| {
        let id = queue_url::open(cx, engine, &arn, "sqs:ReceiveMessage")?;
        let salt = engine.salt();
        let settings = &queue_url::queue(cx, engine, id)?.settings;
        Ok::<_, AwsError>((id, salt, settings.fifo, Duration::from_millis(wait.unwrap_or(settings.receive_wait))))
    })?;
    if attempt.is_some() && !fifo {
        let reason = "The request include parameter that is not valid for this queue type.";
        return Err(error::invalid_value(attempt.unwrap_or_default(), "ReceiveRequestAttemptId", reason));
    }
    let by = cx
        .origin
        .agent
        .as_ref()
        .map_or(0, |agent| cx.cloud.consumers.note(id, agent, cx.origin.application.as_ref(), core.now()));
    let receive = Receive { max: max as usize, visibility, attempt };
    let reorder = |positions: &mut [Position]| again::reorder(&cx.cloud, core.now(), &arn, positions);
    let is_reordered = !fifo && cx.cloud.chaos.has(Kind::Reorder);
    let reorder = is_reordered.then_some(&reorder as Reorder<'_>);
    let manner = Manner { reorder, by };
    let received = core.receive_in(id, receive, patience, manner, || cx.begin_to_wait()).await?;
    let Some((handed, over_limit)) = received else {
        return Err(error::no_queue(cx));
    };
    if over_limit && handed.is_empty() && !fifo && wait.unwrap_or_default() == 0 {
        return Err(error::over_limit(
            "Too many messages have been received without being deleted. Please delete your received messages or let them \
             timeout before receiving more.",
        ));
    }
    if let Some(told) = &cx.told {
        told.answer(match handed.len() {
            1 => "1 message".to_owned(),
            n => format!("{n} messages"),
        });
    }
    Ok(ReceiveMessageOutput { messages: received::render(cx, id, salt, fifo, &handed, &wanted)? })
}

/// `AttributeNames` is the older name of `MessageSystemAttributeNames`. The query protocol knew it first and prefers it.
fn system_names<'i, 'a>(cx: &Context, input: &'i ReceiveMessageInput<'a>) -> &'i [Text<'a>] {
    let old = input.attribute_names.as_deref().unwrap_or_default();
    let new = input.message_system_attribute_names.as_deref().unwrap_or_default();
    let (first, second) = if cx.protocol == Protocol::Query { (old, new) } else { (new, old) };
    if first.is_empty() { second } else { first }
}

/// A parameter in seconds, as milliseconds.
fn up_to(given: Option<i64>, max: i64, parameter: &str) -> Result<Option<u64>, AwsError> {
    match given {
        Some(value) if !(0..=max).contains(&value) => {
            let reason = format!("Must be >= 0 and <= {max}, if provided.");
            Err(error::invalid_value(value, parameter, &reason))
        }
        given => Ok(given.map(|seconds| seconds as u64 * 1000)),
    }
}
