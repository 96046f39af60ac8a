//! What `status` and `top` ask AWS's operations for: which queues, topics, streams and buckets there are, and how they stand.

use std::collections::BTreeMap;

use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use serde::Serialize;
use serde_json::Value;

use crate::aws::queue::{dead_letter_queue, url_by_arn};
use crate::aws::{CallError, ErrorKind, NoPage, Target};
use crate::config::Env;
use crate::exit::Failure;

/// So many queues are shown at most.
const MAX_QUEUES: usize = 1_000;
/// So many are asked for their attributes at once.
const AT_ONCE: usize = 16;
/// So many objects of a bucket are counted; of more it is only said that there are more.
const COUNTED: usize = 1_000;

/// What to look at.
#[derive(Debug, Default)]
pub(in crate::command) struct Scope {
    queue_urls: Vec<String>,
    topics: Vec<String>,
    streams: Vec<String>,
    buckets: Vec<String>,
    /// There are more queues than are shown.
    more_queues: bool,
}

/// How it all stands.
#[derive(Debug, Serialize)]
pub(in crate::command) struct Status {
    pub queues: Vec<Queue>,
    pub more_queues: bool,
    pub topics: Vec<Topic>,
    pub streams: Vec<Stream>,
    pub buckets: Vec<Bucket>,
    /// Whether the cloud told how old things are.
    pub tells_ages: bool,
}

/// A queue.
#[derive(Debug, Serialize)]
pub(in crate::command) struct Queue {
    pub name: String,
    pub arn: String,
    pub url: String,
    pub visible: u64,
    pub in_flight: u64,
    pub delayed: u64,
    pub oldest_age_ms: Option<u64>,
    /// The ARN of its dead-letter queue.
    pub dead_letter_queue: Option<String>,
    /// How many messages that holds, if it was looked at.
    pub dead_letters: Option<u64>,
}

impl Queue {
    /// All of its messages.
    pub(in crate::command) fn total(&self) -> u64 {
        self.visible + self.in_flight + self.delayed
    }
}

/// A topic.
#[derive(Debug, Serialize)]
pub(in crate::command) struct Topic {
    pub arn: String,
    pub subscriptions: u64,
    pub pending: u64,
}

/// A delivery stream; what is in its buffer only the embedded cloud tells.
#[derive(Debug, Serialize)]
pub(in crate::command) struct Stream {
    pub name: String,
    pub records: Option<u64>,
    pub bytes: Option<u64>,
    pub oldest_age_ms: Option<u64>,
}

/// A bucket.
#[derive(Debug, Serialize)]
pub(in crate::command) struct Bucket {
    pub name: String,
    pub objects: u64,
    pub more: bool,
}

impl Scope {
    /// What a stack has, or what the settings name where there is no such stack; with `all` every queue.
    pub(in crate::command) async fn find(target: &Target, env: &Env, stack: &str, all: bool) -> Result<Self, Failure> {
        let doing = format!("look the stack {stack} up");
        let of_stack = Self::of_stack(target, stack).await.map_err(|error| error.failure(target, &doing))?;
        let there_is_one = of_stack.is_some();
        let mut scope = of_stack.unwrap_or_default();
        if !there_is_one {
            for name in ["URL_ORDERS", "URL_PAYMENTS"] {
                let Some(found) = env.find(&[name]) else { continue };
                target.check_region(&found)?;
                scope.queue_urls.push(found.value);
            }
        }
        if all {
            scope.add_all(target).await.map_err(|error| error.failure(target, "list the queues"))?;
        } else if !there_is_one && scope.queue_urls.is_empty() {
            return Err(Failure::usage(format!("There is no stack {stack} on {}", target.describe()))
                .help("Deploy it with `messaging deploy`, name another with --stack, or see every queue with --all."));
        }
        Ok(scope)
    }

