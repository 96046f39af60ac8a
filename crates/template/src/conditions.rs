//! The section `Conditions`: which conditions hold.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::budget::Budget;
use crate::error::{Invalid, Result};
use crate::evaluate::{Reference, Scope};
use crate::graph::{self, Needs};
use crate::model::Template;
use crate::pseudo::Pseudo;
use crate::references::{Found, walk};

/// Evaluates the conditions of a template, each after those that it is made of. `parameters` are what `Ref` of each gives.
///
/// # Errors
/// AWS's message: for a circle of conditions, or one that can't be evaluated.
pub fn evaluate(
    template: &Template,
    parameters: &BTreeMap<String, Value>,
    pseudo: &Pseudo,
) -> Result<BTreeMap<String, bool>> {
    let mut needs = Needs::new();
    for (name, condition) in &template.conditions {
        let own = needs.entry(name.clone()).or_default();
        walk(condition, None, &mut |found| {
            if let Found::Condition(other, _) = found {
                own.insert(other.to_owned());
            }
        })?;
    }
    let levels = graph::levels(&needs).map_err(|circle| {
        Invalid::new(format!("Template format error: Circular dependency between conditions: [{}]", circle.join(", ")))
    })?;
    let known = |_: Reference<'_>| {
        Err(Invalid::new("Template error: conditions can only refer to parameters, mappings and other conditions"))
    };
    let mut conditions = BTreeMap::new();
    let budget = Budget::default();
    for name in levels.into_iter().flatten() {
        let scope = Scope {
            template,
            parameters,
            conditions: &conditions,
            pseudo,
            known: &known,
            stored: &|_| None,
            budget: &budget,
        };
        let holds = scope.truth(&template.conditions[name])?;
        conditions.insert(name.to_owned(), holds);
    }
    Ok(conditions)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hold(conditions: &str) -> Result<BTreeMap<String, bool>> {
        let text = format!(
            "Parameters: {{Env: {{Type: String}}}}\nResources: {{R: {{Type: X}}}}\nMappings: {{M: {{dev: {{Up: yes}}}}}}\nConditions: {conditions}"
        );
        let template = Template::read(&text)?;
        let parameters = BTreeMap::from([("Env".to_owned(), Value::from("dev"))]);
        evaluate(&template, &parameters, &Pseudo::default())
    }

    #[test]
    fn each_after_what_it_is_made_of() {
        let found = hold(
            "{A: !Not [!Condition B], B: !Equals [!Ref Env, dev], C: !And [!Condition B, !Condition A], D: !Or [!Condition B, !Condition C], E: !Equals [!FindInMap [M, !Ref Env, Up], 'true'], F: !Equals [!If [B, 1, 2], '1']}",
        )
        .unwrap();
        let expected = [("A", false), ("B", true), ("C", false), ("D", true), ("E", true), ("F", true)];
        assert_eq!(found, expected.map(|(name, holds)| (name.to_owned(), holds)).into());
    }

    #[test]
    fn errors() {
        let cases = [
            (
                "{A: !Not [!Condition B], B: !Not [!Condition A]}",
                "Template format error: Circular dependency between conditions: [A, B]",
            ),
            (
                "{A: !And [!Equals [a, a]]}",
                "Template error: every Fn::And object requires a list of at least 2 and at most 10 boolean parameters.",
            ),
            ("{A: !Equals [a]}", "Template error: Fn::Equals requires a list argument with two elements"),
            (
                "{A: yes}",
                "Template format error: Conditions can only be boolean operations on parameters and other conditions",
            ),
            (
                "{A: !Ref Env}",
                "Template format error: Conditions can only be boolean operations on parameters and other conditions",
            ),
        ];
        for (conditions, expected) in cases {
            assert_eq!(hold(conditions).unwrap_err().message, expected);
        }
    }
}
