//! What is proved of the traffic: each workflow was consumed once, its CSV is its data, the list has it once, and the queues are
//! empty.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_sqs::types::QueueAttributeName as Name;
use serde_json::Value;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::client::{Client, PAUSE};
use super::produce::{Books, Entry};
use super::restore::{restore, shape};
use crate::ledger::{Check, Leg};
use crate::workflows::{DEAD_LETTERS_URL, QUEUE_URL};
use crate::{Error, Ledger, Traffic};

/// How many workflows are looked at side by side.
const SIDE_BY_SIDE: usize = 16;

/// What is looked at.
struct Proof {
    leg: Leg,
    withdrawn: Leg,
    same: Check,
    again: Check,
    shown: Check,
    listed: Check,
    queues: Check,
}

/// Looks at everything that was asked for.
pub(super) async fn prove(
    traffic: &Traffic,
    client: &Client,
    books: &Books,
    dead_before: u64,
) -> Result<Ledger, Error> {
    use futures::StreamExt;
    let mut proof = Proof {
        leg: Leg::new("create and consume"),
        withdrawn: Leg::new("withdraw"),
        same: Check::new("CSVs parse back to their data"),
        again: Check::new("CSVs can be had again"),
        shown: Check::new("workflows are shown as they were sent, consumed, with their times"),
        listed: Check::new("the pages list each workflow once"),
        queues: Check::new("nothing is left on the queue, nothing is a dead letter"),
    };
    let entries: Vec<(Uuid, Entry)> = books.entries.lock().drain().collect();
    let listed = list(client).await?;
    let mut looks = futures::stream::iter(entries)
        .map(|(uuid, entry)| async move { (uuid, client.get(uuid).await, client.csv(uuid).await, entry) })
        .buffer_unordered(SIDE_BY_SIDE);
    while let Some((uuid, shown, csv, entry)) = looks.next().await {
        let listed = listed.get(&uuid).copied().unwrap_or(0);
        proof.listed.look(if listed == 1 { Ok(()) } else { Err(format!("{uuid} stands in it {listed} times")) });
        let read = |why: String| Error::failed(format!("Can't look at the workflow {uuid}"), why);
        proof.look(uuid, shown.map_err(read)?, csv.map_err(read)?, &entry);
    }
    drop(looks);
    proof.queues.look(queues_are_empty(traffic, dead_before).await?);
    let counts = books.counts.lock();
    let leg = &mut proof.leg;
    // What was withdrawn has a leg of its own.
    leg.asked = counts.asked - proof.withdrawn.asked;
    leg.refused = counts.refused;
    leg.failed += counts.failed.len() as u64;
    for why in &counts.failed {
        leg.name_one(why.clone());
    }
    let mut notes = Vec::new();
    if counts.strangers > 0 {
        notes.push(format!("{} workflows that others had created were consumed too.", counts.strangers));
    }
    Ok(Ledger {
        legs: vec![proof.leg, proof.withdrawn],
        checks: vec![proof.same, proof.again, proof.shown, proof.listed, proof.queues],
        tenants: Vec::new(),
        notes,
    })
}

impl Proof {
    fn look(&mut self, uuid: Uuid, shown: Option<Value>, csv: Option<String>, entry: &Entry) {
        let leg = if entry.withdrawn { &mut self.withdrawn } else { &mut self.leg };
        if entry.withdrawn {
            leg.asked += 1;
        }
        let Some(shown) = shown else {
            leg.lost += 1;
            return leg.name_one(uuid.to_string());
        };
        let ms = |name: &str| shown[name].as_u64().map(Duration::from_millis);
        // A consumer whose answer was lost has consumed too: the service knows that, and has its CSV.
        let consumed = shown["status"] == "consumed" && (entry.withdrawn || csv.is_some());
        // What was withdrawn after a consumption was consumed once; what was queued twice, once more.
        let most = if entry.withdrawn { 1 } else { entry.before + 1 };
        if !consumed {
            leg.lost += 1;
            leg.name_one(uuid.to_string());
        } else if entry.csvs.len() > most {
            leg.twice += 1;
            leg.name_one(uuid.to_string());
        } else {
            leg.done += 1;
        }
        if let (Some(lead), Some(execution)) = (ms("lead_ms"), ms("execution_ms")) {
            leg.lead.add(lead);
            leg.execution.add(execution);
        }
        let kept = shown["data"] == entry.data && shown["steps"] == Value::from(entry.steps.clone());
        let timed = entry.withdrawn || ms("lead_ms").is_some();
        self.shown.look(match kept && consumed && timed {
            true => Ok(()),
            false => Err(format!("{uuid} is {shown}")),
        });
        for got in entry.csvs.iter().chain(&csv) {
            let restored = restore(got, ',', &shape(&entry.data));
            self.same.look(match restored {
                Ok(data) if data == entry.data => Ok(()),
                Ok(data) => Err(format!("{uuid} gives {data}")),
                Err(why) => Err(format!("{uuid}: {why}")),
            });
        }
        if let Some(last) = entry.csvs.last() {
            self.again.look(match csv.as_ref() == Some(last) {
                true => Ok(()),
                false => Err(format!("{uuid} gives another one")),
            });
        }
    }
}

/// How often each workflow stands in the pages of the list.
async fn list(client: &Client) -> Result<HashMap<Uuid, u32>, Error> {
    let mut listed = HashMap::new();
    let read = client.list(|shown| {
        if let Some(uuid) = shown["uuid"].as_str().and_then(|text| text.parse().ok()) {
            *listed.entry(uuid).or_insert(0) += 1;
        }
    });
    read.await.map_err(|why| Error::failed("Can't list the workflows", why))?;
    Ok(listed)
}

/// Whether the queue gets empty, and no dead letter came.
async fn queues_are_empty(traffic: &Traffic, dead_before: u64) -> Result<Result<(), String>, Error> {
    let started = Instant::now();
    loop {
        let left = messages(traffic, QUEUE_URL).await?;
        let dead = messages(traffic, DEAD_LETTERS_URL).await?.saturating_sub(dead_before);
        if left == 0 && dead == 0 {
            return Ok(Ok(()));
        }
        if started.elapsed() > traffic.patience || traffic.stop.is_cancelled() {
            return Ok(Err(format!("{left} messages are on the queue, {dead} are dead letters")));
        }
        sleep(PAUSE).await;
    }
}

/// How many dead letters there are.
pub(super) async fn dead_letters(traffic: &Traffic) -> Result<u64, Error> {
    messages(traffic, DEAD_LETTERS_URL).await
}

/// How many messages a queue has, those in flight included.
async fn messages(traffic: &Traffic, output: &str) -> Result<u64, Error> {
    let url = traffic.outputs.get(output).ok_or_else(|| {
        Error::usage(format!("The stack has no output {output}"), "Deploy the scenario's own template.")
    })?;
    let names = [Name::ApproximateNumberOfMessages, Name::ApproximateNumberOfMessagesNotVisible];
    let ask = traffic.clients.sqs.get_queue_attributes().queue_url(url).set_attribute_names(Some(names.to_vec()));
    let answer = ask.send().await.map_err(|error| Error::failed("Can't look at a queue", error))?;
    let count = |name| answer.attributes().and_then(|all| all.get(name)?.parse::<u64>().ok()).unwrap_or(0);
    Ok(names.iter().map(count).sum())
}
