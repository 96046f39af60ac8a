//! `AWS::SNS::Topic`.

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::resource_type::ResourceType;
use super::schema::{Conformed, Field, Properties, Schema, Shape, TAGS, boolean, json as any, list, string};
use super::subscription::LAMBDA;
use super::work::{Created, ResourceResult, Work, already_exists, attribute, tag_changes, tag_list, text};

const FIELDS: &[Field] = &[
    any("ArchivePolicy"),
    boolean("ContentBasedDeduplication"),
    any("DataProtectionPolicy").stored(),
    list(
        "DeliveryStatusLogging",
        &Shape::Object(&[
            string("FailureFeedbackRoleArn"),
            string("Protocol").required(),
            string("SuccessFeedbackRoleArn"),
            string("SuccessFeedbackSampleRate"),
        ]),
    )
    .stored(),
    string("DisplayName"),
    boolean("FifoTopic").replaces(),
    string("FifoThroughputScope"),
    string("KmsMasterKeyId").stored(),
    string("SignatureVersion"),
    list("Subscription", &Shape::Object(&[string("Endpoint").required(), string("Protocol").required()])),
    TAGS,
    string("TopicName").replaces(),
    string("TracingConfig").stored(),
];

/// Attributes that are properties of the same name, and what each is set to when the property goes.
const PLAIN: &[(&str, &str)] = &[
    ("ArchivePolicy", "{}"),
    ("ContentBasedDeduplication", "false"),
    ("DisplayName", ""),
    ("FifoThroughputScope", "Topic"),
    ("KmsMasterKeyId", ""),
    ("SignatureVersion", "1"),
    ("TracingConfig", "PassThrough"),
];

static SCHEMA: Schema = Schema {
    type_name: "AWS::SNS::Topic",
    fields: FIELDS,
    absent: &["MaximumMessageSize"],
    attributes: &["TopicArn", "TopicName"],
    identifiers: &["TopicArn"],
};

/// `AWS::SNS::Topic`.
pub(super) struct Topic;

#[async_trait]
impl ResourceType for Topic {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    /// What can't be delivered to isn't subscribed.
    fn conform(&self, properties: &Properties, leave_out: bool) -> Result<Conformed, String> {
        let mut conformed = SCHEMA.conform(properties, leave_out)?;
        if leave_out && let Some(Value::Array(declared)) = conformed.properties.get_mut("Subscription") {
            for gone in declared.extract_if(.., |it| it["Protocol"] == LAMBDA) {
                conformed.left_out.insert(format!("Subscription of {}", gone["Endpoint"].as_str().unwrap_or_default()));
            }
        }
        Ok(conformed)
    }

    fn choose_name(&self, work: &Work<'_>, properties: &Properties) -> String {
        if let Some(name) = text(properties, "TopicName") {
            return name.to_owned();
        }
        match properties.get("FifoTopic") {
            Some(Value::Bool(true)) => format!("{}.fifo", work.generated.within(251)),
            _ => work.generated.within(256),
        }
    }

    fn physical_id(&self, work: &Work<'_>, name: &str, _properties: &Properties) -> String {
        work.arn("sns", name)
    }

    async fn check_name_is_free(&self, work: &Work<'_>, name: &str, _properties: &Properties) -> ResourceResult<()> {
        let arn = work.arn("sns", name);
        match work.call("sns", "GetTopicAttributes", json!({"TopicArn": arn})).await {
            Ok(_) => Err(already_exists(SCHEMA.type_name, &arn)),
            Err(_) => Ok(()),
        }
    }

    async fn create(&self, work: &Work<'_>, name: &str, properties: &Properties) -> ResourceResult<Created> {
        let arn = work.arn("sns", name);
        let mut initial = attributes(properties);
        if properties.get("FifoTopic") == Some(&Value::Bool(true)) {
            initial.insert("FifoTopic".into(), "true".into());
        }
        let mut input = json!({"Name": name, "Attributes": initial, "Tags": tag_list(&work.first_tags(properties))});
        if let Some(policy) = properties.get("DataProtectionPolicy") {
            input["DataProtectionPolicy"] = attribute(policy);
        }
        work.call("sns", "CreateTopic", input).await?;
        for (protocol, endpoint) in subscriptions(properties) {
            subscribe(work, &arn, protocol, endpoint).await?;
        }
        Ok(Created::new(arn.clone(), [("TopicArn", arn.into()), ("TopicName", name.into())]))
    }

