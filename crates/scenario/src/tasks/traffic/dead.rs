//! Messages that no worker can read: they must end in the dead-letter queue, with the reason.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::DisplayErrorContext;
use tokio::time::{Instant, sleep};

use crate::ledger::Leg;
use crate::tasks::{DEAD_LETTERS, QUEUE};
use crate::{Error, Traffic};

/// How many are sent.
const POISON: usize = 2;
/// For how long a look at the dead-letter queue hides its messages, in seconds.
const LOOK: i32 = 5;

/// Sends messages that no worker can read, waits until they are in the dead-letter queue, and takes them out of it.
pub(super) async fn poison(traffic: &Traffic, run: &str) -> Result<Leg, Error> {
    let sqs = &traffic.clients.sqs;
    let (queue, dead_letters) = (output(traffic, QUEUE)?, output(traffic, DEAD_LETTERS)?);
    let mut leg = Leg::new("poison messages");
    let mut waiting = BTreeSet::new();
    for n in 0..POISON {
        let body = format!("this is no task: {run}-{n}");
        let sent = sqs.send_message().queue_url(&queue).message_body(&body).message_group_id("poison").send().await;
        sent.map_err(|why| failed("send a message", why))?;
        waiting.insert(body);
        leg.asked += 1;
        leg.dead_expected += 1;
    }
    let begun = Instant::now();
    while !waiting.is_empty() && begun.elapsed() < traffic.patience && !traffic.stop.is_cancelled() {
        let found = look(sqs, &dead_letters, &mut waiting).await?;
        for reason in found {
            match reason {
                Some(_) => leg.dead += 1,
                None => {
                    leg.failed += 1;
                    leg.name_one("a dead letter without its reason");
                }
            }
            leg.lead.add(begun.elapsed());
        }
        sleep(Duration::from_millis(20)).await;
    }
    for lost in &waiting {
        leg.lost += 1;
        leg.name_one(lost);
    }
    Ok(leg)
}

/// Looks at some dead letters: the reasons of those that are waited for, which are deleted. Others' stay.
async fn look(sqs: &Client, url: &str, waiting: &mut BTreeSet<String>) -> Result<Vec<Option<String>>, Error> {
    let receive = sqs.receive_message().queue_url(url).max_number_of_messages(10).visibility_timeout(LOOK);
    let receive = receive.wait_time_seconds(1).message_attribute_names("All");
    let answer = receive.send().await.map_err(|why| failed("look at the dead-letter queue", why))?;
    let mut reasons = Vec::new();
    for message in answer.messages.unwrap_or_default() {
        let receipt = message.receipt_handle.unwrap_or_default();
        if !waiting.remove(message.body.as_deref().unwrap_or_default()) {
            // It is visible again when the look is over.
            continue;
        }
        let attributes = message.message_attributes.unwrap_or_default();
        reasons.push(attributes.get(worker::REASON).and_then(|reason| reason.string_value.clone()));
        let delete = sqs.delete_message().queue_url(url).receipt_handle(receipt);
        delete.send().await.map_err(|why| failed("delete a dead letter", why))?;
    }
    Ok(reasons)
}

fn output(traffic: &Traffic, name: &str) -> Result<String, Error> {
    let missing = || Error::usage(format!("The stack has no output {name}"), "Deploy the scenario's own template.");
    traffic.outputs.get(name).cloned().ok_or_else(missing)
}

fn failed(what: &str, why: impl std::error::Error) -> Error {
    Error::failed(format!("Can't {what}"), DisplayErrorContext(why))
}
