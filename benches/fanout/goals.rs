//! What a fan-out must not cost: many subscribers, many connections, deep queues, polls that wait, a power cut's promise.

use std::time::{Duration, Instant};

use clap::ValueEnum;
use serde_json::json;

use super::connection::Connection;
use super::error::Result;
use super::load::{Load, Outcome};
use super::server::Server;
use super::setup::Account;
use super::{client, depth, objects, requests, space, start};

/// What `messaging` alone is measured for.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Goal {
    /// Latency at half of the peak.
    Half,
    /// Up to 100 queues of a topic.
    Width,
    /// 1,000 connections.
    Crowd,
    /// How soon a long poll has its message.
    Wake,
    /// What long polls that wait cost.
    Idle,
    /// Deep queues.
    Depth,
    /// What `--durability power` costs.
    Power,
    /// Start-up, empty and full.
    Start,
    /// The disk under messages that come and go, and what compaction costs a request.
    Space,
    /// Objects put and got, small ones beside the ceiling and large ones beside a plain copy.
    Objects,
    /// `messaging publish` and `messaging consume`.
    Client,
}

/// Measures one, on a server of its own; `deep` is the depth of the deepest queue.
pub(crate) async fn measure(goal: Goal, time: Duration, deep: u64) -> Result<()> {
    let server = || Server::messaging("messaging", "process");
    match goal {
        Goal::Half => peak_and_half(&server()?, time).await,
        Goal::Width => subscribers(&server()?, time).await,
        Goal::Crowd => connections(&server()?, time).await,
        Goal::Wake => wake(&server()?).await,
        Goal::Idle => idle_polls(&server()?, time).await,
        Goal::Depth => depth::measure(time, deep).await,
        Goal::Power => power(time).await,
        Goal::Start => start::measure().await,
        Goal::Space => space::measure(&server()?, time).await,
        Goal::Objects => objects::measure(time).await,
        Goal::Client => client::measure(&server()?, time),
    }
}

async fn publish(
    server: &Server,
    topic: &str,
    connections: usize,
    time: Duration,
    rate: Option<f64>,
) -> Result<Outcome> {
    let load = Load { address: server.address, connections, requests: requests::publish(topic), time, rate };
    Ok(load.run().await?)
}

async fn peak_and_half(server: &Server, time: Duration) -> Result<()> {
    let (topic, _) = Account::new(&server.url()).fanout("half", 2).await?;
    let peak = publish(server, &topic, 16, time, None).await?.rate();
    let half = publish(server, &topic, 16, time, Some(peak / 2.0)).await?;
    println!(
        "- at half of the peak ({:.0} of {peak:.0} publishes/s): p50 {:.2} ms, p99 {:.2} ms, {} failed",
        half.rate(),
        half.ms(50.0),
        half.ms(99.0),
        half.failed
    );
    Ok(())
}

async fn subscribers(server: &Server, time: Duration) -> Result<()> {
    let account = Account::new(&server.url());
    let mut rates = Vec::new();
    for queues in [1, 10, 100] {
        let (topic, _) = account.fanout(&format!("wide-{queues}"), queues).await?;
        rates.push(publish(server, &topic, 16, time, None).await?.rate());
    }
    println!(
        "- publish to 1, 10, 100 queues: {:.0}, {:.0}, {:.0} a second; 100 take {:.1} times as long as 1",
        rates[0],
        rates[1],
        rates[2],
        rates[0] / rates[2]
    );
    Ok(())
}

async fn connections(server: &Server, time: Duration) -> Result<()> {
    let (topic, _) = Account::new(&server.url()).fanout("crowd", 2).await?;
    let crowd = publish(server, &topic, 1_000, time, None).await?;
    println!(
        "- 1,000 connections: {:.0} publishes/s, p50 {:.2} ms, p99 {:.2} ms ({:.1} times), {} failed",
        crowd.rate(),
        crowd.ms(50.0),
        crowd.ms(99.0),
        crowd.ms(99.0) / crowd.ms(50.0),
        crowd.failed
    );
    Ok(())
}

/// From the moment a message is sent to the moment a long poll that waited has it.
async fn wake(server: &Server) -> Result<()> {
    let url = Account::new(&server.url()).queue("wake").await?;
    let poll = requests::sqs("ReceiveMessage", &json!({"QueueUrl": url, "WaitTimeSeconds": 20}));
    let send = requests::sqs("SendMessage", &json!({"QueueUrl": url, "MessageBody": "wake up"}));
    let (mut poller, mut sender) = (Connection::open(server.address).await?, Connection::open(server.address).await?);
    let mut latency = hdrhistogram::Histogram::<u64>::new(3)?;
    for _ in 0..500 {
        let polled = async {
            let answer = poller.call(&poll).await.map(|answer| answer.status);
            answer.map(|status| (status, Instant::now()))
        };
        let sent = async {
            // The poll is on its way; it has to wait already when the message comes.
            tokio::time::sleep(Duration::from_millis(5)).await;
            let at = Instant::now();
            sender.call(&send).await.map(|_| at)
        };
        let (polled, sent) = tokio::try_join!(polled, sent)?;
        latency.record(polled.1.saturating_duration_since(sent).as_micros() as u64)?;
    }
    let ms = |quantile| latency.value_at_quantile(quantile) as f64 / 1e3;
    println!("- a long poll has a message {:.2} ms (p50), {:.2} ms (p99) after it was sent", ms(0.5), ms(0.99));
    Ok(())
}

async fn idle_polls(server: &Server, time: Duration) -> Result<()> {
    const POLLS: usize = 9_000;
    let url = Account::new(&server.url()).queue("idle").await?;
    let idle = server.memory().unwrap_or(0) as f64 / 1_048_576.0;
    let poll = requests::sqs("ReceiveMessage", &json!({"QueueUrl": url, "WaitTimeSeconds": 20}));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..POLLS {
        let (poll, address) = (poll.clone(), server.address);
        tasks.spawn_local(async move {
            let mut connection = Connection::open(address).await?;
            connection.call(&poll).await.map(|answer| answer.status)
        });
    }
    tokio::time::sleep(Duration::from_secs(5)).await;
    let before = server.cpu_seconds();
    tokio::time::sleep(time.min(Duration::from_secs(10))).await;
    let spent = server.cpu_seconds().zip(before).map(|(after, before)| after - before);
    let memory = server.memory().unwrap_or(0) as f64 / 1_048_576.0;
    println!(
        "- {POLLS} long polls that wait cost {:.2} s of processor time in {:.0} s, {memory:.0} MiB in all: {idle:.0} MiB before them, \
         {:.1} KiB each",
        spent.unwrap_or(f64::NAN),
        time.as_secs_f64().min(10.0),
        (memory - idle) * 1_024.0 / POLLS as f64
    );
    tasks.shutdown().await;
    Ok(())
}

/// What `--durability power` costs, at 256 connections.
async fn power(time: Duration) -> Result<()> {
    let mut rates = Vec::new();
    for durability in ["process", "power"] {
        let server = Server::messaging(durability, durability)?;
        let (topic, _) = Account::new(&server.url()).fanout("power", 2).await?;
        rates.push(publish(&server, &topic, 256, time, None).await?.rate());
    }
    println!(
        "- with 256 connections: durability process {:.0} publishes/s, power {:.0} ({:.0} %)",
        rates[0],
        rates[1],
        rates[1] / rates[0] * 100.0
    );
    Ok(())
}
