//! MD5 of texts, in hex: of one, or of several side by side, as a batch of messages has them.
//!
//! One MD5 can't be hurried: each of its steps waits for the one before. Several take as long as one when each has a lane of
//! the processor's vectors, and a batch of ten is what consumers read. `md-5` has no such thing, and is what the tests
//! compare with; the names are RFC 1321's.

use std::sync::LazyLock;

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch, u32x16};
use md5::{Digest, Md5};

/// Texts side by side.
const LANES: usize = 16;
/// A block in all lanes takes as long as this many blocks one after the other, be the processor's vectors wide or narrow.
const WORTH: usize = 4;
/// Bytes of a block, and its words.
const BLOCK: usize = 64;
const WORDS: usize = 16;
/// The least that stands behind a text, in bytes: one byte, and its length.
const PADDING: usize = 9;

const START: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
/// By how many bits each round turns its sums, step after step.
const TURNS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];
/// The T of each step: the fraction of its number's sine.
static SINES: LazyLock<[u32; 64]> =
    LazyLock::new(|| std::array::from_fn(|step| ((step as f64 + 1.0).sin().abs() * 4_294_967_296.0) as u32));

/// The MD5 of a text, in hex.
pub fn md5(text: &str) -> String {
    to_hex(&Md5::digest(text.as_bytes()))
}

/// The MD5 of each text, in hex.
pub fn md5_of_each(texts: &[&str]) -> Vec<String> {
    let mut digests = Vec::with_capacity(texts.len());
    let level = Level::new();
    for texts in texts.chunks(LANES) {
        let blocks = || texts.iter().map(|text| blocks(text));
        if blocks().sum::<usize>() < WORTH * blocks().max().unwrap_or_default() {
            digests.extend(texts.iter().map(|text| md5(text)));
            continue;
        }
        let states = dispatch!(level, simd => side_by_side(simd, texts));
        digests.extend((0..texts.len()).map(|lane| {
            let words = states.map(|lanes| lanes[lane].to_le_bytes());
            to_hex(words.as_flattened())
        }));
    }
    digests
}

/// An MD5 or another digest in hex, sooner than the crate `hex` makes a text of it.
pub fn to_hex(digest: &[u8]) -> String {
    let mut digits = vec![0; 2 * digest.len()];
    // Fails only for another number of digits.
    _ = hex::encode_to_slice(digest, &mut digits);
    String::from_utf8(digits).unwrap_or_default()
}

/// Blocks of a text with its padding.
fn blocks(text: &str) -> usize {
    (text.len() + PADDING).div_ceil(BLOCK)
}

/// A text's block, padded where the text ends.
fn block(text: &str, number: usize) -> [u8; BLOCK] {
    let start = number * BLOCK;
    if let Some(whole) = text.as_bytes().get(start..).and_then(|rest| rest.first_chunk()) {
        return *whole;
    }
    let mut block = [0; BLOCK];
    if let Some(rest) = text.as_bytes().get(start..) {
        block[..rest.len()].copy_from_slice(rest);
        block[rest.len()] = 0x80;
    }
    if number + 1 == blocks(text) {
        block[BLOCK - 8..].copy_from_slice(&(text.len() as u64 * 8).to_le_bytes());
    }
    block
}

/// The final states A, B, C and D of up to [`LANES`] texts, each in its lane.
#[inline(always)]
fn side_by_side<S: Simd>(simd: S, texts: &[&str]) -> [[u32; LANES]; 4] {
    let sines = &*SINES;
    let mut done = [[0; LANES]; 4];
    let mut state = START.map(|word| u32x16::splat(simd, word));
    let mut lanes = [[0; LANES]; WORDS];
    let mut words = [u32x16::splat(simd, 0); WORDS];
    let last = texts.iter().map(|text| blocks(text)).max().unwrap_or_default();
    for number in 0..last {
        for (lane, text) in texts.iter().enumerate() {
            let block = block(text, number);
            for (lanes, bytes) in lanes.iter_mut().zip(block.as_chunks().0) {
                lanes[lane] = u32::from_le_bytes(*bytes);
            }
        }
        // No `map` over an array: what it calls may be compiled for a processor without these vectors.
        for (word, lanes) in words.iter_mut().zip(&lanes) {
            *word = u32x16::simd_from(simd, *lanes);
        }
        let before = state;
        round::<S, 0>(&mut state, &words, sines);
        round::<S, 1>(&mut state, &words, sines);
        round::<S, 2>(&mut state, &words, sines);
        round::<S, 3>(&mut state, &words, sines);
        for (word, before) in state.iter_mut().zip(before) {
            *word += before;
        }
        for (lane, _) in texts.iter().enumerate().filter(|(_, text)| blocks(text) == number + 1) {
            for (done, state) in done.iter_mut().zip(&state) {
                done[lane] = state[lane];
            }
        }
    }
    done
}

#[inline(always)]
fn round<S: Simd, const ROUND: usize>(
    state: &mut [u32x16<S>; 4],
    words: &[u32x16<S>; WORDS],
    sines: &[u32; 4 * WORDS],
) {
    let [mut a, mut b, mut c, mut d] = *state;
    for step in 0..WORDS {
        let (mixed, word) = match ROUND {
            0 => (d ^ (b & (c ^ d)), step),
            1 => (c ^ (d & (b ^ c)), 5 * step + 1),
            2 => (b ^ c ^ d, 3 * step + 5),
            _ => (c ^ (b | !d), 7 * step),
        };
        let sum = a + mixed + words[word % WORDS] + sines[ROUND * WORDS + step];
        let turn = TURNS[ROUND][step % 4];
        let turned = (sum << turn) | (sum >> (32 - turn));
        (a, d, c, b) = (d, c, b, b + turned);
    }
    *state = [a, b, c, d];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_known_text() {
        assert_eq!(md5("message"), "78e731027d8fd50ed642340b7c9a63b3");
    }

    /// Every length around the ends of blocks, where the padding takes one block more, in every lane.
    #[test]
    fn of_each_length() {
        let text = "0123456789".repeat(30);
        let texts: Vec<&str> = (0..text.len()).map(|length| &text[..length]).collect();
        let one_by_one: Vec<_> = texts.iter().map(|text| md5(text)).collect();
        assert_eq!(md5_of_each(&texts), one_by_one);
        // One long text among short ones isn't worth the lanes; the order stays.
        let texts = ["a", &text, "b"];
        assert_eq!(md5_of_each(&texts), texts.map(md5));
        assert!(md5_of_each(&[]).is_empty());
    }

    /// Whatever vectors a processor has.
    #[test]
    fn of_each_level() {
        let texts: Vec<String> = (0..LANES).map(|length| "é".repeat(7 * length)).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let best = dispatch!(Level::new(), simd => side_by_side(simd, &texts));
        assert_eq!(dispatch!(Level::baseline(), simd => side_by_side(simd, &texts)), best);
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = Level::new().as_avx2() {
            assert_eq!(avx2.vectorize(|| side_by_side(avx2, &texts)), best);
        }
    }

    proptest::proptest! {
        #[test]
        fn as_one_by_one(texts in proptest::collection::vec("[a-zé€]{0,200}", 0..40)) {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let one_by_one: Vec<_> = texts.iter().map(|text| md5(text)).collect();
            proptest::prop_assert_eq!(md5_of_each(&texts), one_by_one);
        }
    }
}
