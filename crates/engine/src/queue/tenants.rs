//! Fair queues: the message groups of a standard queue are its tenants, and one that takes more than its share waits behind
//! the others ("How Amazon SQS fair queues work", Amazon SQS Developer Guide).
//!
//! A tenant is noisy while it has at least 30 messages in flight that are more than a tenth of the queue's, or while more
//! than a tenth of the recent processing time was its own; unless it has sent nothing for 5 minutes. Consumers get the
//! messages of quiet tenants first, then those of the noisy tenant with the fewest messages in flight. A message without a
//! group is a tenant of its own, and quiet.
//!
//! Processing time is what messages spend in flight. It is sampled when somebody receives, not logged: after a restart it
//! counts anew.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap};

use super::receive::in_turn;
use crate::{Millis, Position, limits};

/// A sample a second.
const SAMPLE: Millis = 1_000;
/// How much of the recent processing time is left a second later: half of it after 44 seconds.
const DECAY: f64 = 63.0 / 64.0;

#[derive(Debug, Default)]
struct Tenant {
    name: Box<str>,
    /// All its messages, whatever they are doing.
    messages: u32,
    /// Its messages that can be received: never received, and visible again.
    fresh: BTreeSet<Position>,
    back: BTreeSet<Position>,
    in_flight: u32,
    /// When it last sent.
    sent: Millis,
    /// Its recent processing time, in message-seconds.
    recent: f64,
}

impl Tenant {
    fn side(&self, side: Side) -> &BTreeSet<Position> {
        match side {
            Side::Fresh => &self.fresh,
            Side::Back => &self.back,
        }
    }
}

/// Which of a tenant's messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Fresh,
    Back,
}

impl Side {
    /// Where a message lies that was received so often.
    pub(super) fn of(count: u32) -> Self {
        if count == 0 { Side::Fresh } else { Side::Back }
    }
}

/// The tenants of one standard queue that hold messages.
#[derive(Debug, Default)]
pub(super) struct Tenants {
    by_name: HashMap<Box<str>, u32>,
    slots: Vec<Tenant>,
    free: Vec<u32>,
    /// The first message of each tenant, on either side.
    fresh: BTreeMap<Position, u32>,
    back: BTreeMap<Position, u32>,
    /// Tenants with enough messages in flight to be noisy, by their number.
    crowded: BTreeSet<(u32, u32)>,
    /// Tenants with more than their share of the recent processing time, as of the last sample.
    slow: Vec<u32>,
    recent: f64,
    sampled: Millis,
}

impl Tenants {
    /// Whether no message has a group.
    pub(super) fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// Adds a message to its tenant, which sent it at `sent`.
    pub(super) fn join(&mut self, name: &str, sent: Millis) -> u32 {
        let slot = match self.by_name.get(name) {
            Some(slot) => *slot,
            None => {
                let slot = self.free.pop().unwrap_or_else(|| {
                    self.slots.push(Tenant::default());
                    (self.slots.len() - 1) as u32
                });
                self.slots[slot as usize].name = name.into();
                self.by_name.insert(name.into(), slot);
                slot
            }
        };
        let tenant = &mut self.slots[slot as usize];
        tenant.messages += 1;
        tenant.sent = tenant.sent.max(sent);
        slot
    }

    /// Takes a message out of its tenant; [`Tenants::hide`] or [`Tenants::land`] it first.
    pub(super) fn leave(&mut self, slot: u32) {
        let tenant = &mut self.slots[slot as usize];
        tenant.messages -= 1;
        if tenant.messages == 0 {
            let gone = std::mem::take(tenant);
            self.by_name.remove(&gone.name);
            self.slow.retain(|slow| *slow != slot);
            self.free.push(slot);
        }
    }

    /// A message can be received.
    pub(super) fn show(&mut self, slot: u32, position: Position, side: Side) {
        self.change(slot, side, |messages| _ = messages.insert(position));
    }

    /// A message can't be received any more.
    pub(super) fn hide(&mut self, slot: u32, position: Position, side: Side) {
        self.change(slot, side, |messages| _ = messages.remove(&position));
    }

    /// A message went in flight.
    pub(super) fn fly(&mut self, slot: u32) {
        self.count(slot, 1);
    }

    /// A message isn't in flight any more.
    pub(super) fn land(&mut self, slot: u32) {
        self.count(slot, -1);
    }

