//! Numbers compared by value: whole ones exactly, all others as doubles of five digits after the point.
//!
//! Source: "Filter policy constraints in Amazon SNS" ("five digits of accuracy after the decimal point").

use std::cmp::Ordering;

/// A JSON number or a `Number` attribute's value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Number {
    Whole(i128),
    Real(f64),
}

impl Number {
    /// `None` for what is not a finite decimal number.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        // Rust also reads `inf` and `nan`, which are no numbers to AWS.
        if !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')) {
            return None;
        }
        if let Ok(whole) = text.parse() {
            return Some(Number::Whole(whole));
        }
        Self::real(text.parse().ok()?)
    }

    pub(super) fn from_json(number: &serde_json::Number) -> Option<Self> {
        if let Some(n) = number.as_i64() {
            return Some(Number::Whole(n.into()));
        }
        if let Some(n) = number.as_u64() {
            return Some(Number::Whole(n.into()));
        }
        Self::real(number.as_f64()?)
    }

    fn real(value: f64) -> Option<Self> {
        value.is_finite().then_some(Number::Real(value))
    }

    fn as_f64(self) -> f64 {
        match self {
            Number::Whole(n) => n as f64,
            Number::Real(x) => x,
        }
    }

    /// The number of hundred thousandths.
    fn rounded(self) -> f64 {
        match self {
            Number::Whole(n) => n as f64 * 1e5,
            Number::Real(x) => (x * 1e5).round(),
        }
    }

    pub(super) fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Number::Whole(a), Number::Whole(b)) => a.cmp(&b),
            // Of those that are too large for their hundred thousandths to be finite the numbers themselves are compared.
            _ if self.rounded().is_infinite() || other.rounded().is_infinite() => {
                self.as_f64().partial_cmp(&other.as_f64()).unwrap_or(Ordering::Equal)
            }
            _ => self.rounded().partial_cmp(&other.rounded()).unwrap_or(Ordering::Equal),
        }
    }

    pub(super) fn same(self, other: Self) -> bool {
        self.compare(other) == Ordering::Equal
    }

    /// Whether the value lies in what a numeric rule may name ("Filter policy constraints in Amazon SNS").
    pub(super) fn in_policy_range(self) -> bool {
        (-1e9..=1e9).contains(&self.as_f64())
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Number::Whole(n) => write!(f, "{n}"),
            Number::Real(x) => write!(f, "{x}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_by_value_not_by_spelling() {
        let cases = [
            ("100", "100.0", true),
            ("3.015e2", "301.5", true),
            ("0.1", "0.10", true),
            ("1", "2", false),
            // They were told apart, where SNS knows five digits after the point.
            ("100.123456789", "100.1234567", true),
            ("100.12345", "100.12346", false),
            ("100", "100.000001", true),
        ];
        for (a, b, same) in cases {
            assert_eq!(Number::parse(a).unwrap().same(Number::parse(b).unwrap()), same, "{a} {b}");
        }
        for text in ["", "abc", "inf", "NaN", "1e400", "0x10", "1_000"] {
            assert!(Number::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn long_whole_numbers_are_exact() {
        let (a, b) = (Number::parse("9007199254740993").unwrap(), Number::parse("9007199254740992").unwrap());
        assert_eq!(a.compare(b), Ordering::Greater);
    }
}
