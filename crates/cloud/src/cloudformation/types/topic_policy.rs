//! `AWS::SNS::TopicPolicy` and `AWS::SNS::TopicInlinePolicy`: the policy of topics that are declared elsewhere.

use serde_json::{Map, Value, json};

use super::schema::{Field, json as any, string, strings};
use super::work::{Done, Made, Work, attribute};

pub const FIELDS: &[Field] = &[any("PolicyDocument").required(), strings("Topics").required()];
pub const INLINE_FIELDS: &[Field] = &[any("PolicyDocument").required(), string("TopicArn").required().replaces()];
pub const ATTRIBUTES: &[&str] = &["Id"];

fn topics(properties: &Map<String, Value>) -> Vec<&str> {
    let many = properties.get("Topics").and_then(Value::as_array).into_iter().flatten();
    many.chain(properties.get("TopicArn")).filter_map(Value::as_str).collect()
}

async fn put(work: &Work<'_>, topic: &str, policy: Value) -> Done<()> {
    let input = json!({"TopicArn": topic, "AttributeName": "Policy", "AttributeValue": policy});
    work.delete("sns", "SetTopicAttributes", input, &[]).await
}

/// The policy that a topic has when nobody gave it one ("Amazon SNS access control use cases").
fn default_policy(work: &Work<'_>, topic: &str) -> Value {
    json!({
        "Version": "2008-10-17",
        "Id": "__default_policy_ID",
        "Statement": [{
            "Sid": "__default_statement_ID",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": [
                "SNS:GetTopicAttributes",
                "SNS:SetTopicAttributes",
                "SNS:AddPermission",
                "SNS:RemovePermission",
                "SNS:DeleteTopic",
                "SNS:Subscribe",
                "SNS:ListSubscriptionsByTopic",
                "SNS:Publish"
            ],
            "Resource": topic,
            "Condition": {"StringEquals": {"AWS:SourceOwner": &*work.cx.account}}
        }]
    })
    .to_string()
    .into()
}

async fn set(work: &Work<'_>, properties: &Map<String, Value>) -> Done<()> {
    for topic in topics(properties) {
        put(work, topic, attribute(&properties["PolicyDocument"])).await?;
    }
    Ok(())
}

async fn clear(work: &Work<'_>, topic: &str) -> Done<()> {
    let policy = default_policy(work, topic);
    let input = json!({"TopicArn": topic, "AttributeName": "Policy", "AttributeValue": policy});
    work.delete("sns", "SetTopicAttributes", input, &["NotFound"]).await
}

/// The id: the topic of an inline policy, else generated.
pub fn name(work: &Work<'_>, properties: &Map<String, Value>) -> String {
    match properties.get("TopicArn").and_then(Value::as_str) {
        Some(topic) => topic.to_owned(),
        None => work.generated.within(128),
    }
}

pub async fn create(work: &Work<'_>, id: &str, properties: &Map<String, Value>) -> Done<Made> {
    set(work, properties).await?;
    Ok(Made::new(id, [("Id", id.into())]))
}

pub async fn update(work: &Work<'_>, old: &Map<String, Value>, new: &Map<String, Value>) -> Done<()> {
    let kept = topics(new);
    for topic in topics(old).into_iter().filter(|topic| !kept.contains(topic)) {
        clear(work, topic).await?;
    }
    set(work, new).await
}

pub async fn delete(work: &Work<'_>, properties: &Map<String, Value>) -> Done<()> {
    for topic in topics(properties) {
        clear(work, topic).await?;
    }
    Ok(())
}