    /// The name of a tenant.
    pub(super) fn name(&self, slot: u32) -> &str {
        self.slots.get(slot as usize).map_or("", |tenant| &tenant.name)
    }

    /// Notes who has messages in flight at `now`; `in_flight` is the whole queue's number.
    pub(super) fn sample(&mut self, now: Millis, in_flight: usize) {
        if self.sampled == 0 {
            self.sampled = now;
        }
        let seconds = now.saturating_sub(self.sampled) / SAMPLE;
        if seconds == 0 {
            return;
        }
        self.sampled += seconds * SAMPLE;
        let left = DECAY.powi(seconds.min(10_000) as i32);
        // What a constant load adds up to, decaying as it comes.
        let new = (1.0 - left) / (1.0 - DECAY);
        self.recent = self.recent * left + in_flight as f64 * new;
        self.slow.clear();
        for (slot, tenant) in self.slots.iter_mut().enumerate() {
            tenant.recent = tenant.recent * left + f64::from(tenant.in_flight) * new;
            if tenant.recent > self.recent * limits::NOISY_SHARE {
                self.slow.push(slot as u32);
            }
        }
    }

    /// The noisy tenants at `now`; `in_flight` is the whole queue's number.
    pub(super) fn noisy(&self, now: Millis, in_flight: usize) -> Vec<u32> {
        let share = in_flight as f64 * limits::NOISY_SHARE;
        let crowded = self.crowded.iter().rev().take_while(|(count, _)| f64::from(*count) > share);
        let mut noisy: Vec<u32> = crowded.map(|(_, slot)| *slot).chain(self.slow.iter().copied()).collect();
        noisy.retain(|slot| self.slots[*slot as usize].sent + limits::NOISY_QUIET > now);
        noisy.sort_unstable();
        noisy.dedup();
        noisy
    }

