//! Strings of a policy: `*` and `?`, and variables such as `${aws:SourceAccount}`.

use memchr::memmem;

/// One character class of a pattern.
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

/// A string with wildcards and variables, as `Resource` and the `Like` operators have it.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    pieces: Vec<Piece>,
}

impl Pattern {
    /// `variables`: whether `${..}` is special, which it is only in policies of version 2012-10-17; `wildcards`:
    /// whether `*` and `?` are.
    pub(super) fn parse(text: &str, variables: bool, wildcards: bool) -> Self {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if variables && let Some((piece, after)) = variable(rest) {
                match piece {
                    Piece::Literal(escaped) => literal.push_str(&escaped),
                    other => push(&mut pieces, &mut literal, other),
                }
                rest = after;
                continue;
            }
            rest = &rest[c.len_utf8()..];
            match c {
                '*' if wildcards => {
                    push(&mut pieces, &mut literal, Piece::Star);
                    // Several stars are one.
                    rest = rest.trim_start_matches('*');
                }
                '?' if wildcards => push(&mut pieces, &mut literal, Piece::Any),
                c => literal.push(c),
            }
        }
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal.into()));
        }
        Self { pieces }
    }

    /// Whether the whole value fits; `value_of` gives variables their values. A variable without one fits nothing.
    pub(super) fn matches<'v>(
        &self,
        value: &str,
        value_of: &dyn Fn(&str) -> Option<std::borrow::Cow<'v, str>>,
    ) -> bool {
        if !self.pieces.iter().any(|p| matches!(p, Piece::Variable { .. })) {
            return fits(&self.pieces, value);
        }
        let resolved: Option<Vec<Piece>> = self
            .pieces
            .iter()
            .map(|piece| match piece {
                Piece::Variable { key, default } => value_of(key)
                    .map(|v| Piece::Literal(v.as_ref().into()))
                    .or_else(|| default.clone().map(Piece::Literal)),
                other => Some(other.clone()),
            })
            .collect();
        resolved.is_some_and(|pieces| fits(&pieces, value))
    }

    /// Whether a variable stands in it that is one of these.
    pub(super) fn has_variable(&self, is: &dyn Fn(&str) -> bool) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Variable { key, .. } if is(key)))
    }
}

fn push(pieces: &mut Vec<Piece>, literal: &mut String, piece: Piece) {
    if !literal.is_empty() {
        pieces.push(Piece::Literal(std::mem::take(literal).into()));
    }
    pieces.push(piece);
}

/// A variable at the start of the text, and what follows it. `${*}`, `${?}` and `${$}` are those characters.
fn variable(text: &str) -> Option<(Piece, &str)> {
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

/// Leftmost match of each part between stars; a part is never searched again once found.
fn fits(pieces: &[Piece], value: &str) -> bool {
    let mut parts = pieces.split(|p| *p == Piece::Star);
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = strip(first, value) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return ends(part, rest);
        }
        match find(part, rest) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    true
}

/// What follows the part, if the text starts with it.
fn strip<'v>(part: &[Piece], mut text: &'v str) -> Option<&'v str> {
    for piece in part {
        match piece {
            Piece::Literal(literal) => text = text.strip_prefix(&**literal)?,
            Piece::Any => text = &text[text.chars().next()?.len_utf8()..],
            // Stars split parts, variables are resolved.
            Piece::Star | Piece::Variable { .. } => return None,
        }
    }
    Some(text)
}

fn ends(part: &[Piece], mut text: &str) -> bool {
    for piece in part.iter().rev() {
        let shorter = match piece {
            Piece::Literal(literal) => text.strip_suffix(&**literal),
            Piece::Any => text.chars().next_back().map(|c| &text[..text.len() - c.len_utf8()]),
            Piece::Star | Piece::Variable { .. } => None,
        };
        match shorter {
            Some(shorter) => text = shorter,
            None => return false,
        }
    }
    true
}

/// What follows the part's first occurrence.
fn find<'v>(part: &[Piece], text: &'v str) -> Option<&'v str> {
    match part {
        [] => Some(text),
        [Piece::Literal(literal)] => {
            memmem::find(text.as_bytes(), literal.as_bytes()).map(|at| &text[at + literal.len()..])
        }
        _ => text.char_indices().find_map(|(at, _)| strip(part, &text[at..])),
    }
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
