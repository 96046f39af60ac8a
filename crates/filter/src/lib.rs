//! SNS subscription filter policies: parsed as AWS validates them, compiled, and matched.
//!
//! The language is that of AWS's open rule engine (Event Ruler); the limits are SNS's ("Filter policy constraints in
//! Amazon SNS"). A policy is a set of branches, each a list of conditions of which all must hold: `$or` makes branches.

mod anything_but;
mod attributes;
mod body;
mod cidr;
mod compile;
mod explain;
mod number;
mod rule;
mod syntax;
mod tokens;
mod wildcard;

pub use attributes::Attribute;
pub use body::Body;
pub use explain::{Checked, Found, Mismatch};

use compile::{Compiled, MAX_COMBINATIONS, MAX_KEYS};
use rule::Condition;

/// A policy is at most 256 KB ("Filter policy constraints in Amazon SNS").
const MAX_BYTES: usize = 256 * 1024;

/// What the policy is matched against: the subscription's attribute `FilterPolicyScope`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scope {
    /// The message's attributes.
    #[default]
    MessageAttributes,
    /// The message itself, which is JSON then.
    MessageBody,
}

/// What is wrong with a policy that is nested, in the scope of attributes.
pub const NO_NESTING: &str = "Filter policy scope MessageAttributes does not support nested filter policy";

/// What is wrong with a text that is no JSON, in the words of the parser that SNS uses for all of its policies; `None` if nothing is.
pub fn json_error(text: &str) -> Option<String> {
    syntax::error(text)
}

/// Whether a text is a number to SNS: decimal, and finite.
pub fn is_number(text: &str) -> bool {
    number::Number::parse(text).is_some()
}

/// Why a policy is refused. SNS puts `Invalid parameter: FilterPolicy: ` before it
/// (`Invalid parameter: Attributes Reason: FilterPolicy: ` in Subscribe).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FilterError {
    /// SNS's words.
    pub message: String,
}

/// A compiled policy.
#[derive(Debug, Clone)]
pub struct FilterPolicy {
    scope: Scope,
    conditions: Vec<Condition>,
    /// Each branch as indexes of `conditions`.
    branches: Vec<Box<[usize]>>,
}

impl FilterPolicy {
    /// Validates and compiles. An empty object matches everything.
    pub fn parse(json: &str, scope: Scope) -> Result<Self, FilterError> {
        Self::compile(json, scope).map_err(|message| FilterError { message })
    }

    fn compile(json: &str, scope: Scope) -> Result<Self, String> {
        if json.len() > MAX_BYTES {
            return Err("Filter policy is too large".into());
        }
        if let Some(error) = syntax::error(json) {
            return Err(format!("failed to parse JSON. {error}"));
        }
        // AWS ignores what follows the first value.
        let first = serde_json::Deserializer::from_str(json).into_iter::<serde_json::Value>().next();
        let value = match first {
            Some(Ok(value)) => value,
            Some(Err(e)) => return Err(format!("failed to parse JSON. {e}")),
            None => return Err("failed to parse JSON. No content to map due to end-of-input".into()),
        };
        if value.as_object().is_some_and(|o| o.is_empty()) {
            return Ok(Self { scope, conditions: Vec::new(), branches: vec![Box::default()] });
        }
        let compiled = compile::compile(&value.to_string())?;
        check_limits(&compiled, scope)?;
        let branches = compiled.branches.into_iter().map(|b| b.conditions.into()).collect();
        Ok(Self { scope, conditions: compiled.conditions, branches })
    }

    /// What the policy is matched against.
    pub fn scope(&self) -> Scope {
        self.scope
    }

    fn branches(&self) -> impl Iterator<Item = impl Iterator<Item = &Condition> + Clone> {
        self.branches.iter().map(|branch| branch.iter().filter_map(|i| self.conditions.get(*i)))
    }
}

fn check_limits(compiled: &Compiled, scope: Scope) -> Result<(), String> {
    let tops = |branch: &compile::Branch| {
        let mut tops: Vec<_> = branch.conditions.iter().map(|c| compiled.tops[*c]).collect();
        tops.sort_unstable();
        tops.dedup();
        tops.len()
    };
    if compiled.root_keys > MAX_KEYS || compiled.branches.iter().any(|b| tops(b) > MAX_KEYS) {
        return Err(format!("Filter policy can not have more than {MAX_KEYS} keys"));
    }
    if scope == Scope::MessageAttributes && compiled.depths.iter().any(|depth| *depth > 1) {
        return Err(NO_NESTING.into());
    }
    // A key's values count once for each level that the key is nested.
    let combinations = compiled.branches.iter().fold(0usize, |sum, branch| {
        let product = branch.conditions.iter().fold(1usize, |product, c| {
            product.saturating_mul(compiled.conditions[*c].patterns.len()).saturating_mul(compiled.depths[*c])
        });
        sum.saturating_add(product)
    });
    if compiled.overflow || combinations > MAX_COMBINATIONS {
        return Err("Filter policy is too complex".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
