//! A run of the whole fan-out: publishes, consumes and watches the bucket side by side, and keeps the ledger.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use parking_lot::{Mutex, MutexGuard};
use tokio::time::sleep;

use super::api::Api;
use super::consumer::{self, QueueSettings, SHORT_POLL};
use super::depths::{self, Looker};
use super::filtered::Filter;
use super::landed::BucketWatch;
use super::ledger::Ledger;
use super::publisher::{self, Outgoing};
use super::timeline::{Happened, Timeline};
use crate::aws::{CallError, ErrorKind, Target, TargetKind};
use crate::clock;
use crate::event::envelope::Arrived;
use crate::stop::Stop;

/// How long to wait between two looks at a bucket of an emulator, and at one of AWS.
const LOOK: Duration = Duration::from_millis(250);
const LOOK_AWS: Duration = Duration::from_secs(2);
/// How many receivers each queue has.
const RECEIVERS: u32 = 4;

/// Where the events of a run go: the topic, and what it feeds.
#[derive(Debug, Clone)]
pub(crate) struct FanOut {
    pub topic_arn: String,
    pub queues: Vec<FanOutQueue>,
    pub bucket: String,
    /// What keeps events out of the stream.
    pub filter: Option<Filter>,
    /// How long the delivery stream buffers.
    pub buffering: Duration,
}

/// A queue, and the API that drains it.
#[derive(Debug, Clone)]
pub(crate) struct FanOutQueue {
    pub api: Api,
    pub url: String,
    /// What keeps events out of it.
    pub filter: Option<Filter>,
    pub settings: QueueSettings,
}

/// Who hears, in words, of requests that fail.
pub(crate) type Complain = Box<dyn Fn(&str) + Send + Sync>;

/// A run under way.
pub(crate) struct Run {
    ledger: Mutex<Ledger>,
    /// The run's id, which its events carry.
    id: String,
    stop: Stop,
    /// How long to wait, once nothing more arrives: beyond the stream's buffering and the queues' visibility timeouts.
    patience: Duration,
    complain: Complain,
}

impl Run {
    /// A run that nothing was published of yet; `stop` ends it.
    pub(crate) fn new(id: String, fan_out: &FanOut, stop: Stop, patience: Duration, complain: Complain) -> Self {
        let queues = fan_out.queues.iter().map(|queue| (queue.api, queue.filter.clone()));
        let fifo = fan_out.topic_arn.ends_with(".fifo");
        let ledger = Ledger::new(queues, fan_out.filter.clone(), fan_out.buffering, fifo);
        Self { ledger: Mutex::new(ledger), id, stop, patience, complain }
    }

    /// The same, which notes from now on how it goes over time.
    pub(crate) fn recorded(self) -> Self {
        {
            let mut ledger = self.ledger.lock();
            let queues: Vec<_> = ledger.queues.keys().map(|api| api.name()).collect();
            ledger.timeline = Some(Timeline::new(&queues, true));
        }
        self
    }

