//! Ids that need no memory: a message's id follows from the log's salt, its sequence number and its delivery.

use super::Seq;

/// What an id names; two kinds never share an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub enum Kind {
    /// SQS's MessageId; the index is the delivery's.
    Message = 1,
    /// SNS's MessageId.
    Notification = 2,
    /// The last part of a subscription's ARN.
    Subscription = 3,
    /// A check on a receipt handle.
    Receipt = 4,
    /// Any other id that a running cloud gives out.
    Random = 5,
}

/// A UUID (version 4 by its looks), unique for (kind, seq, index) under one salt.
pub fn uuid(salt: u128, kind: Kind, seq: Seq, index: u16) -> [u8; 16] {
    // `mix` is a bijection, so two sequence numbers never share `high` before the version bits are set.
    let high = mix(seq ^ salt as u64);
    let low =
        mix(high ^ (salt >> 64) as u64 ^ ((kind as u64) << 48 | u64::from(index)).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&high.to_be_bytes());
    bytes[8..].copy_from_slice(&low.to_be_bytes());
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    bytes
}

/// The usual text of a UUID.
pub fn format(bytes: [u8; 16]) -> String {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    const PLACES: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
    let mut text = [b'-'; 36];
    for (byte, place) in bytes.into_iter().zip(PLACES) {
        text[place] = HEX[usize::from(byte >> 4)];
        text[place + 1] = HEX[usize::from(byte & 15)];
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// The 20 digits of a FIFO SequenceNumber: they grow with the sequence number.
pub fn sequence_number(seq: Seq) -> String {
    // AWS's numbers have 20 digits and begin with 188; only their growth means anything.
    format!("{:020}", 18_800_000_000_000_000_000_u128 + u128::from(seq) * 256)
}

/// The 20 digits of SNS's SequenceNumber: never those of a queue.
pub fn notification_number(seq: Seq) -> String {
    format!("{:020}", 10_000_000_000_000_000_000_u128 + u128::from(seq) * 1000)
}

/// SplitMix64's finalizer (Steele, Lea, Flood 2014).
fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_by_kind_sequence_and_delivery() {
        let mut seen = std::collections::HashSet::new();
        for seq in 0..1000 {
            for index in 0..3 {
                for kind in [Kind::Message, Kind::Notification, Kind::Subscription] {
                    assert!(seen.insert(uuid(7, kind, seq, index)));
                }
            }
        }
    }

    #[test]
    fn a_uuid_looks_like_version_4() {
        let text = format(uuid(1, Kind::Message, 2, 3));
        assert_eq!((text.len(), &text[14..15]), (36, "4"));
    }

    #[test]
    fn sequence_numbers_have_20_digits_and_grow() {
        assert!(sequence_number(1) < sequence_number(2));
        assert_eq!(sequence_number(u64::MAX >> 9).len(), 20);
    }
}
