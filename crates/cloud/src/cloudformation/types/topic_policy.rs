//! `AWS::SNS::TopicPolicy` and `AWS::SNS::TopicInlinePolicy`: the policy of topics that are declared elsewhere.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::resource_type::ResourceType;
use super::schema::{Field, Properties, Schema, json as any, string, strings};
use super::work::{Created, ResourceResult, Work, attribute};

const FIELDS: &[Field] = &[any("PolicyDocument").required(), strings("Topics").required()];
const INLINE_FIELDS: &[Field] = &[any("PolicyDocument").required(), string("TopicArn").required().replaces()];

/// `AWS::SNS::TopicPolicy` or `AWS::SNS::TopicInlinePolicy`.
pub(super) struct TopicPolicy {
    schema: &'static Schema,
}

/// `AWS::SNS::TopicPolicy`.
pub(super) static TOPIC_POLICY: TopicPolicy = TopicPolicy {
    schema: &Schema {
        type_name: "AWS::SNS::TopicPolicy",
        fields: FIELDS,
        absent: &[],
        attributes: &["Id"],
        identifiers: &["Id"],
    },
};

/// `AWS::SNS::TopicInlinePolicy`.
pub(super) static TOPIC_INLINE_POLICY: TopicPolicy = TopicPolicy {
    schema: &Schema {
        type_name: "AWS::SNS::TopicInlinePolicy",
        fields: INLINE_FIELDS,
        absent: &[],
        attributes: &["Id"],
        identifiers: &["TopicArn"],
    },
};

#[async_trait]
impl ResourceType for TopicPolicy {
    fn schema(&self) -> &'static Schema {
        self.schema
    }

    /// The id: the topic of an inline policy, else generated.
    fn choose_name(&self, work: &Work<'_>, properties: &Properties) -> String {
        match properties.get("TopicArn").and_then(Value::as_str) {
            Some(topic) => topic.to_owned(),
            None => work.generated.within(128),
        }
    }

    async fn create(&self, work: &Work<'_>, id: &str, properties: &Properties) -> ResourceResult<Created> {
        set(work, properties).await?;
        Ok(Created::new(id, [("Id", id.into())]))
    }

    async fn update(&self, work: &Work<'_>, _id: &str, old: &Properties, new: &Properties) -> ResourceResult<()> {
        let kept = topics(new);
        for topic in topics(old).into_iter().filter(|topic| !kept.contains(topic)) {
            clear(work, topic).await?;
        }
        set(work, new).await
    }

    async fn delete(&self, work: &Work<'_>, _id: &str, properties: &Properties) -> ResourceResult<()> {
        for topic in topics(properties) {
            clear(work, topic).await?;
        }
        Ok(())
    }
}

fn topics(properties: &Properties) -> Vec<&str> {
    let many = properties.get("Topics").and_then(Value::as_array).into_iter().flatten();
    many.chain(properties.get("TopicArn")).filter_map(Value::as_str).collect()
}

async fn put(work: &Work<'_>, topic: &str, policy: Value) -> ResourceResult<()> {
    let input = json!({"TopicArn": topic, "AttributeName": "Policy", "AttributeValue": policy});
    work.call("sns", "SetTopicAttributes", input).await?;
    Ok(())
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

async fn set(work: &Work<'_>, properties: &Properties) -> ResourceResult<()> {
    for topic in topics(properties) {
        put(work, topic, attribute(&properties["PolicyDocument"])).await?;
    }
    Ok(())
}

async fn clear(work: &Work<'_>, topic: &str) -> ResourceResult<()> {
    let policy = default_policy(work, topic);
    let input = json!({"TopicArn": topic, "AttributeName": "Policy", "AttributeValue": policy});
    work.call_unless_gone("sns", "SetTopicAttributes", input, &["NotFound"]).await
}
