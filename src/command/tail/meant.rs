//! What a name means: a topic, a queue, a delivery stream or a bucket.

use crate::aws::queue::url_by_name;
use crate::aws::{CallError, ErrorKind, Target};
use crate::command::Context;
use crate::command::find::{self, Named};
use crate::command::listing::{self, Place};
use crate::exit::{Exit, Failure};

/// So many pages of topics are searched for a name: a hundred topics each.
const PAGES: usize = 100;

/// What is followed.
#[derive(Debug)]
pub(super) enum Meant {
    /// By its ARN.
    Topic(String),
    /// By its ARN.
    Queue(String),
    /// Where a stream lands, or a bucket.
    Place(Place),
}

/// Finds what a name means.
pub(super) async fn find(target: &Target, context: &Context, name: &str, stack: &str) -> Result<Meant, Failure> {
    let meant = Named { queue: name, stack, dead_letters: false };
    let queue = async || Ok(Meant::Queue(find::queue(target, &context.env, meant).await?.arn));
    if name.starts_with("s3://") || name.starts_with("arn:aws:s3:::") || name.contains(":deliverystream/") {
        return listing::place(target, Some(name), stack).await.map(Meant::Place);
    }
    if name.contains("://") || name.split(':').nth(2) == Some("sqs") {
        return queue().await;
    }
    if name.split(':').nth(2) == Some("sns") {
        let asked = target.sns().get_topic_attributes().topic_arn(name).send().await;
        asked.map_err(|error| CallError::from(error).failure(target, &format!("find the topic {name}")))?;
        return Ok(Meant::Topic(name.to_owned()));
    }
    if name.starts_with("arn:") {
        return Err(Failure::usage(format!("{name:?} is neither a topic nor a queue, a delivery stream or a bucket")));
    }
    if matches!(name, "orders" | "payments" | "orders-dlq" | "payments-dlq") {
        match queue().await {
            Err(failure) if failure.exit == Exit::Usage => {}
            found => return found,
        }
    }
    by_name(target, name).await
}

/// The one thing that has a name. Two can: then it is said which.
async fn by_name(target: &Target, name: &str) -> Result<Meant, Failure> {
    let failed = |error: CallError| error.failure_after_answers(target, &format!("find {name}"));
    // A name that a service can't have is one of another's.
    let there = |kind: ErrorKind| !matches!(kind, ErrorKind::NotFound | ErrorKind::Other);
    let mut found: Vec<(String, Meant)> = Vec::new();
    match url_by_name(&target.sqs(), name, None).await {
        Ok(url) => {
            let arn = arn_of_queue(target, &url).await.map_err(failed)?;
            found.push((arn.clone(), Meant::Queue(arn)));
        }
        Err(error) if there(error.kind) => return Err(failed(error)),
        Err(_) => {}
    }
    if let Some(arn) = topic(target, name).await.map_err(failed)? {
        found.push((arn.clone(), Meant::Topic(arn)));
    }
    match listing::of_stream(target, name).await {
        Ok(Some(place)) => {
            found.push((format!("the stream {name}: s3://{}/{}", place.bucket, place.prefix), Meant::Place(place)))
        }
        Err(error) if there(error.kind) => return Err(failed(error)),
        Ok(None) | Err(_) => {}
    }
    match target.s3().head_bucket().bucket(name).send().await.map_err(CallError::from) {
        Ok(_) => {
            let place = Place { bucket: name.to_owned(), prefix: String::new() };
            found.push((format!("s3://{name}"), Meant::Place(place)));
        }
        // HEAD has no body that tells more. A bucket of another's with that name isn't what is meant.
        Err(error) if error.kind == ErrorKind::Unreachable => return Err(failed(error)),
        Err(_) => {}
    }
    let all: Vec<String> = found.iter().map(|(what, _)| what.clone()).collect();
    match found.pop() {
        None => Err(Failure::new(format!("Nothing here is called {name}"))
            .why(format!("neither a topic nor a queue, a delivery stream or a bucket of {}", target.describe()))
            .help("`messaging status --all` and `messaging top --once` show what there is.")),
        Some((_, meant)) if found.is_empty() => Ok(meant),
        Some(_) => Err(Failure::usage(format!("{name} can mean more than one thing"))
            .why(all.join("; "))
            .help("Name the one that is meant by its ARN, or a bucket as s3://BUCKET.")),
    }
}

async fn arn_of_queue(target: &Target, url: &str) -> Result<String, CallError> {
    use aws_sdk_sqs::types::QueueAttributeName::QueueArn;
    let answer = target.sqs().get_queue_attributes().queue_url(url).attribute_names(QueueArn).send().await?;
    Ok(answer.attributes().and_then(|all| all.get(&QueueArn)).cloned().unwrap_or_default())
}

/// The topic with a name.
async fn topic(target: &Target, name: &str) -> Result<Option<String>, CallError> {
    let mut pages = target.sns().list_topics().into_paginator().send();
    for _ in 0..PAGES {
        let Some(page) = pages.next().await else { break };
        let page = page?;
        let mut arns = page.topics().iter().filter_map(|topic| topic.topic_arn());
        if let Some(arn) = arns.find(|arn| arn.rsplit(':').next() == Some(name)) {
            return Ok(Some(arn.to_owned()));
        }
    }
    Ok(None)
}
