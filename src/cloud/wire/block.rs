//! Eight bytes looked at together: where the first one of a kind stands.
//!
//! Marks are the highest bits of bytes. The lowest mark is exact; those above it may be false.

/// So many bytes are looked at together.
pub const BLOCK: usize = size_of::<u64>();

const ONES: u64 = u64::MAX / 0xFF;
const HIGHEST: u64 = ONES << 7;

/// Marks the bytes below `limit`, which is at most 128.
pub fn below(block: [u8; BLOCK], limit: u8) -> u64 {
    let block = u64::from_le_bytes(block);
    block.wrapping_sub(ONES * u64::from(limit)) & !block & HIGHEST
}

/// Marks the bytes that are `byte`.
pub fn equal(block: [u8; BLOCK], byte: u8) -> u64 {
    below((u64::from_le_bytes(block) ^ (ONES * u64::from(byte))).to_le_bytes(), 1)
}

/// How many bytes come before the first marked one: [`BLOCK`] if none is.
pub fn before(marks: u64) -> usize {
    marks.trailing_zeros() as usize / 8
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn the_first_is_found(block: [u8; BLOCK], byte: u8, limit in 0u8..=128) {
            let first = |is: &dyn Fn(u8) -> bool| block.iter().position(|b| is(*b)).unwrap_or(BLOCK);
            assert_eq!(before(equal(block, byte)), first(&|b| b == byte));
            assert_eq!(before(below(block, limit)), first(&|b| b < limit));
            let either = equal(block, byte) | below(block, limit) | equal(block, b'%');
            assert_eq!(before(either), first(&|b| b == byte || b < limit || b == b'%'));
        }
    }
}
