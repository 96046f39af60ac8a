//! Condition operators ("IAM JSON policy elements: Condition operators").

use std::borrow::Cow;
use std::net::IpAddr;

use super::pattern::Pattern;

/// How a value of the request is compared with one of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Test {
    Equals,
    EqualsIgnoreCase,
    Like,
    Arn,
    Numeric(Compare),
    Date(Compare),
    Bool,
    Binary,
    Ip,
    /// Whether the key is absent at all.
    Null,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compare {
    Equals,
    Less,
    LessEquals,
    Greater,
    GreaterEquals,
}

/// `ForAllValues:` and `ForAnyValue:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Set {
    All,
    Any,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Operator {
    pub test: Test,
    /// The `Not` forms: true if no value of the policy fits.
    not: bool,
    if_exists: bool,
    set: Option<Set>,
}

impl Operator {
    pub(super) fn parse(name: &str) -> Option<Self> {
        let (set, rest) = match name.split_once(':') {
            Some(("ForAllValues", rest)) => (Some(Set::All), rest),
            Some(("ForAnyValue", rest)) => (Some(Set::Any), rest),
            Some(_) => return None,
            None => (None, name),
        };
        let (base, if_exists) = match rest.strip_suffix("IfExists") {
            Some(base) => (base, true),
            None => (rest, false),
        };
        let (test, not) = match base {
            "StringEquals" => (Test::Equals, false),
            "StringNotEquals" => (Test::Equals, true),
            "StringEqualsIgnoreCase" => (Test::EqualsIgnoreCase, false),
            "StringNotEqualsIgnoreCase" => (Test::EqualsIgnoreCase, true),
            "StringLike" => (Test::Like, false),
            "StringNotLike" => (Test::Like, true),
            "ArnEquals" | "ArnLike" => (Test::Arn, false),
            "ArnNotEquals" | "ArnNotLike" => (Test::Arn, true),
            "Bool" => (Test::Bool, false),
            "BinaryEquals" => (Test::Binary, false),
            "IpAddress" => (Test::Ip, false),
            "NotIpAddress" => (Test::Ip, true),
            "Null" if !if_exists => (Test::Null, false),
            _ => match (base.strip_prefix("Numeric"), base.strip_prefix("Date")) {
                (Some(compare), _) => Compare::parse(compare).map(|(c, not)| (Test::Numeric(c), not))?,
                (_, Some(compare)) => Compare::parse(compare).map(|(c, not)| (Test::Date(c), not))?,
                _ => return None,
            },
        };
        Some(Self { test, not, if_exists, set })
    }

    /// Whether it holds only for a request that has the key, with one of the policy's values.
    pub(super) fn wants_a_value(&self) -> bool {
        !self.not && !self.if_exists && self.set != Some(Set::All) && self.test != Test::Null
    }

    /// Whether the request's values of a key satisfy the policy's.
    pub(super) fn holds<'v>(
        &self,
        wanted: &[Value],
        values: &[Cow<'_, str>],
        value_of: &dyn Fn(&str) -> Option<Cow<'v, str>>,
    ) -> bool {
        if self.test == Test::Null {
            let absent = values.is_empty();
            return wanted.iter().any(|w| w.text.eq_ignore_ascii_case("true") == absent);
        }
        if values.is_empty() {
            return self.if_exists || self.set == Some(Set::All) || (self.not && self.set.is_none());
        }
        let fits = |value: &Cow<'_, str>| wanted.iter().any(|w| w.fits(self.test, value, value_of)) != self.not;
        match self.set {
            Some(Set::All) => values.iter().all(fits),
            Some(Set::Any) => values.iter().any(fits),
            // Of several values without a set operator, a `Not` must hold for each.
            None if self.not => values.iter().all(fits),
            None => values.iter().any(fits),
        }
    }
}

impl Compare {
    fn parse(name: &str) -> Option<(Self, bool)> {
        Some(match name {
            "Equals" => (Compare::Equals, false),
            "NotEquals" => (Compare::Equals, true),
            "LessThan" => (Compare::Less, false),
            "LessThanEquals" => (Compare::LessEquals, false),
            "GreaterThan" => (Compare::Greater, false),
            "GreaterThanEquals" => (Compare::GreaterEquals, false),
            _ => return None,
        })
    }

    fn holds(self, value: f64, wanted: f64) -> bool {
        match self {
            Compare::Equals => value == wanted,
            Compare::Less => value < wanted,
            Compare::LessEquals => value <= wanted,
            Compare::Greater => value > wanted,
            Compare::GreaterEquals => value >= wanted,
        }
    }
}

