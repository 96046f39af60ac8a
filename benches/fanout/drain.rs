//! Consumers: each receives ten messages and deletes them, until nothing is left.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::connection::Connection;
use super::load::{GRACE, PAUSE};
use super::requests::sqs;

/// What the consumers did.
#[derive(Default)]
pub(crate) struct Drained {
    pub deleted: u64,
    /// Not answered with 200, or not at all.
    pub failed: u64,
    pub why: Option<String>,
    /// To the last delete: an empty queue isn't timed.
    pub elapsed: Duration,
}

impl Drained {
    /// Messages received and deleted, a second.
    pub(crate) fn rate(&self) -> f64 {
        per_second(self.deleted, self.elapsed)
    }

    fn failure(&mut self, why: String) {
        self.failed += 1;
        self.why.get_or_insert(why);
    }
}

fn per_second(count: u64, time: Duration) -> f64 {
    if time.is_zero() { 0.0 } else { count as f64 / time.as_secs_f64() }
}

/// What consumers do when a queue is empty.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Empty {
    End,
    /// Wait for more.
    Wait,
}

/// Drains a queue with so many consumers, for `time` at most.
pub(crate) async fn drain(
    address: SocketAddr,
    url: &str,
    consumers: usize,
    time: Duration,
    empty: Empty,
) -> std::io::Result<Drained> {
    let begin = Instant::now();
    let until = begin + time;
    let mut tasks = JoinSet::new();
    for _ in 0..consumers {
        let mut consumer = Consumer { connection: Connection::open(address).await?, url: url.to_owned(), begin };
        tasks.spawn_local(async move {
            let mut done = Drained::default();
            if tokio::time::timeout_at((until + GRACE).into(), consumer.consume(until, empty, &mut done)).await.is_err()
            {
                done.failure(format!("no answer within {GRACE:?} of the phase's end"));
                // What it waited for belongs to what it reached.
                done.elapsed = time + GRACE;
            }
            done
        });
    }
    let mut all = Drained::default();
    while let Some(one) = tasks.join_next().await {
        let one = one.map_err(std::io::Error::other)?;
        all.deleted += one.deleted;
        all.failed += one.failed;
        all.why = all.why.or(one.why);
        all.elapsed = all.elapsed.max(one.elapsed);
    }
    Ok(all)
}

/// One of those that drain a queue together.
struct Consumer {
    connection: Connection,
    url: String,
    begin: Instant,
}

impl Consumer {
    async fn consume(&mut self, until: Instant, empty: Empty, done: &mut Drained) {
        let wait = u8::from(empty == Empty::Wait);
        let receive = receive(&self.url, wait);
        let mut empties = 0;
        while Instant::now() < until && (empties < 3 || empty == Empty::Wait) {
            let handles = match self.call(&receive).await {
                Ok(body) => handles(body),
                Err(why) => {
                    done.failure(why);
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            if handles.is_empty() {
                empties += 1;
                continue;
            }
            empties = 0;
            match self.call(&delete(&self.url, handles)).await {
                Ok(body) => {
                    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
                    done.deleted += answer["Successful"].as_array().map_or(0, Vec::len) as u64;
                    done.elapsed = self.begin.elapsed();
                }
                Err(why) => {
                    done.failure(why);
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// The body of an answer with 200.
    async fn call(&mut self, request: &[u8]) -> Result<&[u8], String> {
        match self.connection.call(request).await {
            Ok(answer) if answer.status == 200 => Ok(answer.body),
            Ok(answer) => Err(format!("{} {}", answer.status, String::from_utf8_lossy(answer.body))),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// Asks for ten messages, and waits so many seconds for the first.
pub(crate) fn receive(url: &str, wait: u8) -> Vec<u8> {
    let input = json!({"QueueUrl": url, "MaxNumberOfMessages": 10, "VisibilityTimeout": 300, "WaitTimeSeconds": wait});
    sqs("ReceiveMessage", &input)
}

/// Deletes what was received.
pub(crate) fn delete(url: &str, handles: Vec<String>) -> Vec<u8> {
    let entry = |(i, handle): (usize, String)| json!({"Id": i.to_string(), "ReceiptHandle": handle});
    let entries: Vec<Value> = handles.into_iter().enumerate().map(entry).collect();
    sqs("DeleteMessageBatch", &json!({"QueueUrl": url, "Entries": entries}))
}

/// The receipt handles in an answer, without the cost of reading the rest.
pub(crate) fn handles(body: &[u8]) -> Vec<String> {
    const NAME: &str = "\"ReceiptHandle\"";
    let text = String::from_utf8_lossy(body);
    text.match_indices(NAME)
        .filter_map(|(at, _)| text[at + NAME.len()..].split('"').nth(1).map(str::to_owned))
        .collect()
}
