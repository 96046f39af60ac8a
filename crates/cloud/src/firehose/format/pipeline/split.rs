//! What happens to the bytes of a record: decompressed, reduced to log messages, cut into parts.

use std::io::Read;

use serde::de::IgnoredAny;
use serde_json::Value;

/// Bytes that a compressed record may become. A record holds 1,000 KiB at most, so it takes a bomb to reach this.
const MAX_DECOMPRESSED: u64 = 16 * 1024 * 1024;

/// Decompresses a record.
pub(super) fn gunzip(record: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    let mut reader = flate2::read::MultiGzDecoder::new(record).take(MAX_DECOMPRESSED + 1);
    reader.read_to_end(out).map_err(|e| format!("the record is not GZIP data: {e}"))?;
    if out.len() as u64 > MAX_DECOMPRESSED {
        return Err(format!("the record decompresses to more than {MAX_DECOMPRESSED} bytes"));
    }
    Ok(())
}

/// The messages of a batch of CloudWatch log events, a line each.
pub(super) fn log_messages(data: &[u8]) -> Result<Vec<u8>, String> {
    let json: Value = serde_json::from_slice(data).map_err(|e| format!("the record is not a log batch: {e}"))?;
    let events = json.get("logEvents").and_then(Value::as_array).ok_or("the record has no logEvents")?;
    let mut out = Vec::new();
    for event in events {
        let message = event.get("message").and_then(Value::as_str).ok_or("a log event has no message")?;
        out.extend_from_slice(message.as_bytes());
        out.push(b'\n');
    }
    Ok(out)
}

/// Cuts data into JSON objects, which stand one after the other, with or without white space between them.
pub(super) fn cut_json(data: &[u8]) -> Result<Vec<&[u8]>, String> {
    let mut parts = Vec::new();
    let mut stream = serde_json::Deserializer::from_slice(data).into_iter::<IgnoredAny>();
    let mut start = 0;
    while let Some(value) = stream.next() {
        value.map_err(|e| format!("the record is not a sequence of JSON objects: {e}"))?;
        let part = data.get(start..stream.byte_offset()).unwrap_or_default().trim_ascii();
        if !part.starts_with(b"{") {
            return Err("the record is not a sequence of JSON objects: it holds another value".into());
        }
        parts.push(part);
        start = stream.byte_offset();
    }
    Ok(parts)
}

/// Cuts data at a delimiter. Empty parts, such as the one after a last delimiter, are left out.
pub(super) fn cut_at<'d>(data: &'d [u8], delimiter: &[u8]) -> Vec<&'d [u8]> {
    let mut parts = Vec::new();
    let mut start = 0;
    for at in memchr::memmem::find_iter(data, delimiter) {
        parts.push(&data[start..at]);
        start = at + delimiter.len();
    }
    parts.push(&data[start..]);
    parts.retain(|part| !part.is_empty());
    parts
}
