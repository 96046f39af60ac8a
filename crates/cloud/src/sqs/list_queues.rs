//! ListQueues and ListDeadLetterSourceQueues: queue URLs, page by page.

use serde::{Deserialize, Serialize};

use super::{error, queue_url};
use crate::request::Context;
use engine::queue::Queue;
use wire::{AwsError, Text, page};

/// "ListQueues" (Amazon SQS API Reference): at most 1,000 results.
const MAX_RESULTS: i64 = 1000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListQueuesInput<'a> {
    #[serde(borrow, default)]
    pub queue_name_prefix: Option<Text<'a>>,
    #[serde(default)]
    pub max_results: Option<i64>,
    #[serde(borrow, default)]
    pub next_token: Option<Text<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListQueuesOutput {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub queue_urls: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

pub(super) async fn list_queues(cx: &Context, input: ListQueuesInput<'_>) -> Result<ListQueuesOutput, AwsError> {
    let page = Page::of(input.max_results, input.next_token.as_deref())?;
    let prefix = queue_url::arn(&cx.region, &cx.account, input.queue_name_prefix.as_deref().unwrap_or_default());
    let arns = cx.cloud.core.read(|engine, _| {
        let shown = engine.queues(&prefix).filter(|queue| !queue.config.hidden);
        page.take(shown.map(arn))
    });
    let (queue_urls, next_token) = page.finish(cx, arns);
    Ok(ListQueuesOutput { queue_urls, next_token })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListDeadLetterSourceQueuesInput<'a> {
    #[serde(borrow)]
    pub queue_url: Option<Text<'a>>,
    #[serde(default)]
    pub max_results: Option<i64>,
    #[serde(borrow, default)]
    pub next_token: Option<Text<'a>>,
}

#[derive(Debug, Serialize)]
pub(super) struct ListDeadLetterSourceQueuesOutput {
    #[serde(rename = "queueUrls")]
    pub queue_urls: Vec<String>,
    #[serde(rename = "NextToken", skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

pub(super) async fn list_dead_letter_source_queues(
    cx: &Context,
    input: ListDeadLetterSourceQueuesInput<'_>,
) -> Result<ListDeadLetterSourceQueuesOutput, AwsError> {
    let target = queue_url::to_arn(cx, &input.queue_url)?;
    let page = Page::of(input.max_results, input.next_token.as_deref())?;
    let arns = cx.cloud.core.read(|engine, _| {
        queue_url::open(cx, engine, &target, "sqs:ListDeadLetterSourceQueues")?;
        let sources = engine.queues("").filter(|queue| is_source(queue, &target));
        Ok::<_, AwsError>(page.take(sources.map(arn)))
    })?;
    let (queue_urls, next_token) = page.finish(cx, arns);
    Ok(ListDeadLetterSourceQueuesOutput { queue_urls, next_token })
}

/// Whether a queue's dead letters go to the queue `target`.
pub(super) fn is_source(queue: &Queue, target: &str) -> bool {
    !queue.config.hidden && queue.settings.redrive.as_ref().is_some_and(|redrive| redrive.target == target)
}

fn arn(queue: &Queue) -> &str {
    &queue.config.arn
}

/// Which part of an ordered list of ARNs a request wants.
struct Page {
    max: usize,
    /// The request asked for a page: only then it gets a token for the next one.
    paged: bool,
    after: String,
}

impl Page {
    fn of(max: Option<i64>, token: Option<&str>) -> Result<Self, AwsError> {
        let limit = max.unwrap_or(MAX_RESULTS);
        if !(1..=MAX_RESULTS).contains(&limit) {
            return Err(error::invalid_value(limit, "MaxResults", "MaxResults must be an integer between 1 and 1000."));
        }
        let after = match token {
            None => String::new(),
            Some(token) => page::decode_token(token)
                .filter(|arn| queue_url::parse(arn).is_some())
                .ok_or_else(|| error::invalid("Invalid or expired next token."))?,
        };
        Ok(Self { max: limit as usize, paged: max.is_some(), after })
    }

    /// The page's ARNs and one more, by which [`Self::finish`] sees whether there is a next page.
    fn take<'a>(&self, arns: impl Iterator<Item = &'a str>) -> Vec<String> {
        arns.skip_while(|arn| *arn <= self.after.as_str()).take(self.max + 1).map(str::to_owned).collect()
    }

    fn finish(&self, cx: &Context, arns: Vec<String>) -> (Vec<String>, Option<String>) {
        let (arns, token) = page::by_key(arns, self.max, |last| page::encode_token(last));
        let token = token.filter(|_| self.paged);
        (arns.iter().map(|arn| queue_url::of(cx.services, &cx.host, arn)).collect(), token)
    }
}
