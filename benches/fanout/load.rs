//! Load: so many connections that each send one request after the other, as fast as they can or at a given rate.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::connection::Connection;

/// What to send, by whom, for how long.
pub(crate) struct Load {
    pub address: SocketAddr,
    pub connections: usize,
    pub requests: Vec<Vec<u8>>,
    pub time: Duration,
    /// Requests a second of all together; `None` as many as go. Then each counts from the tick at which it was due, whether or
    /// not its connection was free, so that a stall isn't hidden by what it delayed.
    pub rate: Option<f64>,
}

/// How long a phase waits, at its end, for answers that are still due; a request without one by then has failed.
pub(crate) const GRACE: Duration = Duration::from_secs(5);

/// After a failure a connection pauses, so that a server that refuses everything isn't asked in a tight loop.
pub(crate) const PAUSE: Duration = Duration::from_millis(10);

/// How often requests that are due are sent: tokio's timers count in milliseconds, which is too coarse.
const TICK: Duration = Duration::from_micros(100);

/// Wakes all connections every [`TICK`], from a thread of its own, until it is dropped.
struct Ticker {
    wake: Arc<Notify>,
    stop: Arc<AtomicBool>,
}

impl Ticker {
    fn start() -> Self {
        let ticker = Ticker { wake: Arc::default(), stop: Arc::default() };
        let (wake, stop) = (ticker.wake.clone(), ticker.stop.clone());
        std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                std::thread::sleep(TICK);
                wake.notify_waiters();
            }
        });
        ticker
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// What came of it.
pub(crate) struct Outcome {
    pub answered: u64,
    /// Not answered with 200, or not at all.
    pub failed: u64,
    pub why: Option<String>,
    /// To the last answer, and at least as long as was asked for.
    pub elapsed: Duration,
    /// In microseconds.
    pub latency: Histogram<u64>,
}

impl Outcome {
    fn new(elapsed: Duration) -> Self {
        let latency = Histogram::new(3).expect("three digits are possible");
        Self { answered: 0, failed: 0, why: None, elapsed, latency }
    }

    /// Answers a second.
    pub(crate) fn rate(&self) -> f64 {
        self.answered as f64 / self.elapsed.as_secs_f64()
    }

    /// A percentile of the latencies, in milliseconds.
    pub(crate) fn ms(&self, percentile: f64) -> f64 {
        self.latency.value_at_quantile(percentile / 100.0) as f64 / 1e3
    }

    /// An answer at `now` to what was asked at `from`.
    fn note(&mut self, begin: Instant, from: Instant, now: Instant) {
        self.answered += 1;
        self.elapsed = self.elapsed.max(now - begin);
        // It grows with its values, so it takes all of them.
        let _ = self.latency.record((now - from).as_micros() as u64);
    }

    fn failure(&mut self, why: impl FnOnce() -> String) {
        self.failed += 1;
        self.why.get_or_insert_with(why);
    }
}

impl Load {
    /// Runs it, all connections on this one thread.
    pub(crate) async fn run(self) -> std::io::Result<Outcome> {
        let mut connections = Vec::with_capacity(self.connections);
        for _ in 0..self.connections {
            connections.push(Connection::open(self.address).await?);
        }
        let next = Rc::new(Cell::new(0));
        let requests = Rc::new(self.requests);
        let begin = Instant::now();
        let until = begin + self.time;
        let mut tasks = JoinSet::new();
        let gap = self.rate.map(|rate| Duration::from_secs_f64(self.connections as f64 / rate));
        let ticker = gap.map(|_| Ticker::start());
        for (index, connection) in connections.into_iter().enumerate() {
            let offset = gap.map(|gap| gap.mul_f64(index as f64 / self.connections as f64)).unwrap_or_default();
            let tick = ticker.as_ref().map(|ticker| ticker.wake.clone());
            let sender = Sender { connection, requests: requests.clone(), next: next.clone(), begin, tick };
            let mut outcome = Outcome::new(self.time);
            tasks.spawn_local(async move {
                let sent = sender.send(begin + offset, until, gap, &mut outcome);
                if tokio::time::timeout_at((until + GRACE).into(), sent).await.is_err() {
                    outcome.failure(|| format!("no answer within {GRACE:?} of the phase's end"));
                }
                outcome
            });
        }
        let mut all = Outcome::new(self.time);
        while let Some(one) = tasks.join_next().await {
            let one = one.map_err(std::io::Error::other)?;
            all.answered += one.answered;
            all.failed += one.failed;
            all.why = all.why.or(one.why);
            all.elapsed = all.elapsed.max(one.elapsed);
            all.latency.add(&one.latency).expect("the histograms are alike");
        }
        Ok(all)
    }
}

/// A connection's share of the load.
struct Sender {
    connection: Connection,
    requests: Rc<Vec<Vec<u8>>>,
    next: Rc<Cell<usize>>,
    begin: Instant,
    /// Rings when it is time to look whether a request is due; `None` sends without a pause.
    tick: Option<Arc<Notify>>,
}

impl Sender {
    async fn send(mut self, mut due: Instant, until: Instant, gap: Option<Duration>, outcome: &mut Outcome) {
        while due < until {
            let Some(gap) = gap else {
                due = self.one(due, outcome).await;
                continue;
            };
            let late = Instant::now() > due + TICK;
            while let Some(tick) = &self.tick
                && Instant::now() < due
            {
                tick.notified().await;
            }
            // The tick's own lag is not the server's.
            let from = if late { due + TICK } else { Instant::now() };
            due += gap;
            self.one(from, outcome).await;
        }
    }

    /// One request, asked for at `from`; when it was done with.
    async fn one(&mut self, from: Instant, outcome: &mut Outcome) -> Instant {
        let turn = self.next.get();
        self.next.set(turn + 1);
        match self.connection.call(&self.requests[turn % self.requests.len()]).await {
            Ok(answer) if answer.status == 200 => {
                let now = Instant::now();
                outcome.note(self.begin, from, now);
                return now;
            }
            Ok(answer) => {
                let (status, body) = (answer.status, String::from_utf8_lossy(answer.body).into_owned());
                outcome.failure(|| format!("{status} {body}"));
            }
            Err(error) => outcome.failure(|| error.to_string()),
        }
        tokio::time::sleep(PAUSE).await;
        Instant::now()
    }
}
