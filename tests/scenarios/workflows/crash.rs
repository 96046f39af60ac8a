//! The service and the cloud are killed again and again while clients work.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use super::stage::{Stage, consume, on_both};
use crate::helpers::eventually;

on_both!(whatever_is_accepted_is_consumed_once_whatever_is_killed);

const KILLS: u32 = 6;
const CLIENTS: usize = 4;
/// What a killed consumer had received is for others after so many seconds.
const VISIBILITY: &str = "3";

/// What the clients know.
#[derive(Default)]
struct Known {
    /// Whether they are to stop.
    ends: AtomicBool,
    /// The workflows whose creation was answered.
    accepted: Mutex<HashSet<String>>,
    /// How often each was had.
    had: Mutex<HashMap<String, u32>>,
}

/// Creates workflows until the end.
async fn create(known: Arc<Known>, address: String, kill: u32) {
    let http = reqwest::Client::new();
    while !known.ends.load(Ordering::Relaxed) {
        let sent = http.post(format!("{address}/workflow")).json(&json!({"data": {"kill": kill}})).send().await;
        if let Ok(answer) = sent
            && answer.status() == 201
            && let Ok(created) = answer.json::<Value>().await
        {
            known.accepted.lock().unwrap().insert(created["uuid"].as_str().unwrap().to_owned());
        }
    }
}

/// Consumes until the end.
async fn take(known: Arc<Known>, address: String) {
    let http = reqwest::Client::new();
    while !known.ends.load(Ordering::Relaxed) {
        if let Ok(Some((uuid, csv))) = consume(&http, &address).await {
            assert_eq!(csv, format!("kill\r\n{}\r\n", csv.lines().nth(1).unwrap()));
            *known.had.lock().unwrap().entry(uuid).or_default() += 1;
        }
    }
}

/// Consumes until something is settled: whether nothing waits anywhere any more. Panics if nothing gets on for too long.
///
/// It once looked at the workflows alone, and then waited for an empty queue without consuming. What a kill left leased in the outbox though it
/// was sent, is sent again ten seconds later, and what a killed consumer held comes back after its visibility timeout: both are void, and
/// lay there for ever if everything else was consumed by then.
async fn is_settled(stage: &Stage, known: &Known) -> bool {
    let mut had = 0;
    let settled = eventually("a workflow, or nothing left", async || {
        while let Some((uuid, _)) = consume(&stage.http, &stage.service.address).await.unwrap() {
            *known.had.lock().unwrap().entry(uuid).or_default() += 1;
            had += 1;
        }
        let left = stage.get("/workflow?status=inserted&limit=1").await.json::<Vec<Value>>().await.unwrap();
        // What is sent leaves the outbox behind that: first nothing is there, then nothing is on the queue.
        let settled = left.is_empty() && stage.outbox().await == 0 && stage.messages("workflows").await == 0;
        (settled || had > 0).then_some(settled)
    });
    settled.await
}

async fn whatever_is_accepted_is_consumed_once_whatever_is_killed(mut stage: Stage) {
    let change = stage.cloud.sqs().set_queue_attributes().queue_url(stage.queue_url("workflows").await);
    let name = aws_sdk_sqs::types::QueueAttributeName::VisibilityTimeout;
    change.attributes(name, VISIBILITY).send().await.unwrap();
    stage.crash();
    let known = Arc::new(Known::default());
    for kill in 0..KILLS {
        known.ends.store(false, Ordering::Relaxed);
        let address = stage.service.address.clone();
        let mut clients = tokio::task::JoinSet::new();
        for _ in 0..CLIENTS {
            clients.spawn(create(known.clone(), address.clone(), kill));
            clients.spawn(take(known.clone(), address.clone()));
        }
        // At a random moment of the work, not of the start.
        let before = known.accepted.lock().unwrap().len();
        eventually("some work", async || (known.accepted.lock().unwrap().len() > before + 10).then_some(())).await;
        tokio::time::sleep(Duration::from_millis(rand::random::<u64>() % 500)).await;
        if kill % 2 == 1 {
            stage.cloud.crash_and_restart();
            tokio::time::sleep(Duration::from_millis(rand::random::<u64>() % 500)).await;
        }
        stage.stop();
        known.ends.store(true, Ordering::Relaxed);
        clients.join_all().await;
        stage.crash();
    }
    // Each workflow is consumed in the end: also those whose creation wasn't answered.
    while !is_settled(&stage, &known).await {}
    let (accepted, had) = (known.accepted.lock().unwrap().clone(), known.had.lock().unwrap().clone());
    for uuid in &accepted {
        assert_eq!(stage.show(uuid).await["status"], "consumed");
        assert_eq!(stage.get(&format!("/workflow/{uuid}/csv")).await.status(), 200, "{uuid} has no CSV");
    }
    let twice: Vec<_> = had.iter().filter(|(_, n)| **n > 1).collect();
    assert!(twice.is_empty(), "had twice: {twice:?}");
    stage.until_messages("workflows-dlq", 0).await;
    let counted = format!("{} accepted, {} had, {KILLS} kills", accepted.len(), had.len());
    #[expect(clippy::print_stdout, reason = "the counts are what a run is for")]
    {
        println!("{counted}");
    }
}
