//! Whether a filter policy lets an event through, as AWS's documentation says, and not as the embedded cloud does: a ledger that
//! judged by the cloud's own rules would find the cloud right whatever it did.
//!
//! What the documentation leaves open is [`Judged::Unsure`]: who can't judge says so. The rules are those of the developer guide of SNS:
//! "Amazon SNS subscription filter policies", "String value matching", "Numeric value matching", "Key matching", "AND/OR logic".

mod value;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use self::value::{Seen, judge_value};
use crate::event::envelope::Attribute;

/// What becomes of an event at a filter policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judged {
    Passes,
    Stopped,
    /// The documentation doesn't tell.
    Unsure,
}

impl Judged {
    /// Passes if it is so.
    fn of(passes: bool) -> Self {
        if passes { Self::Passes } else { Self::Stopped }
    }

    /// Passes where all do.
    fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self::Passes;
        for part in parts {
            match part {
                Self::Stopped => return Self::Stopped,
                Self::Unsure => all = Self::Unsure,
                Self::Passes => {}
            }
        }
        all
    }

    /// Passes where one does.
    fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut any = Self::Stopped;
        for part in parts {
            match part {
                Self::Passes => return Self::Passes,
                Self::Unsure => any = Self::Unsure,
                Self::Stopped => {}
            }
        }
        any
    }

    /// The other way round.
    fn not(self) -> Self {
        match self {
            Self::Passes => Self::Stopped,
            Self::Stopped => Self::Passes,
            Self::Unsure => Self::Unsure,
        }
    }
}

/// The words that begin a condition: an alternative of `$or` that has one of them as a key makes it an ordinary name ("AND/OR logic").
const RESERVED: [&str; 8] =
    ["anything-but", "cidr", "equals-ignore-case", "exists", "numeric", "prefix", "suffix", "wildcard"];

/// More combinations than these no policy has ("Filter policy constraints in Amazon SNS").
const MOST_WAYS: usize = 150;

/// A filter policy that was read.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    /// Its ways, of which one is to hold, each without `$or`; none if nobody can tell what they are.
    ways: Option<Vec<Map<String, Value>>>,
    /// Whether it looks at bodies, and not at attributes.
    pub of_bodies: bool,
}

impl Policy {
    /// The policy in a text, on bodies or attributes.
    ///
    /// # Errors
    /// Why it is none.
    pub(crate) fn parse(text: &str, of_bodies: bool) -> Result<Self, String> {
        match serde_json::from_str(text) {
            Ok(Value::Object(rules)) => Ok(Self { ways: ways(&rules, vec![Map::new()]), of_bodies }),
            Ok(_) => Err("the filter policy is no JSON object".into()),
            Err(why) => Err(format!("the filter policy is no JSON: {why}")),
        }
    }

