//! The same requests at every server, side by side with the ceiling.

use std::time::Duration;

use super::drain::{Drained, drain};
use super::load::{Load, Outcome};
use super::requests;
use super::server::Server;
use super::setup::Account;

/// Consumers that drain a queue together.
const CONSUMERS: usize = 4;

/// How it is measured.
#[derive(Clone, Copy)]
pub struct Measure {
    pub connections: usize,
    pub time: Duration,
}

/// A server's line.
pub struct Row {
    name: String,
    publish: Outcome,
    batch: Outcome,
    send: Outcome,
    /// What the consumers of both queues did, and how deep the queues were.
    drained: Option<(Vec<Drained>, u64)>,
    /// Messages that the queues should hold after the publishing and do not.
    missing: u64,
    idle: Option<u64>,
    bytes_per_message: Option<u64>,
}

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

async fn load(server: &Server, measure: Measure, requests: Vec<Vec<u8>>) -> Result<Outcome> {
    let Measure { connections, time } = measure;
    let outcome = Load { address: server.address, connections, requests, time, rate: None }.run().await?;
    if let Some(why) = &outcome.why {
        eprintln!("{}: {} requests failed: {}", server.name, outcome.failed, why.chars().take(300).collect::<String>());
    }
    Ok(outcome)
}

/// The ceiling's line: requests that nobody understands.
pub async fn limit(server: &Server, measure: Measure) -> Result<Row> {
    let (topic, url) =
        ("arn:aws:sns:us-east-1:000000000000:bench-00000", "http://127.0.0.1:45660/000000000000/bench-000");
    Ok(Row {
        name: server.name.clone(),
        idle: server.memory(),
        publish: load(server, measure, requests::publish(topic)).await?,
        batch: load(server, measure, requests::publish_batch(topic)).await?,
        send: load(server, measure, requests::send(url)).await?,
        drained: None,
        missing: 0,
        bytes_per_message: None,
    })
}

/// A cloud's line.
pub async fn cloud(server: &Server, measure: Measure) -> Result<Row> {
    let account = Account::new(&server.url());
    let idle = server.memory();
    let (topic, queues) = account.fanout("single", 2).await?;
    let publish = load(server, measure, requests::publish(&topic)).await?;
    let mut depth = 0;
    for queue in &queues {
        depth += account.depth(queue).await?;
    }
    let grown = server.memory().zip(idle).map(|(now, idle)| now.saturating_sub(idle));
    let bytes_per_message = grown.filter(|_| depth > 0).map(|grown| grown / depth);
    let mut drained = Vec::new();
    for queue in &queues {
        drained.push(drain(server.address, queue, CONSUMERS, measure.time * 3).await?);
    }
    let (topic, _) = account.fanout("batch", 2).await?;
    let batch = load(server, measure, requests::publish_batch(&topic)).await?;
    let queue = account.queue("plain").await?;
    let send = load(server, measure, requests::send(&queue)).await?;
    Ok(Row {
        name: server.name.clone(),
        missing: (publish.answered * queues.len() as u64).saturating_sub(depth),
        publish,
        batch,
        send,
        drained: Some((drained, depth / queues.len() as u64)),
        idle,
        bytes_per_message,
    })
}

/// The table, in Markdown. The ceiling is measured first and last: the lines between are held against the mean.
pub fn print(rows: &[Row]) {
    let ceilings: Vec<f64> = rows.iter().filter(|row| row.drained.is_none()).map(|row| row.publish.rate()).collect();
    let ceiling = ceilings.iter().sum::<f64>() / ceilings.len().max(1) as f64;
    println!(
        "| server | publish/s | of limit | p50 / p99 ms | PublishBatch msg/s | SendMessage/s | received and deleted/s (depth) \
         | missing | idle MiB | bytes a message |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    let memory = |bytes: Option<u64>| bytes.map_or(String::new(), |bytes| format!("{:.1}", bytes as f64 / 1_048_576.0));
    for row in rows {
        let drained = row.drained.as_ref().map_or(String::new(), |(drained, depth)| {
            let rates: Vec<String> = drained.iter().map(|it| format!("{:.0}", it.rate())).collect();
            let share = drained.iter().map(Drained::requests_rate).sum::<f64>() / drained.len() as f64 / ceiling;
            format!("{} ({depth}), {:.1} % of limit in requests", rates.join(" and "), share * 100.0)
        });
        println!(
            "| {} | {:.0} | {:.1} % | {:.2} / {:.2} | {:.0} | {:.0} ({:.1} %) | {drained} | {} | {} | {} |",
            row.name,
            row.publish.rate(),
            row.publish.rate() / ceiling * 100.0,
            row.publish.ms(50.0),
            row.publish.ms(99.0),
            row.batch.rate() * 10.0,
            row.send.rate(),
            row.send.rate() / rows[0].send.rate() * 100.0,
            row.missing,
            memory(row.idle),
            row.bytes_per_message.map_or(String::new(), |bytes| bytes.to_string()),
        );
    }
}
