//! One value of a filter policy's list, compiled, and whether a message's value satisfies it.

use super::cidr::IpRange;
use super::number::Number;
use super::wildcard::Wildcard;

/// What a message holds under a key: one leaf of its body, or one element or value of an attribute.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scalar<'a> {
    Str(&'a str),
    /// `None`: a number too large to compare.
    Number(Option<Number>),
    Bool(bool),
    Null,
}

/// One end of a numeric range.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound {
    pub value: Number,
    /// Whether the value itself is inside.
    pub inclusive: bool,
}

#[derive(Debug, Clone)]
pub(super) enum Pattern {
    Str(Box<str>),
    Number(Number),
    Bool(bool),
    Null,
    Ip(IpRange),
    Prefix(Box<str>),
    Suffix(Box<str>),
    /// The `equals-ignore-case` forms hold lower case.
    EqualsFold(Box<str>),
    PrefixFold(Box<str>),
    SuffixFold(Box<str>),
    Wildcard(Wildcard),
    Range {
        low: Option<Bound>,
        high: Option<Bound>,
    },
    AnythingBut(Vec<Pattern>),
    Exists,
    /// `{"exists": false}`: no value can satisfy it, only the lack of any.
    Absent,
}

impl Pattern {
    pub(super) fn matches(&self, value: Scalar<'_>) -> bool {
        match (self, value) {
            (Pattern::Exists, _) => true,
            (Pattern::Absent, _) => false,
            (Pattern::AnythingBut(list), value) => !list.iter().any(|p| p.matches(value)),
            (Pattern::Str(wanted), Scalar::Str(s)) => **wanted == *s,
            (Pattern::Prefix(prefix), Scalar::Str(s)) => s.starts_with(&**prefix),
            (Pattern::Suffix(suffix), Scalar::Str(s)) => s.ends_with(&**suffix),
            (Pattern::EqualsFold(folded), Scalar::Str(s)) => s.chars().flat_map(char::to_lowercase).eq(folded.chars()),
            (Pattern::PrefixFold(folded), Scalar::Str(s)) => {
                starts_with(s.chars().flat_map(char::to_lowercase), folded.chars())
            }
            (Pattern::SuffixFold(folded), Scalar::Str(s)) => {
                starts_with(s.chars().rev().flat_map(|c| c.to_lowercase().rev()), folded.chars().rev())
            }
            (Pattern::Wildcard(pattern), Scalar::Str(s)) => pattern.matches(s),
            (Pattern::Ip(range), Scalar::Str(s)) => range.contains(s),
            (Pattern::Number(wanted), Scalar::Number(Some(n))) => wanted.same(n),
            (Pattern::Range { low, high }, Scalar::Number(Some(n))) => {
                low.is_none_or(|b| n.compare(b.value).is_gt() || (b.inclusive && n.same(b.value)))
                    && high.is_none_or(|b| n.compare(b.value).is_lt() || (b.inclusive && n.same(b.value)))
            }
            (Pattern::Bool(wanted), Scalar::Bool(b)) => *wanted == b,
            (Pattern::Null, Scalar::Null) => true,
            _ => false,
        }
    }

    /// Lower case as the folding patterns hold it.
    pub(super) fn fold(text: &str) -> Box<str> {
        text.chars().flat_map(char::to_lowercase).collect()
    }
}

fn starts_with(mut text: impl Iterator<Item = char>, prefix: impl Iterator<Item = char>) -> bool {
    prefix.into_iter().all(|wanted| text.next() == Some(wanted))
}

/// A key and the values it may have: true if one of the patterns is satisfied by one of the values.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    /// The names down to the leaf, joined by dots; a dot inside a name counts the same.
    pub path: Box<str>,
    pub patterns: Vec<Pattern>,
    /// The list as the policy writes it.
    pub source: Box<str>,
}

impl Condition {
    pub(super) fn matches(&self, value: Scalar<'_>) -> bool {
        self.patterns.iter().any(|p| p.matches(value))
    }

    /// Whether a message without the key satisfies the condition.
    pub(super) fn accepts_absence(&self) -> bool {
        self.patterns.iter().any(|p| matches!(p, Pattern::Absent))
    }
}
