//! What is done: each action runs AWS's own operation, and says which line of the AWS CLI does the same.

use std::time::Duration;

use serde_json::{Map, Value as Json, json};

use super::input::Input;
use super::parameters;
use super::shell::Line;
use crate::console::view::{bucket, name_of, queue, stream, topic};
use crate::console::{Viewer, absent, wrong};
use crate::firehose::flusher;
use crate::request::{Context, intern};
use crate::sqs::queue_url;
use text::arn;
use wire::{AwsError, Form};

/// How long a flush is waited for, and how often it is looked whether it is done.
const PATIENCE: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(10);

/// What an action came to, and the line that does the same.
pub(crate) struct Done {
    pub result: Json,
    pub cli: String,
}

/// Does what an action's name says.
///
/// # Errors
/// 404 for an action that there isn't; those of the operation.
pub(crate) async fn act(viewer: &Viewer, action: &str, input: &Input) -> Result<Done, AwsError> {
    match action {
        "send" => send(viewer, input).await,
        "publish" => publish(viewer, input).await,
        "purge" => purge(viewer, input).await,
        "redrive" => redrive(viewer, input).await,
        "cancel-redrive" => cancel_redrive(viewer, input).await,
        "flush" => flush(viewer, input).await,
        "presign" => presign(viewer, input).await,
        _ => Err(absent("action", action)),
    }
}

/// The queue that an input names: its ARN and URL, and a context of its region.
fn queue_of(viewer: &Viewer, input: &Input) -> Result<(String, String, Context), AwsError> {
    let arn = queue::find(viewer, input.text("queue")?)?;
    let url = queue_url::of(viewer.cx.services, &viewer.cx.host, &arn);
    let cx = there(viewer, &arn);
    Ok((arn, url, cx))
}

fn there(viewer: &Viewer, arn: &str) -> Context {
    Context { region: intern(arn::region(arn)), ..viewer.cx.clone() }
}

/// Message attributes as SNS and SQS take them; none where there are none.
fn message_attributes(input: &Input) -> Result<Option<Json>, AwsError> {
    let mut given = Map::new();
    for (name, kind, value) in input.attributes()? {
        let field = if kind.starts_with("Binary") { "BinaryValue" } else { "StringValue" };
        given.insert(name, json!({"DataType": kind, field: value}));
    }
    Ok((!given.is_empty()).then_some(Json::Object(given)))
}

async fn send(viewer: &Viewer, input: &Input) -> Result<Done, AwsError> {
    let (_, url, cx) = queue_of(viewer, input)?;
    let (body, attributes, delay) = (input.text("body")?, message_attributes(input)?, input.number("delay")?);
    let (group, deduplication) = (input.given("group"), input.given("deduplication"));
    let mut asked = json!({"QueueUrl": url, "MessageBody": body});
    put(&mut asked, "MessageAttributes", attributes.clone());
    put(&mut asked, "DelaySeconds", delay.map(Json::from));
    put(&mut asked, "MessageGroupId", group.map(Json::from));
    put(&mut asked, "MessageDeduplicationId", deduplication.map(Json::from));
    let line = Line::aws(&cx, "sqs", "send-message").option("--queue-url", &url).option("--message-body", body);
    let line = line.perhaps("--message-attributes", attributes.map(|it| it.to_string()).as_deref());
    let line = line.perhaps("--delay-seconds", delay.map(|it| it.to_string()).as_deref());
    let line = line.perhaps("--message-group-id", group).perhaps("--message-deduplication-id", deduplication);
    Ok(Done { result: cx.call("sqs", "SendMessage", asked).await?, cli: line.end() })
}

async fn publish(viewer: &Viewer, input: &Input) -> Result<Done, AwsError> {
    let arn = topic::find(viewer, input.text("topic")?)?;
    let cx = there(viewer, &arn);
    let (body, attributes) = (input.text("body")?, message_attributes(input)?);
    let (group, deduplication) = (input.given("group"), input.given("deduplication"));
    let (subject, structure) = (input.given("subject"), input.given("structure"));
    let mut asked = json!({"TopicArn": arn, "Message": body});
    put(&mut asked, "MessageAttributes", attributes.clone());
    put(&mut asked, "Subject", subject.map(Json::from));
    put(&mut asked, "MessageStructure", structure.map(Json::from));
    put(&mut asked, "MessageGroupId", group.map(Json::from));
    put(&mut asked, "MessageDeduplicationId", deduplication.map(Json::from));
    let line = Line::aws(&cx, "sns", "publish").option("--topic-arn", &arn).option("--message", body);
    let line = line.perhaps("--message-attributes", attributes.map(|it| it.to_string()).as_deref());
    let line = line.perhaps("--subject", subject).perhaps("--message-structure", structure);
    let line = line.perhaps("--message-group-id", group).perhaps("--message-deduplication-id", deduplication);
    Ok(Done { result: cx.call("sns", "Publish", asked).await?, cli: line.end() })
}

