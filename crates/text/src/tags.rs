//! What tags are made of.

/// Whether a tag's key or value has letters, digits, whitespace and `_.:/=+-@` only, as most services want it: their API references
/// write it `[\p{L}\p{Z}\p{N}_.:/=+\-@]*`.
pub fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_any_script_are_plain() {
        for text in ["", "cost-centre", "größe 中 7", "a_b.c:d/e=f+g@h"] {
            assert!(is_plain(text), "{text}");
        }
        for text in ["a*", "a\u{1b}", "a,b", "\u{2014}"] {
            assert!(!is_plain(text), "{text}");
        }
    }
}
