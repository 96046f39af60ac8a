//! Sixteen bytes at once: which of them are separators, and which number their digits are.
//!
//! Every processor of x86-64 has SSE2's instructions for it; elsewhere it is done byte by byte.

#[cfg(target_arch = "x86_64")]
pub(super) use self::sse2::{digits, words};

#[cfg(not(target_arch = "x86_64"))]
pub(super) use self::portable::{digits, words};

/// What is between words.
#[inline]
pub(super) fn is_separator(byte: u8) -> bool {
    const BITS: u64 = (0b11111 << b'\t') | (1 << b' ') | (1 << b',') | (1 << b';');
    byte < 64 && BITS >> byte & 1 == 1
}

#[cfg(target_arch = "x86_64")]
mod sse2 {
    use std::arch::x86_64::*;

    /// Of sixteen bytes the last so many.
    static LAST: [[u8; 16]; 17] = {
        let mut masks = [[0; 16]; 17];
        let mut n = 0;
        while n <= 16 {
            let mut at = 16 - n;
            while at < 16 {
                masks[n][at] = 0xFF;
                at += 1;
            }
            n += 1;
        }
        masks
    };

    /// Which of the bytes are no separators, the first in the lowest bit.
    #[inline]
    pub(in super::super) fn words(bytes: &[u8; 16]) -> u16 {
        // SAFETY: every processor of this kind has SSE2.
        unsafe { words_of(bytes) }
    }

    /// The number that the last `n` of the bytes are, if these are digits. `n` is 1 to 16.
    #[inline]
    pub(in super::super) fn digits(bytes: &[u8; 16], n: usize) -> Option<u64> {
        // SAFETY: every processor of this kind has SSE2.
        unsafe { digits_of(bytes, n) }
    }

    #[target_feature(enable = "sse2")]
    #[inline]
    fn load(bytes: &[u8; 16]) -> __m128i {
        let (eights, _) = bytes.as_chunks::<8>();
        _mm_set_epi64x(i64::from_le_bytes(eights[1]), i64::from_le_bytes(eights[0]))
    }

    #[target_feature(enable = "sse2")]
    #[inline]
    fn words_of(bytes: &[u8; 16]) -> u16 {
        let bytes = load(bytes);
        let is = |byte: u8| _mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte as i8));
        let from_tab = _mm_cmpgt_epi8(bytes, _mm_set1_epi8(b'\t' as i8 - 1));
        let white = _mm_and_si128(from_tab, _mm_cmplt_epi8(bytes, _mm_set1_epi8(b'\r' as i8 + 1)));
        let separators = _mm_or_si128(_mm_or_si128(is(b' '), is(b',')), _mm_or_si128(is(b';'), white));
        !_mm_movemask_epi8(separators) as u16
    }

    #[target_feature(enable = "sse2")]
    #[inline]
    fn digits_of(bytes: &[u8; 16], n: usize) -> Option<u64> {
        let values = _mm_and_si128(_mm_xor_si128(load(bytes), _mm_set1_epi8(b'0' as i8)), load(&LAST[n]));
        let too_much = _mm_subs_epu8(values, _mm_set1_epi8(9));
        if _mm_movemask_epi8(_mm_cmpeq_epi8(too_much, _mm_setzero_si128())) != 0xFFFF {
            return None;
        }
        // Neighbours become pairs, pairs become fours, fours become eights; the first digit stands in the lowest byte.
        let tens = _mm_mullo_epi16(_mm_and_si128(values, _mm_set1_epi16(0xFF)), _mm_set1_epi16(10));
        let pairs = _mm_add_epi16(tens, _mm_srli_epi16::<8>(values));
        let fours = _mm_madd_epi16(pairs, _mm_set1_epi32(100 | 1 << 16));
        let eights = _mm_madd_epi16(_mm_packs_epi32(fours, fours), _mm_set1_epi32(10_000 | 1 << 16));
        let both = _mm_cvtsi128_si64(eights) as u64;
        Some((both & 0xFFFF_FFFF) * 100_000_000 + (both >> 32))
    }
}

/// The same on any processor.
#[cfg(any(test, not(target_arch = "x86_64")))]
mod portable {
    use super::is_separator;

    pub(in super::super) fn words(bytes: &[u8; 16]) -> u16 {
        bytes.iter().enumerate().fold(0, |bits, (n, byte)| bits | u16::from(!is_separator(*byte)) << n)
    }

    pub(in super::super) fn digits(bytes: &[u8; 16], n: usize) -> Option<u64> {
        let digits = &bytes[16 - n..];
        let number = digits.iter().fold(0, |number: u64, digit| number * 10 + u64::from(digit.wrapping_sub(b'0')));
        digits.iter().all(u8::is_ascii_digit).then_some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_is_what_it_is_in_each_place() {
        for byte in 0..=u8::MAX {
            for place in 0..16 {
                for other in [b' ', b'7', 0xFF, 0] {
                    let mut bytes = [other; 16];
                    bytes[place] = byte;
                    assert_eq!(words(&bytes), portable::words(&bytes), "{bytes:?}");
                    for n in 1..=16 {
                        assert_eq!(digits(&bytes, n), portable::digits(&bytes, n), "{n} of {bytes:?}");
                    }
                }
            }
        }
        assert_eq!(digits(b"9876543210987654", 16), Some(9_876_543_210_987_654));
        assert_eq!(words(b"\t12,-3 ;x\x0b\x0c\n\r\x08\x0e "), 0b0110_0001_0011_0110);
    }
}