    /// What is known by now. Publishers and consumers wait while the caller holds it.
    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock()
    }

    /// Publishes, consumes and watches the bucket until everything has arrived or nothing more does. The bucket is read
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
        let (published, consumed, landed, ()) = tokio::join!(
            async { end(self.publish(target, plan).await) },
            async { end(self.consume(target, fan_out, &finished).await) },
            async { end(self.watch_bucket(watched, fan_out, since, &finished).await) },
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
    async fn consume(self: &Arc<Self>, target: &Target, fan_out: &FanOut, finished: &Stop) -> Result<(), CallError> {
        let sqs = &target.sqs();
        let consumers = fan_out.queues.iter().map(|queue| {
            let plan = consumer::Plan {
                api: queue.api,
                queue_url: queue.url.clone(),
                receivers: RECEIVERS,
                work: Duration::ZERO,
                fail_rate: 0.0,
                seed: 0,
                until_empty: false,
                poll: SHORT_POLL,
                visibility: None,
                budget: None,
                heartbeat: true,
                prefetch: None,
                retry: None,
            };
            let run = self.clone();
            let listener = Arc::new(move |api: Api, notice: consumer::Notice<'_>| run.note_consumed(api, notice));
            consumer::consume(sqs, plan, &queue.settings, finished, listener)
        });
        futures::future::join_all(consumers).await.into_iter().collect()
    }

    /// Looks at the queues now and then until the run is `finished`, if it is noted how it goes.
    async fn watch_queues(&self, target: &Target, fan_out: &FanOut, finished: &Stop) {
        if self.ledger.lock().timeline.is_none() {
            return;
        }
        let urls: Vec<_> = fan_out.queues.iter().map(|queue| queue.url.as_str()).collect();
        let mut looker = Looker::new(target);
        loop {
            let depths = tokio::select! {
                depths = looker.look(&urls) => depths,
                () = finished.requested() => return,
            };
            {
                let mut ledger = self.ledger.lock();
                for (queue, depth) in fan_out.queues.iter().zip(depths) {
                    let Some(depth) = depth else { continue };
                    ledger.note(Happened::Looked { queue: queue.api.name(), depth });
                }
            }
            tokio::select! {
                () = sleep(depths::LOOK) => {}
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

    fn note_consumed(&self, api: Api, notice: consumer::Notice<'_>) {
        let mut ledger = self.ledger.lock();
        let Some(queue) = ledger.queues.get_mut(&api) else { return };
        match notice {
            consumer::Notice::Handled { event, age, .. } => {
                queue.tally.handled += 1;
                // Messages of earlier runs are handled too, but are not of this ledger.
                if let Some((run, place)) = &event.run
                    && *run == self.id
                {
                    ledger.arrive_at_queue(api, *place, age);
                }
            }
            consumer::Notice::Own { .. } => {
                queue.tally.handled += 1;
                queue.tally.own += 1;
            }
            consumer::Notice::Failed { event, .. } => {
                queue.tally.failed += 1;
                if let Some((run, place)) = &event.run
                    && *run == self.id
                {
                    ledger.fail_at_queue(api, *place);
                }
            }
            consumer::Notice::Unreadable { .. } => queue.tally.unreadable += 1,
            consumer::Notice::NotDeleted { .. } => queue.tally.not_deleted += 1,
            consumer::Notice::NotKept { message_id, why } => {
                (self.complain)(&format!("{} queue: {message_id} comes again: {why}", api.name()));
            }
            consumer::Notice::Request { operation } => queue.tally.billed.count_request(operation),
            consumer::Notice::Received { messages, bytes, poll } => {
                queue.tally.billed.count_received(messages as u64, bytes as u64, poll);
            }
            consumer::Notice::Again => queue.tally.requests.retries += 1,
            consumer::Notice::Trouble { why, lost } => {
                queue.tally.requests.count_failure(lost);
                ledger.note(Happened::Failed { who: api.name(), why });
                (self.complain)(&format!("{} queue: {why}", api.name()));
            }
            consumer::Notice::Left { .. } => {}
        }
    }

    /// Looks at the bucket until the ledger is complete, or nothing has arrived for too long; then the run is `finished`.
    async fn watch_bucket(
        &self,
        target: &Target,
        fan_out: &FanOut,
        since: Timestamp,
        finished: &Stop,
    ) -> Result<(), CallError> {
        let client = target.s3();
        let look = if target.kind == TargetKind::Aws { LOOK_AWS } else { LOOK };
        let visibility = fan_out.queues.iter().map(|queue| queue.settings.visibility).max().unwrap_or_default();
        let patience = self.patience + fan_out.buffering.max(visibility);
        let mut bucket = BucketWatch::new(&fan_out.bucket, since);
        loop {
            tokio::select! {
                () = sleep(look) => {}
                () = finished.requested() => return Ok(()),
            }
            let mut arrived = Vec::new();
            let hear = |event: Arrived| arrived.extend(event.run.map(|(run, place)| (run, place, event.time)));
            let looked = tokio::select! {
                looked = bucket.look(&client, hear) => looked,
                () = finished.requested() => return Ok(()),
            };
            match looked {
                Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Denied) => return Err(error),
                // The next look may see more; if none does, the ledger says what is missing.
                Ok(()) | Err(_) => {}
            }
            let mut ledger = self.ledger.lock();
            for (run, place, time) in arrived {
                if run == self.id {
                    ledger.arrive_in_bucket(place, time.map(clock::since));
                }
            }
            ledger.landed.clone_from(&bucket.totals);
            let gone_quiet = !ledger.is_publishing() && ledger.quiet_for() > patience;
            if ledger.is_complete() || gone_quiet {
                finished.request();
                return Ok(());
            }
        }
    }
}
