//! Consumers: each receives ten messages and deletes them, until nothing is left.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::connection::Connection;
use super::requests::sqs;

/// What the consumers did.
#[derive(Default)]
pub struct Drained {
    pub received: u64,
    pub deleted: u64,
    pub requests: u64,
    pub elapsed: Duration,
}

impl Drained {
    /// Messages received and deleted, a second.
    pub fn rate(&self) -> f64 {
        self.deleted as f64 / self.elapsed.as_secs_f64()
    }

    /// Requests a second.
    pub fn requests_rate(&self) -> f64 {
        self.requests as f64 / self.elapsed.as_secs_f64()
    }
}

/// Drains a queue with so many consumers, for `time` at most or until it is empty.
pub async fn drain(address: SocketAddr, url: &str, consumers: usize, time: Duration) -> std::io::Result<Drained> {
    let begin = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..consumers {
        let url = url.to_owned();
        tasks.spawn_local(async move { consume(address, &url, begin + time).await });
    }
    let mut all = Drained::default();
    while let Some(one) = tasks.join_next().await {
        let (one, last) = one.map_err(std::io::Error::other)??;
        all.received += one.received;
        all.deleted += one.deleted;
        all.requests += one.requests;
        // To the last delete: an empty queue isn't timed.
        all.elapsed = all.elapsed.max(last.saturating_duration_since(begin));
    }
    Ok(all)
}

async fn consume(address: SocketAddr, url: &str, until: Instant) -> std::io::Result<(Drained, Instant)> {
    let mut connection = Connection::open(address).await?;
    let receive = sqs("ReceiveMessage", &json!({"QueueUrl": url, "MaxNumberOfMessages": 10, "VisibilityTimeout": 300}));
    let (mut done, mut last) = (Drained::default(), Instant::now());
    let mut empty = 0;
    while Instant::now() < until && empty < 3 {
        let answer = connection.call(&receive).await?;
        let handles = handles(answer.body);
        if handles.is_empty() {
            empty += 1;
            continue;
        }
        (empty, done.received) = (0, done.received + handles.len() as u64);
        let entry = |(i, handle): (usize, String)| json!({"Id": i.to_string(), "ReceiptHandle": handle});
        let entries: Vec<Value> = handles.into_iter().enumerate().map(entry).collect();
        let answer = connection.call(&sqs("DeleteMessageBatch", &json!({"QueueUrl": url, "Entries": entries}))).await?;
        let answer: Value = serde_json::from_slice(answer.body).unwrap_or_default();
        done.deleted += answer["Successful"].as_array().map_or(0, Vec::len) as u64;
        done.requests += 2;
        last = Instant::now();
    }
    Ok((done, last))
}

/// The receipt handles in an answer, without the cost of reading the rest.
fn handles(body: &[u8]) -> Vec<String> {
    const NAME: &str = "\"ReceiptHandle\"";
    let text = String::from_utf8_lossy(body);
    text.match_indices(NAME)
        .filter_map(|(at, _)| text[at + NAME.len()..].split('"').nth(1).map(str::to_owned))
        .collect()
}
