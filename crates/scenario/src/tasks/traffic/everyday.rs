//! Some tasks on an idle system, then a flood of one tenant, and beside it tenants with a single task each. What came of them
//! is looked at when all of it is over: what changed or went after a task's end is seen, too.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_sdk_s3::error::DisplayErrorContext;
use futures::future::join_all;
use parking_lot::Mutex;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::client::{Answer, Client, Post};
use super::dead;
use super::files::File;
use super::plan::{Ask, Expected, FLOOD, IDLE, SINGLE, plan};
use crate::ledger::{Check, Latencies, Leg, Tenant};
use crate::tasks::BUCKET;
use crate::tasks::picture::Picture;
use crate::tasks::sum::Summary;
use crate::tasks::task::{Kind, Status, TaskStatus};
use crate::{Error, Ledger, Traffic};

/// One in so many requests is repeated with its key.
const REPEATED: usize = 20;

/// Makes the traffic, waits, and proves the results.
pub(super) async fn run(traffic: Traffic) -> Result<Ledger, Error> {
    // Keys of their own: the same seed may have run on this system before.
    let run = format!("{:x}-{:08x}", traffic.seed, rand::random::<u32>());
    let plan = plan(traffic.count, traffic.seed, &run)?;
    let bucket = traffic.outputs.get(BUCKET).cloned().unwrap_or_default();
    let book = Book {
        client: Client::new(&traffic)?,
        bucket,
        seen: Mutex::default(),
        ended: Mutex::default(),
        moved: Mutex::new(Instant::now()),
        traffic,
    };
    for ask in &plan.idle {
        book.whole(ask).await;
    }
    let rounds = Rounds::new(&plan.flood, book.traffic.rate);
    let clients = book.traffic.concurrency.max(1);
    let single = async {
        rounds.half.cancelled().await;
        for ask in &plan.single {
            book.whole(ask).await;
        }
    };
    let (sent, ()) = tokio::join!(join_all((0..clients).map(|_| rounds.send(&book))), single);
    let sent: Vec<_> = sent.into_iter().flatten().collect();
    let next = AtomicUsize::new(0);
    join_all((0..clients).map(|_| book.follow_all(&plan.flood, &sent, &next))).await;
    let poison = dead::poison(&book.traffic, &run).await?;
    let ended = std::mem::take(&mut *book.ended.lock());
    let next = AtomicUsize::new(0);
    join_all((0..clients).map(|_| book.prove_all(&ended, &next))).await;
    Ok(book.seen.into_inner().ledger(poison))
}

/// The flood, which several clients send.
struct Rounds<'a> {
    asks: &'a [Ask],
    next: AtomicUsize,
    begun: Instant,
    /// How many a second.
    rate: Option<f64>,
    /// Cancelled when half of it has been sent.
    half: CancellationToken,
}

impl<'a> Rounds<'a> {
    fn new(asks: &'a [Ask], rate: Option<f64>) -> Self {
        Self { asks, next: AtomicUsize::new(0), begun: Instant::now(), rate, half: CancellationToken::new() }
    }

    /// One client: sends what nobody has sent yet; the tokens of what was taken, with their numbers.
    async fn send(&self, book: &Book) -> Vec<(usize, String)> {
        let mut sent = Vec::new();
        loop {
            let n = self.next.fetch_add(1, Ordering::Relaxed);
            if 2 * n >= self.asks.len() {
                self.half.cancel();
            }
            let Some(ask) = self.asks.get(n) else { return sent };
            if let Some(rate) = self.rate {
                sleep_until(self.begun + Duration::from_secs_f64(n as f64 / rate)).await;
            }
            if let Some(token) = book.ask(ask, n.is_multiple_of(REPEATED)).await {
                sent.push((n, token));
            }
        }
    }
}

/// What was seen so far.
struct Seen {
    legs: BTreeMap<Kind, Leg>,
    tokens: BTreeSet<String>,
    waits: BTreeMap<&'static str, (u64, Latencies)>,
    pictures: Check,
    sums: Check,
    repeated: Check,
    ends: Check,
    objects: Check,
    stayed: Check,
}

impl Default for Seen {
    fn default() -> Self {
        let leg = |kind: Kind| (kind, Leg::new(kind.name()));
        Self {
            legs: [leg(Kind::Randomize), leg(Kind::SumEven)].into(),
            tokens: BTreeSet::new(),
            waits: BTreeMap::new(),
            pictures: Check::new("pictures have their blocks and their edges"),
            sums: Check::new("sums are the sums"),
            repeated: Check::new("the same key gives the same token"),
            ends: Check::new("broken files say why they are errored"),
            objects: Check::new("the bucket holds each task once"),
            stayed: Check::new("at the end all is said as before"),
        }
    }
}

