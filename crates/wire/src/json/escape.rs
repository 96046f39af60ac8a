//! A text as a JSON string. A piece of eight bytes becomes up to sixteen in one step: which of them are to be escaped says in which order
//! its bytes and the backslashes come.
//!
//! The quotes in an event come every few bytes, at no regular distance: whoever goes from one to the next mispredicts most of its
//! branches.

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch, u8x16, u8x64, u64x2};

/// Bytes that are compared at once.
const BLOCK: usize = 64;
/// Bytes that are written in one step, and what they become at most.
const PIECE: usize = 8;
const TWICE: usize = 2 * PIECE;
/// Beyond what is written so many bytes may be overwritten.
const ROOM: usize = BLOCK + TWICE;
/// Less than this is a control character.
const CONTROL: u8 = 0x20;
/// The longest escape: a control character's.
const ESCAPE: usize = 6;

/// For each set of a piece's bytes, as bits, the order of what is written if these are escaped: a byte's number, or the first number
/// behind them for a backslash.
static ORDERS: [[u8; TWICE]; 256] = {
    let mut orders = [[PIECE as u8; TWICE]; 256];
    let mut escaped = 0;
    while escaped < orders.len() {
        let (mut from, mut to) = (0, 0);
        while from < PIECE {
            // The backslash is there already.
            to += escaped >> from & 1;
            orders[escaped][to] = from as u8;
            (from, to) = (from + 1, to + 1);
        }
        escaped += 1;
    }
    orders
};

/// Writes a text as a JSON string, as serde_json does.
pub(super) fn string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    dispatch!(Level::new(), simd => escaped(simd, text.as_bytes(), out));
    out.push(b'"');
}

/// Writes what stands between the quotes.
#[inline(always)]
fn escaped<S: Simd>(simd: S, text: &[u8], out: &mut Vec<u8>) {
    let mut place = out.len();
    // As if each byte became two; control characters ask for more.
    out.resize(place + 2 * text.len() + ROOM, 0);
    for part in text.chunks(BLOCK) {
        let block = match part.first_chunk() {
            Some(block) => *block,
            None => {
                let mut block = [b' '; BLOCK];
                block[..part.len()].copy_from_slice(part);
                block
            }
        };
        let bytes = u8x64::simd_from(simd, block);
        let quotes = (bytes.simd_eq(b'"') | bytes.simd_eq(b'\\')).to_bitmask();
        if bytes.simd_lt(CONTROL).to_bitmask() != 0 {
            out.resize(out.len() + ESCAPE * part.len(), 0);
            place += one_by_one(part, &mut out[place..]);
        } else if quotes == 0 {
            out[place..place + BLOCK].as_chunks_mut().0[0] = block;
            place += part.len();
        } else {
            let pieces = part.len().div_ceil(PIECE);
            for (number, piece) in block.as_chunks().0.iter().take(pieces).enumerate() {
                let quotes = (quotes >> (PIECE * number)) as u8;
                let piece = u64x2::simd_from(simd, [u64::from_ne_bytes(*piece), u64::from_ne_bytes([b'\\'; PIECE])]);
                let order = u8x16::simd_from(simd, ORDERS[usize::from(quotes)]);
                let [first, second] = <[u64; 2]>::from(piece.swizzle_dyn(order));
                let to = out[place..place + TWICE].as_chunks_mut().0;
                (to[0], to[1]) = (first.to_ne_bytes(), second.to_ne_bytes());
                place += PIECE + quotes.count_ones() as usize;
            }
            // What fills the last piece up is no text.
            place -= PIECE * pieces - part.len();
        }
    }
    out.truncate(place);
}

/// The same of a part with control characters, which are rare; returns how long it became.
#[cold]
fn one_by_one(part: &[u8], to: &mut [u8]) -> usize {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut place = 0;
    let mut write = |bytes: &[u8]| {
        to[place..place + bytes.len()].copy_from_slice(bytes);
        place += bytes.len();
    };
    for byte in part {
        match *byte {
            b'"' | b'\\' => write(&[b'\\', *byte]),
            0x08 => write(b"\\b"),
            b'\t' => write(b"\\t"),
            b'\n' => write(b"\\n"),
            0x0c => write(b"\\f"),
            b'\r' => write(b"\\r"),
            control @ ..CONTROL => {
                let (high, low) = (HEX[usize::from(control >> 4)], HEX[usize::from(control & 15)]);
                write(&[b'\\', b'u', b'0', b'0', high, low]);
            }
            other => write(&[other]),
        }
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    fn as_serde_json(text: &str) {
        let mut written = b"before".to_vec();
        string(text, &mut written);
        assert_eq!(String::from_utf8(written).unwrap(), format!("before{}", serde_json::to_string(text).unwrap()));
    }

    /// Each byte that has an escape, and some that have none, at each place of a piece and of a block.
    #[test]
    fn each_byte_at_each_place() {
        for byte in (0..0x22).chain([b'/', b'\\', 0x7f]) {
            for at in 0..BLOCK + PIECE + 1 {
                for behind in [0, 7] {
                    as_serde_json(&format!("{}{}{}", "x".repeat(at), char::from(byte), "é\"".repeat(behind)));
                }
            }
        }
        for text in ["", "\"", "\\\\\\\\\\\\\\\\\\", &"\"".repeat(1_000), &"\u{1}".repeat(1_000)] {
            as_serde_json(text);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text(text in "([a-z€😀]{0,9}[\"\\\\]{0,3}|[\\x00-\\x1f]|[\\PC]{0,80}){0,20}") {
            as_serde_json(&text);
        }

        /// Whatever vectors a processor has.
        #[test]
        fn without_vectors(text in "[a-z\"\\\\\n]{0,200}") {
            let (mut best, mut plain) = (Vec::new(), Vec::new());
            dispatch!(Level::new(), simd => escaped(simd, text.as_bytes(), &mut best));
            dispatch!(Level::baseline(), simd => escaped(simd, text.as_bytes(), &mut plain));
            proptest::prop_assert_eq!(best, plain);
        }
    }
}
