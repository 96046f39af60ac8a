//! A queue: its messages and what they are doing. Standard queues hand out by a cursor and fairly between the message groups
//! that there are, FIFO queues by message group.

mod clock;
mod entries;
mod groups;
mod receive;
mod settings;
mod tenants;

use std::collections::BTreeSet;

pub use entries::{Entry, State};
pub use receive::{Picked, Receive, Received};
use rustc_hash::FxHashMap;
pub use settings::{Redrive, Settings, redrive};

use super::change::EntryState;
use super::config::QueueConfig;
use super::windows::Windows;
use super::{Millis, Position, QueueId, Seq, limits};

/// What a message that came from another queue remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stray {
    /// The queue it was redriven from.
    pub source: Option<QueueId>,
}

/// How many messages a queue holds, by what they are doing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Depth {
    /// Messages that can be received.
    pub visible: usize,
    /// Messages that a consumer got and has not deleted.
    pub in_flight: usize,
    /// Messages that can't be received yet.
    pub delayed: usize,
}

/// A queue and its messages.
#[derive(Debug)]
pub struct Queue {
    /// The queue as its owner declared it.
    pub config: QueueConfig,
    /// The same, parsed.
    pub settings: Settings,
    pub(super) next_position: Position,
    pub(super) entries: entries::Entries,
    /// No fresh message lies before this position.
    fresh: Position,
    /// How many fresh messages there are.
    fresh_left: usize,
    /// Messages without a group that were never received, but that the cursor can't find without passing many others: they
    /// were delayed, or lie among messages with groups.
    loose: BTreeSet<Position>,
    /// Messages without a group that are visible again.
    back: BTreeSet<Position>,
    /// Messages that are delayed or in flight, by when they are visible.
    timers: BTreeSet<(Millis, Position)>,
    in_flight: usize,
    delayed: usize,
    /// The message groups of a FIFO queue, and of a standard one.
    groups: groups::Groups,
    tenants: tenants::Tenants,
    pub(super) windows: Windows,
    /// Messages that came from another queue.
    pub(super) strays: FxHashMap<Position, Stray>,
    attempts: receive::Attempts,
    /// While a changed DeduplicationScope isn't in force yet: until when, and whether the scope until then is the group.
    scope_before: Option<(Millis, bool)>,
    /// When it was last purged; 0 if never.
    pub purged: Millis,
    /// The latest known time at which anything happened in this queue.
    latest: Millis,
}

impl Queue {
    /// An empty queue.
    pub fn new(config: QueueConfig) -> Self {
        Self {
            settings: Settings::of(&config),
            config,
            next_position: 0,
            entries: entries::Entries::default(),
            fresh: 0,
            fresh_left: 0,
            loose: BTreeSet::new(),
            back: BTreeSet::new(),
            timers: BTreeSet::new(),
            in_flight: 0,
            delayed: 0,
            groups: groups::Groups::default(),
            tenants: tenants::Tenants::default(),
            windows: Windows::default(),
            strays: FxHashMap::default(),
            attempts: receive::Attempts::default(),
            scope_before: None,
            purged: 0,
            latest: 0,
        }
    }

    /// Declares the queue anew; its messages stay.
    pub fn configure(&mut self, config: QueueConfig) {
        let before = std::mem::replace(&mut self.settings, Settings::of(&config));
        if before.deduplicates_by_group != self.settings.deduplicates_by_group {
            let until = config.modified + limits::ATTRIBUTE_PROPAGATION;
            self.scope_before = Some((until, before.deduplicates_by_group));
        }
        self.config = config;
    }

    /// Whether a deduplication window holds within its message group only, at `now`.
    pub(crate) fn deduplicates_by_group(&self, now: Millis) -> bool {
        match self.scope_before {
            Some((until, before)) if now < until && until <= now + limits::ATTRIBUTE_PROPAGATION => before,
            _ => self.settings.deduplicates_by_group,
        }
    }

    /// Forgets what outlives the messages that a purge has taken out: what was sent before may be sent again.
    pub(super) fn purge(&mut self, at: Millis) {
        self.purged = at;
        self.windows = Windows::default();
        self.attempts = receive::Attempts::default();
    }

    /// The position that the next message takes.
    pub fn next_position(&self) -> Position {
        self.next_position
    }

    /// A message by its position.
    pub fn get(&self, position: Position) -> Option<&Entry> {
        self.entries.get(position)
    }