/// A run, and what was seen of it.
struct Book {
    client: Client,
    bucket: String,
    traffic: Traffic,
    seen: Mutex<Seen>,
    /// What was asked, and how it ended.
    ended: Mutex<Vec<(Ask, TaskStatus)>>,
    /// When something ended last.
    moved: Mutex<Instant>,
}

impl Book {
    /// Asks, and waits for the end.
    async fn whole(&self, ask: &Ask) {
        if self.traffic.stop.is_cancelled() {
            return;
        }
        if let Some(token) = self.ask(ask, false).await {
            self.follow(ask, &token).await;
        }
    }

    /// Makes a request, and gives the token of one that was taken as it should be.
    async fn ask(&self, ask: &Ask, repeat: bool) -> Option<String> {
        if self.traffic.stop.is_cancelled() {
            return None;
        }
        let Ask { kind, tenant, key, content_type, body, expected, .. } = ask;
        let post = Post { kind: *kind, tenant, key, content_type, body: body.clone() };
        let answer = self.client.post(&post).await;
        self.traffic.progress.ask(1);
        *self.moved.lock() = Instant::now();
        let token = self.note(ask, answer)?;
        if repeat && *expected == Expected::Result {
            let again = self.client.post(&post).await;
            let same = match &again {
                Ok(answer) if answer.token().as_ref() == Some(&token) => Ok(()),
                Ok(answer) => Err(format!("{token} became {}", answer.shown())),
                Err(why) => Err(why.clone()),
            };
            self.seen.lock().repeated.look(same);
        }
        Some(token)
    }

    /// Notes the answer to a request.
    fn note(&self, ask: &Ask, answer: Result<Answer, String>) -> Option<String> {
        let mut seen = self.seen.lock();
        let leg = seen.legs.entry(ask.kind).or_insert_with(|| Leg::new(ask.kind.name()));
        leg.asked += 1;
        let shown = answer.as_ref().map_or_else(Clone::clone, Answer::shown);
        match (ask.expected, answer) {
            (Expected::Refused(status), Ok(answer)) if answer.status == status => {
                leg.refused += 1;
                self.traffic.progress.finish(1);
                None
            }
            (Expected::Result | Expected::Errored, Ok(answer)) if answer.status == 201 && answer.token().is_some() => {
                let token = answer.token()?;
                if !seen.tokens.insert(token.clone()) {
                    let leg = seen.legs.get_mut(&ask.kind)?;
                    leg.twice += 1;
                    leg.name_one(&token);
                }
                Some(token)
            }
            _ => {
                leg.failed += 1;
                leg.name_one(shown);
                None
            }
        }
    }

    /// One client: follows what nobody follows yet.
    async fn follow_all(&self, asks: &[Ask], sent: &[(usize, String)], next: &AtomicUsize) {
        while let Some((n, token)) = sent.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Some(ask) = asks.get(*n) {
                self.follow(ask, token).await;
            }
        }
    }

    /// Waits for the end of a task.
    async fn follow(&self, ask: &Ask, token: &str) {
        let may_wait = || self.moved.lock().elapsed() < self.traffic.patience;
        let end = self.client.end(ask.kind, token, may_wait).await;
        *self.moved.lock() = Instant::now();
        self.traffic.progress.finish(1);
        let end = match end {
            Ok(end) => end,
            Err(why) => {
                let mut seen = self.seen.lock();
                if let Some(leg) = seen.legs.get_mut(&ask.kind) {
                    leg.lost += 1;
                    leg.name_one(format!("{token}: {why}"));
                }
                return;
            }
        };
        self.seen.lock().count(ask, &end);
        self.ended.lock().push((ask.clone(), end));
    }

    /// One client: proves what nobody proves yet.
    async fn prove_all(&self, ended: &[(Ask, TaskStatus)], next: &AtomicUsize) {
        while let Some((ask, end)) = ended.get(next.fetch_add(1, Ordering::Relaxed)) {
            self.prove(ask, end).await;
        }
    }

    /// Looks at what came of a task that has ended, and whether it is still said to have ended so.
    async fn prove(&self, ask: &Ask, end: &TaskStatus) {
        let token = end.token.as_str();
        let status = self.client.status(ask.kind, token).await;
        let result = self.client.result(ask.kind, token, "application/json, image/png").await;
        let kept = self.kept(ask, token).await;
        let mut seen = self.seen.lock();
        seen.objects.look(kept);
        seen.stayed.look(match status {
            Ok(now) if now == *end => Ok(()),
            Ok(now) => Err(format!("{token} was {:?}, and is {:?} or of other times now", end.status, now.status)),
            Err(why) => Err(format!("{token}: {why}")),
        });
        match (ask.expected, &*ask.file) {
            (Expected::Errored, _) => seen.ends.look(is_refused(end, result)),
            (_, File::Picture(_, before)) => seen.pictures.look(is_shuffled(before, result)),
            (_, File::Text(_, expected)) => seen.sums.look(is_sum(expected, result)),
        }
    }

    /// Whether the bucket holds what it should of a task: its file, what is written about it, and its result once.
    async fn kept(&self, ask: &Ask, token: &str) -> Result<(), String> {
        let prefix = format!("tasks/{}/{token}/", ask.kind.name());
        let list = self.traffic.clients.s3.list_objects_v2().bucket(&self.bucket).prefix(&prefix).send().await;
        let list = list.map_err(|why| DisplayErrorContext(why).to_string())?;
        let names = list.contents().iter().filter_map(|object| object.key()?.strip_prefix(&prefix));
        let names: Vec<_> = names.map(|name| if name.starts_with("payload-") { "payload" } else { name }).collect();
        let expected: &[&str] = match ask.expected {
            Expected::Errored => &["end.json", "meta.json", "payload", "state.json"],
            _ => &["end.json", "meta.json", "payload", "result", "state.json"],
        };
        if names == expected { Ok(()) } else { Err(format!("{token} has {}", names.join(", "))) }
    }
}

