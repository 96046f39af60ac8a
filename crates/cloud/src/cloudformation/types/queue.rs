//! `AWS::SQS::Queue`.

use serde_json::{Map, Value, json};

use super::schema::{Field, TAGS, boolean, integer, json as any, string};
use super::work::{Done, Failure, Made, Work, attribute, exists, tag_changes, text};

pub const KIND: &str = "AWS::SQS::Queue";

pub const FIELDS: &[Field] = &[
    boolean("ContentBasedDeduplication"),
    string("DeduplicationScope"),
    integer("DelaySeconds"),
    boolean("FifoQueue").replaces(),
    string("FifoThroughputLimit"),
    integer("KmsDataKeyReusePeriodSeconds"),
    string("KmsMasterKeyId"),
    integer("MaximumMessageSize"),
    integer("MessageRetentionPeriod"),
    string("QueueName").replaces(),
    integer("ReceiveMessageWaitTimeSeconds"),
    any("RedriveAllowPolicy"),
    any("RedrivePolicy"),
    boolean("SqsManagedSseEnabled"),
    TAGS,
    integer("VisibilityTimeout"),
];

pub const ATTRIBUTES: &[&str] = &["Arn", "QueueName", "QueueUrl"];

/// What an attribute is set to when its property goes. 262,144 is what CloudFormation sets, though a new queue has more.
const DEFAULTS: &[(&str, &str)] = &[
    ("ContentBasedDeduplication", "false"),
    ("DeduplicationScope", "queue"),
    ("DelaySeconds", "0"),
    ("FifoThroughputLimit", "perQueue"),
    ("KmsDataKeyReusePeriodSeconds", "300"),
    ("KmsMasterKeyId", ""),
    ("MaximumMessageSize", "262144"),
    ("MessageRetentionPeriod", "345600"),
    ("ReceiveMessageWaitTimeSeconds", "0"),
    ("RedriveAllowPolicy", ""),
    ("RedrivePolicy", ""),
    ("SqsManagedSseEnabled", "true"),
    ("VisibilityTimeout", "30"),
];

fn attributes(properties: &Map<String, Value>) -> Map<String, Value> {
    let own = properties.iter().filter(|(name, _)| !matches!(name.as_str(), "QueueName" | "Tags"));
    // AWS refuses FifoQueue=false: a standard queue has no such attribute.
    let own = own.filter(|(name, value)| name.as_str() != "FifoQueue" || **value == Value::Bool(true));
    own.map(|(name, value)| (name.clone(), attribute(value))).collect()
}

/// The name: given, or generated.
pub fn name(work: &Work<'_>, properties: &Map<String, Value>) -> String {
    if let Some(name) = text(properties, "QueueName") {
        return name.to_owned();
    }
    match properties.get("FifoQueue") {
        Some(Value::Bool(true)) => format!("{}.fifo", work.generated.within(75)),
        _ => work.generated.within(80),
    }
}

/// Fails if the name is another's.
pub async fn taken(work: &Work<'_>, name: &str) -> Done<()> {
    match work.call("sqs", "GetQueueUrl", json!({"QueueName": name})).await {
        Ok(found) => Err(exists(KIND, found["QueueUrl"].as_str().unwrap_or(name))),
        Err(_) => Ok(()),
    }
}

pub async fn create(work: &Work<'_>, name: &str, properties: &Map<String, Value>) -> Done<Made> {
    let input = json!({"QueueName": name, "Attributes": attributes(properties), "tags": work.first_tags(properties)});
    let created = work.call("sqs", "CreateQueue", input).await?;
    let url = created["QueueUrl"].as_str().ok_or_else(|| Failure::new("CreateQueue gave no URL"))?;
    Ok(Made::new(url, [("Arn", work.arn("sqs", name).into()), ("QueueName", name.into()), ("QueueUrl", url.into())]))
}

pub async fn update(work: &Work<'_>, url: &str, old: &Map<String, Value>, new: &Map<String, Value>) -> Done<()> {
    let (before, after) = (attributes(old), attributes(new));
    let mut changes: Map<String, Value> = after
        .iter()
        .filter(|(name, value)| before.get(*name) != Some(value))
        .map(|(n, v)| (n.clone(), v.clone()))
        .collect();
    for (name, default) in DEFAULTS {
        if before.contains_key(*name) && !after.contains_key(*name) {
            changes.insert((*name).to_owned(), (*default).into());
        }
    }
    if !changes.is_empty() {
        work.call("sqs", "SetQueueAttributes", json!({"QueueUrl": url, "Attributes": changes})).await?;
    }
    let (set, gone) = tag_changes(&work.all_tags_before(old), &work.all_tags(new));
    if !gone.is_empty() {
        work.call("sqs", "UntagQueue", json!({"QueueUrl": url, "TagKeys": gone})).await?;
    }
    if !set.is_empty() {
        work.call("sqs", "TagQueue", json!({"QueueUrl": url, "Tags": set})).await?;
    }
    Ok(())
}

pub async fn delete(work: &Work<'_>, url: &str) -> Done<()> {
    work.delete("sqs", "DeleteQueue", json!({"QueueUrl": url}), &["QueueDoesNotExist"]).await
}
