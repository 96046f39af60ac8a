//! ListTopics.

use serde::{Deserialize, Serialize};

use crate::request::Context;
use crate::sns::page;
use wire::{AwsError, Text};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListTopicsInput<'a> {
    #[serde(borrow)]
    next_token: Option<Text<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListTopicsOutput {
    topics: Vec<TopicEntry>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct TopicEntry {
    topic_arn: String,
}

pub(crate) async fn list_topics(cx: &Context, input: ListTopicsInput<'_>) -> Result<ListTopicsOutput, AwsError> {
    let after = page::after(input.next_token.as_deref())?;
    let prefix = format!("arn:aws:sns:{}:{}:", cx.region, cx.account);
    let arns = cx.cloud.core.read(|engine, _| {
        let arns = engine.topics(&prefix).map(|topic| &topic.config.arn);
        arns.filter(|arn| after.as_ref().is_none_or(|after| *arn > after)).take(page::SIZE + 1).cloned().collect()
    });
    let (topics, next_token) = page::cut(&cx.cloud.core, arns, |arn: &String| arn.clone());
    let topics = topics.into_iter().map(|topic_arn| TopicEntry { topic_arn }).collect();
    Ok(ListTopicsOutput { topics, next_token })
}
