//! UUIDs that follow from numbers: version 4 by their looks, made without a source of randomness.

/// A UUID's bytes.
pub type Uuid = [u8; 16];

/// The UUID of these 128 bits, six of which give way to its version and variant (RFC 9562).
pub fn from_halves(high: u64, low: u64) -> Uuid {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&high.to_be_bytes());
    bytes[8..].copy_from_slice(&low.to_be_bytes());
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    bytes
}

/// Mixes a number's bits: SplitMix64's finalizer (Steele, Lea, Flood 2014). Two numbers never become the same one.
pub fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// The usual text of a UUID, in ASCII: `b5b50ab6-3a8f-4b3f-9f3d-000000000001`.
pub fn encode(uuid: Uuid) -> [u8; 36] {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    const PLACES: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
    let mut text = [b'-'; 36];
    for (byte, place) in uuid.into_iter().zip(PLACES) {
        text[place] = HEX[usize::from(byte >> 4)];
        text[place + 1] = HEX[usize::from(byte & 15)];
    }
    text
}

/// As [`encode`], on the heap.
pub fn format(uuid: Uuid) -> String {
    std::str::from_utf8(&encode(uuid)).unwrap_or_default().to_owned()
}

/// Whether a text has the form of a UUID, in upper or lower case.
pub fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_version_4s() {
        assert_eq!(format(from_halves(0, 0)), "00000000-0000-4000-8000-000000000000");
        assert_eq!(format(from_halves(u64::MAX, u64::MAX)), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(
            format(from_halves(0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210)),
            "01234567-89ab-4def-bedc-ba9876543210"
        );
        assert!(is_uuid(&format(from_halves(mix(1), mix(2)))));
        assert!(is_uuid("B5B50AB6-3a8f-4b3f-9f3d-000000000001"));
        assert!(!is_uuid("random") && !is_uuid("b5b50ab6x3a8f-4b3f-9f3d-000000000001"));
    }
}
