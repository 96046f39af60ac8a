//! A run of a whole system: publishes, consumes and watches the buckets side by side, and keeps the ledger.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::Client;
use jiff::Timestamp;
use parking_lot::{Mutex, MutexGuard};
use tokio::time::sleep;

use super::api::Api;
use super::consumer::{self, Handling, LONG_POLL, QueueSettings, SHORT_POLL};
use super::dead::{self, Dead};
use super::depths::{self, Looker};
use super::filtered::Fed;
use super::landed::{BucketWatch, Landing};
use super::ledger::{LandingLedger, Ledger, QueueLedger};
use super::message::Content;
use super::name::LegName;
use super::publisher::{self, Outgoing};
use super::timeline::{Happened, Timeline};
use crate::aws::{CallError, ErrorKind, Target, TargetKind};
use crate::clock;
use crate::stop::Stop;
use crate::units::plural;

/// How long to wait between two looks at a bucket of an emulator, and at one of AWS.
const LOOK: Duration = Duration::from_millis(250);
const LOOK_AWS: Duration = Duration::from_secs(2);
/// While events are published, one of so many looks at a bucket lists all that landed.
const WHOLE: u32 = 50;
/// How often a queue is seen empty before it is taken to be: its counts are approximate.
const EMPTY_LOOKS: u32 = 2;

/// Where the events of a run go: the topics, and what they feed.
#[derive(Debug, Clone)]
pub(crate) struct FanOut {
    /// By ARN; all of them keep an order (FIFO), or none does.
    pub topics: Vec<String>,
    pub queues: Vec<FanOutQueue>,
    pub landings: Vec<FanOutLanding>,
}

/// A queue, and who drains it.
#[derive(Debug, Clone)]
pub(crate) struct FanOutQueue {
    pub name: LegName,
    pub api: Api,
    pub url: String,
    /// What each of the topics feeds it with.
    pub fed: Vec<Fed>,
    pub settings: QueueSettings,
    /// The dead-letter queues of its subscriptions, by ARN.
    pub dead: Vec<String>,
}

/// A delivery stream, and where it lands what it gets.
#[derive(Debug, Clone)]
pub(crate) struct FanOutLanding {
    pub name: LegName,
    /// The stream's own name.
    pub stream: String,
    /// What each of the topics feeds it with.
    pub fed: Vec<Fed>,
    pub landing: Landing,
    /// How long the stream buffers.
    pub buffering: Duration,
    /// The dead-letter queues of its subscriptions, by ARN.
    pub dead: Vec<String>,
}

/// Who hears, in words, of requests that fail.
pub(crate) type Complain = Box<dyn Fn(&str) + Send + Sync>;

/// A run under way.
pub(crate) struct Run {
    ledger: Mutex<Ledger>,
    /// The run's id, which its events carry.
    id: String,
    /// How the consumers work.
    handling: Handling,
    stop: Stop,
    /// How long to wait, once nothing more arrives: beyond the streams' buffering and the queues' visibility timeouts.
    patience: Duration,
    complain: Complain,
    /// Whether somebody looks at the queues now and then.
    looks: bool,
    /// How often somebody looks at the buckets and the queues at most, and how many seconds a receive waits.
    every: Duration,
    poll: i32,
}

impl Run {
    /// A run that nothing was published of yet; `stop` ends it.
    pub(crate) fn new(id: String, fan_out: &FanOut, stop: Stop, patience: Duration, complain: Complain) -> Self {
        let queues = fan_out.queues.iter();
        let queues = queues.map(|it| QueueLedger::new(it.name.clone(), it.fed.clone(), it.url.ends_with(".fifo")));
        let landings = fan_out.landings.iter();
        let landings = landings.map(|it| LandingLedger::new(it.name.clone(), it.fed.clone(), it.buffering));
        let fifo = fan_out.topics.iter().all(|topic| topic.ends_with(".fifo"));
        let ledger = Ledger::new(queues.collect(), landings.collect(), fifo);
        let (handling, every, poll) = (Handling::default(), Duration::ZERO, SHORT_POLL);
        Self { ledger: Mutex::new(ledger), id, handling, stop, patience, complain, looks: false, every, poll }
    }

    /// The same, in whose time nobody lives: however long it is, somebody looks only once in `every`, and receives wait as long as they may.
    pub(crate) fn stepped(self, every: Duration) -> Self {
        Self { every, poll: LONG_POLL, ..self }
    }