    /// The messages of quiet tenants in order of position, together with `alone`, those without a tenant.
    fn quiet<'t>(
        &'t self,
        side: Side,
        noisy: &'t [u32],
        alone: impl Iterator<Item = Position> + 't,
    ) -> impl Iterator<Item = Position> + 't {
        let heads = if side == Side::Fresh { &self.fresh } else { &self.back };
        let mut heads = heads.iter().filter(|(_, slot)| !noisy.contains(slot)).peekable();
        let mut alone = alone.peekable();
        // Tenants whose first message is out already, by their next one.
        let mut opened: BinaryHeap<Reverse<(Position, u32)>> = BinaryHeap::new();
        std::iter::from_fn(move || {
            let head = heads.peek().map(|(position, _)| **position);
            let next = opened.peek().map(|Reverse((position, _))| *position);
            let single = alone.peek().copied();
            let first = [head, next, single].into_iter().flatten().min()?;
            if single == Some(first) {
                return alone.next();
            }
            let slot = match (next == Some(first)).then(|| opened.pop()).flatten() {
                Some(Reverse((_, slot))) => slot,
                None => *heads.next()?.1,
            };
            let rest = self.slots[slot as usize].side(side).range(first + 1..).next();
            opened.extend(rest.map(|position| Reverse((*position, slot))));
            Some(first)
        })
    }

    /// Every message that can be received, in the order in which consumers get them: quiet tenants' and those `alone`,
    /// without a tenant; then noisy tenants'. Messages that came back and fresh ones come in turn.
    pub(super) fn available<'t>(
        &'t self,
        noisy: &'t [u32],
        back: impl Iterator<Item = Position> + 't,
        fresh: impl Iterator<Item = Position> + 't,
    ) -> impl Iterator<Item = Position> + 't {
        let quiet = in_turn(self.quiet(Side::Back, noisy, back), self.quiet(Side::Fresh, noisy, fresh));
        quiet.chain(self.loud(noisy))
    }

    /// The messages of noisy tenants: each time of the one with the fewest in flight, if this one is taken.
    fn loud<'t>(&'t self, noisy: &'t [u32]) -> impl Iterator<Item = Position> + 't {
        let mut loud: Vec<_> = noisy
            .iter()
            .map(|slot| &self.slots[*slot as usize])
            .map(|it| (it.in_flight, in_turn(it.back.iter().copied(), it.fresh.iter().copied()).peekable()))
            .collect();
        std::iter::from_fn(move || {
            let waiting =
                loud.iter_mut().filter_map(|(count, messages)| messages.peek().is_some().then_some((count, messages)));
            let (count, messages) = waiting.min_by_key(|(count, _)| **count)?;
            *count += 1;
            messages.next()
        })
    }

    fn change(&mut self, slot: u32, side: Side, change: impl FnOnce(&mut BTreeSet<Position>)) {
        let tenant = &mut self.slots[slot as usize];
        let (messages, heads) = match side {
            Side::Fresh => (&mut tenant.fresh, &mut self.fresh),
            Side::Back => (&mut tenant.back, &mut self.back),
        };
        let before = messages.first().copied();
        change(messages);
        let after = messages.first().copied();
        if before != after {
            before.map(|position| heads.remove(&position));
            after.map(|position| heads.insert(position, slot));
        }
    }

    fn count(&mut self, slot: u32, by: i32) {
        let tenant = &mut self.slots[slot as usize];
        if tenant.in_flight >= limits::NOISY_IN_FLIGHT {
            self.crowded.remove(&(tenant.in_flight, slot));
        }
        tenant.in_flight = tenant.in_flight.saturating_add_signed(by);
        if tenant.in_flight >= limits::NOISY_IN_FLIGHT {
            self.crowded.insert((tenant.in_flight, slot));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `count` fresh messages of a tenant at the positions from `first` on; `flying` more are in flight.
    fn fill(tenants: &mut Tenants, name: &str, first: Position, count: u64, flying: u32) {
        for position in first..first + count {
            let slot = tenants.join(name, 1_000);
            tenants.show(slot, position, Side::Fresh);
        }
        for _ in 0..flying {
            let slot = tenants.join(name, 1_000);
            tenants.fly(slot);
        }
    }

    fn order(tenants: &Tenants, now: Millis, in_flight: usize, alone: &[Position]) -> Vec<Position> {
        let noisy = tenants.noisy(now, in_flight);
        tenants.available(&noisy, std::iter::empty(), alone.iter().copied()).collect()
    }

    #[test]
    fn quiet_tenants_are_served_in_order_of_position() {
        let mut tenants = Tenants::default();
        fill(&mut tenants, "a", 0, 3, 0);
        fill(&mut tenants, "b", 4, 1, 0);
        assert_eq!(order(&tenants, 1_000, 0, &[3, 7]), [0, 1, 2, 3, 4, 7]);
    }

    #[test]
    fn a_tenant_with_a_tenth_of_the_messages_in_flight_waits_if_they_are_30() {
        for (flying, in_flight, waits) in [(29, 29, false), (30, 299, true), (30, 300, false), (31, 300, true)] {
            let mut tenants = Tenants::default();
            fill(&mut tenants, "a", 0, 2, flying);
            fill(&mut tenants, "b", 2, 1, 0);
            let expected: [Position; 4] = if waits { [2, 3, 0, 1] } else { [0, 1, 2, 3] };
            assert_eq!(order(&tenants, 1_000, in_flight, &[3]), expected, "{flying} of {in_flight}");
        }
    }

    #[test]
    fn a_tenant_with_a_tenth_of_the_recent_processing_time_waits() {
        let mut tenants = Tenants::default();
        fill(&mut tenants, "slow", 0, 1, 3);
        fill(&mut tenants, "quick", 1, 1, 0);
        tenants.sample(1_000, 3);
        tenants.sample(3_000, 3);
        assert_eq!(order(&tenants, 3_000, 3, &[]), [1, 0]);
        assert_eq!(order(&tenants, 301_000, 3, &[]), [0, 1], "it has sent nothing for five minutes");
    }

    #[test]
    fn of_noisy_tenants_the_one_with_the_fewest_in_flight_comes_first() {
        let mut tenants = Tenants::default();
        fill(&mut tenants, "a", 0, 3, 32);
        fill(&mut tenants, "b", 3, 3, 30);
        assert_eq!(order(&tenants, 1_000, 62, &[]), [3, 4, 0, 5, 1, 2]);
    }

    #[test]
    fn a_tenant_without_messages_leaves_no_trace() {
        let mut tenants = Tenants::default();
        let slot = tenants.join("a", 0);
        tenants.fly(slot);
        tenants.land(slot);
        tenants.show(slot, 1, Side::Back);
        tenants.hide(slot, 1, Side::Back);
        tenants.leave(slot);
        assert!(tenants.is_empty() && tenants.fresh.is_empty() && tenants.back.is_empty());
        assert_eq!(tenants.join("b", 0), slot);
    }
}
