//! Which events were handled, by their ids: what an API has to know that does nothing twice.

use std::collections::{HashSet, VecDeque};

use sha2::{Digest, Sha256};

/// So many ids are known at most; those that were heard of first are forgotten first.
const MOST: usize = 1_000_000;

/// The ids of events.
#[derive(Debug, Default)]
pub(super) struct Remembered {
    known: HashSet<u128>,
    /// The oldest first.
    order: VecDeque<u128>,
}

impl Remembered {
    /// Whether an id is known.
    pub(super) fn has(&self, id: &str) -> bool {
        self.known.contains(&short_id(id))
    }

    /// An id is known from now on.
    pub(super) fn insert(&mut self, id: &str) {
        let id = short_id(id);
        if !self.known.insert(id) {
            return;
        }
        self.order.push_back(id);
        if self.order.len() > MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}

/// An id in sixteen bytes, however long it is.
pub(in crate::traffic) fn short_id(id: &str) -> u128 {
    let hash: [u8; 32] = Sha256::digest(id).into();
    hash.iter().take(16).fold(0, |id, byte| id << 8 | u128::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_heard_of_first_is_forgotten_first() {
        let mut ids = Remembered::default();
        ids.insert("first");
        ids.insert("first");
        for n in 0..MOST - 1 {
            // Hashing a million ids would take the time; their numbers do.
            ids.known.insert(n as u128);
            ids.order.push_back(n as u128);
        }
        assert!(ids.has("first") && !ids.has("second"));
        ids.insert("second");
        assert!(!ids.has("first") && ids.has("second") && ids.known.len() == MOST);
    }
}
