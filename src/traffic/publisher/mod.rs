//! Publishes a story, or events of the user's own, to a topic: paced, seeded, concurrent, batched.
//!
//! Each publisher tells its own story, in order, with one request under way at a time; several of them share the pace
//! and take turns. So the same seed, count and number of publishers give the same events, and the order of a
//! publisher's sequence numbers is the order in which it published. Lines are shared: each goes to the publisher that asks
//! first, so only a single one keeps their order.

mod entry;
mod source;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_sdk_sns::Client;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

pub(crate) use self::entry::Outgoing;
#[cfg(feature = "scenarios")]
pub(crate) use self::entry::values;
use self::entry::{Entry, Fifo};
pub(crate) use self::source::Feed;
use self::source::{Source, Taken};
use super::pace::{Pace, Schedule};
use crate::aws::attempts::{Attempt, Watch};
use crate::aws::{CallError, ErrorKind};
use crate::clock;
use crate::event::EventKind;
use crate::event::envelope::{Event, Place};
use crate::event::own::Own;
use crate::event::story::Story;
use crate::stop::Stop;

/// A PublishBatch carries at most ten messages (API reference of SNS, PublishBatch).
pub(crate) const MAX_BATCH: u64 = 10;
/// The messages of a PublishBatch have at most 256 KiB together (ibid.).
const MAX_BATCH_BYTES: usize = 256 * 1024;
/// How often an entry that the service can't take is sent at most.
const ATTEMPTS: u32 = 5;
/// The shortest pause before something is sent again.
const PAUSE: Duration = Duration::from_millis(100);

/// What to publish, where, when.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub topic_arn: String,
    /// The run's id, which its events carry.
    pub run: String,
    /// Chooses the story.
    pub seed: u64,
    /// Which events of the story are published; none means all.
    pub kinds: Vec<EventKind>,
    pub pace: Pace,
    /// Events of all publishers together; endless without it and without `lasting`.
    pub count: Option<u64>,
    /// For how long to publish.
    pub lasting: Option<Duration>,
    /// Events a request.
    pub batch: usize,
    /// How many publishers there are, each with a story of its own.
    pub publishers: u32,
}

