//! User metadata that isn't ASCII travels in headers as encoded words (RFC 2047), as S3 does it.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// A header's value as S3 keeps it: one encoded word is decoded, anything else stays.
pub(super) fn decode(value: &str) -> String {
    let word = value.strip_prefix("=?").and_then(|rest| rest.strip_suffix("?="));
    let mut fields = word.unwrap_or_default().splitn(3, '?');
    let (Some(charset), Some(encoding), Some(text)) = (fields.next(), fields.next(), fields.next()) else {
        return value.to_owned();
    };
    if !charset.eq_ignore_ascii_case("utf-8") {
        return value.to_owned();
    }
    let bytes = match encoding {
        "Q" | "q" => quoted(text),
        "B" | "b" => base64(text),
        _ => return value.to_owned(),
    };
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What S3 returns: as it is if printable ASCII, else an encoded word, in Q if ASCII prevails and in B if not.
pub(super) fn encode(value: &str) -> String {
    let plain = |c: char| c.is_ascii_graphic() || matches!(c, ' ' | '\t');
    let total = value.chars().count();
    let ascii = value.chars().filter(|c| plain(*c)).count();
    if ascii == total {
        return value.to_owned();
    }
    if ascii <= total - ascii {
        return format!("=?UTF-8?B?{}?=", BASE64_STANDARD.encode(value));
    }
    let mut word = String::from("=?UTF-8?Q?");
    for byte in value.bytes() {
        match byte {
            b' ' => word.push('_'),
            b'=' | b'?' | b'_' => word.push_str(&format!("={byte:02X}")),
            byte if byte.is_ascii_graphic() => word.push(char::from(byte)),
            byte => word.push_str(&format!("={byte:02X}")),
        }
    }
    word + "?="
}

fn quoted(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok());
        match (bytes[at], hex.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'=', Some(byte)) => {
                decoded.push(byte);
                at += 3;
                continue;
            }
            (b'_', _) => decoded.push(b' '),
            (byte, _) => decoded.push(byte),
        }
        at += 1;
    }
    decoded
}

/// Base64 that never fails: a character outside of the alphabet counts as 63, which is what S3's answers show.
fn base64(text: &str) -> Vec<u8> {
    let sextet = |byte: u8| -> u32 {
        match byte {
            b'A'..=b'Z' => u32::from(byte - b'A'),
            b'a'..=b'z' => u32::from(byte - b'a') + 26,
            b'0'..=b'9' => u32::from(byte - b'0') + 52,
            b'+' => 62,
            _ => 63,
        }
    };
    let text = text.as_bytes();
    let padding = text.iter().rev().take(2).take_while(|byte| **byte == b'=').count();
    let mut decoded = Vec::with_capacity(text.len() / 4 * 3);
    for group in text[..text.len() - padding].chunks(4) {
        let bits = group.iter().fold(0, |bits, byte| bits << 6 | sextet(*byte)) << (6 * (4 - group.len()));
        let bytes = bits.to_be_bytes();
        decoded.extend_from_slice(&bytes[1..1 + group.len() * 6 / 8]);
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_as_s3_returns_them() {
        let cases = [
            ("=?UTF-8?Q?actually-ascii?=", "actually-ascii", "actually-ascii"),
            ("=?UTF-8?B?YWJj?=", "abc", "abc"),
            ("=?utf-8?q?=C3=84_b?=", "\u{c4} b", "=?UTF-8?Q?=C3=84_b?="),
            ("=?UTF-8?B?AAECAw==?=", "\0\u{1}\u{2}\u{3}", "=?UTF-8?B?AAECAw==?="),
            ("=?UTF-8?B?=GGG?=", "\u{fffd}a\u{fffd}", "=?UTF-8?B?77+9Ye+/vQ==?="),
            ("=?broken", "=?broken", "=?broken"),
            ("plain", "plain", "plain"),
        ];
        for (sent, kept, returned) in cases {
            assert_eq!(decode(sent), kept, "{sent}");
            assert_eq!(encode(kept), returned, "{sent}");
        }
    }
}