/// A value of the policy, ready to be compared.
#[derive(Debug, Clone)]
pub(super) struct Value {
    text: Box<str>,
    pattern: Pattern,
    /// An ARN's six fields, each with its own wildcards.
    fields: Vec<Pattern>,
}

impl Value {
    pub(super) fn new(text: &str, test: Test, variables: bool) -> Self {
        let (text, fields) = match test {
            // Compared in lower case.
            Test::EqualsIgnoreCase => (text.to_lowercase(), Vec::new()),
            Test::Arn => {
                (text.to_owned(), arn_fields(text).iter().map(|f| Pattern::parse(f, variables, true)).collect())
            }
            _ => (text.to_owned(), Vec::new()),
        };
        Self { pattern: Pattern::parse(&text, variables, test == Test::Like), text: text.into(), fields }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether a request's value can be compared with it.
    pub(super) fn is_sound(&self, test: Test) -> bool {
        match test {
            Test::Numeric(_) => self.text.parse::<f64>().is_ok_and(|number| !number.is_nan()),
            Test::Date(_) => seconds(&self.text).is_some(),
            _ => true,
        }
    }

    /// Whether a variable stands in it that is one of these.
    pub(super) fn has_variable(&self, is: &dyn Fn(&str) -> bool) -> bool {
        self.pattern.has_variable(is) || self.fields.iter().any(|field| field.has_variable(is))
    }

    fn fits<'v>(&self, test: Test, value: &str, value_of: &dyn Fn(&str) -> Option<Cow<'v, str>>) -> bool {
        match test {
            Test::Equals | Test::Like => self.pattern.matches(value, value_of),
            Test::EqualsIgnoreCase => {
                let lower = |key: &str| value_of(key).map(|v| Cow::<str>::Owned(v.to_lowercase()));
                self.pattern.matches(&value.to_lowercase(), &lower)
            }
            Test::Arn => {
                let fields = arn_fields(value);
                // A lone `*` is not an ARN of six fields, but AWS lets it fit every one.
                *self.text == *"*"
                    || (fields.len() == self.fields.len()
                        && self.fields.iter().zip(fields).all(|(p, f)| p.matches(f, value_of)))
            }
            Test::Numeric(compare) => both(&self.text, value, |t| t.parse().ok(), compare),
            Test::Date(compare) => both(&self.text, value, seconds, compare),
            Test::Bool => self.text.eq_ignore_ascii_case(value),
            Test::Binary => *self.text == *value,
            Test::Ip => value.parse().is_ok_and(|ip| in_block(&self.text, ip)),
            Test::Null => false,
        }
    }
}

fn both(wanted: &str, value: &str, read: fn(&str) -> Option<f64>, compare: Compare) -> bool {
    match (read(wanted), read(value)) {
        (Some(wanted), Some(value)) => compare.holds(value, wanted),
        _ => false,
    }
}

fn arn_fields(arn: &str) -> Vec<&str> {
    arn.splitn(6, ':').collect()
}

/// Seconds since 1970 of a date as policies write it: ISO 8601 with or without a time, or those seconds.
fn seconds(text: &str) -> Option<f64> {
    if let Ok(seconds) = text.parse::<f64>() {
        return seconds.is_finite().then_some(seconds);
    }
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Some(moment.as_millisecond() as f64 / 1000.0);
    }
    let date: jiff::civil::Date = text.parse().ok()?;
    let midnight = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(midnight.timestamp().as_second() as f64)
}

/// Whether the address lies in `address/bits`, or is the one that stands there alone.
pub(super) fn in_block(block: &str, ip: IpAddr) -> bool {
    let Some((base, bits)) = parse_block(block) else { return false };
    let (base, ip, width) = match (base, ip) {
        (IpAddr::V4(base), IpAddr::V4(ip)) => (u32::from(base).into(), u32::from(ip).into(), 32),
        (IpAddr::V6(base), IpAddr::V6(ip)) => (u128::from(base), u128::from(ip), 128),
        _ => return false,
    };
    bits == 0 || (base ^ ip) >> (width - bits) == 0
}

/// `None` if it is no address or block.
pub(super) fn parse_block(block: &str) -> Option<(IpAddr, u32)> {
    let (address, bits) = match block.split_once('/') {
        Some((address, bits)) => (address, Some(bits.parse().ok()?)),
        None => (block, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let width = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.unwrap_or(width);
    (bits <= width).then_some((address, bits))
}
