//! Where a text has bytes that mean something: sixty-four are looked at together, and only those that do are looked at again.
//!
//! The escapes of an event come every few bytes and at no regular distance: a loop that asks of each byte what it is guesses
//! wrong at most of them, and that costs more than all else it does.

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch, u8x64};

/// So many bytes are looked at together, and have a bit each.
const BLOCK: usize = 64;
/// So many bytes are copied at once where a few are wanted.
const COPIED: usize = 16;

/// The bytes that mean something.
#[derive(Debug, Clone, Copy)]
pub struct Signs {
    pub any_of: [u8; 4],
    /// And all below this one.
    pub below: u8,
}

impl Signs {
    /// The places of a text's signs, in order.
    pub fn of(self, text: &[u8]) -> Places<'_> {
        Places { signs: self, level: Level::new(), text, begin: 0, next: 0, marks: 0 }
    }
}

/// What [`Signs::of`] returns.
pub struct Places<'t> {
    signs: Signs,
    level: Level,
    text: &'t [u8],
    /// Where the block begins whose `marks` are left, and where the next one does.
    begin: usize,
    next: usize,
    marks: u64,
}

impl Places<'_> {
    /// Goes on to a block with marks. Apart from the rest, which stands in loops that have no room for it.
    #[inline(never)]
    fn look(&mut self) -> bool {
        while self.marks == 0 {
            let Some(rest) = self.text.get(self.next..).filter(|rest| !rest.is_empty()) else { return false };
            self.begin = self.next;
            self.next += BLOCK;
            self.marks = match rest.first_chunk() {
                Some(block) => dispatch!(self.level, simd => marks(simd, self.signs, block)),
                None => {
                    let mut block = [0; BLOCK];
                    block[..rest.len()].copy_from_slice(rest);
                    let marks = dispatch!(self.level, simd => marks(simd, self.signs, &block));
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

/// A bit for each sign of a block.
#[inline(always)]
fn marks<S: Simd>(simd: S, signs: Signs, block: &[u8; BLOCK]) -> u64 {
    let block = u8x64::simd_from(simd, *block);
    let [a, b, c, d] = signs.any_of.map(|sign| block.simd_eq(sign));
    (a | b | c | d | block.simd_lt(signs.below)).to_bitmask()
}

/// Copies the bytes between two signs, most often a few, to the beginning of `to`, where a bit more may be overwritten.
/// Returns how many they are.
#[inline(always)]
pub fn copy(text: &[u8], from: usize, end: usize, to: &mut [u8]) -> usize {
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
            let signs = Signs { any_of: any_of.map(|byte| byte % 8 + b'a'), below };
            let is = |byte: u8| signs.any_of.contains(&byte) || byte < below;
            let places: Vec<_> = (0..text.len()).filter(|place| is(text[*place])).collect();
            proptest::prop_assert_eq!(signs.of(text).collect::<Vec<_>>(), places);
            let (from, end) = (a.min(b).min(text.len()), a.max(b).min(text.len()));
            let mut to = vec![0; end - from];
            proptest::prop_assert_eq!(copy(text, from, end, &mut to), end - from);
            proptest::prop_assert_eq!(&to, &text[from..end]);
        }
    }
}
