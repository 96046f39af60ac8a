//! The ids of requests.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use text::uuid::{self, mix};

/// A request's id: AWS's form, a UUID.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RequestId([u8; 36]);

impl RequestId {
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl std::fmt::Debug for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Makes request ids: a counter, mixed with a salt of this process.
#[derive(Debug)]
pub(crate) struct RequestIds {
    salt: u64,
    next: AtomicU64,
}

impl Default for RequestIds {
    fn default() -> Self {
        RequestIds { salt: RandomState::new().hash_one(0u8), next: AtomicU64::new(0) }
    }
}

impl RequestIds {
    /// Those that follow from a number.
    pub(crate) fn of(salt: u64) -> Self {
        RequestIds { salt, next: AtomicU64::new(0) }
    }

    pub(crate) fn next(&self) -> RequestId {
        let count = self.next.fetch_add(1, Ordering::Relaxed);
        let high = mix(count ^ self.salt);
        let low = mix(high ^ count.rotate_left(32));
        RequestId(uuid::encode(uuid::from_halves(high, low)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_ids_are_distinct_uuids() {
        let ids = RequestIds::default();
        let (one, two) = (ids.next(), ids.next());
        assert_ne!(one, two);
        let text = one.as_str();
        assert_eq!(text.len(), 36);
        assert_eq!(&text[14..15], "4");
        assert!(text.char_indices().all(|(at, c)| matches!(at, 8 | 13 | 18 | 23) == (c == '-')));
    }
}
