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

/// SQS's id of a message: of its payload and delivery, so it stays when the message is redriven.
pub fn message_id(salt: u128, seq: Seq, index: u16) -> String {
    uuid::format(uuid(salt, Kind::Message, seq, index))
}

/// The 20 digits of a FIFO SequenceNumber: they grow with the sequence number.
pub fn sequence_number(salt: u128, seq: Seq) -> String {
    // AWS's numbers begin with 1884, as 18849496460467696128 ("Sample FIFO code", Amazon SQS Developer Guide), and only their
    // growth means anything. Where they begin is each cloud's own: none looks like the first of a new one.
    let first = 18_840_000_000_000_000_000 + u128::from(mix(salt as u64)) % 10_000_000_000_000_000 / 256 * 256;
    format!("{:020}", first + u128::from(seq) * 256)
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
        assert!(sequence_number(7, 1) < sequence_number(7, 2));
        assert_eq!(sequence_number(7, u64::MAX >> 9).len(), 20);
    }

    /// They began with 18800000000000000000 in every cloud, with a run of zeros for the first 390 messages.
    #[test]
    fn the_first_sequence_numbers_look_like_any_others() {
        let first: std::collections::HashSet<_> = (1..=100).map(|salt| sequence_number(salt, 1)).collect();
        assert!(
            first.len() == 100
                && first.iter().all(|number| number.starts_with("1884") && !number.starts_with("18840000"))
        );
    }
}
