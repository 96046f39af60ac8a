//! Who is subscribed to the topics of a stack.

use crate::aws::{CallError, ErrorKind, Target, queue as queues};
use crate::deploy::Stream;
use crate::traffic::filtered::Fed;

/// So many subscriptions that nobody follows are named.
const MAX_NAMED: usize = 50;

/// The name at the end of an ARN or a URL.
pub(super) fn end(id: &str) -> &str {
    id.rsplit([':', '/']).next().unwrap_or(id)
}

/// How the ARN of a queue ends that has a URL.
pub(super) fn queue_end(url: &str) -> String {
    let mut parts = url.rsplit('/');
    let (name, account) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    format!(":{account}:{name}")
}

/// A subscription of a queue or a stream of the stack.
pub(super) struct Subscription {
    pub topic: String,
    /// The ARN of the queue or the stream.
    pub endpoint: String,
    pub fed: Fed,
    /// The ARN of the queue for what it couldn't deliver.
    pub dead_letter_queue: Option<String>,
}

impl Subscription {
    /// Whether it feeds a stream.
    pub(super) fn is_to_stream(&self, name: &str) -> bool {
        self.endpoint.ends_with(&format!(":deliverystream/{name}"))
    }
}

/// The subscriptions that are followed, and in words those that aren't.
#[derive(Default)]
pub(super) struct Subscribed {
    pub followed: Vec<Subscription>,
    pub not_followed: Vec<String>,
}

/// Looks at the subscriptions of the topics: those of the stack's queues and streams are followed.
///
/// # Errors
/// The calls', but for a denial to look at one: then nobody can say what it gets.
pub(super) async fn look(
    target: &Target,
    topics: &[String],
    queues: &[String],
    streams: &[Stream],
) -> Result<Subscribed, CallError> {
    let client = target.sns();
    let mut subscribed = Subscribed::default();
    for topic in topics {
        let mut pages = client.list_subscriptions_by_topic().topic_arn(topic).into_paginator().items().send();
        while let Some(item) = pages.next().await {
            let item = item.map_err(CallError::from)?;
            let protocol = item.protocol().unwrap_or_default();
            let endpoint = item.endpoint().unwrap_or_default();
            let is_ours = match protocol {
                "sqs" => queues.iter().any(|url| endpoint.ends_with(&queue_end(url))),
                "firehose" => {
                    streams.iter().any(|stream| endpoint.ends_with(&format!(":deliverystream/{}", stream.name)))
                }
                _ => false,
            };
            let arn = item.subscription_arn().unwrap_or_default();
            // One that nobody confirmed gets nothing.
            let is_confirmed = arn.starts_with("arn:");
            if is_ours && is_confirmed {
                subscribed.followed.push(describe(target, topic, endpoint, arn).await?);
            } else if subscribed.not_followed.len() < MAX_NAMED {
                let why = match protocol {
                    _ if !is_confirmed => "nobody confirmed it",
                    "sqs" => "the queue isn't of this stack",
                    "firehose" => "the stream isn't of this stack, or lands elsewhere than in S3",
                    _ => "only queues and delivery streams are",
                };
                let what = format!("the subscription {protocol} {} to {} ({why})", shown(endpoint), end(topic));
                subscribed.not_followed.push(what);
            }
        }
    }
    Ok(subscribed)
}

/// An endpoint as it is told: of an ARN the name.
fn shown(endpoint: &str) -> &str {
    if endpoint.starts_with("arn:") { end(endpoint) } else { endpoint }
}

async fn describe(target: &Target, topic: &str, endpoint: &str, arn: &str) -> Result<Subscription, CallError> {
    let asked = target.sns().get_subscription_attributes().subscription_arn(arn).send().await.map_err(CallError::from);
    let (fed, dead_letter_queue) = match asked {
        Ok(answer) => {
            let attribute = |name| answer.attributes().and_then(|all| all.get(name)).map(String::as_str);
            let fed = Fed::by(attribute("FilterPolicy"), attribute("FilterPolicyScope"));
            (fed, attribute("RedrivePolicy").and_then(queues::dead_letter_queue))
        }
        Err(error) if error.kind == ErrorKind::Denied => (Fed::Unknown(error.to_string()), None),
        Err(error) => return Err(error),
    };
    Ok(Subscription { topic: topic.to_owned(), endpoint: endpoint.to_owned(), fed, dead_letter_queue })
}
