//! Why a message did not match: for each branch of the policy, the first condition that failed.

use super::attributes::{self, Attribute};
use super::body::{self, Body};
use super::rule::{Condition, Scalar};
use super::{FilterPolicy, Scope};

/// A condition that a message did not meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The key's path, its names joined by dots.
    pub key: String,
    /// The list of values as the policy writes it, JSON.
    pub rule: String,
    /// What the message had there.
    pub found: Found,
}

/// What the message had where the policy looked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The key is absent, or has no value that counts.
    Nothing,
    /// The values, as JSON writes them; at most ten.
    Values(Vec<String>),
    /// Each condition is met, but by different elements of an array.
    OtherElement,
    /// The body is no JSON object.
    NoObject,
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Mismatch { key, rule, found } = self;
        match found {
            Found::Nothing => write!(f, "{key} is absent, the policy wants {rule}"),
            Found::Values(values) => write!(f, "{key} is {}, the policy wants {rule}", values.join(", ")),
            Found::OtherElement => write!(f, "{key} matches {rule} only in another element of an array"),
            Found::NoObject => write!(f, "the body is not a JSON object, the policy wants {key} {rule}"),
        }
    }
}

/// What one condition of a policy says to a message, whatever the others say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The key's path, its names joined by dots.
    pub key: String,
    /// The list of values as the policy writes it, JSON.
    pub rule: String,
    /// What doesn't meet it; none if it is met.
    pub mismatch: Option<Mismatch>,
}

impl FilterPolicy {
    /// Asks each condition alone about a message's attributes.
    pub fn check_attributes<'a>(&self, attributes: impl Iterator<Item = Attribute<'a>> + Clone) -> Vec<Checked> {
        self.check(|condition| {
            if attributes::holds(condition, attributes.clone()) {
                return None;
            }
            let mut values = Vec::new();
            for attribute in attributes.clone().filter(|a| *a.name == *condition.path) {
                attributes::each_value(attribute, &mut |value| {
                    note(&mut values, value);
                    false
                });
            }
            Some(found(values))
        })
    }

    /// Asks each condition alone about a message's body; `None`: no JSON object.
    pub fn check_body(&self, body: Option<&Body>) -> Vec<Checked> {
        self.check(|condition| {
            let Some(body) = body else { return Some(Found::NoObject) };
            if body::satisfied(&[condition], body) {
                return None;
            }
            let mut values = Vec::new();
            body::each_value(&condition.path, body, &mut |value| note(&mut values, value));
            Some(found(values))
        })
    }

    fn check(&self, ask: impl Fn(&Condition) -> Option<Found>) -> Vec<Checked> {
        let checked = self.conditions.iter().map(|condition| Checked {
            key: condition.path.to_string(),
            rule: condition.source.to_string(),
            mismatch: ask(condition).map(|found| Mismatch::new(condition, found)),
        });
        checked.collect()
    }

    /// Empty if the message matches; else one mismatch for each branch of the policy.
    pub fn explain_attributes<'a>(&self, attributes: impl Iterator<Item = Attribute<'a>> + Clone) -> Vec<Mismatch> {
        if self.scope != Scope::MessageAttributes || self.matches_attributes(attributes.clone()) {
            return Vec::new();
        }
        let mismatch = |condition: &Condition| {
            let mut values = Vec::new();
            for attribute in attributes.clone().filter(|a| *a.name == *condition.path) {
                attributes::each_value(attribute, &mut |value| {
                    note(&mut values, value);
                    false
                });
            }
            Mismatch::new(condition, found(values))
        };
        self.branches()
            .filter_map(|mut branch| branch.find(|c| !attributes::holds(c, attributes.clone())).map(mismatch))
            .collect()
    }

    /// Empty if the message matches; else one mismatch for each branch of the policy. `None`: no JSON object.
    pub fn explain_body(&self, body: Option<&Body>) -> Vec<Mismatch> {
        let Some(body) = body else {
            return self
                .branches()
                .filter_map(|mut branch| branch.next())
                .map(|condition| Mismatch::new(condition, Found::NoObject))
                .collect();
        };
        if self.scope != Scope::MessageBody || self.matches_body(body) {
            return Vec::new();
        }
        let mismatch = |condition: &Condition| {
            let mut values = Vec::new();
            body::each_value(&condition.path, body, &mut |value| note(&mut values, value));
            Mismatch::new(condition, found(values))
        };
        self.branches()
            .filter_map(|branch| {
                let failing = branch.clone().find(|c| !body::satisfied(&[c], body));
                // Each holds alone: they fail only together, in elements that differ.
                failing.map(mismatch).or_else(|| branch.last().map(|c| Mismatch::new(c, Found::OtherElement)))
            })
            .collect()
    }
}

impl Mismatch {
    fn new(condition: &Condition, found: Found) -> Self {
        Self { key: condition.path.to_string(), rule: condition.source.to_string(), found }
    }
}

fn found(values: Vec<String>) -> Found {
    if values.is_empty() { Found::Nothing } else { Found::Values(values) }
}

fn note(values: &mut Vec<String>, value: Scalar<'_>) {
    const MOST: usize = 10;
    if values.len() < MOST {
        values.push(match value {
            Scalar::Str(s) => serde_json::Value::from(s).to_string(),
            Scalar::Number(Some(n)) => n.to_string(),
            Scalar::Number(None) => "a number out of range".into(),
            Scalar::Bool(b) => b.to_string(),
            Scalar::Null => "null".into(),
        });
    }
}