/// Asked twice: the queue's name has to be given once more.
async fn purge(viewer: &Viewer, input: &Input) -> Result<Done, AwsError> {
    let (arn, url, cx) = queue_of(viewer, input)?;
    let name = name_of(&arn);
    if input.given("confirm") != Some(name) {
        return Err(wrong(format!(
            "All messages of the queue would go: repeat with confirm, which is its name, {name}."
        )));
    }
    let cli = Line::aws(&cx, "sqs", "purge-queue").option("--queue-url", &url).end();
    Ok(Done { result: cx.call("sqs", "PurgeQueue", json!({"QueueUrl": url})).await?, cli })
}

async fn redrive(viewer: &Viewer, input: &Input) -> Result<Done, AwsError> {
    let (arn, _, cx) = queue_of(viewer, input)?;
    let to = input.given("to").map(|to| queue::find(viewer, to)).transpose()?;
    let rate = input.number("rate")?;
    let mut asked = json!({"SourceArn": arn});
    put(&mut asked, "DestinationArn", to.clone().map(Json::from));
    put(&mut asked, "MaxNumberOfMessagesPerSecond", rate.map(Json::from));
    let line = Line::aws(&cx, "sqs", "start-message-move-task").option("--source-arn", &arn);
    let line = line.perhaps("--destination-arn", to.as_deref());
    let line = line.perhaps("--max-number-of-messages-per-second", rate.map(|it| it.to_string()).as_deref());
    Ok(Done { result: cx.call("sqs", "StartMessageMoveTask", asked).await?, cli: line.end() })
}

async fn cancel_redrive(viewer: &Viewer, input: &Input) -> Result<Done, AwsError> {
    let handle = input.text("handle")?;
    let cx = match input.given("queue") {
        Some(_) => queue_of(viewer, input)?.2,
        None => viewer.cx.clone(),
    };
    let cli = Line::aws(&cx, "sqs", "cancel-message-move-task").option("--task-handle", handle).end();
    Ok(Done { result: cx.call("sqs", "CancelMessageMoveTask", json!({"TaskHandle": handle})).await?, cli })
}

/// A stream lands what it holds. AWS has no operation for that: its line only shows the stream.
async fn flush(viewer: &Viewer, input: &Input) -> Result<Done, AwsError> {
    let arn = stream::find(viewer, input.text("stream")?)?;
    let (cloud, cx) = (&viewer.cx.cloud, there(viewer, &arn));
    let waiting = || {
        cloud.core.read(|engine, _| {
            let stream = engine.stream_by_arn(&arn)?;
            Some((stream.config.id, stream.next_position(), stream.records().next().map(|(position, _)| position)))
        })
    };
    let (id, end, first) = waiting().ok_or_else(|| absent("delivery stream", &arn))?;
    let records = cloud.core.read(|engine, _| engine.stream(id).map_or(0, engine::stream::Stream::len));
    let mut landed = first.is_none();
    if !landed {
        flusher::flush_now(cloud, id);
    }
    let until = tokio::time::Instant::now() + PATIENCE;
    while !landed && tokio::time::Instant::now() < until {
        tokio::time::sleep(LOOK).await;
        landed = waiting().is_none_or(|(_, _, first)| first.is_none_or(|first| first >= end));
    }
    let line = Line::aws(&cx, "firehose", "describe-delivery-stream");
    let cli = line.option("--delivery-stream-name", name_of(&arn)).end();
    Ok(Done { result: json!({"records": records, "landed": landed}), cli })
}

async fn presign(viewer: &Viewer, input: &Input) -> Result<Done, AwsError> {
    let (name, key) = (input.text("bucket")?, input.text("key")?);
    let encoded = percent_encoding::utf8_percent_encode(key, percent_encoding::NON_ALPHANUMERIC).to_string();
    let form = Form::parse(&[format!("key={encoded}").as_bytes()])?;
    let object = bucket::object(viewer, name, &form).await?;
    if object.presigned.is_empty() {
        return Err(wrong("The secret of the key that you signed with isn't known here: presign with the AWS CLI."));
    }
    let line = Line::aws(&viewer.cx, "s3", "presign").word(&format!("s3://{name}/{key}"));
    Ok(Done { result: json!({"url": object.presigned}), cli: line.option("--expires-in", "3600").end() })
}

fn put(asked: &mut Json, name: &str, value: Option<Json>) {
    if let Some(value) = value {
        asked[name] = value;
    }
}

/// What a filter policy says to a message, for `POST /topics/NAME/try`.
///
/// # Errors
/// 404 for a topic that isn't there; those of the policy.
pub(crate) fn try_policy(viewer: &Viewer, name: &str, input: &Input) -> Result<Json, AwsError> {
    input.check(parameters::fields("try").unwrap_or_default())?;
    topic::find(viewer, name)?;
    let policy = match input.value("policy") {
        Some(Json::Object(policy)) => Json::Object(policy.clone()).to_string(),
        _ => input.text("policy")?.to_owned(),
    };
    let body = input.given("body").unwrap_or_default();
    super::shown(&topic::try_policy(&policy, input.given("scope"), body, &input.attributes()?)?)
}