/// What happens while it publishes.
#[derive(Debug)]
pub(crate) enum Notice<'a> {
    /// Acknowledged, `latency` after the moment it was meant to leave.
    Sent { event: &'a Outgoing, message_id: &'a str, latency: Duration },
    /// Given up: the service doesn't want it, or couldn't take it often enough.
    Refused { event: &'a Outgoing, why: &'a str },
    /// A line is no event; or, without a number, no more lines can be read.
    BadLine { line: Option<u64>, why: &'a str },
    /// A request is sent again.
    Again,
    /// A request failed, in whole or in part, in a way that may pass. With `unsure` no answer came, and so many events are
    /// there perhaps all the same.
    Trouble { why: &'a str, unsure: Option<u64> },
}

/// Hears of what happens; called from every publisher.
pub(crate) type Listener = Arc<dyn Fn(Notice<'_>) + Send + Sync>;

/// How many publishers a pace needs if a request takes 100 ms; 16 at full speed. There are no more of them than batches.
pub(crate) fn publishers_for(pace: Pace, batch: u64, count: Option<u64>) -> u32 {
    let needed = match pace.per_second() {
        rate if rate.is_infinite() => 16,
        rate => (rate / (10.0 * batch as f64)).ceil().clamp(1.0, 64.0) as u32,
    };
    let batches = count.map_or(u64::MAX, |count| count.div_ceil(batch));
    needed.min(u32::try_from(batches).unwrap_or(u32::MAX)).max(1)
}

/// Publishes the story until the plan is done, or a stop is requested; then what is in flight is finished.
pub(crate) async fn publish(client: &Client, plan: Plan, stop: &Stop, listener: Listener) -> Result<(), CallError> {
    publish_from(client, plan, None, stop, listener).await
}

/// The same with lines in the story's place, if there are any; their end is the end as well.
pub(crate) async fn publish_from(
    client: &Client,
    plan: Plan,
    lines: Option<Feed>,
    stop: &Stop,
    listener: Listener,
) -> Result<(), CallError> {
    let lines = lines.map(Arc::new);
    let start = Instant::now();
    let stop = stop.child();
    let plan = Arc::new(plan);
    let mut publishers = JoinSet::new();
    for number in 0..plan.publishers {
        let under_way = Arc::new(AtomicU64::new(0));
        let publisher = Publisher {
            watch: watch(&listener, &under_way, plan.topic_arn.ends_with(".fifo")),
            under_way,
            client: client.clone(),
            source: match &lines {
                Some(lines) => Source::Lines(lines.clone()),
                None => Source::Story(Box::new(Story::new(plan.seed, number, &plan.kinds))),
            },
            schedule: Schedule::new(start, plan.pace, number, plan.publishers),
            deadline: plan.lasting.map(|lasting| start + lasting),
            left: plan.count.map(|count| share(count, number, plan.publishers)),
            number,
            plan: plan.clone(),
            stop: stop.clone(),
            listener: listener.clone(),
        };
        publishers.spawn(publisher.run());
    }
    let mut outcome = Ok(());
    while let Some(ended) = publishers.join_next().await {
        if let Ok(Err(error)) = ended {
            // What one can't do the others can't either.
            stop.request();
            outcome = outcome.and(Err(error));
        }
    }
    outcome
}

/// Tells the listener of the attempts of a publisher that has `under_way` events in its request. What failed may have
/// published them, but not on a FIFO topic, which takes each only once.
fn watch(listener: &Listener, under_way: &Arc<AtomicU64>, fifo: bool) -> Watch {
    let (listener, under_way) = (listener.clone(), under_way.clone());
    Watch::new(Arc::new(move |attempt| match attempt {
        Attempt::Again => listener(Notice::Again),
        Attempt::Failed { why, unanswered, .. } => {
            let events = if fifo { 0 } else { under_way.load(Ordering::Relaxed) };
            listener(Notice::Trouble { why, unsure: unanswered.then_some(events) });
        }
    }))
}

/// The part of `count` that falls to one of several who take turns.
fn share(count: u64, number: u32, of: u32) -> u64 {
    let (number, of) = (u64::from(number), u64::from(of));
    count / of + u64::from(number < count % of)
}

/// It is over: by a stop, by the time, or because no line is left.
struct End;

/// One publisher: where its events come from, and when they are to leave.
struct Publisher {
    client: Client,
    watch: Watch,
    /// Events in the request that is under way.
    under_way: Arc<AtomicU64>,
    plan: Arc<Plan>,
    source: Source,
    schedule: Schedule,
    /// When it is to end.
    deadline: Option<Instant>,
    /// How many events it is still to publish.
    left: Option<u64>,
    /// Which publisher it is, from 0.
    number: u32,
    stop: Stop,
    listener: Listener,
}

impl Publisher {
    /// Publishes until the end.
    async fn run(mut self) -> Result<(), CallError> {
        let mut sequence = 0;
        loop {
            let room = (self.plan.batch as u64).min(self.left.unwrap_or(u64::MAX));
            let (batch, ended) = self.wait_for_batch(sequence, room).await;
            self.left = self.left.map(|left| left - batch.len() as u64);
            let time = clock::now();
            let (mut entries, mut bytes) = (Vec::with_capacity(batch.len()), 0);
            for (own, intended) in batch {
                let place = Place { publisher: self.number, sequence };
                sequence += 1;
                let outgoing = match (own, &mut self.source) {
                    (Some(own), _) => Outgoing::Own(own),
                    (None, Source::Story(story)) => {
                        Outgoing::Story(Event::new(story.next_event(), &self.plan.run, place, time))
                    }
                    (None, Source::Lines(_)) => continue,
                };
                let entry = Entry::new(outgoing, intended);
                if bytes + entry.size() > MAX_BATCH_BYTES {
                    self.send(std::mem::take(&mut entries)).await?;
                    bytes = 0;
                }
                bytes += entry.size();
                entries.push(entry);
            }
            self.send(entries).await?;
            if ended {
                return Ok(());
            }
        }
    }

    /// Waits until the next `room` events are due, and says when each was, with its line if it comes from one: a batch leaves
    /// when its last event is due. It is the last when the end came meanwhile.
    async fn wait_for_batch(&self, sequence: u64, room: u64) -> (Vec<(Option<Own>, Instant)>, bool) {
        let mut batch = Vec::with_capacity(room as usize);
        for n in sequence..sequence + room {
            let own = match &self.source {
                Source::Story(_) => None,
                Source::Lines(feed) => match self.next_line(feed, !batch.is_empty()).await {
                    Ok(Some(own)) => Some(own),
                    Ok(None) => return (batch, false),
                    Err(End) => return (batch, true),
                },
            };
            let taken = own.as_ref().map(|_| Instant::now());
            let due = self.schedule.intended(n);
            if !self.wait_until(due).await {
                return (batch, true);
            }
            // A line that came late is not late for that.
            batch.push((own, due.max(taken).unwrap_or_else(Instant::now)));
        }
        (batch, room == 0)
    }

    /// The next line that is an event; none with `hurry`, if that is still to come.
    async fn next_line(&self, feed: &Feed, hurry: bool) -> Result<Option<Own>, End> {
        loop {
            let taken = tokio::select! {
                biased;
                () = self.stop.requested() => return Err(End),
                () = self.deadline() => return Err(End),
                taken = feed.take(hurry) => taken,
            };
            match taken {
                Taken::Line(Ok(Ok(own))) => return Ok(Some(own)),
                Taken::Line(Ok(Err(bad))) => {
                    (self.listener)(Notice::BadLine { line: Some(bad.line), why: &bad.why });
                }
                Taken::Line(Err(error)) => {
                    (self.listener)(Notice::BadLine { line: None, why: &error.to_string() });
                    return Err(End);
                }
                Taken::NotYet => return Ok(None),
                Taken::End => return Err(End),
            }
        }
    }

    /// Waits for the time at which it is to end; for ever without one.
    async fn deadline(&self) {
        match self.deadline {
            Some(deadline) => sleep_until(deadline).await,
            None => std::future::pending().await,
        }
    }

    /// Waits until an event is due; false when the end came first.
    async fn wait_until(&self, due: Option<Instant>) -> bool {
        let due = async {
            if let Some(due) = due {
                sleep_until(due).await;
            }
        };
        tokio::select! {
            biased;
            () = self.stop.requested() => false,
            () = self.deadline() => false,
            () = due => true,
        }
    }

    /// Sends a batch, whatever its size, until every entry is acknowledged or given up.
    async fn send(&self, entries: Vec<Entry>) -> Result<(), CallError> {
        let mut entries = entries;
        let mut attempt = 1;
        let mut silent_since: Option<Instant> = None;
        while !entries.is_empty() {
            self.under_way.store(entries.len() as u64, Ordering::Relaxed);
            let outcome = match &entries[..] {
                [entry] => self.publish_one(entry).await.map(|()| Vec::new()),
                batch => self.publish_batch(batch).await,
            };
            match outcome {
                // The numbers of those that the service couldn't take.
                Ok(again) => {
                    let mut at = 0;
                    entries.retain(|_| {
                        at += 1;
                        again.iter().any(|(n, _)| *n == at - 1)
                    });
                    if entries.is_empty() {
                        return Ok(());
                    }
                    if attempt == ATTEMPTS || self.stop.is_signalled() {
                        for (entry, (_, why)) in entries.iter().zip(&again) {
                            (self.listener)(Notice::Refused { event: &entry.outgoing, why });
                        }
                        return Ok(());
                    }
                    (self.listener)(Notice::Trouble { why: &again[0].1, unsure: None });
                    silent_since = None;
                    sleep(PAUSE * 2_u32.pow(attempt)).await;
                    attempt += 1;
                    (self.listener)(Notice::Again);
                }
                // It may pass: a restart, or too much at once, is no reason to lose an event.
                Err(error) if error.kind.may_pass() => {
                    let since = *silent_since.get_or_insert_with(Instant::now);
                    if since.elapsed() > super::PATIENCE || self.stop.is_requested() {
                        return Err(error);
                    }
                    sleep(PAUSE * 5).await;
                    (self.listener)(Notice::Again);
                }
                Err(error) if error.kind == ErrorKind::Other => {
                    let why = error.to_string();
                    for entry in &entries {
                        (self.listener)(Notice::Refused { event: &entry.outgoing, why: &why });
                    }
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Publishes an event on its own.
    async fn publish_one(&self, entry: &Entry) -> Result<(), CallError> {
        let Fifo { group, dedup } = self.fifo(entry);
        let answer = self
            .client
            .publish()
            .topic_arn(&self.plan.topic_arn)
            .message(entry.body())
            .set_subject(entry.subject())
            .set_message_attributes(Some(entry.message_attributes().collect()))
            .set_message_group_id(group)
            .set_message_deduplication_id(dedup)
            .customize()
            .interceptor(self.watch.clone())
            .send()
            .await?;
        self.notify_sent(entry, answer.message_id().unwrap_or_default());
        Ok(())
    }

    /// Publishes a batch, and gives up the entries that the service doesn't want. Those that it couldn't take are left: their
    /// numbers, with the service's reasons.
    async fn publish_batch(&self, batch: &[Entry]) -> Result<Vec<(usize, String)>, CallError> {
        let mut request = self.client.publish_batch().topic_arn(&self.plan.topic_arn);
        for (n, entry) in batch.iter().enumerate() {
            request = request.publish_batch_request_entries(entry.in_batch(n, self.fifo(entry))?);
        }
        let answer = request.customize().interceptor(self.watch.clone()).send().await?;
        let number = |id: &str| id.parse::<usize>().ok().filter(|n| *n < batch.len());
        for sent in answer.successful() {
            if let Some(n) = sent.id().and_then(number) {
                self.notify_sent(&batch[n], sent.message_id().unwrap_or_default());
            }
        }
        let mut again = Vec::new();
        for failed in answer.failed() {
            let why = format!("{}: {}", failed.code(), failed.message().unwrap_or("no reason given"));
            match number(failed.id()) {
                Some(n) if failed.sender_fault() => {
                    (self.listener)(Notice::Refused { event: &batch[n].outgoing, why: &why });
                }
                Some(n) => again.push((n, why)),
                None => {}
            }
        }
        again.sort();
        Ok(again)
    }

    /// Tells the listener of an event that was acknowledged.
    fn notify_sent(&self, entry: &Entry, message_id: &str) {
        let latency = Instant::now().saturating_duration_since(entry.intended);
        (self.listener)(Notice::Sent { event: &entry.outgoing, message_id, latency });
    }

    fn fifo(&self, entry: &Entry) -> Fifo {
        entry.fifo(self.plan.topic_arn.ends_with(".fifo"), &self.plan.run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up() {
        for (count, of) in [(10, 3), (2, 5), (0, 4), (1_000_000, 7)] {
            assert_eq!((0..of).map(|number| share(count, number, of)).sum::<u64>(), count);
        }
    }

    #[test]
    fn a_rate_gets_the_publishers_it_needs() {
        for (pace, batch, count, n) in [
            (Pace::Every(Duration::from_secs(5)), 1, None, 1),
            (Pace::Rate(200.0), 1, None, 20),
            (Pace::Rate(200.0), 10, None, 2),
            (Pace::Rate(1e6), 1, None, 64),
            (Pace::Max, 1, None, 16),
            (Pace::Max, 10, Some(25), 3),
        ] {
            assert_eq!(publishers_for(pace, batch, count), n, "{pace}");
        }
    }
}
