//! Finds the special bytes of a text: those that have to be escaped or that separate. It compares 64 bytes at once.
//!
//! The escapes in an event come every few bytes, at no regular distance. A loop that branches on each byte would mispredict
//! most of those branches, which costs more than all else that it does.

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch, u8x64};

/// Bytes that are compared at once; each has a bit in a `u64`.
const BLOCK: usize = 64;
/// Up to this many bytes are copied as exactly this many: a fixed length is faster.
const COPIED: usize = 16;

/// Which bytes are special.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SpecialBytes {
    /// These four, which may repeat.
    pub any_of: [u8; 4],
    /// And all that are less than this one.
    pub below: u8,
}

impl SpecialBytes {
    /// The places of the special bytes of a text, in order.
    pub(crate) fn of(self, text: &[u8]) -> Places<'_> {
        Places { special: self, level: Level::new(), text, begin: 0, next: 0, marks: 0 }
    }
}

/// The places of the special bytes of a text.
pub(crate) struct Places<'t> {
    special: SpecialBytes,
    level: Level,
    text: &'t [u8],
    /// Where the block begins that `marks` tell of, and where the next one does.
    begin: usize,
    next: usize,
    /// A bit for each special byte of the block that is still to be returned.
    marks: u64,
}

impl Places<'_> {
    /// Goes on to the next block that has marks; false at the end. Not inlined, so that the loops around `next` stay small.
    #[inline(never)]
    fn look(&mut self) -> bool {
        while self.marks == 0 {
            let Some(rest) = self.text.get(self.next..).filter(|rest| !rest.is_empty()) else { return false };
            self.begin = self.next;
            self.next += BLOCK;
            self.marks = match rest.first_chunk() {
                Some(block) => dispatch!(self.level, simd => marks(simd, self.special, block)),
                None => {
                    let mut block = [0; BLOCK];
                    block[..rest.len()].copy_from_slice(rest);
                    let marks = dispatch!(self.level, simd => marks(simd, self.special, &block));
                    marks & !(u64::MAX << rest.len())
                }
            };
        }
        true
    }
}

impl Iterator for Places<'_> {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        if self.marks == 0 && !self.look() {
            return None;
        }
        let place = self.begin + self.marks.trailing_zeros() as usize;
        self.marks &= self.marks - 1;
        Some(place)
    }
}

/// A bit for each byte of a block: set for the special ones.
#[inline(always)]
fn marks<S: Simd>(simd: S, special: SpecialBytes, block: &[u8; BLOCK]) -> u64 {
    let block = u8x64::simd_from(simd, *block);
    let [a, b, c, d] = special.any_of.map(|byte| block.simd_eq(byte));
    (a | b | c | d | block.simd_lt(special.below)).to_bitmask()
}

/// Copies the bytes between two special ones, most often a few, to the beginning of `to`, where a bit more may be overwritten.
/// Returns how many they are.
#[inline(always)]
pub(crate) fn copy(text: &[u8], from: usize, end: usize, to: &mut [u8]) -> usize {
    let length = end - from;
    match (text[from..].first_chunk::<COPIED>(), to.first_chunk_mut::<COPIED>()) {
        (Some(few), Some(to)) if length <= COPIED => *to = *few,
        _ => to[..length].copy_from_slice(&text[from..end]),
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn all_are_found(text in "[a-d\u{0}-\u{3}]{0,200}", any_of: [u8; 4], below in 0u8..4, a in 0usize..200, b in 0usize..200) {
            let text = text.as_bytes();
            let special = SpecialBytes { any_of: any_of.map(|byte| byte % 8 + b'a'), below };
            let is = |byte: u8| special.any_of.contains(&byte) || byte < below;
            let places: Vec<_> = (0..text.len()).filter(|place| is(text[*place])).collect();
            proptest::prop_assert_eq!(special.of(text).collect::<Vec<_>>(), places);
            let (from, end) = (a.min(b).min(text.len()), a.max(b).min(text.len()));
            let mut to = vec![0; end - from];
            proptest::prop_assert_eq!(copy(text, from, end, &mut to), end - from);
            proptest::prop_assert_eq!(&to, &text[from..end]);
        }
    }
}
