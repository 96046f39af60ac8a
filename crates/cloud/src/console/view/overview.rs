//! The cloud as a whole.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::console::Viewer;
use crate::core::journal::counts::Count;
use text::arn;

/// What there is, and how much goes through it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Overview {
    pub now: u64,
    /// How the clock runs: `wall`, `frozen`, `x600`.
    pub clock: String,
    /// `memory`, `process` or `power`.
    pub durability: String,
    pub version: &'static str,
    /// Why no change is taken at the moment, if none is.
    pub refuses: Option<String>,
    /// The account that is shown.
    pub account: String,
    /// The accounts that have something here; where signatures are checked, the signer's alone.
    pub accounts: Vec<String>,
    /// The regions in which the account has something.
    pub regions: Vec<String>,
    pub counts: Counts,
    pub totals: Totals,
    pub per_second: Rates,
    pub history: History,
}

/// How many resources the account has.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Counts {
    pub queues: usize,
    pub topics: usize,
    pub subscriptions: usize,
    pub streams: usize,
    pub buckets: usize,
    pub stacks: usize,
}

/// Messages since the server started, of the account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Totals {
    /// Published to topics.
    pub published: u64,
    /// Copies that came into queues, by topics or straight.
    pub queued: u64,
    pub received: u64,
    pub deleted: u64,
    /// Moved to dead-letter queues.
    pub dead_lettered: u64,
    /// Records that landed in buckets.
    pub landed: u64,
}

/// The same each second, at the moment.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Rates {
    pub published: f64,
    pub queued: f64,
    pub received: f64,
    pub deleted: f64,
    pub dead_lettered: f64,
    pub landed: f64,
}

/// How much is remembered.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct History {
    pub messages: usize,
    pub bytes: u64,
    pub most_messages: usize,
    pub most_bytes: u64,
}

/// Looks at the cloud as a whole.
pub(crate) fn overview(viewer: &Viewer) -> Overview {
    let core = &viewer.cx.cloud.core;
    let mut counts = Counts::default();
    let (mut accounts, mut regions) = (BTreeSet::new(), BTreeSet::new());
    let mut numbers: Vec<(Kind, u32)> = Vec::new();
    core.read(|engine, _| {
        let mut note = |arn: &str| {
            let account = arn::account(arn);
            if !viewer.is_signed && !accounts.contains(account) {
                accounts.insert(account.to_owned());
            }
            let own = account == &*viewer.cx.account;
            if own && !regions.contains(arn::region(arn)) {
                regions.insert(arn::region(arn).to_owned());
            }
            own && viewer.sees(arn)
        };
        for queue in engine.queues("").filter(|queue| !queue.config.hidden && note(&queue.config.arn)) {
            counts.queues += 1;
            numbers.push((Kind::Queue, queue.config.id.0));
        }
        for topic in engine.topics("").filter(|topic| note(&topic.config.arn)) {
            counts.topics += 1;
            counts.subscriptions += topic.subscriptions.len();
            numbers.push((Kind::Topic, topic.config.id.0));
        }
        for stream in engine.streams("").filter(|stream| note(&stream.config.arn)) {
            counts.streams += 1;
            numbers.push((Kind::Stream, stream.config.id.0));
        }
    });
    accounts.insert(viewer.cx.account.to_string());
    counts.buckets = super::bucket::count(viewer);
    counts.stacks = super::stack::count(viewer);
    let (totals, history, now) = core.look(|_, journal, now| {
        let mut totals = Totals::default();
        for (kind, number) in &numbers {
            totals.add(*kind, &journal.counts.get(*number));
        }
        let bound = journal.bound();
        let history = History {
            messages: journal.len(),
            bytes: journal.bytes(),
            most_messages: bound.messages,
            most_bytes: bound.bytes,
        };
        (totals, history, now)
    });
    let mut per_second = Rates::default();
    for (kind, number) in &numbers {
        let rate = viewer.watch.rate(*number);
        match kind {
            Kind::Topic => per_second.published += rate.came,
            Kind::Queue => {
                per_second.queued += rate.came;
                per_second.received += rate.received;
                per_second.deleted += rate.gone;
                per_second.dead_lettered += rate.moved;
            }
            Kind::Stream => per_second.landed += rate.gone,
        }
    }
    Overview {
        now,
        clock: core.clock().mode(),
        durability: core.durability().to_string(),
        version: env!("CARGO_PKG_VERSION"),
        refuses: core.refusal(),
        account: viewer.cx.account.to_string(),
        accounts: accounts.into_iter().collect(),
        regions: regions.into_iter().collect(),
        counts,
        totals,
        per_second,
        history,
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Topic,
    Queue,
    Stream,
}

impl Totals {
    fn add(&mut self, kind: Kind, count: &Count) {
        match kind {
            Kind::Topic => self.published += count.came,
            Kind::Queue => {
                self.queued += count.came;
                self.received += count.received;
                self.deleted += count.gone;
                self.dead_lettered += count.moved;
            }
            Kind::Stream => self.landed += count.gone,
        }
    }
}