    /// The same, whose consumers work so.
    pub(crate) fn handled(self, handling: Handling) -> Self {
        Self { handling, ..self }
    }

    /// The same, which notes from now on how it goes over time.
    pub(crate) fn recorded(self) -> Self {
        {
            let mut ledger = self.ledger.lock();
            let queues: Vec<_> = ledger.queues.iter().map(|queue| queue.name.name()).collect();
            let landings: Vec<_> = ledger.landings.iter().map(|landing| landing.name.name()).collect();
            let timeline = Timeline::new(&queues, &landings);
            ledger.timeline = Some(timeline);
        }
        self.looking()
    }

    /// The same, which looks at its queues now and then.
    pub(crate) fn looking(self) -> Self {
        Self { looks: true, ..self }
    }

    /// What is known by now. Publishers and consumers wait while the caller holds it.
    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock()
    }

    /// Publishes, consumes and watches the buckets until everything has arrived or nothing more does. The buckets are read
    /// through `watched`: a target whose failed requests somebody else tells of.
    pub(crate) async fn execute(
        self: &Arc<Self>,
        target: &Target,
        watched: &Target,
        fan_out: &FanOut,
        plan: publisher::Plan,
        since: Timestamp,
    ) -> Result<(), CallError> {
        let finished = self.stop.child();
        // The first error ends them all.
        let end = |result: Result<(), CallError>| {
            if result.is_err() {
                self.stop.request();
                finished.request();
            }
            result
        };
        let patience = plan.patience;
        let (published, consumed, landed, ()) = tokio::join!(
            async { end(self.publish(target, plan).await) },
            async { end(self.consume(target, fan_out, patience, &finished).await) },
            async { end(self.watch_buckets(watched, fan_out, since, &finished).await) },
            self.watch_queues(target, fan_out, &finished)
        );
        published.and(consumed).and(landed)
    }

    async fn publish(self: &Arc<Self>, target: &Target, plan: publisher::Plan) -> Result<(), CallError> {
        let run = self.clone();
        let listener = Arc::new(move |notice: publisher::Notice<'_>| run.note_published(notice));
        let ended = publisher::publish(&target.sns(), plan, &self.stop, listener).await;
        self.ledger.lock().end_publishing();
        ended
    }

    /// Drains the queues side by side until the run is `finished`.
    async fn consume(
        self: &Arc<Self>,
        target: &Target,
        fan_out: &FanOut,
        patience: Duration,
        finished: &Stop,
    ) -> Result<(), CallError> {
        let sqs = &target.sqs();
        let consumers = fan_out.queues.iter().enumerate().map(|(n, queue)| {
            let plan = consumer::Plan {
                api: queue.api,
                queue_url: queue.url.clone(),
                handling: self.handling.clone(),
                until_empty: false,
                poll: self.poll,
                budget: None,
                trace: false,
                patience,
            };
            let run = self.clone();
            let listener = Arc::new(move |_: Api, notice: consumer::Notice<'_>| run.note_consumed(n, notice));
            consumer::consume(sqs, plan, &queue.settings, finished, listener)
        });
        futures::future::join_all(consumers).await.into_iter().collect()
    }

    /// Looks at the queues now and then until the run is `finished`, if somebody wants to know.
    async fn watch_queues(&self, target: &Target, fan_out: &FanOut, finished: &Stop) {
        if !self.looks {
            return;
        }
        let urls: Vec<_> = fan_out.queues.iter().map(|queue| queue.url.as_str()).collect();
        let mut looker = Looker::new(target);
        loop {
            let depths = tokio::select! {
                biased;
                depths = looker.look(&urls) => depths,
                () = finished.requested() => return,
            };
            {
                let mut ledger = self.ledger.lock();
                for (queue, depth) in fan_out.queues.iter().zip(depths) {
                    let Some(depth) = depth else { continue };
                    ledger.note(Happened::Looked { queue: queue.name.name(), depth });
                }
            }
            tokio::select! {
                biased;
                () = sleep(depths::LOOK.max(self.every)) => {}
                () = finished.requested() => return,
            }
        }
    }

    fn note_published(&self, notice: publisher::Notice<'_>) {
        let mut ledger = self.ledger.lock();
        match notice {
            publisher::Notice::Leaves { events, late } => {
                ledger.published.count_left(events, late);
                ledger.note(Happened::Left { events, late });
            }
            publisher::Notice::NotSent { events, late } => ledger.published.count_not_sent(events, late),
            publisher::Notice::Request { bytes } => ledger.published.billed.count_request(bytes),
            publisher::Notice::Sent { event: Outgoing::Story(event), latency, bytes, .. } => {
                ledger.acknowledge(event, bytes, latency);
            }
            publisher::Notice::Refused { event, why } => {
                ledger.published.refused += 1;
                ledger.note(Happened::Failed { who: "an event refused", why });
                (self.complain)(&format!("{} was not published: {why}", event.name()));
            }
            // A run tells a story.
            publisher::Notice::Sent { event: Outgoing::Own(_), .. } | publisher::Notice::BadLine { .. } => {}
            publisher::Notice::Again => ledger.published.requests.retries += 1,
            publisher::Notice::Trouble { why, unsure } => {
                ledger.published.count_failure(unsure);
                ledger.note(Happened::Failed { who: "publishing", why });
                (self.complain)(&format!("publishing: {why}"));
            }
        }
    }

    /// Notes what happens at queue number `n`.
    fn note_consumed(&self, n: usize, notice: consumer::Notice<'_>) {
        let mut ledger = self.ledger.lock();
        let Some(queue) = ledger.queues.get_mut(n) else { return };
        match notice {
            consumer::Notice::Handled { event, age, group, effect, .. } => {
                queue.tally.handled += 1;
                // Messages of earlier runs are handled too, but are not of this ledger.
                if let Some((run, place)) = &event.run
                    && *run == self.id
                {
                    ledger.arrive_at_queue(n, *place, (group, effect), age);
                }
            }
            consumer::Notice::Own { .. } => {
                queue.tally.handled += 1;
                queue.tally.own += 1;
            }
            consumer::Notice::Died { event, handled, .. } => {
                queue.tally.deaths += 1;
                if let Some((run, place)) = event.and_then(|event| event.run.as_ref())
                    && *run == self.id
                    && !handled
                {
                    queue.leg.die(*place);
                }
            }
            consumer::Notice::Failed { event, why, on_purpose, .. } => {
                queue.tally.failed += 1;
                if let Some((run, place)) = &event.run
                    && *run == self.id
                {
                    ledger.fail_at_queue(n, *place, why, on_purpose);
                }
            }
            consumer::Notice::Unreadable { .. } => queue.tally.unreadable += 1,
            consumer::Notice::NotDeleted { .. } => queue.tally.not_deleted += 1,
            consumer::Notice::NotKept { message_id, why } => {
                (self.complain)(&format!("{} queue: {message_id} comes again: {why}", queue.name));
            }
            consumer::Notice::Request { operation } => queue.tally.billed.count_request(operation),
            consumer::Notice::Received { messages, bytes, poll } => {
                queue.looked = true;
                queue.tally.billed.count_received(messages as u64, bytes as u64, poll);
            }
            consumer::Notice::Again => queue.tally.requests.retries += 1,
            consumer::Notice::Trouble { why, lost } => {
                queue.tally.requests.count_failure(lost);
                let name = queue.name.clone();
                ledger.note(Happened::Failed { who: name.name(), why });
                (self.complain)(&format!("{name} queue: {why}"));
            }
            consumer::Notice::Left { .. } => {}
        }
    }

    /// Looks into the dead-letter queues, if something is missing: what lies there isn't lost. What can't be read
    /// there though something is still missing, in words.
    pub(crate) async fn settle_dead(&self, client: &Client, fan_out: &FanOut) -> Vec<String> {
        let mut unknown = Vec::new();
        if !self.ledger().is_anything_missing() {
            return unknown;
        }
        let of_queues = fan_out.queues.iter().flat_map(|it| it.settings.dead_letter_queue.iter().chain(&it.dead));
        let arns: BTreeSet<_> = of_queues.chain(fan_out.landings.iter().flat_map(|it| &it.dead)).collect();
        for arn in arns {
            match dead::read(client, arn).await {
                Ok((found, unread)) => {
                    if unread > 0 {
                        unknown.push(format!("{} in {arn} can't be read", plural(unread, "dead letter")));
                    }
                    found.iter().filter(|it| it.run == self.id).for_each(|it| self.bury(fan_out, arn, it));
                }
                Err(error) => unknown.push(format!("the dead letters in {arn} can't be read: {error}")),
            }
        }
        if self.ledger().is_anything_missing() { unknown } else { Vec::new() }
    }

    /// Notes a dead letter at the leg that lacks it: of the queue that it came from, else of a subscription whose queue this is.
    fn bury(&self, fan_out: &FanOut, arn: &str, dead: &Dead) {
        let mut ledger = self.ledger();
        let unsaid = dead.source.is_none().then_some("nobody says why");
        let reason = dead.reason.as_deref().or(unsaid);
        for (n, queue) in fan_out.queues.iter().enumerate() {
            let is_of = match &dead.source {
                Some(source) => source.rsplit(':').next() == queue.url.rsplit('/').next(),
                // Of a subscription, or put there by a consumer.
                None => queue.dead.iter().chain(&queue.settings.dead_letter_queue).any(|known| known == arn),
            };
            if is_of && ledger.queues[n].leg.bury(dead.place, reason) {
                return;
            }
        }
        for (n, landing) in fan_out.landings.iter().enumerate() {
            if dead.source.is_none()
                && landing.dead.iter().any(|known| known == arn)
                && ledger.landings[n].leg.bury(dead.place, reason)
            {
                return;
            }
        }
    }

    /// Looks at the buckets until the ledger is complete, or nothing has arrived for too long; then the run is `finished`.
    async fn watch_buckets(
        &self,
        target: &Target,
        fan_out: &FanOut,
        since: Timestamp,
        finished: &Stop,
    ) -> Result<(), CallError> {
        let client = target.s3();
        let look = if target.kind == TargetKind::Aws { LOOK_AWS } else { LOOK }.max(self.every);
        let hides = |queue: &FanOutQueue| self.handling.visibility.unwrap_or(queue.settings.visibility);
        let waits = fan_out.queues.iter().map(hides);
        let waits = waits.chain(fan_out.landings.iter().map(|landing| landing.buffering));
        let patience = self.patience + waits.max().unwrap_or_default() + self.handling.slowest();
        let mut buckets: Vec<_> =
            fan_out.landings.iter().map(|it| BucketWatch::new(it.landing.clone(), since)).collect();
        let (mut looks, mut empty_looks) = (0_u32, 0);
        loop {
            tokio::select! {
                biased;
                () = sleep(look) => {}
                () = finished.requested() => return Ok(()),
            }
            // In the end nothing may be passed over, and a long run has many objects.
            let whole = !self.ledger().is_publishing() || looks.is_multiple_of(WHOLE);
            looks = looks.wrapping_add(1);
            for (n, bucket) in buckets.iter_mut().enumerate() {
                let mut arrived = Vec::new();
                let hear = |content| {
                    // A run tells a story.
                    let Content::Event(event) = content else { return };
                    arrived.extend(event.run.map(|(run, place)| (run, place, event.time)));
                };
                let looked = tokio::select! {
                    biased;
                    looked = bucket.look(&client, whole, hear) => looked,
                    () = finished.requested() => return Ok(()),
                };
                match &looked {
                    Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Denied) => return looked,
                    // The next look may see more; if none does, the ledger says what is missing.
                    Ok(()) | Err(_) => {}
                }
                let mut ledger = self.ledger.lock();
                for (run, place, time) in arrived {
                    if run == self.id {
                        ledger.arrive_in_bucket(n, place, time.map(clock::since));
                    }
                }
                ledger.landings[n].looked |= looked.is_ok();
                ledger.landings[n].totals.clone_from(&bucket.totals);
            }
            let (gone_quiet, is_complete) = {
                let ledger = self.ledger.lock();
                (!ledger.is_publishing() && ledger.quiet_for() > patience, ledger.is_complete())
            };
            let waits = is_complete && self.handling.leaves_messages();
            let is_empty = waits && are_empty(target, fan_out).await;
            empty_looks = if is_empty { empty_looks + 1 } else { 0 };
            if gone_quiet || is_complete && (!waits || empty_looks >= EMPTY_LOOKS) {
                finished.request();
                return Ok(());
            }
        }
    }
}

/// Whether all queues hold nothing, as far as they tell.
async fn are_empty(target: &Target, fan_out: &FanOut) -> bool {
    let sqs = target.sqs();
    let held = fan_out.queues.iter().map(|queue| consumer::held(&sqs, &queue.url));
    futures::future::join_all(held).await.into_iter().all(|held| held.is_ok_and(|held| held == 0))
}
