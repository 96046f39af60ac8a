//! Whether a filter policy lets an event through, as AWS's documentation says, and not as the embedded cloud does: a ledger that
//! judged by the cloud's own rules would find the cloud right whatever it did.
//!
//! What the documentation leaves open is [`Judged::Unsure`]: who can't judge says so. The rules are those of the developer guide of SNS:
//! "Amazon SNS subscription filter policies", "String value matching", "Numeric value matching", "Key matching", "AND/OR logic".

mod value;

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

/// A filter policy that was read.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    rules: Map<String, Value>,
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
            Ok(Value::Object(rules)) => Ok(Self { rules, of_bodies }),
            Ok(_) => Err("the filter policy is no JSON object".into()),
            Err(why) => Err(format!("the filter policy is no JSON: {why}")),
        }
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
        judge(&self.rules, &seen, Scope { nests: false, is_empty: attributes.is_empty() })
    }

    /// Whether a message with such a body passes.
    pub(crate) fn judge_body(&self, body: &str) -> Judged {
        match serde_json::from_str(body) {
            Ok(Value::Object(body)) => judge(&self.rules, &body, Scope { nests: true, is_empty: body.is_empty() }),
            _ => Judged::Unsure,
        }
    }
}

/// What a policy is held against.
#[derive(Clone, Copy)]
struct Scope {
    /// Whether keys may be nested: those of bodies.
    nests: bool,
    /// Whether there is nothing at all.
    is_empty: bool,
}

/// Whether all of the rules hold.
fn judge(rules: &Map<String, Value>, seen: &Map<String, Value>, scope: Scope) -> Judged {
    // A policy with an "$or" that may be none, or that repeats a key, isn't judged at all: what stands beside it may not hold, either.
    if let Some(or) = rules.get("$or") {
        let is_or = or.as_array().is_some_and(|branches| is_clear_or(branches, rules));
        if !is_or {
            return Judged::Unsure;
        }
    }
    Judged::all(rules.iter().map(|(name, rule)| match rule {
        Value::Array(branches) if name == "$or" => {
            Judged::any(branches.iter().filter_map(Value::as_object).map(|rules| judge(rules, seen, scope)))
        }
        Value::Array(conditions) => judge_key(conditions, seen.get(name), scope),
        Value::Object(rules) if scope.nests => judge_nested(rules, seen.get(name), scope),
        // Refused by SNS, all of it.
        _ => Judged::Unsure,
    }))
}

/// Whether there are branches of which one is to hold ("AND/OR logic"), and of other keys than stand beside them.
fn is_clear_or(branches: &[Value], beside: &Map<String, Value>) -> bool {
    let is_clear = |branch: &Value| {
        let keys = branch.as_object().filter(|rules| !rules.is_empty()).map(Map::keys);
        keys.is_some_and(|mut keys| keys.all(|key| !RESERVED.contains(&key.as_str()) && !beside.contains_key(key)))
    };
    branches.len() > 1 && branches.iter().all(is_clear)
}

/// Whether one of a key's conditions holds.
fn judge_key(conditions: &[Value], value: Option<&Value>, scope: Scope) -> Judged {
    let seen = match value {
        None if scope.is_empty => Seen::NothingAtAll,
        None => Seen::Nothing,
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
    let below = Scope { is_empty: false, ..scope };
    match value {
        None => judge(rules, &Map::new(), below),
        Some(Value::Object(seen)) => judge(rules, seen, below),
        Some(Value::Array(values)) => judge_each(rules, values, below),
        Some(_) => match judge(rules, &Map::new(), below) {
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