    /// Where a message came from, if from another queue.
    pub fn stray(&self, position: Position) -> Option<Stray> {
        self.strays.get(&position).copied()
    }

    /// The messages in order of position.
    pub fn messages(&self) -> impl Iterator<Item = (Position, &Entry)> {
        self.entries.from(0)
    }

    /// The messages in order of position, from a position on.
    pub fn messages_from(&self, position: Position) -> impl Iterator<Item = (Position, &Entry)> {
        self.entries.from(position)
    }

    /// How many messages there are at `now`.
    pub fn depth(&mut self, now: Millis) -> Depth {
        self.show_due(now);
        Depth {
            visible: self.entries.len() - self.in_flight - self.delayed,
            in_flight: self.in_flight,
            delayed: self.delayed,
        }
    }

    /// When the next delayed or in-flight message becomes visible.
    pub fn next_visible(&self) -> Option<Millis> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// Makes visible what is due. It follows from the time alone, so the log doesn't hold it.
    pub(super) fn show_due(&mut self, now: Millis) {
        self.follow_clock(now);
        while let Some((at, position)) = self.timers.first().copied()
            && at <= now
        {
            self.set_state(position, State::Back, at);
        }
    }

    /// The oldest messages whose retention ended, up to `max`.
    pub fn expired(&self, now: Millis, max: usize) -> Vec<Position> {
        self.entries
            .from(0)
            .take_while(|(_, entry)| self.has_expired(entry, now))
            .map(|(position, _)| position)
            .take(max)
            .collect()
    }

    fn has_expired(&self, entry: &Entry, now: Millis) -> bool {
        entry.sent_at.saturating_add(self.settings.retention) <= now
    }

    /// Adds a message. `group` is its message group's name.
    pub(super) fn add(&mut self, position: Position, mut entry: Entry, group: Option<&str>) {
        if position < self.next_position {
            self.remove(position);
        }
        self.latest = self.latest.max(entry.sent_at).max(entry.visible_at.saturating_sub(limits::MAX_VISIBILITY));
        let blocked = matches!(entry.state, State::Delayed | State::InFlight);
        entry.group = match group {
            Some(name) if self.settings.fifo => {
                self.groups.add(name, position, (entry.sent_at, entry.count > 0), blocked)
            }
            Some(name) => self.tenants.join(name, entry.sent_at),
            None => groups::NONE,
        };
        if entry.state == State::Fresh && !self.tenants.is_empty() {
            entry.state = State::Back;
        }
        self.next_position = self.next_position.max(position + 1);
        self.enter(position, &entry);
        self.entries.insert(position, entry);
    }

    /// Takes a message out.
    pub(super) fn remove(&mut self, position: Position) -> Option<Entry> {
        let entry = self.entries.remove(position)?;
        self.leave(position, &entry);
        match self.tenant(&entry) {
            Some(tenant) => self.tenants.leave(tenant),
            None if entry.group != groups::NONE => self.groups.remove(entry.group, position),
            None => {}
        }
        self.strays.remove(&position);
        Some(entry)
    }

    /// A consumer got the message.
    pub(super) fn receive_one(&mut self, position: Position, at: Millis, visible_at: Millis) {
        if self.get(position).is_some_and(|entry| entry.state == State::Fresh) {
            if position > self.fresh && !self.settings.fifo {
                self.pass_by(position);
            }
            self.fresh = self.fresh.max(position + 1);
        }
        self.latest = self.latest.max(at);
        self.set_state(position, State::InFlight, visible_at);
        if let Some(entry) = self.entries.get_mut(position) {
            entry.count = entry.count.saturating_add(1);
            if entry.first_received == 0 {
                entry.first_received = at;
            }
        }
    }

    /// The cursor goes on behind a fresh message. Fresh ones that lie before it are found without the cursor from now on: there are
    /// some only where messages are received out of order.
    fn pass_by(&mut self, position: Position) {
        let before = self.entries.from(self.fresh).take_while(|(other, _)| *other < position);
        let passed = before.filter(|(_, entry)| entry.state == State::Fresh);
        let passed: Vec<(Position, Millis)> = passed.map(|(other, entry)| (other, entry.sent_at)).collect();
        for (other, sent_at) in passed {
            self.set_state(other, State::Back, sent_at);
        }
    }

    /// A new visibility deadline for a message that was received.
    pub(super) fn set_visible_at(&mut self, position: Position, visible_at: Millis) {
        self.latest = self.latest.max(visible_at.saturating_sub(limits::MAX_VISIBILITY));
        self.set_state(position, State::InFlight, visible_at);
    }

