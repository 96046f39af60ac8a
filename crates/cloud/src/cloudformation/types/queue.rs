//! `AWS::SQS::Queue`.

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::resource_type::ResourceType;
use super::schema::{Field, Properties, Schema, TAGS, boolean, integer, json as any, string};
use super::work::{Created, ResourceError, ResourceResult, Work, already_exists, attribute, tag_changes, text};

const FIELDS: &[Field] = &[
    boolean("ContentBasedDeduplication"),
    string("DeduplicationScope"),
    integer("DelaySeconds"),
    boolean("FifoQueue").replaces(),
    string("FifoThroughputLimit"),
    integer("KmsDataKeyReusePeriodSeconds").stored(),
    string("KmsMasterKeyId").stored(),
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

/// What an attribute is set to when its property goes. 262,144 is what CloudFormation sets, though a new queue has more. What
/// isn't here stays as it is on AWS: DeduplicationScope, FifoThroughputLimit and SqsManagedSseEnabled (recorded on AWS).
const DEFAULTS: &[(&str, &str)] = &[
    ("ContentBasedDeduplication", "false"),
    ("DelaySeconds", "0"),
    ("KmsDataKeyReusePeriodSeconds", "300"),
    ("KmsMasterKeyId", ""),
    ("MaximumMessageSize", "262144"),
    ("MessageRetentionPeriod", "345600"),
    ("ReceiveMessageWaitTimeSeconds", "0"),
    ("RedriveAllowPolicy", ""),
    ("RedrivePolicy", ""),
    ("VisibilityTimeout", "30"),
];

static SCHEMA: Schema = Schema {
    type_name: "AWS::SQS::Queue",
    fields: FIELDS,
    absent: &[],
    attributes: &["Arn", "QueueName", "QueueUrl"],
    identifiers: &["QueueUrl"],
};

/// `AWS::SQS::Queue`.
pub(super) struct Queue;

#[async_trait]
impl ResourceType for Queue {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn choose_name(&self, work: &Work<'_>, properties: &Properties) -> String {
        if let Some(name) = text(properties, "QueueName") {
            return name.to_owned();
        }
        match properties.get("FifoQueue") {
            Some(Value::Bool(true)) => format!("{}.fifo", work.generated.within(75)),
            _ => work.generated.within(80),
        }
    }

    fn physical_id(&self, work: &Work<'_>, name: &str, _properties: &Properties) -> String {
        format!("{}/{}/{name}", work.cx.host, work.cx.account)
    }

    async fn check_name_is_free(&self, work: &Work<'_>, name: &str, _properties: &Properties) -> ResourceResult<()> {
        match work.call("sqs", "GetQueueUrl", json!({"QueueName": name})).await {
            Ok(found) => Err(already_exists(SCHEMA.type_name, found["QueueUrl"].as_str().unwrap_or(name))),
            Err(_) => Ok(()),
        }
    }

    async fn create(&self, work: &Work<'_>, name: &str, properties: &Properties) -> ResourceResult<Created> {
        let input =
            json!({"QueueName": name, "Attributes": attributes(properties), "tags": work.first_tags(properties)});
        let created = work.call("sqs", "CreateQueue", input).await?;
        let url = created["QueueUrl"].as_str().ok_or_else(|| ResourceError::new("CreateQueue gave no URL"))?;
        Ok(Created::new(
            url,
            [("Arn", work.arn("sqs", name).into()), ("QueueName", name.into()), ("QueueUrl", url.into())],
        ))
    }

    async fn update(&self, work: &Work<'_>, url: &str, old: &Properties, new: &Properties) -> ResourceResult<()> {
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

    async fn delete(&self, work: &Work<'_>, url: &str, _properties: &Properties) -> ResourceResult<()> {
        work.call_unless_gone("sqs", "DeleteQueue", json!({"QueueUrl": url}), &["QueueDoesNotExist"]).await
    }
}

fn attributes(properties: &Properties) -> Map<String, Value> {
    let own = properties.iter().filter(|(name, _)| !matches!(name.as_str(), "QueueName" | "Tags"));
    // AWS refuses FifoQueue=false: a standard queue has no such attribute.
    let own = own.filter(|(name, value)| name.as_str() != "FifoQueue" || **value == Value::Bool(true));
    own.map(|(name, value)| (name.clone(), attribute(value))).collect()
}
