//! Patterns of the `wildcard` operator: only `*` is special.

use text::glob::{Builder, Glob};

/// A compiled pattern; `\*` and `\\` stand for themselves.
#[derive(Debug, Clone)]
pub(super) struct Wildcard(Glob);

impl Wildcard {
    /// Positions in the error texts count bytes, and the quote that opens the JSON string, as AWS's do.
    pub(super) fn parse(pattern: &str) -> Result<Self, String> {
        let mut builder = Builder::default();
        let mut rest = pattern.char_indices().peekable();
        while let Some((at, c)) = rest.next() {
            let next = rest.peek().map(|(_, next)| *next);
            match (c, next) {
                ('*', Some('*')) => return Err(format!("Consecutive wildcard characters at pos {}", at + 1)),
                ('*', _) => builder.star(),
                ('\\', Some(escaped @ ('*' | '\\'))) => {
                    builder.char(escaped);
                    rest.next();
                }
                ('\\', _) => return Err(format!("Invalid escape character at pos {}", at + 1)),
                (c, _) => builder.char(c),
            }
        }
        Ok(Self(builder.build()))
    }

    pub(super) fn matches(&self, value: &str) -> bool {
        self.0.matches(value)
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