    fn set_state(&mut self, position: Position, state: State, visible_at: Millis) {
        let Some(entry) = self.entries.get_mut(position) else { return };
        let before = *entry;
        entry.state = state;
        entry.visible_at = visible_at;
        let after = *entry;
        self.leave(position, &before);
        self.enter(position, &after);
        if self.settings.fifo && before.group != groups::NONE {
            let blocks = |state| matches!(state, State::Delayed | State::InFlight);
            match (blocks(before.state), blocks(state)) {
                (false, true) => self.groups.block(before.group, position),
                (true, false) => self.groups.unblock(before.group, position, (visible_at, before.count > 0)),
                _ => {}
            }
        }
    }

    /// Puts a message into the set where its state says that it is found.
    fn enter(&mut self, position: Position, entry: &Entry) {
        let tenant = self.tenant(entry);
        match (entry.state, tenant) {
            (State::Gone, _) => {}
            (State::Fresh, _) => {
                self.fresh = self.fresh.min(position);
                self.fresh_left += 1;
            }
            (State::Back, Some(tenant)) => self.tenants.show(tenant, position, tenants::Side::of(entry.count)),
            (State::Back, None) if self.settings.fifo => {}
            (State::Back, None) if entry.count == 0 => _ = self.loose.insert(position),
            (State::Back, None) => _ = self.back.insert(position),
            (State::Delayed, _) => {
                self.timers.insert((entry.visible_at, position));
                self.delayed += 1;
            }
            (State::InFlight, _) => {
                self.timers.insert((entry.visible_at, position));
                self.in_flight += 1;
                tenant.inspect(|tenant| self.tenants.fly(*tenant));
            }
        }
    }

    /// Takes a message out of the set that its state put it in.
    fn leave(&mut self, position: Position, entry: &Entry) {
        let tenant = self.tenant(entry);
        match (entry.state, tenant) {
            (State::Gone, _) => {}
            (State::Fresh, _) => self.fresh_left -= 1,
            (State::Back, Some(tenant)) => self.tenants.hide(tenant, position, tenants::Side::of(entry.count)),
            (State::Back, None) if self.settings.fifo => {}
            (State::Back, None) if entry.count == 0 => _ = self.loose.remove(&position),
            (State::Back, None) => _ = self.back.remove(&position),
            (State::Delayed, _) => {
                self.timers.remove(&(entry.visible_at, position));
                self.delayed -= 1;
            }
            (State::InFlight, _) => {
                self.timers.remove(&(entry.visible_at, position));
                self.in_flight -= 1;
                tenant.inspect(|tenant| self.tenants.land(*tenant));
            }
        }
    }

    /// A message's tenant, in a standard queue.
    fn tenant(&self, entry: &Entry) -> Option<u32> {
        (entry.group != groups::NONE && !self.settings.fifo).then_some(entry.group)
    }

    /// The name of a message's group; empty without one.
    pub fn group_of(&self, entry: &Entry) -> &str {
        match self.tenant(entry) {
            Some(tenant) => self.tenants.name(tenant),
            None => self.groups.name(entry.group),
        }
    }

    /// Puts back a message whose first record is gone from the log.
    pub(super) fn restore(&mut self, seq: Seq, state: &EntryState, group: Option<&str>) {
        let entry = Entry {
            seq,
            sent_at: state.sent_at,
            visible_at: state.visible_at,
            first_received: state.first_received,
            count: state.count,
            index: state.index,
            group: groups::NONE,
            state: match (state.visible_at, state.count) {
                (0, _) => State::Fresh,
                (_, 0) => State::Delayed,
                _ => State::InFlight,
            },
            stray: state.stray,
        };
        self.add(state.position, entry, group);
        if state.stray {
            self.strays.insert(state.position, Stray { source: state.source });
        }
    }

    /// A message's state, for a compaction to restate: `None` unless it is this payload's.
    pub(super) fn state_of(&self, position: Position, seq: Seq) -> Option<EntryState> {
        let entry = self.entries.get(position).filter(|entry| entry.seq == seq)?;
        Some(EntryState {
            queue: self.config.id,
            position,
            index: entry.index,
            sent_at: entry.sent_at,
            // A message that is visible again is restated as one whose deadline has passed.
            visible_at: entry.visible_at,
            first_received: entry.first_received,
            count: entry.count,
            stray: entry.stray,
            source: self.strays.get(&position).and_then(|stray| stray.source),
        })
    }
}
