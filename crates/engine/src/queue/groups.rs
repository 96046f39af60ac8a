//! Message groups: a FIFO queue hands out a group's messages in order, and none that comes after one in flight.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::{Millis, Position};

/// The group of a message without one.
pub(super) const NONE: u32 = u32::MAX;

/// Since when a message can be received, and whether it was received before: of two groups the one that waits longer comes
/// first, and what came back at a moment after what was new then.
pub(super) type Since = (Millis, bool);

#[derive(Debug, Default)]
struct Group {
    name: Box<str>,
    /// Messages not deleted, in order.
    waiting: BTreeMap<Position, Since>,
    /// Those that are in flight or delayed: they block themselves and what comes after.
    blocked: BTreeSet<Position>,
}

impl Group {
    /// The group's place among those that can be received from.
    fn head(&self) -> Option<(Since, Position)> {
        let (position, since) = self.waiting.first_key_value()?;
        (!self.blocked.contains(position)).then_some((*since, *position))
    }

    fn available(&self) -> impl Iterator<Item = Position> {
        let end = self.blocked.first().copied().unwrap_or(Position::MAX);
        self.waiting.range(..end).map(|(position, _)| *position)
    }
}

/// The groups of one queue that hold messages.
#[derive(Debug, Default)]
pub(super) struct Groups {
    by_name: HashMap<Box<str>, u32>,
    slots: Vec<Group>,
    free: Vec<u32>,
    /// Groups that can be received from, the one that waits longest first.
    ready: BTreeMap<(Since, Position), u32>,
}

impl Groups {
    /// Adds a message to its group. `blocked` when it comes delayed or in flight.
    pub(super) fn add(&mut self, name: &str, position: Position, since: Since, blocked: bool) -> u32 {
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
            group.waiting.insert(position, since);
            if blocked {
                group.blocked.insert(position);
            }
        });
        slot
    }

    /// Takes a message out.
    pub(super) fn remove(&mut self, slot: u32, position: Position) {
        self.change(slot, |group| {
            group.waiting.remove(&position);
            group.blocked.remove(&position);
        });
        let group = &mut self.slots[slot as usize];
        if group.waiting.is_empty() {
            let name = std::mem::take(&mut group.name);
            self.by_name.remove(&name);
            self.free.push(slot);
        }
    }

    /// A message of the group went in flight.
    pub(super) fn block(&mut self, slot: u32, position: Position) {
        self.change(slot, |group| _ = group.blocked.insert(position));
    }

    /// A message of the group is visible (again).
    pub(super) fn unblock(&mut self, slot: u32, position: Position, since: Since) {
        self.change(slot, |group| {
            group.blocked.remove(&position);
            group.waiting.insert(position, since);
        });
    }

    /// The name of a group.
    pub(super) fn name(&self, slot: u32) -> &str {
        self.slots.get(slot as usize).map_or("", |group| &group.name)
    }

    /// The messages that can be received now: as many as possible of the group that waits longest, then of the next
    /// ("FIFO queue delivery logic", Amazon SQS Developer Guide).
    pub(super) fn available(&self) -> impl Iterator<Item = Position> {
        self.ready.values().flat_map(|slot| self.slots[*slot as usize].available())
    }

    fn change(&mut self, slot: u32, change: impl FnOnce(&mut Group)) {
        let group = &mut self.slots[slot as usize];
        if let Some(head) = group.head() {
            self.ready.remove(&head);
        }
        change(group);
        if let Some(head) = group.head() {
            self.ready.insert(head, slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn available(groups: &Groups) -> Vec<Position> {
        groups.available().collect()
    }

    #[test]
    fn a_message_in_flight_blocks_what_comes_after_it() {
        let mut groups = Groups::default();
        let a = groups.add("a", 1, (1, false), false);
        groups.add("b", 2, (2, false), false);
        groups.add("a", 3, (3, false), false);
        groups.add("a", 4, (4, false), false);
        assert_eq!(available(&groups), [1, 3, 4, 2]);
        groups.block(a, 3);
        assert_eq!(available(&groups), [1, 2]);
        groups.block(a, 1);
        assert_eq!(available(&groups), [2]);
        groups.remove(a, 1);
        assert_eq!(available(&groups), [2]);
        groups.remove(a, 3);
        assert_eq!(available(&groups), [2, 4]);
    }

    #[test]
    fn a_group_whose_message_came_back_waits_anew() {
        let mut groups = Groups::default();
        let a = groups.add("a", 1, (5, false), false);
        groups.add("b", 2, (5, false), false);
        groups.block(a, 1);
        groups.unblock(a, 1, (5, true));
        assert_eq!(available(&groups), [2, 1]);
    }

    #[test]
    fn an_empty_group_leaves_no_trace() {
        let mut groups = Groups::default();
        let a = groups.add("a", 1, (1, false), true);
        groups.remove(a, 1);
        assert!(groups.by_name.is_empty() && available(&groups).is_empty());
        assert_eq!(groups.add("b", 2, (2, false), false), a);
        assert_eq!(groups.name(a), "b");
    }
}
