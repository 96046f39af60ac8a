//! Whether the order within a message group holds, on a queue that keeps one (FIFO).

use std::collections::{HashMap, VecDeque};

use crate::event::envelope::Place;

/// So many groups are told apart; the one is forgotten first that came first.
const MAX_GROUPS: usize = 100_000;
/// A group's name is no longer than this (API reference of SNS, Publish, MessageGroupId); what is longer isn't remembered.
const MAX_NAME: usize = 128;

/// How far each group has come.
#[derive(Debug, Default)]
pub(super) struct Groups {
    /// The highest sequence of each publisher's part of a group: between publishers there is no order.
    highest: HashMap<(u32, Box<str>), u64>,
    oldest: VecDeque<(u32, Box<str>)>,
}

impl Groups {
    /// An event of a group came for the first time; whether a later one of it came before.
    pub(super) fn is_behind(&mut self, group: &str, place: Place) -> bool {
        if group.len() > MAX_NAME {
            return false;
        }
        let key = (place.publisher, group.into());
        if let Some(highest) = self.highest.get_mut(&key) {
            let is_behind = place.sequence < *highest;
            *highest = place.sequence.max(*highest);
            return is_behind;
        }
        if self.highest.len() >= MAX_GROUPS
            && let Some(oldest) = self.oldest.pop_front()
        {
            self.highest.remove(&oldest);
        }
        self.oldest.push_back(key.clone());
        self.highest.insert(key, place.sequence);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_apart_and_bounded() {
        let mut groups = Groups::default();
        let mut came = |group: &str, publisher, sequence| groups.is_behind(group, Place { publisher, sequence });
        assert!(!came("a", 0, 5) && !came("b", 0, 1) && !came("a", 1, 1));
        assert!(came("a", 0, 4) && !came("a", 0, 6) && came("a", 0, 5));
        for n in 0..2 * MAX_GROUPS {
            groups.is_behind(&n.to_string(), Place { publisher: 0, sequence: 0 });
        }
        assert_eq!((groups.highest.len(), groups.oldest.len()), (MAX_GROUPS, MAX_GROUPS));
    }
}
