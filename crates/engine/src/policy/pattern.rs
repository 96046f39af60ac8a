//! Strings of a policy: `*` and `?`, and variables such as `${aws:SourceAccount}`.

use std::borrow::Cow;

use text::glob::{Builder, Glob};

/// A string with wildcards and variables, as `Resource` and the `Like` operators have it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pattern(Compiled);

#[derive(Debug, Clone, PartialEq)]
enum Compiled {
    /// The same for every request.
    Fixed(Glob),
    /// At least one of the pieces is a variable.
    Variable(Vec<Piece>),
}

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Literal(Box<str>),
    /// `*`: any characters, also none.
    Star,
    /// `?`: any one character.
    Any,
    /// `${key}` or `${key, 'default'}`.
    Variable {
        key: Box<str>,
        default: Option<Box<str>>,
    },
}

impl Pattern {
    /// `variables`: whether `${..}` is special, which it is only in policies of version 2012-10-17; `wildcards`:
    /// whether `*` and `?` are.
    pub(super) fn parse(text: &str, variables: bool, wildcards: bool) -> Self {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let piece = if variables && let Some((piece, after)) = parse_variable(rest) {
                rest = after;
                piece
            } else {
                rest = &rest[c.len_utf8()..];
                match c {
                    '*' if wildcards => Piece::Star,
                    '?' if wildcards => Piece::Any,
                    c => {
                        literal.push(c);
                        continue;
                    }
                }
            };
            match piece {
                Piece::Literal(escaped) => literal.push_str(&escaped),
                piece => {
                    if !literal.is_empty() {
                        pieces.push(Piece::Literal(std::mem::take(&mut literal).into()));
                    }
                    pieces.push(piece);
                }
            }
        }
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal.into()));
        }
        let is_fixed = !pieces.iter().any(|piece| matches!(piece, Piece::Variable { .. }));
        match compile(&pieces, &|_| None).filter(|_| is_fixed) {
            Some(glob) => Self(Compiled::Fixed(glob)),
            None => Self(Compiled::Variable(pieces)),
        }
    }

    /// Whether the whole value fits; `value_of` gives variables their values. A variable without one fits nothing.
    pub(super) fn matches<'v>(&self, value: &str, value_of: &dyn Fn(&str) -> Option<Cow<'v, str>>) -> bool {
        match &self.0 {
            Compiled::Fixed(glob) => glob.matches(value),
            Compiled::Variable(pieces) => compile(pieces, value_of).is_some_and(|glob| glob.matches(value)),
        }
    }

    /// Whether a variable stands in it that is one of these.
    pub(super) fn has_variable(&self, is: &dyn Fn(&str) -> bool) -> bool {
        match &self.0 {
            Compiled::Fixed(_) => false,
            Compiled::Variable(pieces) => {
                pieces.iter().any(|piece| matches!(piece, Piece::Variable { key, .. } if is(key)))
            }
        }
    }
}

/// The pattern with its variables' values, which stand for themselves; `None` if a variable has neither a value nor a default.
fn compile<'v>(pieces: &[Piece], value_of: &dyn Fn(&str) -> Option<Cow<'v, str>>) -> Option<Glob> {
    let mut builder = Builder::default();
    for piece in pieces {
        match piece {
            Piece::Literal(literal) => builder.text(literal),
            Piece::Star => builder.star(),
            Piece::Any => builder.any(),
            Piece::Variable { key, default } => match (value_of(key), default) {
                (Some(value), _) => builder.text(&value),
                (None, Some(default)) => builder.text(default),
                (None, None) => return None,
            },
        }
    }
    Some(builder.build())
}

/// A variable at the start of the text, and what follows it. `${*}`, `${?}` and `${$}` are those characters.
fn parse_variable(text: &str) -> Option<(Piece, &str)> {
    let inner = text.strip_prefix("${")?;
    let end = inner.find('}')?;
    let (name, after) = (&inner[..end], &inner[end + 1..]);
    let piece = match name {
        "*" | "?" | "$" => Piece::Literal(name.into()),
        _ => {
            let (key, default) = match name.split_once(',') {
                Some((key, default)) => (key, Some(default.trim().trim_matches('\'').into())),
                None => (name, None),
            };
            Piece::Variable { key: key.trim().into(), default }
        }
    };
    Some((piece, after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matches(pattern: &str, value: &str) -> bool {
        Pattern::parse(pattern, true, true).matches(value, &|key| (key == "aws:SourceAccount").then(|| "1*".into()))
    }

    #[test]
    fn wildcards_and_variables() {
        let cases = [
            ("arn:aws:sqs:*:1:q", "arn:aws:sqs:eu-west-1:1:q", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*", "", true),
            ("**", "x", true),
            ("a*?b*", "axbbq", true),
            ("${*}", "x", false),
            ("${*}${?}${$}", "*?$", true),
            // A variable's value is literal: its star matches a star only.
            ("q-${aws:SourceAccount}", "q-1*", true),
            ("q-${aws:SourceAccount}", "q-12", false),
            ("q-${aws:username}", "q-", false),
            ("q-${aws:username, 'none'}", "q-none", true),
            ("${open", "${open", true),
            ("é?", "éü", true),
        ];
        for (pattern, value, wanted) in cases {
            assert_eq!(matches(pattern, value), wanted, "{pattern} {value}");
        }
        assert!(Pattern::parse("${a}*", false, false).matches("${a}*", &|_| None));
    }

    fn model(pattern: &[char], value: &[char]) -> bool {
        match (pattern.split_first(), value.split_first()) {
            (None, rest) => rest.is_none(),
            (Some(('*', p)), None) => model(p, value),
            (Some(('*', p)), Some((_, v))) => model(p, value) || model(pattern, v),
            (Some(('?', p)), Some((_, v))) => model(p, v),
            (Some((a, p)), Some((b, v))) => a == b && model(p, v),
            (Some(_), None) => false,
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_model(pattern in "[ab*?é]{0,8}", value in "[abé]{0,10}") {
            let (p, v): (Vec<char>, Vec<char>) = (pattern.chars().collect(), value.chars().collect());
            prop_assert_eq!(matches(&pattern, &value), model(&p, &v));
        }

        #[test]
        fn never_panics(pattern in ".{0,30}", value in ".{0,30}") {
            let _ = matches(&pattern, &value);
        }
    }
}
