//! Adds up plain numbers: those of 19 digits at most, with a sign or without, that stand whole in the bytes at hand. Nearly
//! every word of a text of numbers is one.
//!
//! Where words begin and end is found for 64 bytes at once, as bits. So the next number needn't wait for the end of the one
//! before it, and there is no branch on what is left to chance: lengths, signs, how many separators stand between.

use super::sixteen;
use super::tally::Tally;

/// So many digits fit 64 bits.
pub(super) const SHORT: usize = 19;
/// How many bytes are looked at at once: a bit each.
const BLOCK: usize = 64;
/// The digits of a number are read backwards from its end, sixteen at once and then the rest.
const BEHIND: usize = 32;

/// Adds up the plain numbers of `bytes[from..until]`, where `from` is no byte within a word. Gives the begin of the first word
/// that isn't one or doesn't end there, or where else it stopped: no byte within a word either.
pub(super) fn add(tally: &mut Tally, bytes: &[u8], from: usize, until: usize) -> usize {
    if from < BEHIND {
        return from;
    }
    let mut block = from;
    // Where the word begins that is open at the begin of the block.
    let mut open = None;
    while let Some(bytes_of_block) = bytes[..until].get(block..).and_then(<[u8]>::first_chunk) {
        let words = words(bytes_of_block);
        let before = words << 1 | u64::from(open.is_some());
        let (mut begins, mut ends) = (words & !before, !words & before);
        while ends != 0 {
            let begin = open.take().unwrap_or_else(|| block + next(&mut begins));
            let end = block + next(&mut ends);
            let Some((number, is_negative)) = number(bytes, begin, end) else { return begin };
            tally.short(number, is_negative);
        }
        if open.is_none() && begins != 0 {
            open = Some(block + next(&mut begins));
        }
        block += BLOCK;
    }
    open.unwrap_or(block)
}

/// The lowest bit's place; the bit goes.
#[inline]
fn next(bits: &mut u64) -> usize {
    let place = bits.trailing_zeros() as usize;
    *bits &= bits.wrapping_sub(1);
    place
}

/// Which bytes of a block belong to words, the first in the lowest bit.
#[inline]
fn words(block: &[u8; BLOCK]) -> u64 {
    let (sixteens, _) = block.as_chunks::<16>();
    sixteens.iter().enumerate().fold(0, |bits, (n, bytes)| bits | u64::from(sixteen::words(bytes)) << (16 * n))
}

/// The number that a word is, if it is a plain one, and whether it is below zero.
#[inline]
fn number(bytes: &[u8], begin: usize, end: usize) -> Option<(u64, bool)> {
    let first = bytes[begin];
    let is_negative = first == b'-';
    let length = end - begin - usize::from(is_negative | (first == b'+'));
    if length.wrapping_sub(1) >= SHORT {
        return None;
    }
    let (before, _) = bytes[end - BEHIND..end].as_chunks::<16>();
    let mut number = sixteen::digits(&before[1], length.min(16))?;
    if length > 16 {
        number += sixteen::digits(&before[0], length - 16)? * 10_000_000_000_000_000;
    }
    Some((number, is_negative))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_length() {
        for digits in 1..=20 {
            for sign in ["", "-", "+"] {
                let text = format!("{:32}{sign}{} ", "", "98765432109876543210".split_at(digits).0);
                let end = text.len() - 1;
                let found = number(text.as_bytes(), 32, end);
                let expected = text.trim().trim_start_matches('+').parse::<i128>().ok().filter(|_| digits <= SHORT);
                let found = found.map(|(number, is_negative)| i128::from(number) * if is_negative { -1 } else { 1 });
                assert_eq!(found, expected, "{text}");
            }
        }
        for wrong in ["1a2", "a", "-", "+", "--1", "1-", "12345678a", "a2345678", "1234567890123456a", "\u{e9}1"] {
            let text = format!("{:32}{wrong} ", "");
            assert_eq!(number(text.as_bytes(), 32, text.len() - 1), None, "{wrong}");
        }
    }
}
