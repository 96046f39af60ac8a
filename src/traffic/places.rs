//! A set of events by where they stand: publisher and sequence.

use std::collections::BTreeMap;

use super::bitmap::Bitmap;
use crate::event::envelope::Place;

/// Places of events, by publisher.
#[derive(Debug)]
pub(crate) struct Places {
    by_publisher: BTreeMap<u32, Bitmap>,
    max_pages: usize,
    /// How many they are.
    pub total: u64,
}

impl Default for Places {
    fn default() -> Self {
        Self::bounded(usize::MAX)
    }
}

impl Places {
    /// A set that remembers the latest `max_pages` times 65,536 places of each publisher.
    pub(crate) fn bounded(max_pages: usize) -> Self {
        Self { by_publisher: BTreeMap::new(), max_pages, total: 0 }
    }

    /// Adds a place; false when it was there already.
    pub(crate) fn insert(&mut self, place: Place) -> bool {
        let sequences = self.by_publisher.entry(place.publisher).or_insert_with(|| Bitmap::bounded(self.max_pages));
        let is_new = sequences.insert(place.sequence);
        self.total += u64::from(is_new);
        is_new
    }

    /// How many publishers have a place in it.
    pub(crate) fn publishers(&self) -> usize {
        self.by_publisher.len()
    }

    /// Whether a publisher has a place in it.
    pub(crate) fn knows(&self, publisher: u32) -> bool {
        self.by_publisher.contains_key(&publisher)
    }

    /// Whether a place is in it.
    pub(crate) fn contains(&self, place: Place) -> bool {
        self.by_publisher.get(&place.publisher).is_some_and(|sequences| sequences.contains(place.sequence))
    }

    /// Finds the places of this set that are in all of `with` and in none of `without`.
    pub(crate) fn each(&self, with: &[&Self], without: &[&Self], mut found: impl FnMut(Place)) {
        for (publisher, sequences) in &self.by_publisher {
            let with: Vec<_> = with.iter().map(|set| set.by_publisher.get(publisher)).collect();
            let without: Vec<_> = without.iter().map(|set| set.by_publisher.get(publisher)).collect();
            sequences.each(&with, &without, |sequence| found(Place { publisher: *publisher, sequence }));
        }
    }

    /// How many places are in both.
    pub(crate) fn common(&self, other: &Self) -> u64 {
        let mut common = 0;
        self.each(&[other], &[], |_| common += 1);
        common
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_knows_what_it_shares_with_another() {
        let (mut one, mut other) = (Places::default(), Places::default());
        for n in 0..10 {
            assert!(one.insert(Place { publisher: n % 2, sequence: u64::from(n) }));
        }
        for sequence in [0, 2, 3, 100] {
            other.insert(Place { publisher: 0, sequence });
        }
        assert!(!one.insert(Place { publisher: 1, sequence: 9 }) && one.total == 10);
        assert_eq!((one.common(&other), other.common(&one), one.common(&Places::default())), (2, 2, 0));
        assert!(
            one.contains(Place { publisher: 0, sequence: 8 }) && !one.contains(Place { publisher: 0, sequence: 9 })
        );
    }
}
