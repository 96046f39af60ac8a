//! `AWS::SQS::QueuePolicy` and `AWS::SQS::QueueInlinePolicy`: the policy of queues that are declared elsewhere.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::resource_type::ResourceType;
use super::schema::{Field, Properties, Schema, json as any, string, strings};
use super::work::{Created, ResourceResult, Work, attribute};

const FIELDS: &[Field] = &[any("PolicyDocument").required(), strings("Queues").required()];
const INLINE_FIELDS: &[Field] = &[any("PolicyDocument").required(), string("Queue").required().replaces()];

/// `AWS::SQS::QueuePolicy` or `AWS::SQS::QueueInlinePolicy`.
pub(super) struct QueuePolicy {
    schema: &'static Schema,
}

/// `AWS::SQS::QueuePolicy`.
pub(super) static QUEUE_POLICY: QueuePolicy = QueuePolicy {
    schema: &Schema {
        type_name: "AWS::SQS::QueuePolicy",
        fields: FIELDS,
        absent: &[],
        attributes: &["Id"],
        identifiers: &["Id"],
    },
};

/// `AWS::SQS::QueueInlinePolicy`.
pub(super) static QUEUE_INLINE_POLICY: QueuePolicy = QueuePolicy {
    schema: &Schema {
        type_name: "AWS::SQS::QueueInlinePolicy",
        fields: INLINE_FIELDS,
        absent: &[],
        attributes: &["Id"],
        identifiers: &["Queue"],
    },
};

#[async_trait]
impl ResourceType for QueuePolicy {
    fn schema(&self) -> &'static Schema {
        self.schema
    }

    /// The id: the queue of an inline policy, else generated.
    fn choose_name(&self, work: &Work<'_>, properties: &Properties) -> String {
        match properties.get("Queue").and_then(Value::as_str) {
            Some(queue) => queue.to_owned(),
            None => work.generated.within(128),
        }
    }

    async fn create(&self, work: &Work<'_>, id: &str, properties: &Properties) -> ResourceResult<Created> {
        set(work, properties).await?;
        Ok(Created::new(id, [("Id", id.into())]))
    }

    async fn update(&self, work: &Work<'_>, _id: &str, old: &Properties, new: &Properties) -> ResourceResult<()> {
        let kept = queues(new);
        for url in queues(old).into_iter().filter(|url| !kept.contains(url)) {
            clear(work, url).await?;
        }
        set(work, new).await
    }

    async fn delete(&self, work: &Work<'_>, _id: &str, properties: &Properties) -> ResourceResult<()> {
        for url in queues(properties) {
            clear(work, url).await?;
        }
        Ok(())
    }
}

fn queues(properties: &Properties) -> Vec<&str> {
    let many = properties.get("Queues").and_then(Value::as_array).into_iter().flatten();
    many.chain(properties.get("Queue")).filter_map(Value::as_str).collect()
}

async fn set(work: &Work<'_>, properties: &Properties) -> ResourceResult<()> {
    let policy = attribute(&properties["PolicyDocument"]);
    for url in queues(properties) {
        let input = json!({"QueueUrl": url, "Attributes": {"Policy": policy}});
        work.call("sqs", "SetQueueAttributes", input).await?;
    }
    Ok(())
}

async fn clear(work: &Work<'_>, url: &str) -> ResourceResult<()> {
    let input = json!({"QueueUrl": url, "Attributes": {"Policy": ""}});
    work.call_unless_gone("sqs", "SetQueueAttributes", input, &["QueueDoesNotExist"]).await
}
