//! One outcome, many renderings: [`terminal`] for people, JSON by serde for programs.

mod aligned;
pub(crate) mod compare;
mod cost;
pub(crate) mod evidence;
pub(crate) mod hlog;
pub(crate) mod html;
mod landed;
mod ledger;
mod load;
pub(crate) mod merge;
pub(crate) mod metrics;
pub(crate) mod progress;
pub(crate) mod settled;
#[cfg(feature = "scenarios")]
pub(crate) mod system;
pub(crate) mod terminal;
pub(crate) mod text;
mod trouble;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use self::merge::Merge;
use self::text::ms;
use crate::cost::Cost;
use crate::traffic::account::Account;
use crate::traffic::depths::Fault;
use crate::traffic::load::Load;
use crate::traffic::name::LegName;
use crate::traffic::stats::{Requests, Summary};
use crate::traffic::tally::{PublishTally, QueueTally};

/// What a run of `publish`, `consume` or `simulate` came to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Outcome {
    #[serde(skip_deserializing)]
    pub command: &'static str,
    /// Which template was deployed, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// As `local (http://127.0.0.1:4566, us-east-1)`.
    pub target: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    pub elapsed_s: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published: Option<Published>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub queues: Vec<Queue>,
    /// Of one stream an object, of several a list.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "landed")]
    pub landed: Vec<Landed>,
    /// Subscriptions that nobody looked at, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_followed: Vec<String>,
    /// What the ledger says; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// What that rests on, in a line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// Why something may not have come, as far as the cloud tells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
    /// What the rules of chaos did; not of merged reports.
    #[serde(skip_serializing_if = "Vec::is_empty", skip_deserializing)]
    pub faults: Vec<Fault>,
    /// What ended the run before its time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The folder that holds the embedded cloud's data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_dir: Option<String>,
    /// When the embedded cloud was killed on purpose.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub killed: Vec<Killed>,
    /// What it costs on AWS; absent where only a part of the fan-out was seen.
    #[serde(skip_serializing_if = "Option::is_none", skip_deserializing)]
    pub cost: Option<Cost>,
    /// What reports are merged by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merge: Option<Merge>,
}

/// An outcome as `--json` prints it.
#[derive(Debug, Serialize)]
pub(crate) struct Record<'a> {
    record: &'static str,
    #[serde(flatten)]
    outcome: &'a Outcome,
}

impl Outcome {
    /// For programs.
    pub(crate) fn record(&self) -> Record<'_> {
        Record { record: "report", outcome: self }
    }

    /// Says what the dead-letter queue of a queue holds.
    pub(crate) fn put_dead_letters(&mut self, name: &LegName, found: DeadLetters) {
        if let Some(queue) = self.queues.iter_mut().find(|queue| queue.api == *name) {
            queue.dead_letters = Some(found);
        }
    }

    /// The same with what reports are merged by.
    pub(crate) fn mergeable(self, merge: Merge) -> Self {
        Self { merge: Some(merge), ..self }
    }

    /// The same with what that costs, which needs what reports are merged by.
    pub(crate) fn priced(mut self, in_full: bool) -> Self {
        let cost = self.merge.as_ref().and_then(|merge| merge.cost(self.elapsed_s));
        self.cost = cost.map(|cost| Cost { in_full, ..cost });
        self
    }

    /// What was lost on all legs together.
    pub(crate) fn lost(&self) -> u64 {
        self.legs().filter_map(|(_, account)| account.lost).sum()
    }

    /// Every leg's name, and its account.
    pub(crate) fn legs(&self) -> impl Iterator<Item = (&str, &Account)> {
        let queues = self.queues.iter().map(|queue| (queue.api.name(), &queue.account));
        queues.chain(self.landed.iter().map(|landed| (landed.leg.name(), &landed.account)))
    }
}

/// A kill of the cloud.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Killed {
    /// Since the run began.
    pub at_s: f64,
    /// How long it took until the cloud was ready again.
    pub back_after_s: f64,
}

/// What the ledger says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// Everything published was seen on every leg.
    NothingLost,
    /// Something acknowledged was never seen.
    Lost,
    /// Not everything could be published; what was, was seen.
    NotAllPublished,
    /// Nobody can say: it was cut short, nobody could look, or nothing was to be seen.
    #[serde(alias = "interrupted")]
    Unknown,
}

/// What decides when an event leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Model {
    /// Its moment, whatever became of those before.
    Open,
    /// The answer to the one before.
    Closed,
}

