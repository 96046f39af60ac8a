//! Ids that need no memory: a message's id follows from the log's salt, its sequence number and its delivery.

use text::uuid::{self, Uuid, mix};

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
pub fn uuid(salt: u128, kind: Kind, seq: Seq, index: u16) -> Uuid {
    // `mix` is a bijection, so two sequence numbers never share `high` before the version bits are set.
    let high = mix(seq ^ salt as u64);
    let low =
        mix(high ^ (salt >> 64) as u64 ^ ((kind as u64) << 48 | u64::from(index)).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    uuid::from_halves(high, low)
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
        let text = uuid::format(uuid(1, Kind::Message, 2, 3));
        assert_eq!((text.len(), &text[14..15]), (36, "4"));
    }

    #[test]
    fn sequence_numbers_have_20_digits_and_grow() {
        assert!(sequence_number(1) < sequence_number(2));
        assert_eq!(sequence_number(u64::MAX >> 9).len(), 20);
    }
}