impl Seen {
    /// Counts a task that ended.
    fn count(&mut self, ask: &Ask, end: &TaskStatus) {
        let ms = |ms: Option<f64>| Duration::from_secs_f64(ms.unwrap_or(0.0).max(0.0) / 1_000.0);
        let tenant = [IDLE, FLOOD].into_iter().find(|name| *name == ask.tenant).unwrap_or(SINGLE);
        let (asked, waits) = self.waits.entry(tenant).or_default();
        *asked += 1;
        waits.add(ms(end.wait_ms));
        let Some(leg) = self.legs.get_mut(&ask.kind) else { return };
        leg.lead.add(ms(end.lead_ms));
        leg.execution.add(ms(end.execution_ms));
        match (ask.expected, end.status) {
            (Expected::Result, Status::Finished) => leg.done += 1,
            // Refused later than others, but refused.
            (Expected::Errored, Status::Errored) => leg.refused += 1,
            _ => {
                leg.failed += 1;
                leg.name_one(format!(
                    "{} {:?}: {}",
                    end.token.as_str(),
                    end.status,
                    end.error.clone().unwrap_or_default()
                ));
            }
        }
    }

    fn ledger(self, poison: Leg) -> Ledger {
        let wait = |name: &str| self.waits.get(name).map(|(_, waits)| waits.quantile(0.5));
        let mut notes = Vec::new();
        if let (Some(idle), Some(single)) = (wait(IDLE), wait(SINGLE)) {
            let times = single.as_secs_f64() / idle.as_secs_f64().max(1e-6);
            notes.push(format!(
                "A single task beside the flood waited {:.1} ms (p50), {times:.1} times as long as on an idle system.",
                single.as_secs_f64() * 1_000.0
            ));
        }
        let tenants = [IDLE, SINGLE, FLOOD].into_iter().filter_map(|name| {
            let (asked, wait) = self.waits.get(name)?;
            Some(Tenant { name: name.to_owned(), asked: *asked, wait: wait.clone() })
        });
        let checks = [self.pictures, self.sums, self.repeated, self.ends, self.objects, self.stayed];
        Ledger {
            tenants: tenants.collect(),
            legs: self.legs.into_values().chain([poison]).collect(),
            // Of a few requests not all kinds are there.
            checks: checks.into_iter().filter(|check| check.of > 0).collect(),
            notes,
        }
    }
}

/// Whether a result is the picture in another order.
fn is_shuffled(before: &Picture, result: Result<Answer, String>) -> Result<(), String> {
    let result = result?;
    if (result.status, result.content_type.as_str()) != (200, "image/png") {
        return Err(result.shown());
    }
    Picture::decode(&result.body)?.is_shuffled_from(before)
}

/// Whether a result is the sum.
fn is_sum(expected: &Summary, result: Result<Answer, String>) -> Result<(), String> {
    let result = result?;
    let got: Summary = serde_json::from_slice(&result.body).map_err(|_| result.shown())?;
    let numbers = |it: &Summary| (it.sum.clone(), it.even, it.odd, it.not_numbers);
    if numbers(&got) == numbers(expected) {
        Ok(())
    } else {
        Err(format!("{:?} instead of {:?}", numbers(&got), numbers(expected)))
    }
}

/// Whether an errored task says why, as its result does.
fn is_refused(end: &TaskStatus, result: Result<Answer, String>) -> Result<(), String> {
    let result = result?;
    match &end.error {
        Some(_) if result.status == 422 => Ok(()),
        _ => Err(format!("{:?}, {}", end.error, result.shown())),
    }
}
