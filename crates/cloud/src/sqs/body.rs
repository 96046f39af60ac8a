//! Message bodies: the characters they may hold.

use super::error;
use wire::AwsError;

/// Whether a text holds only what SQS takes: `#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF`.
pub(crate) fn is_valid(text: &str) -> bool {
    let bytes = text.as_bytes();
    // Without control characters, and without the first byte of U+F000 to U+FFFF, nothing can be wrong.
    // Looked at in blocks, each to its end, the processor takes many bytes at once.
    let doubtful = |block: &[u8]| block.iter().fold(false, |doubt, byte| doubt | (*byte < 0x20) | (*byte == 0xEF));
    if !bytes.chunks(64).any(doubtful) {
        return true;
    }
    text.chars()
        .all(|c| !matches!(c, '\0'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}'))
}

/// The error for a text that isn't valid.
pub(crate) fn invalid_characters() -> AwsError {
    error::named(
        "InvalidMessageContents",
        "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | \
         #x10000 to #x10FFFF",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_and_noncharacters_are_invalid() {
        for valid in ["", "a\t\n\r", "\u{7f}\u{d7ff}\u{e000}\u{fffd}\u{10ffff}"] {
            assert!(is_valid(valid), "{valid:?}");
        }
        for invalid in ["\0", "a\u{b}", "\u{1f}", "\u{fffe}", "x\u{ffff}"] {
            assert!(!is_valid(invalid), "{invalid:?}");
        }
    }
}
