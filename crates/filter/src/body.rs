//! Matching a policy with a message's body.
//!
//! Keys are paths: `a.b` finds `{"a":{"b":1}}` and `{"a.b":1}` alike. Arrays offer each of their elements, but all
//! conditions that look into the same array must be met by the same element ("array consistency" in Event Ruler).

use serde_json::Value;

use super::number::Number;
use super::rule::{Condition, Scalar};
use super::{FilterPolicy, Scope};

/// A body parsed once, to be matched with the policies of many subscriptions.
#[derive(Debug, Clone)]
pub struct Body(Value);

impl Body {
    /// `None` for what is not a JSON object (or nested deeper than 127 levels), which no policy on bodies accepts.
    pub fn parse(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        value.is_object().then_some(Self(value))
    }
}

impl FilterPolicy {
    /// Whether a message with this body is delivered. Always false for a policy on attributes.
    pub fn matches_body(&self, body: &Body) -> bool {
        self.scope == Scope::MessageBody
            && self.branches().any(|branch| {
                let conditions: Vec<&Condition> = branch.collect();
                satisfied(&conditions, body)
            })
    }
}

/// Whether one choice of an element per array meets all the conditions.
pub(super) fn satisfied(conditions: &[&Condition], body: &Body) -> bool {
    let mut all = 0;
    let mut searches = Vec::with_capacity(conditions.len());
    // The limits of a policy keep its branches far below 64 conditions.
    for (i, condition) in conditions.iter().enumerate().take(64) {
        let bit = 1u64 << i;
        // Where there is nothing at all, nothing is absent ("Key matching", Amazon SNS Developer Guide).
        let is_met = condition.accepts_absence() && !any_leaf(&condition.path, body) && has_leaf(&body.0);
        if !is_met {
            all |= bit;
            searches.push(Search { bit, rest: &condition.path, condition });
        }
    }
    choices(&body.0, &searches).iter().any(|met| met & all == all)
}

/// Whether there is anything but containers.
fn has_leaf(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.values().any(has_leaf),
        Value::Array(elements) => elements.iter().any(has_leaf),
        _ => true,
    }
}

/// Whether anything but a container lies at the path.
pub(super) fn any_leaf(path: &str, body: &Body) -> bool {
    let mut found = false;
    each_leaf(&body.0, path, &mut |_| found = true);
    found
}

pub(super) fn each_value<'b>(path: &str, body: &'b Body, see: &mut dyn FnMut(Scalar<'b>)) {
    each_leaf(&body.0, path, see);
}

/// A condition on its way down: the part of its path that is still to be found.
#[derive(Clone, Copy)]
struct Search<'a> {
    bit: u64,
    rest: &'a str,
    condition: &'a Condition,
}

impl<'a> Search<'a> {
    fn below(&self, name: &str) -> Option<Self> {
        below(self.rest, name).map(|rest| Search { rest, ..*self })
    }
}

/// What is left of a path under a name it begins with; the name may have dots of its own.
fn below<'a>(path: &'a str, name: &str) -> Option<&'a str> {
    match path.strip_prefix(name)? {
        "" => (!path.is_empty()).then_some(""),
        rest => rest.strip_prefix('.').filter(|rest| !rest.is_empty()),
    }
}

/// The sets of conditions (as bits) that can be met together within a value, none a part of another. Never empty.
fn choices(value: &Value, searches: &[Search<'_>]) -> Vec<u64> {
    match value {
        Value::Object(map) => {
            let mut sets = vec![0u64];
            for (name, child) in map {
                let part: Vec<_> = searches.iter().filter_map(|s| s.below(name)).collect();
                if !part.is_empty() {
                    let below = choices(child, &part);
                    sets = largest(sets.iter().flat_map(|a| below.iter().map(move |b| a | b)).collect());
                }
            }
            sets
        }
        Value::Array(elements) => {
            // Plain elements are no choice: each of them is there whatever is chosen.
            let mut common = 0;
            let mut sets = vec![0u64];
            for element in elements {
                match scalar(element) {
                    Some(leaf) => common |= met(leaf, searches),
                    None => {
                        for set in choices(element, searches) {
                            if set != 0 && !sets.contains(&set) {
                                sets.push(set);
                            }
                        }
                        sets = if sets.len() > 64 { largest(sets) } else { sets };
                    }
                }
            }
            largest(sets.into_iter().map(|set| set | common).collect())
        }
        leaf => vec![scalar(leaf).map_or(0, |leaf| met(leaf, searches))],
    }
}

/// The conditions whose path ends here and that the value meets.
fn met(leaf: Scalar<'_>, searches: &[Search<'_>]) -> u64 {
    searches.iter().filter(|s| s.rest.is_empty() && s.condition.matches(leaf)).fold(0, |set, s| set | s.bit)
}

fn each_leaf<'b>(value: &'b Value, path: &str, see: &mut dyn FnMut(Scalar<'b>)) {
    match value {
        Value::Object(map) => {
            for (name, child) in map {
                if let Some(rest) = below(path, name) {
                    each_leaf(child, rest, see);
                }
            }
        }
        Value::Array(elements) => elements.iter().for_each(|e| each_leaf(e, path, see)),
        leaf if path.is_empty() => {
            if let Some(leaf) = scalar(leaf) {
                see(leaf);
            }
        }
        _ => {}
    }
}

fn scalar(value: &Value) -> Option<Scalar<'_>> {
    match value {
        Value::String(s) => Some(Scalar::Str(s)),
        Value::Number(n) => Some(Scalar::Number(Number::from_json(n))),
        Value::Bool(b) => Some(Scalar::Bool(*b)),
        Value::Null => Some(Scalar::Null),
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// Drops every set that another one includes.
fn largest(mut sets: Vec<u64>) -> Vec<u64> {
    if sets.len() == 1 {
        return sets;
    }
    sets.sort_unstable_by_key(|set| std::cmp::Reverse((set.count_ones(), *set)));
    sets.dedup();
    let mut kept: Vec<u64> = Vec::with_capacity(sets.len());
    for set in sets {
        if !kept.iter().any(|k| k & set == set) {
            kept.push(set);
        }
    }
    kept
}
