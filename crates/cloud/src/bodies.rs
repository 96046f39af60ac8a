//! Bodies in memory: what clients have sent, and what they haven't read yet, has a bound for all of them together.
//!
//! A connection may hold as much as its request or its answer may be long: some hundred that never end the one, or never read the
//! other, were gigabytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

/// Bytes of long bodies that are held at a time.
pub(crate) const MOST: usize = 256 << 20;
/// A body of so many bytes isn't counted: it is as little as all else that a connection holds.
pub(crate) const SHORT: usize = 32 << 10;

/// How much of [`MOST`] is held.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bodies(Arc<AtomicUsize>);

/// What one body holds; it is given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    all: Bodies,
    bytes: usize,
}

impl Bodies {
    /// The share of a body of which nothing is there yet.
    pub(crate) fn share(&self) -> Share {
        Share { all: self.clone(), bytes: 0 }
    }
}

impl Share {
    /// Whether there is room for a body that has `length` bytes by now. Without it nothing changes.
    pub(crate) fn grows_to(&mut self, length: usize) -> bool {
        let more = if length <= SHORT { 0 } else { length.saturating_sub(self.bytes) };
        let fits = |held: usize| held.checked_add(more).filter(|sum| *sum <= MOST);
        let grown = more == 0 || self.all.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_ok();
        self.bytes += if grown { more } else { 0 };
        grown
    }

    /// The bytes, which hold the share as long as there is any of them.
    pub(crate) fn of(self, bytes: Bytes) -> Bytes {
        struct Held {
            bytes: Bytes,
            _share: Share,
        }
        impl AsRef<[u8]> for Held {
            fn as_ref(&self) -> &[u8] {
                &self.bytes
            }
        }
        if self.bytes == 0 { bytes } else { Bytes::from_owner(Held { bytes, _share: self }) }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.all.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_bodies_share_a_bound_and_give_back_what_they_held() {
        let all = Bodies::default();
        let (mut one, mut other) = (all.share(), all.share());
        assert!(one.grows_to(MOST - SHORT) && one.grows_to(MOST - 1));
        assert!(other.grows_to(SHORT), "a short one always fits");
        assert!(!other.grows_to(SHORT + 1) && !one.grows_to(MOST + 1));
        let bytes = one.of(Bytes::from_static(b"abc"));
        let part = bytes.slice(1..2);
        drop(bytes);
        assert!(!other.grows_to(SHORT + 1), "a part of them is there yet");
        drop(part);
        assert!(other.grows_to(MOST));
        drop(other);
        assert_eq!(all.0.load(Ordering::Relaxed), 0);
    }
}