/// The publisher's side.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Published {
    pub topic_arn: String,
    /// Acknowledged.
    pub events: u64,
    /// Those of them that were published before, on purpose.
    pub again: u64,
    /// Those of them that no consumer can handle, on purpose.
    pub poison: u64,
    /// Given up.
    pub refused: u64,
    #[serde(flatten)]
    pub requests: Requests,
    /// Events in requests whose answer was lost, each time one was: so many may be there twice, or be there without an
    /// acknowledgement.
    pub maybe_twice: u64,
    pub per_second: f64,
    /// Whether each event has a moment of its own, or leaves when the one before was answered.
    pub model: Model,
    /// What was asked for, in words.
    pub load: String,
    /// How many events a second were due; absent for full speed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intended_per_second: Option<f64>,
    /// The publish delay: from the moment when a request was due until it left; absent for full speed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay: Option<Summary>,
    /// How late the latest event was, sent or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late_at_most_ms: Option<f64>,
    /// Due before the end, and not sent.
    pub not_sent: u64,
    /// From the moment when an event was meant to leave until its acknowledgement.
    pub latency: Option<Summary>,
}

impl Published {
    /// What publishers came to who published to a topic for `elapsed_s` seconds.
    pub(crate) fn new(tally: &PublishTally, topic_arn: String, elapsed_s: f64, load: &Load) -> Self {
        let elapsed = Duration::try_from_secs_f64(elapsed_s).unwrap_or_default();
        let span = load.span(tally.sent, elapsed);
        Self {
            topic_arn,
            model: if load.is_open() { Model::Open } else { Model::Closed },
            load: load.to_string(),
            intended_per_second: load.mean_until(span),
            delay: tally.delays.summary(),
            late_at_most_ms: load.is_open().then(|| ms(tally.late_at_most())),
            not_sent: tally.not_sent,
            events: tally.sent,
            again: tally.again,
            poison: tally.poison,
            refused: tally.refused,
            requests: tally.requests,
            maybe_twice: tally.maybe_twice,
            per_second: tally.sent as f64 / span.as_secs_f64().max(1e-9),
            latency: tally.latencies.summary(),
        }
    }
}

/// One queue's side.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Queue {
    /// Its leg: of the API that drains it, or its own name.
    pub api: LegName,
    pub queue_url: String,
    pub handled: u64,
    /// Attempts, as is `unreadable`: a message that comes back fails again.
    pub failed: u64,
    pub unreadable: u64,
    pub not_deleted: u64,
    /// How often a worker died.
    #[serde(default)]
    pub deaths: u64,
    /// How often what was handled was handled again, with its effect.
    #[serde(default)]
    pub effect_twice: u64,
    /// Those of the handled that were somebody's own events.
    pub own_events: u64,
    /// What ended in the dead-letter queue meanwhile; absent where there is none or nobody looked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dead_letters: Option<DeadLetters>,
    #[serde(flatten)]
    pub requests: Requests,
    #[serde(flatten)]
    pub account: Account,
}

/// What a queue's dead-letter queue holds before and after a run, in messages, about: SQS's counts are approximate.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct DeadLetters {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// After the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages: Option<u64>,
    /// What came meanwhile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<u64>,
    /// Why nobody knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
}

impl DeadLetters {
    /// For a queue that held so many messages before and holds so many now.
    pub(crate) fn counted(queue_url: String, before: u64, messages: u64) -> Self {
        Self {
            queue_url: Some(queue_url),
            before: Some(before),
            messages: Some(messages),
            ended: Some(messages.saturating_sub(before)),
            unknown: None,
        }
    }
}

impl Queue {
    /// What the consumers of a queue came to, and how its events balance.
    pub(crate) fn new(api: LegName, queue_url: String, tally: QueueTally, account: Account) -> Self {
        let QueueTally { handled, own, failed, unreadable, not_deleted, deaths, effect_twice, requests, billed: _ } =
            tally;
        let (own_events, dead_letters) = (own, None);
        Self {
            api,
            queue_url,
            handled,
            failed,
            unreadable,
            not_deleted,
            deaths,
            effect_twice,
            own_events,
            requests,
            account,
            dead_letters,
        }
    }
}

/// The bucket's side.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Landed {
    /// Of the built-in fan-out's stream, or the stream's own name.
    #[serde(default = "LegName::landing")]
    pub leg: LegName,
    pub bucket: String,
    pub partitions: Vec<String>,
    pub objects: u64,
    pub bytes: u64,
    pub unreadable: u64,
    #[serde(flatten)]
    pub account: Account,
}
