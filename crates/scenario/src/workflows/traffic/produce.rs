//! The clients that create workflows, and the books that are kept of them.

use std::collections::HashMap;
use std::ops::Range;
use std::time::Duration;

use parking_lot::Mutex;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use super::client::Client;
use super::documents::{self, Request};
use crate::Traffic;

/// What is known of a workflow that was accepted.
#[derive(Debug)]
pub(super) struct Entry {
    pub data: Value,
    pub steps: Vec<String>,
    /// Whether it was withdrawn for good.
    pub withdrawn: bool,
    /// The CSVs that consumers got of it.
    pub csvs: Vec<String>,
    /// How many of them are of the time before it was withdrawn and queued again.
    pub before: usize,
}

/// What the clients did.
#[derive(Debug, Default)]
pub(super) struct Books {
    pub entries: Mutex<HashMap<Uuid, Entry>>,
    pub counts: Mutex<Counts>,
}

/// How many requests came to what.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub asked: u64,
    pub refused: u64,
    /// Requests that failed though they should not have, with their reasons.
    pub failed: Vec<String>,
    /// Workflows that others created were consumed too.
    pub strangers: u64,
}

impl Books {
    /// A consumer got a CSV. Whether that is the workflow's effect, and not one that was counted already.
    pub(super) fn consumed(&self, uuid: Uuid, csv: String) -> bool {
        let mut entries = self.entries.lock();
        let Some(entry) = entries.get_mut(&uuid) else {
            self.counts.lock().strangers += 1;
            return false;
        };
        entry.csvs.push(csv);
        !entry.withdrawn && entry.csvs.len() == 1
    }

    /// The workflows that are still to be consumed.
    pub(super) fn open(&self) -> Vec<Uuid> {
        let entries = self.entries.lock();
        let open = |entry: &Entry| !entry.withdrawn && entry.csvs.len() <= entry.before;
        entries.iter().filter(|(_, entry)| open(entry)).map(|(uuid, _)| *uuid).collect()
    }

    /// Whether all that is to be consumed is.
    pub(super) fn is_done(&self) -> bool {
        self.open().is_empty()
    }

    fn fail(&self, why: String) {
        self.counts.lock().failed.push(why);
    }
}

/// Makes every `step`th request of a range.
pub(super) async fn create(
    traffic: &Traffic,
    client: &Client,
    books: &Books,
    run: u64,
    range: Range<u64>,
    step: usize,
    literal: bool,
) {
    let started = Instant::now();
    for n in range.step_by(step) {
        if let Some(rate) = traffic.rate {
            let moment = started + Duration::from_secs_f64(n as f64 / rate.max(f64::MIN_POSITIVE));
            tokio::select! {
                () = sleep_until(moment) => {}
                () = traffic.stop.cancelled() => {}
            }
        }
        if traffic.stop.is_cancelled() {
            return;
        }
        books.counts.lock().asked += 1;
        traffic.progress.ask(1);
        match documents::request(traffic.seed, run, n) {
            Request::Good { uuid, data, steps } => {
                let body = json!({"uuid": uuid, "data": data, "steps": steps});
                enter(books, uuid, data, steps);
                accept(client, books, uuid, body).await;
            }
            Request::Withdrawn { uuid, data, again } => {
                let body = json!({"uuid": uuid, "data": data});
                enter(books, uuid, data, Vec::new());
                if accept(client, books, uuid, body).await && withdraw(client, books, uuid, again).await {
                    traffic.progress.finish(1);
                }
            }
            Request::Wrong { method, path, body, status } => {
                let status = if literal && body.contains("\"lost\"") { 403 } else { status };
                match client.ask(method, &path, Some(body).filter(|body| !body.is_empty())).await {
                    Ok(response) if response.status().as_u16() == status => books.counts.lock().refused += 1,
                    Ok(response) => books.fail(format!("{path}: {} instead of {status}", response.status())),
                    Err(why) => books.fail(why),
                }
                traffic.progress.finish(1);
            }
        }
    }
}

/// Enters a workflow before it is asked for: a consumer may have it before its creator has the answer.
fn enter(books: &Books, uuid: Uuid, data: Value, steps: Vec<String>) {
    let entry = Entry { data, steps, withdrawn: false, csvs: Vec::new(), before: 0 };
    books.entries.lock().insert(uuid, entry);
}

/// Creates a workflow: whether it is there. Its name is the client's, so that asking again can't create two.
async fn accept(client: &Client, books: &Books, uuid: Uuid, body: Value) -> bool {
    let why = match client.ask(Method::POST, "/workflow", Some(body.to_string())).await {
        Ok(response) if [201, 409].contains(&response.status().as_u16()) => return true,
        Ok(response) => format!("{uuid}: POST gives {}", response.status()),
        Err(why) => format!("{uuid}: {why}"),
    };
    books.entries.lock().remove(&uuid);
    books.fail(why);
    false
}

/// Withdraws a workflow, which somebody may have consumed already, and queues it again if it is to be. Whether it is withdrawn
/// before anybody had it.
async fn withdraw(client: &Client, books: &Books, uuid: Uuid, again: bool) -> bool {
    let path = format!("/workflow/{uuid}");
    let set = async |status: &str| {
        let body = json!({ "status": status }).to_string();
        match client.ask(Method::PATCH, &path, Some(body)).await {
            Ok(response) if response.status() == 200 => true,
            Ok(response) => {
                books.fail(format!("{path}: PATCH gives {}", response.status()));
                false
            }
            Err(why) => {
                books.fail(why);
                false
            }
        }
    };
    if !set("consumed").await {
        return false;
    }
    if !again {
        let mut entries = books.entries.lock();
        let Some(entry) = entries.get_mut(&uuid) else { return false };
        entry.withdrawn = true;
        return entry.csvs.is_empty();
    }
    // Whether it was consumed before it was withdrawn is what the service knows best: the answer may still be on its way.
    let consumed = match client.get(uuid).await {
        Ok(Some(shown)) => shown.get("consumed_at").is_some(),
        Ok(None) => {
            books.fail(format!("{path} is gone"));
            return false;
        }
        Err(why) => {
            books.fail(why);
            return false;
        }
    };
    if let Some(entry) = books.entries.lock().get_mut(&uuid) {
        entry.before = usize::from(consumed);
    }
    set("inserted").await;
    false
}
