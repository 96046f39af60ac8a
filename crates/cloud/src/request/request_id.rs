//! The ids of requests.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

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
pub struct RequestIds {
    salt: u64,
    next: AtomicU64,
}

impl Default for RequestIds {
    fn default() -> Self {
        RequestIds { salt: RandomState::new().hash_one(0u8), next: AtomicU64::new(0) }
    }
}

impl RequestIds {
    pub fn next(&self) -> RequestId {
        let count = self.next.fetch_add(1, Ordering::Relaxed);
        let high = mix(count ^ self.salt);
        let low = mix(high ^ count.rotate_left(32));
        let mut bits = ((high as u128) << 64) | low as u128;
        // A version 4 UUID of the RFC's variant.
        bits = bits & !(0xF << 76) | (0x4 << 76);
        bits = bits & !(0x3 << 62) | (0x2 << 62);
        let mut text = [b'-'; 36];
        let mut at = 0;
        for byte in bits.to_be_bytes() {
            if matches!(at, 8 | 13 | 18 | 23) {
                at += 1;
            }
            text[at] = DIGITS[(byte >> 4) as usize];
            text[at + 1] = DIGITS[(byte & 0xF) as usize];
            at += 2;
        }
        RequestId(text)
    }
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The finalizer of SplitMix64: a bijection, so distinct counts stay distinct.
fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
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
