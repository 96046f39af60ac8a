//! `*` patterns, matched in one pass: the parts between the stars are searched leftmost first, never again.

use memchr::memmem;

/// A compiled pattern of the `wildcard` operator; `\*` and `\\` stand for themselves.
#[derive(Debug, Clone)]
pub(super) struct Wildcard {
    prefix: Box<[u8]>,
    middle: Vec<Box<[u8]>>,
    /// `None`: there is no star, the prefix is the whole value.
    suffix: Option<Box<[u8]>>,
}

impl Wildcard {
    /// Positions in the error texts count the quote that opens the JSON string, as AWS's do.
    pub fn parse(pattern: &str) -> Result<Self, String> {
        let bytes = pattern.as_bytes();
        let mut parts = vec![Vec::new()];
        let mut i = 0;
        while i < bytes.len() {
            match bytes[i] {
                b'*' if bytes.get(i + 1) == Some(&b'*') => {
                    return Err(format!("Consecutive wildcard characters at pos {}", i + 1));
                }
                b'*' => parts.push(Vec::new()),
                b'\\' => match bytes.get(i + 1) {
                    Some(&escaped @ (b'*' | b'\\')) => {
                        push(&mut parts, escaped);
                        i += 1;
                    }
                    _ => return Err(format!("Invalid escape character at pos {}", i + 1)),
                },
                byte => push(&mut parts, byte),
            }
            i += 1;
        }
        let suffix = if parts.len() > 1 { parts.pop() } else { None };
        let mut parts = parts.into_iter();
        let prefix = parts.next().unwrap_or_default();
        Ok(Self { prefix: prefix.into(), middle: parts.map(Into::into).collect(), suffix: suffix.map(Into::into) })
    }

    pub fn matches(&self, value: &str) -> bool {
        let Some(suffix) = &self.suffix else {
            return value.as_bytes() == &*self.prefix;
        };
        let Some(rest) = value.as_bytes().strip_prefix(&*self.prefix) else { return false };
        let Some(mut rest) = rest.strip_suffix(&**suffix) else { return false };
        for part in &self.middle {
            match memmem::find(rest, part) {
                Some(found) => rest = &rest[found + part.len()..],
                None => return false,
            }
        }
        true
    }
}

fn push(parts: &mut [Vec<u8>], byte: u8) {
    if let Some(part) = parts.last_mut() {
        part.push(byte);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn refuses_what_aws_refuses() {
        let cases = [
            ("a**", "Consecutive wildcard characters at pos 2"),
            ("a\\b", "Invalid escape character at pos 2"),
            ("a\\", "Invalid escape character at pos 2"),
        ];
        for (pattern, error) in cases {
            assert_eq!(Wildcard::parse(pattern).unwrap_err(), error, "{pattern}");
        }
    }

    /// Stars as the textbook has them: exponential, obviously right.
    fn model(pattern: &[u8], value: &[u8]) -> bool {
        match (pattern.split_first(), value.split_first()) {
            (None, None) => true,
            (None, Some(_)) => false,
            (Some((b'*', rest)), _) => {
                model(rest, value) || value.split_first().is_some_and(|(_, tail)| model(pattern, tail))
            }
            (Some((p, rest)), Some((v, tail))) => p == v && model(rest, tail),
            (Some(_), None) => false,
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_model(pattern in "([ab]{0,3}\\*){0,4}[ab]{0,3}", value in "[ab]{0,12}") {
            prop_assume!(!pattern.contains("**"));
            let compiled = Wildcard::parse(&pattern).unwrap();
            prop_assert_eq!(compiled.matches(&value), model(pattern.as_bytes(), value.as_bytes()));
        }
    }

    #[test]
    fn a_hostile_pattern_is_cheap() {
        // A backtracking matcher would not end: 20,000 stars over 256 KB.
        let pattern = Wildcard::parse(&"a*".repeat(20_000)).unwrap();
        assert!(!pattern.matches(&format!("{}b", "a".repeat(19_999))));
        assert!(pattern.matches(&"a".repeat(256 * 1024)));
    }
}
