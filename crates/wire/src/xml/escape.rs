//! Text with XML's special characters escaped, and without what XML can't hold.

/// What stands for a character that XML has no place for: U+FFFD, the replacement character.
const REPLACEMENT: &[u8] = "\u{FFFD}".as_bytes();

/// Appends text with XML's special characters escaped.
///
/// A carriage return is written as a reference, since a parser makes a line feed of a bare one. What isn't among the characters of XML 1.0
/// ("Extensible Markup Language (XML) 1.0", production 2, Char) is written as U+FFFD: a reference to it is an error as well, and one such
/// text would make the whole answer unreadable.
pub(super) fn escape(text: &str, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    // Most texts are ids, and need nothing. Looked at to the end, the processor takes many bytes at once.
    let doubtful = |byte: u8| (byte < 0x20) | matches!(byte, b'&' | b'<' | b'>' | b'"' | 0xEF);
    if !bytes.iter().fold(false, |doubt, byte| doubt | doubtful(*byte)) {
        return out.extend_from_slice(bytes);
    }
    let mut done = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let (replacement, length): (&[u8], usize) = match byte {
            b'&' => (b"&amp;", 1),
            b'<' => (b"&lt;", 1),
            b'>' => (b"&gt;", 1),
            b'"' => (b"&quot;", 1),
            _ => match unfit(bytes, at) {
                Some(unfit) => unfit,
                None => continue,
            },
        };
        out.extend_from_slice(&bytes[done..at]);
        out.extend_from_slice(replacement);
        done = at + length;
    }
    out.extend_from_slice(&bytes[done..]);
}

/// A document whose texts hold bare what [`Writer`](super::Writer) would have replaced, mended; None if there is nothing to mend.
///
/// It must be UTF-8, with line feeds between its elements only.
pub fn mended(document: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut done = 0;
    for at in 0..document.len() {
        let Some((replacement, length)) = unfit(document, at) else { continue };
        out.extend_from_slice(&document[done..at]);
        out.extend_from_slice(replacement);
        done = at + length;
    }
    (done > 0).then(|| {
        out.extend_from_slice(&document[done..]);
        out
    })
}

/// What is written for the character at a byte if it can't stand in a document as it is, and how many bytes it has there.
fn unfit(bytes: &[u8], at: usize) -> Option<(&'static [u8], usize)> {
    match bytes[at] {
        b'\t' | b'\n' => None,
        b'\r' => Some((b"&#xD;", 1)),
        0..0x20 => Some((REPLACEMENT, 1)),
        // U+FFFE and U+FFFF in UTF-8.
        0xEF if matches!(bytes.get(at..at + 3), Some([0xEF, 0xBF, 0xBE | 0xBF])) => Some((REPLACEMENT, 3)),
        _ => None,
    }
}