    /// The names that it looks for at the outside, those of its alternatives included, each once.
    pub(crate) fn keys(&self) -> Vec<String> {
        let names = self.ways.iter().flatten().flat_map(Map::keys).cloned();
        names.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Whether a message with such attributes passes.
    pub(crate) fn judge_attributes(&self, attributes: &[Attribute]) -> Judged {
        let mut seen = Map::new();
        let mut is_clear = true;
        for attribute in attributes {
            let text = || Value::String(attribute.value.clone());
            let value = match attribute.data_type.as_ref() {
                "String" => text(),
                "Number" => match serde_json::from_str(&attribute.value) {
                    Ok(Value::Number(number)) => Value::Number(number),
                    _ => return Judged::Unsure,
                },
                "String.Array" => match serde_json::from_str(&attribute.value) {
                    Ok(Value::Array(values)) => Value::Array(values),
                    _ => return Judged::Unsure,
                },
                // It is as if it weren't there ("Filter policy constraints in Amazon SNS").
                "Binary" => continue,
                _ => {
                    is_clear = false;
                    continue;
                }
            };
            seen.insert(attribute.name.to_string(), value);
        }
        if !is_clear {
            return Judged::Unsure;
        }
        // What only attributes are that policies don't look at, isn't told.
        let holds = match (attributes.is_empty(), seen.is_empty()) {
            (true, _) => Holds::Nothing,
            (false, true) => Holds::Hollow,
            (false, false) => Holds::Something,
        };
        self.judge(&seen, Scope { nests: false, holds })
    }

    /// Whether a message with such a body passes.
    pub(crate) fn judge_body(&self, body: &str) -> Judged {
        match serde_json::from_str(body) {
            Ok(Value::Object(body)) => {
                let holds = match body.is_empty() {
                    true => Holds::Nothing,
                    false if body.values().all(is_hollow) => Holds::Hollow,
                    false => Holds::Something,
                };
                self.judge(&body, Scope { nests: true, holds })
            }
            _ => Judged::Unsure,
        }
    }

    fn judge(&self, seen: &Map<String, Value>, scope: Scope) -> Judged {
        let Some(ways) = &self.ways else { return Judged::Unsure };
        Judged::any(ways.iter().map(|rules| judge(rules, seen, scope)))
    }
}

/// Whether a value has no leaf, that is no property that a policy could ask for ("Key matching").
fn is_hollow(value: &Value) -> bool {
    match value {
        Value::Object(below) => below.values().all(is_hollow),
        Value::Array(values) => values.iter().all(is_hollow),
        _ => false,
    }
}

/// Each of the ways so far, continued by the rules: those of an `$or` lead each its own ("AND/OR logic"). Where a key is said twice, the
/// later one counts, within an `$or` and beside it: so it is with the rules of which SNS's are made (`JsonRuleCompiler`, Event Ruler).
fn ways(rules: &Map<String, Value>, so_far: Vec<Map<String, Value>>) -> Option<Vec<Map<String, Value>>> {
    let mut all = so_far;
    for (name, rule) in rules {
        let before = std::mem::take(&mut all);
        match rule {
            Value::Array(branches) if name == "$or" && is_clear_or(branches) => {
                for branch in branches {
                    all.extend(ways(branch.as_object()?, before.clone())?);
                    is_bounded(&all)?;
                }
            }
            // One that may be none; what stands beside it may not hold, either.
            _ if name == "$or" => return None,
            rule => {
                for way in before {
                    all.extend(with(way, name, rule)?);
                    is_bounded(&all)?;
                }
            }
        }
    }
    Some(all)
}

/// A way with one rule more, or as many as there are `$or`s below it; none if the key has values and keys below it.
fn with(mut way: Map<String, Value>, name: &str, rule: &Value) -> Option<Vec<Map<String, Value>>> {
    let Value::Object(below) = rule else {
        let is_other = way.insert(name.to_owned(), rule.clone()).is_some_and(|before| before.is_object());
        return (!is_other).then(|| vec![way]);
    };
    let before = match way.get(name) {
        None => Map::new(),
        Some(before) => before.as_object()?.clone(),
    };
    let with = |below| {
        let mut way = way.clone();
        way.insert(name.to_owned(), Value::Object(below));
        way
    };
    Some(ways(below, vec![before])?.into_iter().map(with).collect())
}

fn is_bounded(ways: &[Map<String, Value>]) -> Option<()> {
    (ways.len() <= MOST_WAYS).then_some(())
}

/// What a policy is held against.
#[derive(Clone, Copy)]
struct Scope {
    /// Whether keys may be nested: those of bodies.
    nests: bool,
    holds: Holds,
}

/// What a message holds in all.
#[derive(Clone, Copy)]
enum Holds {
    Nothing,
    /// Keys, but nothing that a policy could ask for.
    Hollow,
    Something,
}

/// Whether all of the rules hold.
fn judge(rules: &Map<String, Value>, seen: &Map<String, Value>, scope: Scope) -> Judged {
    Judged::all(rules.iter().map(|(name, rule)| match rule {
        Value::Array(conditions) => judge_key(conditions, seen.get(name), scope),
        Value::Object(rules) if scope.nests => judge_nested(rules, seen.get(name), scope),
        // Refused by SNS, all of it.
        _ => Judged::Unsure,
    }))
}

/// Whether there are branches of which one is to hold ("AND/OR logic").
fn is_clear_or(branches: &[Value]) -> bool {
    let is_clear = |branch: &Value| {
        let keys = branch.as_object().filter(|rules| !rules.is_empty()).map(Map::keys);
        keys.is_some_and(|mut keys| keys.all(|key| !RESERVED.contains(&key.as_str())))
    };
    branches.len() > 1 && branches.iter().all(is_clear)
}

/// Whether one of a key's conditions holds.
fn judge_key(conditions: &[Value], value: Option<&Value>, scope: Scope) -> Judged {
    let seen = match value {
        None => match scope.holds {
            Holds::Nothing => Seen::NothingAtAll,
            Holds::Hollow => Seen::NothingToAskFor,
            Holds::Something => Seen::Nothing,
        },
        // Those of attributes are flat, and of an array in an array nothing is told.
        Some(Value::Array(values)) if values.iter().any(|it| it.is_array() || it.is_object()) => return Judged::Unsure,
        Some(Value::Array(values)) => Seen::Values(values),
        // An intermediate node ("Key matching").
        Some(Value::Object(_)) => return Judged::Unsure,
        Some(value) => Seen::Values(std::slice::from_ref(value)),
    };
    Judged::any(conditions.iter().map(|condition| judge_value(condition, &seen)))
}

/// Whether the rules for what lies below a key hold.
fn judge_nested(rules: &Map<String, Value>, value: Option<&Value>, scope: Scope) -> Judged {
    match value {
        None => judge(rules, &Map::new(), scope),
        Some(Value::Object(seen)) => judge(rules, seen, scope),
        Some(Value::Array(values)) => judge_each(rules, values, scope),
        Some(_) => match judge(rules, &Map::new(), scope) {
            Judged::Stopped => Judged::Stopped,
            _ => Judged::Unsure,
        },
    }
}

/// The same where there are several. One that has all of it passes; whether each rule may be held by another of them isn't told, nor
/// what it means that something isn't there.
fn judge_each(rules: &Map<String, Value>, values: &[Value], scope: Scope) -> Judged {
    let Some(objects) = values.iter().map(Value::as_object).collect::<Option<Vec<_>>>() else { return Judged::Unsure };
    if rules.values().any(asks_for_absence) {
        return Judged::Unsure;
    }
    let together = Judged::any(objects.iter().map(|seen| judge(rules, seen, scope)));
    let apart = Judged::all(rules.iter().map(|(name, rule)| {
        let alone = Map::from_iter([(name.clone(), rule.clone())]);
        Judged::any(objects.iter().map(|seen| judge(&alone, seen, scope)))
    }));
    match (together, apart) {
        (Judged::Passes, _) => Judged::Passes,
        (_, Judged::Stopped) => Judged::Stopped,
        _ => Judged::Unsure,
    }
}

/// Whether a rule may hold for what isn't there, or for one of several whatever the others are.
fn asks_for_absence(rule: &Value) -> bool {
    match rule {
        Value::Array(conditions) => conditions.iter().any(|it| match it {
            Value::Object(condition) => condition.contains_key("anything-but") || condition.contains_key("exists"),
            Value::Array(_) => true,
            _ => false,
        }),
        Value::Object(rules) => rules.values().any(asks_for_absence),
        _ => true,
    }
}

#[cfg(test)]
mod tests;
