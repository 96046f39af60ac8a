//! Text with XML's special characters escaped.

use std::io::Write;

/// Appends text with XML's special characters escaped.
///
/// A carriage return and what XML 1.0 has no place for are written as character references, as AWS does.
pub(super) fn escape(text: &str, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    // Most texts are ids, and need nothing. Looked at to the end, the processor takes many bytes at once.
    let doubtful = |byte: u8| (byte < 0x20) | matches!(byte, b'&' | b'<' | b'>' | b'"' | 0xEF);
    if !bytes.iter().fold(false, |doubt, byte| doubt | doubtful(*byte)) {
        return out.extend_from_slice(bytes);
    }
    let mut done = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let replacement: &[u8] = match byte {
            b'&' => b"&amp;",
            b'<' => b"&lt;",
            b'>' => b"&gt;",
            b'"' => b"&quot;",
            b'\t' | b'\n' => continue,
            0..0x20 => b"",
            // The first byte of U+FFFE and U+FFFF, which XML has no place for either.
            0xEF if matches!(bytes.get(at..at + 3), Some([0xEF, 0xBF, 0xBE | 0xBF])) => b"",
            _ => continue,
        };
        out.extend_from_slice(&bytes[done..at]);
        done = at + 1;
        if !replacement.is_empty() {
            out.extend_from_slice(replacement);
        } else if *byte == 0xEF {
            let low = bytes.get(at + 2).copied().unwrap_or(0xBF);
            out.extend_from_slice(if low == 0xBE { b"&#xFFFE;" } else { b"&#xFFFF;" });
            done = at + 3;
        } else {
            let _ = write!(out, "&#x{byte:X};");
        }
    }
    out.extend_from_slice(&bytes[done..]);
}
