//! Message groups: a FIFO queue hands out a group's messages in order, and none while one of them is in flight.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::engine::Position;

/// The group of a message without one.
pub const NONE: u32 = u32::MAX;

#[derive(Debug, Default)]
struct Group {
    name: Box<str>,
    /// Messages not deleted, in order.
    waiting: BTreeSet<Position>,
    /// Those that are in flight or delayed: while there is one, the group is blocked.
    blocked: u32,
}

/// The groups of one queue that hold messages.
#[derive(Debug, Default)]
pub struct Groups {
    by_name: HashMap<Box<str>, u32>,
    slots: Vec<Group>,
    free: Vec<u32>,
    /// Groups that can be received from, by the position of their first message.
    ready: BTreeMap<Position, u32>,
}

impl Groups {
    /// Adds a message to its group. `blocks` when it comes delayed or in flight.
    pub fn add(&mut self, name: &str, position: Position, blocks: bool) -> u32 {
        let slot = match self.by_name.get(name) {
            Some(slot) => *slot,
            None => {
                let slot = self.free.pop().unwrap_or_else(|| {
                    self.slots.push(Group::default());
                    (self.slots.len() - 1) as u32
                });
                self.slots[slot as usize].name = name.into();
                self.by_name.insert(name.into(), slot);
                slot
            }
        };
        self.change(slot, |group| {
            group.waiting.insert(position);
            group.blocked += u32::from(blocks);
        });
        slot
    }

    /// Takes a message out. `blocked` when it was delayed or in flight.
    pub fn remove(&mut self, slot: u32, position: Position, blocked: bool) {
        self.change(slot, |group| {
            group.waiting.remove(&position);
            group.blocked -= u32::from(blocked);
        });
        let group = &mut self.slots[slot as usize];
        if group.waiting.is_empty() {
            let name = std::mem::take(&mut group.name);
            group.blocked = 0;
            self.by_name.remove(&name);
            self.free.push(slot);
        }
    }

    /// A message of the group went in flight.
    pub fn block(&mut self, slot: u32) {
        self.change(slot, |group| group.blocked += 1);
    }

    /// A message of the group is visible (again).
    pub fn unblock(&mut self, slot: u32) {
        self.change(slot, |group| group.blocked -= 1);
    }

    /// The name of a group.
    pub fn name(&self, slot: u32) -> &str {
        self.slots.get(slot as usize).map_or("", |group| &group.name)
    }

    /// Up to `max` messages that can be received now: as many as possible of the group whose first message is the
    /// oldest, then of the next ("FIFO queue delivery logic", Amazon SQS Developer Guide).
    pub fn pick(&self, max: usize) -> Vec<Position> {
        self.ready.values().flat_map(|slot| self.slots[*slot as usize].waiting.iter().copied()).take(max).collect()
    }

    /// Whether a message can be received now.
    pub fn any_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    fn change(&mut self, slot: u32, change: impl FnOnce(&mut Group)) {
        let group = &mut self.slots[slot as usize];
        if group.blocked == 0
            && let Some(first) = group.waiting.first()
        {
            self.ready.remove(first);
        }
        change(group);
        if group.blocked == 0
            && let Some(first) = group.waiting.first()
        {
            self.ready.insert(*first, slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_blocked_while_one_of_its_messages_is_in_flight() {
        let mut groups = Groups::default();
        let a = groups.add("a", 1, false);
        groups.add("b", 2, false);
        groups.add("a", 3, false);
        assert_eq!(groups.pick(10), [1, 3, 2]);
        groups.block(a);
        assert_eq!(groups.pick(10), [2]);
        groups.remove(a, 1, true);
        assert_eq!(groups.pick(10), [2, 3]);
    }

    #[test]
    fn an_empty_group_leaves_no_trace() {
        let mut groups = Groups::default();
        let a = groups.add("a", 1, true);
        groups.remove(a, 1, true);
        assert!(groups.by_name.is_empty() && !groups.any_ready());
        assert_eq!(groups.add("b", 2, false), a);
        assert_eq!(groups.name(a), "b");
    }
}
