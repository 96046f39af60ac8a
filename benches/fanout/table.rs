//! The same requests at every server, side by side with the ceiling.

use std::time::Duration;

use super::drain::{Drained, Empty, drain};
use super::error::Result;
use super::load::{Load, Outcome};
use super::requests;
use super::server::{Server, Spent};
use super::setup::{Account, SETTLE};

/// Consumers that drain a queue together.
const CONSUMERS: usize = 4;

/// How it is measured.
#[derive(Clone, Copy)]
pub(crate) struct Measure {
    pub connections: usize,
    pub time: Duration,
}

/// A server's line.
pub(crate) struct Row {
    name: String,
    outcome: Result<Measured>,
}

struct Measured {
    publish: Outcome,
    batch: Outcome,
    send: Outcome,
    /// What the consumers of each queue did.
    drained: Vec<Drained>,
    cpu: Cpu,
    idle: Option<u64>,
    /// What only a cloud has.
    queues: Option<Queues>,
}

/// The server's processor time, in microseconds; where the system tells.
#[derive(Default)]
struct Cpu {
    publish: Option<f64>,
    send: Option<f64>,
    /// To receive ten and delete them.
    ten: Option<f64>,
}

/// What the queues held.
struct Queues {
    /// How deep each of them was when it was drained.
    depth: u64,
    /// Messages, of all phases, that were acknowledged and are in no queue.
    missing: u64,
    /// How long the slowest phase's messages took to be there after the last answer.
    late: Duration,
    bytes_per_message: Option<u64>,
}

async fn load(server: &Server, measure: Measure, requests: Vec<Vec<u8>>) -> Result<Outcome> {
    let Measure { connections, time } = measure;
    let outcome = Load { address: server.address, connections, requests, time, rate: None }.run().await?;
    tell(server, outcome.failed, outcome.why.as_deref());
    Ok(outcome)
}

fn tell(server: &Server, failed: u64, why: Option<&str>) {
    if let Some(why) = why {
        eprintln!("{}: {failed} requests failed: {}", server.name, why.chars().take(300).collect::<String>());
    }
}

/// The ceiling's line: requests that nobody understands.
pub(crate) async fn limit(server: &Server, measure: Measure) -> Row {
    let (topic, url) =
        ("arn:aws:sns:us-east-1:000000000000:bench-00000", "http://127.0.0.1:45660/000000000000/bench-000");
    let measured = async {
        let idle = server.memory();
        let spent = Spent::by(server);
        let publish = load(server, measure, requests::publish(topic)).await?;
        let mut cpu = Cpu { publish: spent.us_each(publish.answered), ..Cpu::default() };
        let batch = load(server, measure, requests::publish_batch(topic)).await?;
        let spent = Spent::by(server);
        let send = load(server, measure, requests::send(url)).await?;
        cpu.send = spent.us_each(send.answered);
        let spent = Spent::by(server);
        let drained = vec![drain(server.address, url, CONSUMERS, measure.time, Empty::End).await?];
        cpu.ten = spent.us_each(drained[0].deleted / 10);
        Ok(Measured { idle, publish, batch, send, drained, cpu, queues: None })
    };
    row(server, measured.await)
}

/// A cloud's line.
pub(crate) async fn cloud(server: &Server, measure: Measure) -> Row {
    row(server, measured(server, measure).await)
}

fn row(server: &Server, outcome: Result<Measured>) -> Row {
    if let Err(error) = &outcome {
        eprintln!("{}: {error:?}", server.name);
    }
    Row { name: server.name.clone(), outcome }
}

async fn measured(server: &Server, measure: Measure) -> Result<Measured> {
    eprintln!("{} ..", server.name);
    let account = Account::new(&server.url());
    let idle = server.memory();
    let (topic, queues) = account.fanout("single", 2).await?;
    let spent = Spent::by(server);
    let publish = load(server, measure, requests::publish(&topic)).await?;
    let mut cpu = Cpu { publish: spent.us_each(publish.answered), ..Cpu::default() };
    let expected = publish.answered * 2;
    let (depth, late) = account.settled(&queues, expected).await?;
    let mut missing = expected.saturating_sub(depth);
    let remembered = server.remembered().await;
    let grown = server.memory().zip(idle).map(|(now, idle)| now.saturating_sub(idle + remembered));
    let bytes_per_message = grown.filter(|_| depth > 0).map(|grown| grown / depth);
    let mut drained: Vec<Drained> = Vec::new();
    let spent = Spent::by(server);
    for queue in &queues {
        let one = drain(server.address, queue, CONSUMERS, measure.time * 3, Empty::End).await?;
        tell(server, one.failed, one.why.as_deref());
        drained.push(one);
    }
    cpu.ten = spent.us_each(drained.iter().map(|one| one.deleted / 10).sum());

    let (topic, queues) = account.fanout("batch", 2).await?;
    let batch = load(server, measure, requests::publish_batch(&topic)).await?;
    let (arrived, batch_late) = account.settled(&queues, batch.answered * 20).await?;
    missing += (batch.answered * 20).saturating_sub(arrived);

    let queue = account.queue("plain").await?;
    let spent = Spent::by(server);
    let send = load(server, measure, requests::send(&queue)).await?;
    cpu.send = spent.us_each(send.answered);
    let (arrived, send_late) = account.settled(&[queue], send.answered).await?;
    missing += send.answered.saturating_sub(arrived);
    let late = late.max(batch_late).max(send_late);
    let queues = Queues { depth: depth / 2, missing, late, bytes_per_message };
    Ok(Measured { publish, batch, send, drained, cpu, idle, queues: Some(queues) })
}

