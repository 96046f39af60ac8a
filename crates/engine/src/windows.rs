//! Deduplication windows of FIFO queues and topics.

use std::collections::{BTreeSet, HashMap};

use sha2::{Digest, Sha256};

use super::limits::DEDUPLICATION_WINDOW;
use super::{Millis, Seq};

/// What opened a window: a duplicate is answered with its ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Original {
    /// When the window closes.
    pub until: Millis,
    /// The message's number.
    pub seq: Seq,
    /// Which of its deliveries it is.
    pub index: u16,
}

/// The open windows of one queue or topic.
#[derive(Debug, Default)]
pub(crate) struct Windows {
    open: HashMap<u128, Original>,
    by_end: BTreeSet<(Millis, u128)>,
}

impl Windows {
    /// Opens a window, and forgets those that ended before `now`.
    pub(crate) fn open(&mut self, key: u128, original: Original, now: Millis) {
        while let Some((end, old)) = self.by_end.first().copied()
            && end <= now
        {
            self.by_end.remove(&(end, old));
            self.open.remove(&old);
        }
        if let Some(before) = self.open.insert(key, original) {
            self.by_end.remove(&(before.until, key));
        }
        self.by_end.insert((original.until, key));
    }

    /// Whether none is known, open or ended.
    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// What opened the window that is open at `now`. One that would be open for longer than any is was opened by a clock that
    /// has been set back since.
    pub(crate) fn find(&self, key: u128, now: Millis) -> Option<Original> {
        let open = |original: &Original| original.until > now && original.until <= now + DEDUPLICATION_WINDOW;
        self.open.get(&key).copied().filter(open)
    }
}

/// A window's key: the deduplication id, within its message group where that is the scope.
pub(crate) fn key(deduplication: &str, group: Option<&str>) -> u128 {
    let mut hash = Sha256::new();
    hash.update(deduplication.as_bytes());
    if let Some(group) = group {
        hash.update([0xff]); // no UTF-8 text holds this byte: "a"+"b" and "ab" stay apart
        hash.update(group.as_bytes());
    }
    let digest: [u8; 32] = hash.finalize().into();
    u128::from_le_bytes(digest[..16].try_into().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_ends_and_is_forgotten() {
        let mut windows = Windows::default();
        windows.open(1, Original { until: 100, seq: 5, index: 0 }, 0);
        assert_eq!(windows.find(1, 99).map(|original| original.seq), Some(5));
        assert_eq!(windows.find(1, 100), None);
        windows.open(2, Original { until: 300, seq: 6, index: 0 }, 100);
        assert_eq!((windows.open.len(), windows.by_end.len()), (1, 1));
        windows.open(3, Original { until: DEDUPLICATION_WINDOW + 9, seq: 7, index: 0 }, 9);
        assert_eq!(windows.find(3, 9).map(|original| original.seq), Some(7));
        assert_eq!(windows.find(3, 8), None, "the clock was set back");
    }

    #[test]
    fn the_group_is_part_of_the_key_only_where_it_is_the_scope() {
        assert_eq!(key("a", None), key("a", None));
        assert_ne!(key("a", Some("x")), key("a", Some("y")));
        assert_ne!(key("ax", None), key("a", Some("x")));
    }
}
