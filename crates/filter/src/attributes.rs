//! Matching a policy with a message's attributes.

use memchr::memchr2;

use super::number::Number;
use super::rule::{Condition, Scalar};
use super::{FilterPolicy, Scope};

/// A message attribute as published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attribute<'a> {
    /// As the client gave it.
    pub name: &'a str,
    /// `String`, `String.Array`, `Number` or `Binary`; a binary one counts as absent.
    pub data_type: &'a str,
    /// As the client gave it: text, or JSON of a `String.Array`.
    pub value: &'a str,
}

impl FilterPolicy {
    /// Whether a message with these attributes is delivered. Always false for a policy on bodies.
    pub fn matches_attributes<'a>(&self, attributes: impl Iterator<Item = Attribute<'a>> + Clone) -> bool {
        self.scope == Scope::MessageAttributes
            && self.branches().any(|mut branch| branch.all(|c| holds(c, attributes.clone())))
    }
}

pub(super) fn holds<'a>(condition: &Condition, attributes: impl Iterator<Item = Attribute<'a>> + Clone) -> bool {
    let mut found = false;
    let path = &*condition.path;
    for attribute in attributes.clone().filter(|a| a.name == path) {
        let hit = each_value(attribute, &mut |value| {
            found = true;
            condition.matches(value)
        });
        if hit {
            return true;
        }
    }
    // Where there is nothing at all, nothing is absent ("Key matching", Amazon SNS Developer Guide).
    !found && condition.accepts_absence() && attributes.into_iter().any(|attribute| is_seen(attribute.data_type))
}

/// Whether policies look at attributes of a type ("Filter policy constraints in Amazon SNS").
fn is_seen(data_type: &str) -> bool {
    data_type.split('.').next() != Some("Binary")
}

/// Shows the attribute's values to `hit` until it says yes; whether it did.
pub(super) fn each_value(attribute: Attribute<'_>, hit: &mut dyn FnMut(Scalar<'_>) -> bool) -> bool {
    match attribute.data_type {
        "String.Array" => match serde_json::from_str(attribute.value) {
            Ok(serde_json::Value::Array(list)) => each_element(&list, hit),
            // Not an array: AWS reads any JSON value there is, and what is no JSON has no values.
            Ok(value) => each_element(&[value], hit),
            Err(_) => false,
        },
        other => match other.split('.').next() {
            Some("String") => string(attribute.value, hit),
            Some("Number") => hit(Scalar::Number(Number::parse(attribute.value))),
            _ => false,
        },
    }
}

fn each_element(list: &[serde_json::Value], hit: &mut dyn FnMut(Scalar<'_>) -> bool) -> bool {
    use serde_json::Value;
    list.iter().any(|element| match element {
        Value::String(s) => string(s, hit),
        Value::Number(n) => hit(Scalar::Number(Number::from_json(n))),
        Value::Bool(b) => hit(Scalar::Bool(*b)),
        Value::Null => hit(Scalar::Null),
        Value::Array(inner) => each_element(inner, hit),
        // An object's leaves lie under longer keys, which an attribute policy can't name.
        Value::Object(_) => false,
    })
}

/// Quotes and backslashes of an attribute are seen escaped: a policy must escape them twice to match
/// ("Filter policy constraints in Amazon SNS").
fn string(value: &str, hit: &mut dyn FnMut(Scalar<'_>) -> bool) -> bool {
    if memchr2(b'"', b'\\', value.as_bytes()).is_none() {
        return hit(Scalar::Str(value));
    }
    let mut escaped = String::with_capacity(value.len() + 8);
    for c in value.chars() {
        if matches!(c, '"' | '\\') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    hit(Scalar::Str(&escaped))
}
