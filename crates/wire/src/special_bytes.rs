//! Finds the special bytes of a text: those that are escaped or that separate. It compares 64 bytes at once.
//!
//! The escapes in an event come every few bytes, at no regular distance. A loop that branches on each byte would mispredict
//! most of those branches, which costs more than all else that it does.

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch, u8x64};

/// Bytes that are compared at once; each has a bit in a `u64`.
const BLOCK: usize = 64;
/// Blocks that are looked at in one go: to begin with the processor's vectors is a call.
const BATCH: usize = 8;
/// Up to this many bytes are copied as exactly this many: a fixed length is faster.
const COPIED: usize = 16;

/// Which bytes are special.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SpecialBytes {
    /// These four, which may repeat.
    pub any_of: [u8; 4],
}

impl SpecialBytes {
    /// The places of the special bytes of a text, in order.
    pub(crate) fn of(self, text: &[u8]) -> Places<'_> {
        let (batch, taken) = ([0; BATCH], BATCH);
        Places { special: self, level: Level::new(), text, begin: 0, next: 0, marks: 0, batch, taken }
    }
}

/// The places of the special bytes of a text.
pub(crate) struct Places<'t> {
    special: SpecialBytes,
    level: Level,
    text: &'t [u8],
    /// Where the block begins that `marks` tell of, and where the next batch does.
    begin: usize,
    next: usize,
    /// A bit for each special byte of the block that is still to be returned.
    marks: u64,
    /// The marks of a batch, and how many of its blocks were gone to.
    batch: [u64; BATCH],
    taken: usize,
}

impl Places<'_> {
    /// Goes on to the next block that has marks; false at the end. Not inlined, so that the loops around `next` stay small.
    #[inline(never)]
    fn look(&mut self) -> bool {
        while self.marks == 0 {
            if self.taken == BATCH {
                let Some(rest) = self.text.get(self.next..).filter(|rest| !rest.is_empty()) else { return false };
                self.batch = dispatch!(self.level, simd => batch(simd, self.special, rest));
                (self.begin, self.taken) = (self.next, 0);
                self.next += BATCH * BLOCK;
            } else {
                self.begin += BLOCK;
            }
            self.marks = self.batch[self.taken];
            self.taken += 1;
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

/// The marks of the blocks that a text begins with.
#[inline(always)]
fn batch<S: Simd>(simd: S, special: SpecialBytes, text: &[u8]) -> [u64; BATCH] {
    let mut all = [0; BATCH];
    for (at, bytes) in all.iter_mut().zip(text.chunks(BLOCK)) {
        *at = match bytes.first_chunk() {
            Some(block) => marks(simd, special, block),
            None => {
                let mut block = [0; BLOCK];
                block[..bytes.len()].copy_from_slice(bytes);
                marks(simd, special, &block) & !(u64::MAX << bytes.len())
            }
        };
    }
    all
}

/// A bit for each byte of a block: set for the special ones.
#[inline(always)]
fn marks<S: Simd>(simd: S, special: SpecialBytes, block: &[u8; BLOCK]) -> u64 {
    let block = u8x64::simd_from(simd, *block);
    // Written out: a closure that isn't inlined has no vectors.
    let [a, b, c, d] = special.any_of;
    (block.simd_eq(a) | block.simd_eq(b) | block.simd_eq(c) | block.simd_eq(d)).to_bitmask()
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
        fn all_are_found(text in "[a-d\u{0}-\u{3}]{0,1200}", any_of: [u8; 4], a in 0usize..1200, b in 0usize..1200) {
            let text = text.as_bytes();
            let special = SpecialBytes { any_of: any_of.map(|byte| byte % 8 + b'a') };
            let is = |byte: u8| special.any_of.contains(&byte);
            let places: Vec<_> = (0..text.len()).filter(|place| is(text[*place])).collect();
            proptest::prop_assert_eq!(special.of(text).collect::<Vec<_>>(), places);
            let (from, end) = (a.min(b).min(text.len()), a.max(b).min(text.len()));
            let mut to = vec![0; end - from];
            proptest::prop_assert_eq!(copy(text, from, end, &mut to), end - from);
            proptest::prop_assert_eq!(&to, &text[from..end]);
        }
    }
}
