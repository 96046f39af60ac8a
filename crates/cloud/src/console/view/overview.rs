//! The cloud as a whole.

use std::collections::BTreeSet;
use std::ops::AddAssign;

use serde::Serialize;

use super::SLICE;
use crate::console::Viewer;
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
    pub totals: Flow<u64>,
    pub per_second: Flow<f64>,
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

/// How much goes through the account: messages since the server started, or each second at the moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Flow<N> {
    /// Published to topics.
    pub published: N,
    /// Copies that came into queues, by topics or straight.
    pub queued: N,
    pub received: N,
    pub deleted: N,
    /// Moved to dead-letter queues.
    pub dead_lettered: N,
    /// Records that landed in buckets.
    pub landed: N,
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
    core.each_queue("", |queue, _| {
        if !queue.config.hidden && note(&queue.config.arn) {
            counts.queues += 1;
            numbers.push((Kind::Queue, queue.config.id.0));
        }
        true
    });
    core.each_topic("", |topic| {
        if note(&topic.config.arn) {
            counts.topics += 1;
            counts.subscriptions += topic.subscriptions.len();
            numbers.push((Kind::Topic, topic.config.id.0));
        }
        true
    });
    core.each_stream("", |stream| {
        if note(&stream.config.arn) {
            counts.streams += 1;
            numbers.push((Kind::Stream, stream.config.id.0));
        }
        true
    });
    accounts.insert(viewer.cx.account.to_string());
    counts.buckets = super::bucket::count(viewer);
    counts.stacks = super::stack::count(viewer);
    let mut totals = Flow::default();
    for slice in numbers.chunks(SLICE) {
        core.look(|_, journal, _| {
            for (kind, number) in slice {
                let count = journal.counts.get(*number);
                totals.add(*kind, [count.came, count.received, count.gone, count.moved]);
            }
        });
    }
    let (history, now) = core.look(|_, journal, now| {
        let bound = journal.bound();
        let history = History {
            messages: journal.len(),
            bytes: journal.bytes(),
            most_messages: bound.messages,
            most_bytes: bound.bytes,
        };
        (history, now)
    });
    let mut per_second = Flow::default();
    for (kind, number) in &numbers {
        let rate = viewer.watch.rate(*number);
        per_second.add(*kind, [rate.came, rate.received, rate.gone, rate.moved]);
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

impl<N: AddAssign> Flow<N> {
    /// Adds what a topic, a queue or a stream counts: what came, was received, went, and was moved.
    fn add(&mut self, kind: Kind, [came, received, gone, moved]: [N; 4]) {
        match kind {
            Kind::Topic => self.published += came,
            Kind::Queue => {
                self.queued += came;
                self.received += received;
                self.deleted += gone;
                self.dead_lettered += moved;
            }
            Kind::Stream => self.landed += gone,
        }
    }
}
