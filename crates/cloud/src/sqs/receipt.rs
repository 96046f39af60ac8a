//! Receipt handles: opaque to clients, they hold which receive of which message they stand for.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::error;
use engine::ids::{self, Kind};
use engine::{Millis, Position, QueueId};
use wire::{AwsError, Text};

/// One receive of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Receipt {
    pub queue: QueueId,
    pub position: Position,
    /// Which receive of the message it was.
    pub count: u32,
    /// When.
    pub at: Millis,
}

/// What handles begin with: their version, `AQEB` in base64 as AWS's.
const MAGIC: [u8; 3] = [1, 1, 1];
const BYTES: usize = 3 + 4 + 8 + 4 + 6 + 8;

/// The handle of a receipt; `salt` is the engine's.
pub(super) fn handle(receipt: Receipt, salt: u128) -> String {
    let mut bytes = [0; BYTES];
    bytes[..3].copy_from_slice(&MAGIC);
    bytes[3..7].copy_from_slice(&receipt.queue.0.to_be_bytes());
    bytes[7..15].copy_from_slice(&receipt.position.to_be_bytes());
    bytes[15..19].copy_from_slice(&receipt.count.to_be_bytes());
    bytes[19..25].copy_from_slice(&receipt.at.to_be_bytes()[2..]);
    bytes[25..].copy_from_slice(&checksum(receipt, salt));
    BASE64.encode(bytes)
}

/// The handle that a request holds.
///
/// # Errors
/// `MissingParameter` for none or a blank one.
pub(super) fn given<'i>(handle: &'i Option<Text<'_>>) -> Result<&'i str, AwsError> {
    handle.as_deref().filter(|handle| !handle.trim().is_empty()).ok_or_else(|| error::missing("ReceiptHandle"))
}

/// Reads a handle.
///
/// # Errors
/// `ReceiptHandleIsInvalid` for one that this cloud didn't give out for this queue.
pub(super) fn parse(handle: &str, queue: QueueId, salt: u128) -> Result<Receipt, AwsError> {
    read(handle, salt).filter(|receipt| receipt.queue == queue).ok_or_else(|| error::receipt_handle(handle))
}

fn read(handle: &str, salt: u128) -> Option<Receipt> {
    let mut bytes = [0; BYTES + 3];
    let length = BASE64.decode_slice(handle, &mut bytes).ok()?;
    if length != BYTES || bytes[..3] != MAGIC {
        return None;
    }
    let mut at = [0; 8];
    at[2..].copy_from_slice(&bytes[19..25]);
    let receipt = Receipt {
        queue: QueueId(u32::from_be_bytes(bytes[3..7].try_into().ok()?)),
        position: u64::from_be_bytes(bytes[7..15].try_into().ok()?),
        count: u32::from_be_bytes(bytes[15..19].try_into().ok()?),
        at: u64::from_be_bytes(at),
    };
    (bytes[25..BYTES] == checksum(receipt, salt)).then_some(receipt)
}

/// Tells a handle of this cloud from garbage; it keeps no secret.
fn checksum(receipt: Receipt, salt: u128) -> [u8; 8] {
    let place = receipt.position ^ u64::from(receipt.queue.0).rotate_left(32) ^ receipt.at.rotate_left(20);
    let id = ids::uuid(salt ^ u128::from(receipt.count) << 64, Kind::Receipt, place, 0);
    let mut sum = [0; 8];
    sum.copy_from_slice(&id[8..]);
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_read_back_and_garbage_is_not() {
        let receipt = Receipt { queue: QueueId(7), position: 1 << 40, count: 3, at: 1_700_000_000_123 };
        let text = handle(receipt, 99);
        assert!(text.starts_with("AQEB") && !text.ends_with('='), "{text}");
        assert_eq!(parse(&text, QueueId(7), 99), Ok(receipt));
        assert!(parse(&text, QueueId(8), 99).is_err(), "another queue's");
        assert!(parse(&text, QueueId(7), 98).is_err(), "another cloud's");
        let mut changed = text.clone().into_bytes();
        changed[20] = if changed[20] == b'A' { b'B' } else { b'A' };
        assert!(parse(std::str::from_utf8(&changed).unwrap(), QueueId(7), 99).is_err());
        for garbage in ["", "garbage", "AQEB", &"A".repeat(5000)] {
            assert!(parse(garbage, QueueId(7), 99).is_err());
        }
    }

    proptest::proptest! {
        /// A handle is read back; a mangled one is refused, and so is other text.
        #[test]
        fn handles(
            queue: u32, position: u64, count: u32, at in 0u64..1 << 48, salt: u128,
            place: proptest::sample::Index, byte: u8, text in "\\PC{0,80}",
        ) {
            let receipt = Receipt { queue: QueueId(queue), position, count, at };
            let mut bytes = handle(receipt, salt).into_bytes();
            proptest::prop_assert_eq!(read(std::str::from_utf8(&bytes).unwrap(), salt), Some(receipt));
            // The count once met the low bits of the position, and a change of both went unseen.
            let before = bytes.clone();
            bytes[place.index(BYTES / 3 * 4)] = byte;
            if bytes != before {
                proptest::prop_assert_eq!(read(&String::from_utf8_lossy(&bytes), salt), None);
            }
            proptest::prop_assert_eq!(read(&text, salt), None);
        }
    }
}
