//! A set of events by where they stand: publisher and sequence.

use std::collections::BTreeMap;

use super::bitmap::Bitmap;
use crate::event::envelope::Place;

/// Places of events, by publisher.
#[derive(Debug, Default)]
pub(crate) struct Places {
    by_publisher: BTreeMap<u32, Bitmap>,
    /// How many they are.
    pub total: u64,
}

impl Places {
    /// Adds a place; false when it was there already.
    pub(crate) fn insert(&mut self, place: Place) -> bool {
        let is_new = self.by_publisher.entry(place.publisher).or_default().insert(place.sequence);
        self.total += u64::from(is_new);
        is_new
    }

    /// Whether a place is in it.
    pub(crate) fn contains(&self, place: Place) -> bool {
        self.by_publisher.get(&place.publisher).is_some_and(|sequences| sequences.contains(place.sequence))
    }

    /// The sequences of each publisher.
    pub(crate) fn by_publisher(&self) -> impl Iterator<Item = (u32, &Bitmap)> {
        self.by_publisher.iter().map(|(publisher, sequences)| (*publisher, sequences))
    }

    /// How many places are in both.
    pub(crate) fn common(&self, other: &Self) -> u64 {
        let none = Bitmap::default();
        let missing = self.by_publisher.iter().map(|(publisher, sequences)| {
            sequences.missing_in(other.by_publisher.get(publisher).unwrap_or(&none)).count() as u64
        });
        self.total - missing.sum::<u64>()
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
