//! `AWS::SQS::QueuePolicy` and `AWS::SQS::QueueInlinePolicy`: the policy of queues that are declared elsewhere.

use serde_json::{Map, Value, json};

use super::schema::{Field, json as any, string, strings};
use super::work::{Done, Made, Work, attribute};

pub const FIELDS: &[Field] = &[any("PolicyDocument").required(), strings("Queues").required()];
pub const INLINE_FIELDS: &[Field] = &[any("PolicyDocument").required(), string("Queue").required().replaces()];
pub const ATTRIBUTES: &[&str] = &["Id"];

fn queues(properties: &Map<String, Value>) -> Vec<&str> {
    let many = properties.get("Queues").and_then(Value::as_array).into_iter().flatten();
    many.chain(properties.get("Queue")).filter_map(Value::as_str).collect()
}

async fn set(work: &Work<'_>, properties: &Map<String, Value>) -> Done<()> {
    let policy = attribute(&properties["PolicyDocument"]);
    for url in queues(properties) {
        let input = json!({"QueueUrl": url, "Attributes": {"Policy": policy}});
        work.call("sqs", "SetQueueAttributes", input).await?;
    }
    Ok(())
}

async fn clear(work: &Work<'_>, url: &str) -> Done<()> {
    let input = json!({"QueueUrl": url, "Attributes": {"Policy": ""}});
    work.delete("sqs", "SetQueueAttributes", input, &["QueueDoesNotExist"]).await
}

/// The id: the queue of an inline policy, else generated.
pub fn name(work: &Work<'_>, properties: &Map<String, Value>) -> String {
    match properties.get("Queue").and_then(Value::as_str) {
        Some(queue) => queue.to_owned(),
        None => work.generated.within(128),
    }
}

pub async fn create(work: &Work<'_>, id: &str, properties: &Map<String, Value>) -> Done<Made> {
    set(work, properties).await?;
    Ok(Made::new(id, [("Id", id.into())]))
}

pub async fn update(work: &Work<'_>, old: &Map<String, Value>, new: &Map<String, Value>) -> Done<()> {
    let kept = queues(new);
    for url in queues(old).into_iter().filter(|url| !kept.contains(url)) {
        clear(work, url).await?;
    }
    set(work, new).await
}

pub async fn delete(work: &Work<'_>, properties: &Map<String, Value>) -> Done<()> {
    for url in queues(properties) {
        clear(work, url).await?;
    }
    Ok(())
}
