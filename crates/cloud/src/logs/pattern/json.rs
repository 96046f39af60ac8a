//! Conditions on the members of a JSON document.

use regex::Regex;
use serde_json::Value;

use text::glob::Glob;

/// What a document has to be like.
pub(super) enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    /// Something about what a selector finds.
    Is(Vec<Step>, Test),
}

/// A step of a selector, from a value to one in it.
pub(super) enum Step {
    Member(String),
    Item(usize),
    /// `[*]`: any item.
    Items,
}

/// What is asked of a value.
pub(super) enum Test {
    Null,
    Truth(bool),
    NotExists,
    /// Text, in which `*` stands for any run of characters, or a number where it is one.
    Equals {
        text: Glob,
        number: Option<f64>,
        not: bool,
    },
    Regex {
        regex: Regex,
        not: bool,
    },
    Compares(Comparison, f64),
}

/// How numbers compare.
#[derive(Debug, Clone, Copy)]
pub(super) enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Condition {
    /// Whether a document is like it.
    pub(super) fn matches(&self, document: &Value) -> bool {
        match self {
            Self::And(all) => all.iter().all(|condition| condition.matches(document)),
            Self::Or(any) => any.iter().any(|condition| condition.matches(document)),
            Self::Is(steps, Test::NotExists) => !any(document, steps, &|_| true),
            Self::Is(steps, test) => any(document, steps, &|value| test.holds(value)),
        }
    }
}

/// Whether any value that the steps lead to is like that. What isn't there is like nothing, also not unlike something.
fn any(value: &Value, steps: &[Step], is: &dyn Fn(&Value) -> bool) -> bool {
    let Some((step, rest)) = steps.split_first() else { return is(value) };
    match (step, value) {
        (Step::Member(name), Value::Object(members)) => members.get(name).is_some_and(|value| any(value, rest, is)),
        (Step::Item(at), Value::Array(items)) => items.get(*at).is_some_and(|value| any(value, rest, is)),
        (Step::Items, Value::Array(items)) => items.iter().any(|value| any(value, rest, is)),
        _ => false,
    }
}

impl Test {
    /// Whether a value is so. Of arrays and objects nothing is ("JSON Special Considerations").
    fn holds(&self, value: &Value) -> bool {
        match self {
            Self::Null => value.is_null(),
            Self::Truth(truth) => value.as_bool() == Some(*truth),
            Self::NotExists => false,
            Self::Equals { text, number, not } => match value {
                Value::String(value) => text.matches(value) != *not,
                Value::Bool(value) => text.matches(if *value { "true" } else { "false" }) != *not,
                Value::Number(value) => {
                    let same = number.is_some_and(|number| value.as_f64() == Some(number));
                    (same || text.matches(&value.to_string())) != *not
                }
                _ => false,
            },
            Self::Regex { regex, not } => match value {
                Value::String(value) => regex.is_match(value) != *not,
                Value::Number(value) => regex.is_match(&value.to_string()) != *not,
                _ => false,
            },
            Self::Compares(comparison, number) => value.as_f64().is_some_and(|value| match comparison {
                Comparison::Less => value < *number,
                Comparison::LessOrEqual => value <= *number,
                Comparison::Greater => value > *number,
                Comparison::GreaterOrEqual => value >= *number,
            }),
        }
    }
}
