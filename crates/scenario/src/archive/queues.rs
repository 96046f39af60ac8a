//! The queues: found by their usual names, given a dead-letter queue where there is none, looked after by `/health`.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName as Name;
use serde_json::json;
use service::http::Dependency;
use service::record::{Record, Tell};
use worker::Queue;

use super::reason::{reason, status};
use crate::{Clients, Error, Outputs};

/// The usual names.
pub(super) const INPUT: &str = "InputQueue.fifo";
pub(super) const OUTPUT: &str = "OutputQueue.fifo";

/// As long as SQS keeps a message: 14 days, in seconds.
const LONGEST: &str = "1209600";
/// After so many receives SQS moves a message away by itself, as in the template.
const MAX_RECEIVES: u32 = 10;

/// The queues that were made by hand, as outputs of the template.
pub(super) async fn find(clients: &Clients) -> Result<Outputs, Error> {
    let mut outputs = Outputs::new();
    for (output, name) in [(super::INPUT, INPUT), (super::OUTPUT, OUTPUT)] {
        match clients.sqs.get_queue_url().queue_name(name).send().await {
            Ok(answer) => outputs.extend(answer.queue_url.map(|url| (output.to_owned(), url))),
            Err(error) if error.as_service_error().is_some_and(|error| error.is_queue_does_not_exist()) => {}
            Err(error) => return Err(Error::failed(format!("Can't look for the queue {name}"), reason(&error))),
        }
    }
    Ok(outputs)
}

/// The queue, for its worker. Without a dead-letter queue it gets one: a book that can't be filed would go round for days
/// otherwise, and then be gone.
pub(super) async fn with_dead_letters(sqs: &Client, url: &str, tell: &Tell) -> Result<Queue, Error> {
    let look = || async {
        Queue::look(sqs, url).await.map_err(|why| Error::failed(format!("Can't use the queue {url}"), why))
    };
    let queue = look().await?;
    if queue.dead_letters.is_some() {
        return Ok(queue);
    }
    let name = url.rsplit('/').next().unwrap_or_default();
    let dead = name.strip_suffix(".fifo").map_or_else(|| format!("{name}-dead"), |name| format!("{name}-dead.fifo"));
    make_dead_letters(sqs, url, &dead).await.map_err(|why| {
        Error::usage(
            format!("The queue {name} has no dead-letter queue, and can't be given one: {why}"),
            "Give it a redrive policy, or deploy the template, whose queue has one.",
        )
    })?;
    tell.tell(Record::note(format!(
        "The queue {name} had no dead-letter queue: it has {dead} now, for what can't be filed and after {MAX_RECEIVES} receives"
    )));
    look().await
}

/// Makes a dead-letter queue and names it in the queue's redrive policy. Two who do it at once do the same.
async fn make_dead_letters(sqs: &Client, url: &str, dead: &str) -> Result<(), String> {
    let mut create = sqs.create_queue().queue_name(dead).attributes(Name::MessageRetentionPeriod, LONGEST);
    if dead.ends_with(".fifo") {
        create = create.attributes(Name::FifoQueue, "true");
    }
    let there = match create.send().await {
        Ok(made) => made.queue_url,
        // One of that name has other settings: it is somebody's own, and serves as well.
        Err(error) if error.as_service_error().is_some_and(|error| error.is_queue_name_exists()) => {
            sqs.get_queue_url().queue_name(dead).send().await.map_err(|error| reason(&error))?.queue_url
        }
        Err(error) => return Err(reason(&error)),
    };
    let asked = sqs.get_queue_attributes().set_queue_url(there).attribute_names(Name::QueueArn).send().await;
    let attributes = asked.map_err(|error| reason(&error))?.attributes.unwrap_or_default();
    let arn = attributes.get(&Name::QueueArn).ok_or("SQS tells no ARN")?;
    let policy = json!({ "deadLetterTargetArn": arn, "maxReceiveCount": MAX_RECEIVES }).to_string();
    let set = sqs.set_queue_attributes().queue_url(url).attributes(Name::RedrivePolicy, policy).send().await;
    set.map(drop).map_err(|error| reason(&error))
}

/// A queue, for `/health`.
struct There {
    name: &'static str,
    sqs: Client,
    url: String,
}

/// Whether a queue is there.
pub(super) fn there(name: &'static str, sqs: &Client, url: &str) -> Arc<dyn Dependency> {
    Arc::new(There { name, sqs: sqs.clone(), url: url.to_owned() })
}

#[async_trait]
impl Dependency for There {
    fn name(&self) -> &str {
        self.name
    }

    async fn check(&self) -> Result<(), String> {
        let ask = self.sqs.get_queue_attributes().queue_url(&self.url).attribute_names(Name::QueueArn);
        match ask.send().await {
            Ok(_) => Ok(()),
            Err(error) if status(&error).is_none() => Err(format!("it doesn't answer: {}", reason(&error))),
            Err(error) => Err(reason(&error)),
        }
    }
}
