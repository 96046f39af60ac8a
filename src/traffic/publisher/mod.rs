//! Publishes a story, or events of the user's own, to a topic: paced, seeded, concurrent, batched.
//!
//! Each publisher tells its own story, in order, with one request under way at a time; several of them share the load
//! and take turns. So the same seed, count and number of publishers give the same events, and the order of a
//! publisher's sequence numbers is the order in which it published. Lines are shared: each goes to the publisher that asks
//! first, so only a single one keeps their order.

mod entry;
mod send;
mod source;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_sdk_sns::Client;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use self::entry::Entry;
pub(crate) use self::entry::Outgoing;
#[cfg(feature = "scenarios")]
pub(crate) use self::entry::values;
pub(crate) use self::source::Feed;
use self::source::{Source, Taken, Teller};
use super::alarms::Alarms;
use super::load::Load;
pub(crate) use super::schedule::publishers_for;
use super::schedule::{GRACE, Schedule, share};
use super::shape::Shape;
use super::trace;
use crate::aws::CallError;
use crate::aws::attempts::{Attempt, Watch};
use crate::clock;
use crate::event::EventKind;
use crate::event::own::Own;
use crate::stop::Stop;

/// A PublishBatch carries at most ten messages (API reference of SNS, PublishBatch).
pub(crate) const MAX_BATCH: u64 = 10;
/// The messages of a PublishBatch have at most 256 KiB together (ibid.).
const MAX_BATCH_BYTES: usize = 256 * 1024;

/// What to publish, where, when.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// Several are taken in turns: the publisher number n has the nth, and begins again behind the last.
    pub topics: Vec<String>,
    /// The run's id, which its events carry.
    pub run: String,
    /// Chooses the story.
    pub seed: u64,
    /// Which events of the story are published; none means all.
    pub kinds: Vec<EventKind>,
    /// What the story's events are like.
    pub shape: Shape,
    pub load: Load,
    /// Events of all publishers together; endless without it and without `lasting`.
    pub count: Option<u64>,
    /// For how long to publish.
    pub lasting: Option<Duration>,
    /// Events a request.
    pub batch: usize,
    /// How many publishers there are, each with a story of its own.
    pub publishers: u32,
    /// Whether a trace begins with each event.
    pub trace: bool,
    /// For how long a cloud that doesn't answer is tried again.
    pub patience: Duration,
}