/// The table, in Markdown. The ceiling is measured first and last: the lines between are held against the mean.
pub(crate) fn print(rows: &[Row]) {
    let ceilings = || rows.iter().filter_map(|row| row.outcome.as_ref().ok()).filter(|it| it.queues.is_none());
    let count = ceilings().count().max(1) as f64;
    let ceiling = ceilings().map(|it| it.publish.rate()).sum::<f64>() / count;
    let send_ceiling = ceilings().map(|it| it.send.rate()).sum::<f64>() / count;
    let drain_ceiling = ceilings().map(|it| mean(&it.drained)).sum::<f64>() / count;
    println!(
        "| server | publish/s | of limit | p50 / p99 ms | PublishBatch msg/s | SendMessage/s | received and deleted/s \
         (of limit; depth) | missing | idle MiB | bytes a message | CPU us: publish, SendMessage, ten received and deleted |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    for row in rows {
        let it = match &row.outcome {
            Ok(it) => it,
            Err(error) => {
                println!(
                    "| {} | failed: {} | | | | | | | | | |",
                    row.name,
                    error.to_string().replace(['|', '\n'], " ")
                );
                continue;
            }
        };
        println!(
            "| {} | {} | {} | {:.2} / {:.2} | {} | {} ({}) | {} | {} | {} |",
            row.name,
            rate(&it.publish, 1.0),
            percent(it.publish.rate() / ceiling),
            it.publish.ms(50.0),
            it.publish.ms(99.0),
            rate(&it.batch, 10.0),
            rate(&it.send, 1.0),
            percent(it.send.rate() / send_ceiling),
            consumed(it, drain_ceiling),
            memory(it),
            [it.cpu.publish, it.cpu.send, it.cpu.ten].map(us).join(", "),
        );
    }
}

/// Messages a second, with the requests that failed.
fn rate(outcome: &Outcome, messages: f64) -> String {
    let failed = if outcome.failed > 0 { format!(", {} failed", grouped(outcome.failed)) } else { String::new() };
    grouped((outcome.rate() * messages).round() as u64) + &failed
}

/// Messages a second that the consumers of a queue received and deleted.
fn mean(drained: &[Drained]) -> f64 {
    drained.iter().map(Drained::rate).sum::<f64>() / drained.len().max(1) as f64
}

/// Two cells: what was received and deleted, and what was missing.
fn consumed(it: &Measured, ceiling: f64) -> String {
    let rate = mean(&it.drained);
    let share = format!("{} ({}", grouped(rate.round() as u64), percent(rate / ceiling));
    let Some(Queues { depth, missing, late, .. }) = &it.queues else { return format!("{share}) | ") };
    let failed = match it.drained.iter().map(|it| it.failed).sum::<u64>() {
        0 => String::new(),
        failed => format!(", {} failed", grouped(failed)),
    };
    // What is there at once needs no remark.
    let late = match late.as_secs() {
        0 => String::new(),
        _ if late >= &SETTLE => format!(" after {} s", SETTLE.as_secs()),
        seconds => format!(" ({seconds} s late)"),
    };
    format!("{share}; {}){failed} | {}{late}", grouped(*depth), grouped(*missing))
}

/// Two cells: the memory when nothing was done yet, and what a queued message takes.
fn memory(it: &Measured) -> String {
    let idle = it.idle.map_or(String::new(), |bytes| format!("{:.0}", bytes as f64 / 1_048_576.0));
    let bytes = it.queues.as_ref().and_then(|queues| queues.bytes_per_message).map_or(String::new(), grouped);
    format!("{idle} | {bytes}")
}

fn us(time: Option<f64>) -> String {
    time.map_or_else(|| "?".to_owned(), |us| format!("{us:.1}"))
}

/// Small shares, which are what tells slow servers apart, with one digit more.
fn percent(share: f64) -> String {
    let digits = if share < 0.01 { 2 } else { 1 };
    format!("{:.digits$} %", share * 100.0)
}

/// 1234567 as 1,234,567.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
