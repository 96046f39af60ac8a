//! Queues that are nearly empty, deep, and very deep: whether a message takes longer to come out, and what it takes of memory.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde_json::json;

use super::connection::Connection;
use super::drain::{Empty, delete, drain, handles, receive};
use super::error::Result;
use super::fill::fill;
use super::requests::sqs;
use super::server::Server;
use super::setup::Account;
use super::start::mebibytes;

const BODY: usize = 450;

/// `deep` is the depth of the deepest.
pub(crate) async fn measure(time: Duration, deep: u64) -> Result<()> {
    for depth in [10, 100_000, deep] {
        let server = Server::messaging("messaging", "process")?;
        let url = Account::new(&server.url()).queue("deep").await?;
        let before = server.memory().unwrap_or(0);
        fill(&server, &url, depth, BODY).await?;
        let (memory, remembered) = (server.memory().unwrap_or(0), server.remembered().await);
        let turns = turns(&server, &url, time).await?;
        let drained = drain(server.address, &url, 4, time, Empty::End).await?;
        let us = |quantile: f64| turns.value_at_quantile(quantile) as f64 / 1e3;
        print!(
            "- at a depth of {depth}: ten messages received and deleted in {:.1} us (p50), {:.1} us (p99)",
            us(0.5),
            us(0.99)
        );
        // What ten messages take, and how fast they are gone, says nothing.
        if depth > 10 {
            print!(
                "; {:.0} messages/s by four consumers; {:.0} MiB for the server, {:.0} of them for its history; {:.0} bytes a \
                 message beside that",
                drained.rate(),
                mebibytes(memory),
                mebibytes(remembered),
                memory.saturating_sub(before + remembered) as f64 / depth as f64
            );
        }
        println!();
    }
    Ok(())
}

/// One consumer receives ten and deletes them, again and again; ten new ones, which aren't timed, keep the depth as it is.
/// In nanoseconds.
async fn turns(server: &Server, url: &str, time: Duration) -> Result<Histogram<u64>> {
    let entry = |i: u32| json!({"Id": i.to_string(), "MessageBody": "x".repeat(BODY)});
    let entries: Vec<_> = (0..10).map(entry).collect();
    let send = sqs("SendMessageBatch", &json!({"QueueUrl": url, "Entries": entries}));
    let receive = receive(url, 0);
    let mut connection = Connection::open(server.address).await?;
    let mut turns = Histogram::new(3)?;
    let until = Instant::now() + time;
    while Instant::now() < until {
        let begin = Instant::now();
        let handles = handles(connection.call(&receive).await?.body);
        if handles.len() != 10 {
            return Err(format!("{} messages came instead of ten", handles.len()).into());
        }
        connection.call(&delete(url, handles)).await?;
        turns.record(begin.elapsed().as_nanos() as u64)?;
        if connection.call(&send).await?.status != 200 {
            return Err("SendMessageBatch failed".into());
        }
    }
    Ok(turns)
}