/// What happens while it publishes.
#[derive(Debug)]
pub(crate) enum Notice<'a> {
    /// Events leave in a request, so long after the last of them was due. Of a load without moments nothing is due.
    Leaves { events: u64, late: Duration },
    /// It ends, and so many events are due and didn't leave, the first of them so long ago.
    NotSent { events: u64, late: Duration },
    /// Acknowledged, `latency` after the moment it was meant to leave; its message has so many bytes.
    Sent { event: &'a Outgoing, message_id: &'a str, latency: Duration, bytes: u64, traceparent: Option<&'a str> },
    /// Given up: the service doesn't want it, or couldn't take it often enough.
    Refused { event: &'a Outgoing, why: &'a str },
    /// A line is no event; or, without a number, no more lines can be read.
    BadLine { line: Option<u64>, why: &'a str },
    /// A request is sent, with so many bytes that count.
    Request { bytes: u64 },
    /// A request is sent again.
    Again,
    /// A request failed, in whole or in part, in a way that may pass. With `unsure` no answer came, and so many events are
    /// there perhaps all the same.
    Trouble { why: &'a str, unsure: Option<u64> },
}

/// Hears of what happens; called from every publisher.
pub(crate) type Listener = Arc<dyn Fn(Notice<'_>) + Send + Sync>;

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
    let alarms = Arc::new(Alarms::start());
    let mut publishers = JoinSet::new();
    // One client watches for all: to say it with each request costs the SDK a twentieth of its time.
    let watched = Client::from_conf(client.config().to_builder().interceptor(watch(&listener, plan.is_fifo())).build());
    for number in 0..plan.publishers {
        let under_way = Arc::new(UnderWay::default());
        let publisher = Publisher {
            topic_arn: plan.topic(number).to_owned(),
            under_way: under_way.clone(),
            client: watched.clone(),
            source: match &lines {
                Some(lines) => Source::Lines(lines.clone()),
                None => Source::Story(Box::new(Teller::new(&plan, number))),
            },
            schedule: Schedule::new(start, plan.load.clone(), number, plan.publishers),
            deadline: plan.lasting.map(|lasting| start + lasting),
            left: plan.count.map(|count| share(count, number, plan.publishers)),
            plan: plan.clone(),
            alarms: alarms.clone(),
            stop: stop.clone(),
            listener: listener.clone(),
        };
        publishers.spawn(UNDER_WAY.scope(under_way, publisher.run()));
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

/// Tells the listener of the attempts of the publisher in whose task they are made. What failed may have published the events that
/// are under way, but not on a FIFO topic, which takes each only once.
fn watch(listener: &Listener, fifo: bool) -> Watch {
    let listener = listener.clone();
    Watch::new(Arc::new(move |attempt| match attempt {
        Attempt::Sent { .. } => listener(Notice::Request { bytes: under_way(|it| &it.bytes) }),
        Attempt::Again => listener(Notice::Again),
        Attempt::Failed { why, unanswered, .. } => {
            let events = if fifo { 0 } else { under_way(|it| &it.events) };
            listener(Notice::Trouble { why, unsure: unanswered.then_some(events) });
        }
    }))
}

tokio::task_local! {
    /// What the publisher of this task has under way.
    static UNDER_WAY: Arc<UnderWay>;
}

/// A figure of what the publisher of this task has under way.
fn under_way(figure: impl FnOnce(&UnderWay) -> &AtomicU64) -> u64 {
    UNDER_WAY.try_with(|under_way| figure(under_way).load(Ordering::Relaxed)).unwrap_or(0)
}

/// It is over: by a stop, by the time, or because no line is left.
struct End;

/// What the request carries that is under way.
#[derive(Debug, Default)]
struct UnderWay {
    events: AtomicU64,
    bytes: AtomicU64,
}

/// One publisher: where its events come from, and when they are to leave.
struct Publisher {
    client: Client,
    topic_arn: String,
    under_way: Arc<UnderWay>,
    plan: Arc<Plan>,
    source: Source,
    schedule: Schedule,
    /// When it is to end.
    deadline: Option<Instant>,
    /// How many events it is still to publish.
    left: Option<u64>,
    alarms: Arc<Alarms>,
    stop: Stop,
    listener: Listener,
}

impl Plan {
    /// The topic of a publisher.
    fn topic(&self, publisher: u32) -> &str {
        self.topics.get(publisher as usize % self.topics.len().max(1)).map_or("", String::as_str)
    }

    /// All topics, as they are told.
    pub(crate) fn told_topics(&self) -> String {
        self.topics.join(", ")
    }

    /// Whether its topics keep an order.
    pub(crate) fn is_fifo(&self) -> bool {
        self.topics.iter().all(|topic| topic.ends_with(".fifo"))
    }
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
                sequence += 1;
                let outgoing = match (own, &mut self.source) {
                    (Some(own), _) => Outgoing::Own(own),
                    (None, Source::Story(teller)) => Outgoing::Story(teller.next_event(time)),
                    (None, Source::Lines(_)) => continue,
                };
                let traceparent = (self.plan.trace && !outgoing.is_traced()).then(trace::traceparent);
                let entry = Entry::new(outgoing, intended, traceparent);
                if bytes + entry.size > MAX_BATCH_BYTES {
                    self.send(std::mem::take(&mut entries)).await?;
                    bytes = 0;
                }
                bytes += entry.size;
                entries.push(entry);
            }
            self.send(entries).await?;
            if ended {
                self.note_unsent(sequence);
                return Ok(());
            }
        }
    }

    /// Tells what is due at the end and won't leave, if `sequence` is the number of the next. Of lines nobody knows how many more
    /// there are.
    fn note_unsent(&self, sequence: u64) {
        let (now, left) = (Instant::now(), self.left.unwrap_or(u64::MAX));
        let (Source::Story(_), Some(next), Some(before)) =
            (&self.source, self.schedule.intended(sequence), now.checked_sub(GRACE))
        else {
            return;
        };
        let end = self.deadline.map_or(before, |deadline| deadline.min(before));
        if left > 0 && next < end {
            let events = self.schedule.due_before(end).saturating_sub(sequence).clamp(1, left);
            (self.listener)(Notice::NotSent { events, late: now - next });
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
            // What is due after the end won't fill the batch.
            if !batch.is_empty() && !self.comes(due) {
                return (batch, false);
            }
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
        until(self.deadline).await;
    }

    /// Whether an event is due before the end.
    fn comes(&self, due: Option<Instant>) -> bool {
        self.deadline.is_none_or(|deadline| due.is_none_or(|due| due < deadline))
    }

    /// Waits until an event is due; false when the end came first. What is due before the end is sent even if it is a bit late.
    async fn wait_until(&self, due: Option<Instant>) -> bool {
        let comes = self.comes(due);
        let end = self.deadline.map(|deadline| if comes && due.is_some() { deadline + GRACE } else { deadline });
        tokio::select! {
            biased;
            () = self.stop.requested() => false,
            () = until(end) => false,
            () = self.alarms.wait_until(due.unwrap_or_else(Instant::now)), if comes => true,
        }
    }
}

/// Waits until a moment; for ever if there is none.
async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
