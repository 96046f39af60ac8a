//! Messages come and go all the time: what the disk holds against what is alive, and what giving space back costs a request.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde_json::json;

use super::connection::Connection;
use super::drain::{Empty, drain};
use super::error::Result;
use super::fill::fill;
use super::load::Load;
use super::requests;
use super::server::Server;
use super::setup::Account;
use super::start::{bytes_in, mebibytes};

/// Messages that stay queued.
const DEPTH: u64 = 200_000;
const BODY: usize = 450;
/// How often the disk is looked at.
const LOOK: Duration = Duration::from_millis(250);
/// How often a request is timed.
const PROBE: Duration = Duration::from_millis(2);

pub(crate) async fn measure(server: &Server, time: Duration) -> Result<()> {
    let time = time * 4;
    let account = Account::new(&server.url());
    let folder = server.data.as_ref().ok_or("it keeps no folder")?.path();
    let (kept, probed) = (account.queue("kept").await?, account.queue("probed").await?);
    fill(server, &kept, DEPTH, BODY).await?;
    let full = bytes_in(folder)?;

    // A few clients at less than the peak, so that what a probe waits for is the server and not its turn.
    let calm = probe(server.address, &probed, time / 4).await?;
    // What the same request takes of a server that does nothing, on a machine that is as busy: the processors' part in it.
    let bare = Server::limit()?;
    let (topic, queues) = account.fanout("through", 2).await?;
    let load = Load {
        address: server.address,
        connections: 4,
        requests: requests::publish_batch(&topic),
        time,
        rate: Some(2_500.0),
    };
    let (published, first, second, busy, ceiling, most) = tokio::join!(
        load.run(),
        drain(server.address, &queues[0], 2, time, Empty::Wait),
        drain(server.address, &queues[1], 2, time, Empty::Wait),
        probe(server.address, &probed, time),
        probe(bare.address, &probed, time),
        most_bytes(folder, time),
    );
    let (published, busy, ceiling, most) = (published?, busy?, ceiling?, most?);
    let through = first?.deleted + second?.deleted;
    // Then only what is kept is alive.
    let account = Account::new(&server.url());
    let left = account.depth(&kept).await?;
    let before = bytes_in(folder)?;
    let until = Instant::now() + Duration::from_secs(10);
    let mut after = before;
    while Instant::now() < until {
        tokio::time::sleep(LOOK).await;
        after = after.min(bytes_in(folder)?);
    }
    println!(
        "- {} events/s to two queues that are drained at once, {through} messages in all, beside {left} that stay: the log had \
         {:.0} MiB full of live messages, {:.0} MiB at most ({:.1} times), {:.0} MiB at the end",
        (published.rate() * 10.0).round(),
        mebibytes(full),
        mebibytes(most),
        most as f64 / full as f64,
        mebibytes(after)
    );
    println!(
        "- a SendMessage beside it takes {} (p50, p99, p99.9, most), of a server beside it that does nothing {}; on the idle \
         server {}",
        shown(&busy),
        shown(&ceiling),
        shown(&calm)
    );
    Ok(())
}

/// The most that the folder holds.
async fn most_bytes(folder: &std::path::Path, time: Duration) -> Result<u64> {
    let until = Instant::now() + time;
    let mut most = 0;
    while Instant::now() < until {
        most = most.max(bytes_in(folder)?);
        tokio::time::sleep(LOOK).await;
    }
    Ok(most)
}

/// What one client's requests take, one at a time. It is on a thread of its own: beside the load's thread it measured how long that one
/// was busy.
async fn probe(address: SocketAddr, url: &str, time: Duration) -> Result<Histogram<u64>> {
    let send = requests::sqs("SendMessage", &json!({"QueueUrl": url, "MessageBody": "probe"}));
    let probing = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(probe_at(address, &send, time))
    });
    Ok(probing.await??)
}

async fn probe_at(address: SocketAddr, send: &[u8], time: Duration) -> std::io::Result<Histogram<u64>> {
    let mut connection = Connection::open(address).await?;
    let mut latency = Histogram::new(3).map_err(std::io::Error::other)?;
    let until = Instant::now() + time;
    while Instant::now() < until {
        tokio::time::sleep(PROBE).await;
        let begin = Instant::now();
        connection.call(send).await?;
        latency.record(begin.elapsed().as_micros() as u64).map_err(std::io::Error::other)?;
    }
    Ok(latency)
}

fn shown(latency: &Histogram<u64>) -> String {
    let ms = |quantile| latency.value_at_quantile(quantile) as f64 / 1e3;
    format!("{:.2}, {:.2}, {:.2}, {:.2} ms", ms(0.5), ms(0.99), ms(0.999), ms(1.0))
}
