//! Files of states as a fuzzer writes them.

use super::format::Writer;

/// A file of the items in `data`, each behind its length in two bytes: with the sums, which nobody would guess, and with its end.
/// What begins as a file does is one as it stands.
pub(crate) fn file(data: &[u8]) -> Vec<u8> {
    let mut writer = Writer::begin(Vec::new()).expect("memory takes it");
    if data.starts_with(b"MSGSTATE") {
        return data.to_vec();
    }
    let mut left = data;
    while let Some((length, rest)) = left.split_first_chunk() {
        let (item, rest) = rest.split_at(usize::from(u16::from_le_bytes(*length)).min(rest.len()));
        writer.put_payload(item).expect("memory takes it");
        left = rest;
    }
    writer.end().expect("memory takes it").0
}
