//! Load: so many connections that each send one request after the other, as fast as they can or at a given rate.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::task::JoinSet;

use super::connection::Connection;

/// What to send, by whom, for how long.
pub struct Load {
    pub address: SocketAddr,
    pub connections: usize,
    pub requests: Vec<Vec<u8>>,
    pub time: Duration,
    /// Requests a second of all together; `None` as many as go. The latency of a request that an earlier one held back then
    /// counts from when it was due, so that a stall isn't hidden by what it delayed.
    pub rate: Option<f64>,
}

/// What came of it.
pub struct Outcome {
    pub answered: u64,
    /// Not answered with 200, or not at all.
    pub failed: u64,
    pub why: Option<String>,
    pub elapsed: Duration,
    /// In microseconds.
    pub latency: Histogram<u64>,
}

impl Outcome {
    fn new() -> Self {
        let latency = Histogram::new(3).expect("three digits are possible");
        Self { answered: 0, failed: 0, why: None, elapsed: Duration::ZERO, latency }
    }

    /// Answers a second.
    pub fn rate(&self) -> f64 {
        self.answered as f64 / self.elapsed.as_secs_f64()
    }

    /// A percentile of the latencies, in milliseconds.
    pub fn ms(&self, percentile: f64) -> f64 {
        self.latency.value_at_quantile(percentile / 100.0) as f64 / 1e3
    }

    fn note(&mut self, latency: Duration) {
        // It grows with its values, so it takes all of them.
        let _ = self.latency.record(latency.as_micros() as u64);
    }

    fn failure(&mut self, why: impl FnOnce() -> String) {
        self.failed += 1;
        self.why.get_or_insert_with(why);
    }
}

impl Load {
    /// Runs it, all connections on this one thread.
    pub async fn run(self) -> std::io::Result<Outcome> {
        let mut connections = Vec::with_capacity(self.connections);
        for _ in 0..self.connections {
            connections.push(Connection::open(self.address).await?);
        }
        let next = Arc::new(AtomicUsize::new(0));
        let requests = Arc::new(self.requests);
        let begin = Instant::now();
        let mut tasks = JoinSet::new();
        let gap = self.rate.map(|rate| Duration::from_secs_f64(self.connections as f64 / rate));
        for (index, mut connection) in connections.into_iter().enumerate() {
            let (requests, next) = (requests.clone(), next.clone());
            let offset = gap.map(|gap| gap.mul_f64(index as f64 / self.connections as f64));
            tasks.spawn_local(async move {
                let mut outcome = Outcome::new();
                let mut due = begin + offset.unwrap_or_default();
                while due < begin + self.time {
                    match gap {
                        Some(gap) => {
                            let late = Instant::now() > due;
                            tokio::time::sleep_until(due.into()).await;
                            // The timer's own lag, up to 1 ms, is not the server's.
                            let from = if late { due } else { Instant::now() };
                            due += gap;
                            one(&mut connection, &requests, &next, from, &mut outcome).await;
                        }
                        None => {
                            one(&mut connection, &requests, &next, Instant::now(), &mut outcome).await;
                            due = Instant::now();
                        }
                    }
                    if outcome.failed > 100 {
                        break;
                    }
                }
                outcome
            });
        }
        let mut all = Outcome::new();
        while let Some(one) = tasks.join_next().await {
            let one = one.map_err(std::io::Error::other)?;
            all.answered += one.answered;
            all.failed += one.failed;
            all.why = all.why.or(one.why);
            all.latency.add(&one.latency).expect("the histograms are alike");
        }
        all.elapsed = begin.elapsed();
        Ok(all)
    }
}

async fn one(
    connection: &mut Connection,
    requests: &[Vec<u8>],
    next: &AtomicUsize,
    from: Instant,
    outcome: &mut Outcome,
) {
    let request = &requests[next.fetch_add(1, Ordering::Relaxed) % requests.len()];
    match connection.call(request).await {
        Ok(answer) if answer.status == 200 => {
            outcome.answered += 1;
            outcome.note(from.elapsed());
        }
        Ok(answer) => {
            let (status, body) = (answer.status, String::from_utf8_lossy(answer.body).into_owned());
            outcome.failure(|| format!("{status} {body}"));
        }
        Err(error) => outcome.failure(|| error.to_string()),
    }
}