    async fn update(&self, work: &Work<'_>, arn: &str, old: &Properties, new: &Properties) -> ResourceResult<()> {
        let (before, after) = (attributes(old), attributes(new));
        let mut changes: Vec<(&str, Value)> = Vec::new();
        for (name, value) in after.iter().filter(|(name, value)| before.get(*name) != Some(value)) {
            changes.push((name, value.clone()));
        }
        for name in before.keys().filter(|name| !after.contains_key(*name)) {
            let default = PLAIN.iter().find(|(plain, _)| plain == name).map_or("", |(_, default)| default);
            changes.push((name, default.into()));
        }
        for (name, value) in changes {
            let input = json!({"TopicArn": arn, "AttributeName": name, "AttributeValue": value});
            work.call("sns", "SetTopicAttributes", input).await?;
        }
        if old.get("DataProtectionPolicy") != new.get("DataProtectionPolicy") {
            let policy = new.get("DataProtectionPolicy").map_or_else(|| "".into(), attribute);
            let input = json!({"ResourceArn": arn, "DataProtectionPolicy": policy});
            work.call("sns", "PutDataProtectionPolicy", input).await?;
        }
        let (before, after) = (subscriptions(old), subscriptions(new));
        for (protocol, endpoint) in after.iter().filter(|s| !before.contains(s)) {
            subscribe(work, arn, protocol, endpoint).await?;
        }
        let gone: Vec<(&str, &str)> = before.into_iter().filter(|s| !after.contains(s)).collect();
        if !gone.is_empty() {
            unsubscribe(work, arn, &gone).await?;
        }
        let (set, gone) = tag_changes(&work.all_tags_before(old), &work.all_tags(new));
        if !gone.is_empty() {
            work.call("sns", "UntagResource", json!({"ResourceArn": arn, "TagKeys": gone})).await?;
        }
        if !set.is_empty() {
            work.call("sns", "TagResource", json!({"ResourceArn": arn, "Tags": tag_list(&set)})).await?;
        }
        Ok(())
    }

    async fn delete(&self, work: &Work<'_>, arn: &str, _properties: &Properties) -> ResourceResult<()> {
        work.call_unless_gone("sns", "DeleteTopic", json!({"TopicArn": arn}), &["NotFound"]).await
    }
}

/// The attribute's name for a protocol in DeliveryStatusLogging.
fn protocol_prefix(protocol: &str) -> &str {
    match protocol {
        "http/s" | "http" | "https" => "HTTP",
        "sqs" => "SQS",
        "lambda" => "Lambda",
        "firehose" => "Firehose",
        "application" => "Application",
        other => other,
    }
}

fn attributes(properties: &Properties) -> Map<String, Value> {
    let mut attributes = Map::new();
    for (name, _) in PLAIN {
        if let Some(value) = properties.get(*name) {
            attributes.insert((*name).to_owned(), attribute(value));
        }
    }
    for logging in properties.get("DeliveryStatusLogging").and_then(Value::as_array).into_iter().flatten() {
        let prefix = protocol_prefix(logging["Protocol"].as_str().unwrap_or_default());
        for name in ["FailureFeedbackRoleArn", "SuccessFeedbackRoleArn", "SuccessFeedbackSampleRate"] {
            if let Some(value) = logging.get(name) {
                attributes.insert(format!("{prefix}{name}"), value.clone());
            }
        }
    }
    attributes
}

fn subscriptions(properties: &Properties) -> Vec<(&str, &str)> {
    let declared = properties.get("Subscription").and_then(Value::as_array).into_iter().flatten();
    declared.filter_map(|s| Some((s["Protocol"].as_str()?, s["Endpoint"].as_str()?))).collect()
}

async fn subscribe(work: &Work<'_>, topic: &str, protocol: &str, endpoint: &str) -> ResourceResult<()> {
    let input = json!({"TopicArn": topic, "Protocol": protocol, "Endpoint": endpoint});
    work.call("sns", "Subscribe", input).await?;
    Ok(())
}

/// Ends the subscriptions that the topic's declaration no longer has; one that never was confirmed can't be ended.
async fn unsubscribe(work: &Work<'_>, topic: &str, gone: &[(&str, &str)]) -> ResourceResult<()> {
    let mut token = Value::Null;
    loop {
        let page = work.call("sns", "ListSubscriptionsByTopic", json!({"TopicArn": topic, "NextToken": token})).await?;
        for one in page["Subscriptions"].as_array().into_iter().flatten() {
            let is_gone = gone.iter().any(|(p, e)| one["Protocol"] == *p && one["Endpoint"] == *e);
            if let (true, Some(arn)) = (is_gone, one["SubscriptionArn"].as_str().filter(|arn| arn.starts_with("arn:")))
            {
                work.call_unless_gone("sns", "Unsubscribe", json!({"SubscriptionArn": arn}), &["NotFound"]).await?;
            }
        }
        token = page["NextToken"].clone();
        if token.is_null() {
            return Ok(());
        }
    }
}