    async fn of_stack(target: &Target, stack: &str) -> Result<Option<Self>, CallError> {
        let mut scope = Self::default();
        let mut pages = target.cloudformation().list_stack_resources().stack_name(stack).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = match page.map_err(CallError::from) {
                Ok(page) => page,
                Err(error) if error.kind == ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error),
            };
            for resource in page.stack_resource_summaries() {
                let id = resource.physical_resource_id().filter(|id| !id.is_empty());
                let gone = resource.resource_status().is_some_and(|it| it.as_str() == "DELETE_COMPLETE");
                let (Some(kind), Some(id), false) = (resource.resource_type(), id, gone) else { continue };
                match kind {
                    "AWS::SQS::Queue" => scope.queue_urls.push(id.to_owned()),
                    "AWS::SNS::Topic" => scope.topics.push(id.to_owned()),
                    "AWS::KinesisFirehose::DeliveryStream" => scope.streams.push(id.to_owned()),
                    "AWS::S3::Bucket" => scope.buckets.push(id.to_owned()),
                    _ => {}
                }
            }
        }
        Ok(Some(scope))
    }

    async fn add_all(&mut self, target: &Target) -> Result<(), CallError> {
        // Without a number of results SQS gives no token to go on with.
        let mut pages = target.sqs().list_queues().max_results(1_000).into_paginator().send();
        while let Some(page) = pages.next().await {
            for url in page?.queue_urls() {
                if self.queue_urls.len() >= MAX_QUEUES {
                    self.more_queues = true;
                    return Ok(());
                }
                if !self.queue_urls.contains(url) {
                    self.queue_urls.push(url.clone());
                }
            }
        }
        Ok(())
    }

    /// Looks.
    pub(in crate::command) async fn look(&self, target: &Target) -> Result<Status, Failure> {
        let failed = |error: CallError| error.failure_after_answers(target, "look at the queues");
        let mut status = Status {
            queues: self.queues(target).await.map_err(failed)?,
            more_queues: self.more_queues,
            topics: self.topics(target).await.map_err(failed)?,
            streams: Vec::new(),
            buckets: self.buckets(target).await.map_err(failed)?,
            tells_ages: false,
        };
        let ages = Ages::ask(target).await.map_err(failed)?;
        status.tells_ages = ages.is_some();
        let ages = ages.unwrap_or_default();
        for queue in &mut status.queues {
            queue.oldest_age_ms = ages.queues.get(&queue.arn).copied().flatten();
        }
        status.streams = self.streams.iter().map(|name| ages.stream(name, &target.region)).collect();
        Ok(status)
    }

    async fn queues(&self, target: &Target) -> Result<Vec<Queue>, CallError> {
        let client = target.sqs();
        let mut found = BTreeMap::new();
        for urls in self.queue_urls.chunks(AT_ONCE) {
            let asked = futures::future::join_all(urls.iter().map(|url| queue(&client, url))).await;
            for (url, queue) in urls.iter().zip(asked) {
                match queue {
                    Ok(queue) => _ = found.insert(queue.arn.clone(), queue),
                    // Deleted since it was listed.
                    Err(error) if error.kind == ErrorKind::NotFound && self.queue_urls.len() > 1 => {}
                    Err(error) => {
                        let message = format!("{url}: {}", error.message);
                        return Err(CallError { message, ..error });
                    }
                }
            }
        }
        // A dead-letter queue that isn't of the stack is of interest all the same.
        let others: Vec<String> = found
            .values()
            .filter_map(|it| it.dead_letter_queue.clone())
            .filter(|arn| !found.contains_key(arn))
            .collect();
        for arn in others {
            if let Ok(queue) = by_arn(&client, &arn).await {
                found.insert(arn, queue);
            }
        }
        let totals: BTreeMap<String, u64> = found.values().map(|queue| (queue.arn.clone(), queue.total())).collect();
        for queue in found.values_mut() {
            queue.dead_letters = queue.dead_letter_queue.as_ref().and_then(|arn| totals.get(arn)).copied();
        }
        Ok(found.into_values().collect())
    }

    async fn topics(&self, target: &Target) -> Result<Vec<Topic>, CallError> {
        let mut topics = Vec::new();
        for arn in &self.topics {
            // Not by GetTopicAttributes, whose counts come minutes later.
            let mut pages = target.sns().list_subscriptions_by_topic().topic_arn(arn).into_paginator().items().send();
            let (mut subscriptions, mut pending) = (0, 0);
            let found = loop {
                match pages.next().await.map(|item| item.map_err(CallError::from)) {
                    Some(Ok(item)) if item.subscription_arn() == Some("PendingConfirmation") => pending += 1,
                    Some(Ok(_)) => subscriptions += 1,
                    Some(Err(error)) if error.kind == ErrorKind::NotFound => break false,
                    Some(Err(error)) => return Err(error),
                    None => break true,
                }
            };
            if !found {
                continue;
            }
            topics.push(Topic { arn: arn.clone(), subscriptions, pending });
        }
        Ok(topics)
    }

    async fn buckets(&self, target: &Target) -> Result<Vec<Bucket>, CallError> {
        let mut buckets = Vec::new();
        for name in &self.buckets {
            let listed = target.s3().list_objects_v2().bucket(name).max_keys(COUNTED as i32).send().await;
            match listed.map_err(CallError::from) {
                Ok(list) => buckets.push(Bucket {
                    name: name.clone(),
                    objects: list.contents().len() as u64,
                    more: list.is_truncated() == Some(true),
                }),
                Err(error) if error.kind == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(buckets)
    }
}

async fn by_arn(client: &aws_sdk_sqs::Client, arn: &str) -> Result<Queue, CallError> {
    queue(client, &url_by_arn(client, arn).await?).await
}

/// Asks a queue how it stands.
async fn queue(client: &aws_sdk_sqs::Client, url: &str) -> Result<Queue, CallError> {
    const NUMBERS: [Attribute; 3] = [
        Attribute::ApproximateNumberOfMessages,
        Attribute::ApproximateNumberOfMessagesNotVisible,
        Attribute::ApproximateNumberOfMessagesDelayed,
    ];
    let wanted = NUMBERS.into_iter().chain([Attribute::QueueArn, Attribute::RedrivePolicy]).collect();
    let answer = client.get_queue_attributes().queue_url(url).set_attribute_names(Some(wanted)).send().await?;
    let text = |name: &Attribute| answer.attributes().and_then(|it| it.get(name)).map(String::as_str);
    let [visible, in_flight, delayed] = NUMBERS.map(|name| text(&name).and_then(|it| it.parse().ok()).unwrap_or(0));
    let dead_letter_queue = text(&Attribute::RedrivePolicy).and_then(dead_letter_queue);
    let name = url.rsplit('/').next().unwrap_or(url).to_owned();
    let arn = text(&Attribute::QueueArn).unwrap_or(url).to_owned();
    let (url, oldest_age_ms, dead_letters) = (url.to_owned(), None, None);
    Ok(Queue { name, arn, url, visible, in_flight, delayed, oldest_age_ms, dead_letter_queue, dead_letters })
}

/// What the embedded cloud tells beyond AWS's operations.
#[derive(Debug, Default)]
struct Ages {
    queues: BTreeMap<String, Option<u64>>,
    /// By region and name.
    streams: BTreeMap<(String, String), Value>,
}

impl Ages {
    /// Asks; none where the target is another cloud.
    async fn ask(target: &Target) -> Result<Option<Self>, CallError> {
        let mut ages = Self::default();
        let mut after = String::new();
        // Each page is of a thousand queues.
        for _ in 0..10 {
            let page = match target.page("queues", &[("after", &after)]).await {
                Ok(page) => page,
                Err(NoPage::NotThere) => return Ok(None),
                Err(NoPage::Failed(error)) => return Err(error),
            };
            for queue in page["queues"].as_array().into_iter().flatten() {
                if let Some(arn) = queue["arn"].as_str() {
                    ages.queues.insert(arn.to_owned(), queue["oldest_age_ms"].as_u64());
                }
            }
            for stream in page["streams"].as_array().into_iter().flatten() {
                let text = |name: &str| stream[name].as_str().unwrap_or_default().to_owned();
                ages.streams.insert((text("region"), text("name")), stream.clone());
            }
            match page["next"].as_str() {
                Some(next) => next.clone_into(&mut after),
                None => break,
            }
        }
        Ok(Some(ages))
    }

    fn stream(&self, name: &str, region: &str) -> Stream {
        let told = self.streams.get(&(region.to_owned(), name.to_owned()));
        let number = |field| told.and_then(|told| told[field].as_u64());
        Stream {
            name: name.to_owned(),
            records: number("records"),
            bytes: number("bytes"),
            oldest_age_ms: number("oldest_age_ms"),
        }
    }
}
