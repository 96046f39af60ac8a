//! The section `Rules`: what the values of the parameters have to be, one against the other ("CloudFormation template Rules
//! syntax", "Rule functions").
//!
//! `Fn::RefAll`, `Fn::ValueOf` and `Fn::ValueOfAll` ask what an account has of VPCs, subnets and the like. Nothing here knows
//! that, so a rule that needs it is refused by name.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::budget::Budget;
use crate::dynamic;
use crate::error::{Invalid, Result};
use crate::model::{Assertion, Rule, Template};
use crate::pseudo::Pseudo;
use crate::value::{function_call, scalar_text};

fn malformed<T>(rule: &str, what: impl std::fmt::Display) -> Result<T> {
    Err(Invalid::new(format!("Template format error: [/Rules/{rule}] {what}")))
}

/// Reads one member of the section.
pub(crate) fn read(name: String, value: Value) -> Result<Rule> {
    let Value::Object(members) = value else { return malformed(&name, "Any Rules member must be an object.") };
    let mut rule = Rule { name, condition: None, assertions: Vec::new() };
    for (member, value) in members {
        match (member.as_str(), value) {
            ("RuleCondition", condition) => {
                check_truth(&rule.name, &condition)?;
                rule.condition = Some(condition);
            }
            ("Assertions", Value::Array(items)) if !items.is_empty() => {
                let assertions = items.into_iter().map(|item| assertion(&rule.name, item)).collect::<Result<_>>();
                rule.assertions = assertions?;
            }
            ("Assertions", _) => return malformed(&rule.name, "Assertions must be a list of at least one assertion."),
            // AWS doesn't look at others: published templates have an AssertDescription here.
            _ => {}
        }
    }
    if rule.assertions.is_empty() {
        return malformed(&rule.name, "Every Rules object must contain an Assertions member.");
    }
    Ok(rule)
}

fn assertion(rule: &str, value: Value) -> Result<Assertion> {
    let Value::Object(mut members) = value else { return malformed(rule, "Every assertion must be an object.") };
    let Some(assert) = members.remove("Assert") else {
        return malformed(rule, "Every assertion must contain an Assert member.");
    };
    check_truth(rule, &assert)?;
    let description = match members.remove("AssertDescription") {
        None => None,
        Some(value) => match scalar_text(&value) {
            Some(text) => Some(text),
            None => return malformed(rule, "AssertDescription must be a string."),
        },
    };
    // Nor at others here: one of AWS's own solutions has an `AsertDescription`.
    Ok(Assertion { assert, description })
}

/// Checks the form of a function that gives true or false.
fn check_truth(rule: &str, value: &Value) -> Result<()> {
    let Some((function, argument)) = function_call(value) else {
        return malformed(rule, "A rule's condition and its assertions must be functions that give true or false.");
    };
    let arguments = argument.as_array().map(Vec::as_slice).unwrap_or_default();
    match (function, arguments) {
        ("Fn::And" | "Fn::Or", many) if (2..=10).contains(&many.len()) => {
            many.iter().try_for_each(|one| check_truth(rule, one))
        }
        ("Fn::Not", [one]) => check_truth(rule, one),
        ("Fn::Equals" | "Fn::Contains" | "Fn::EachMemberEquals" | "Fn::EachMemberIn", [left, right]) => {
            check_value(rule, left)?;
            check_value(rule, right)
        }
        ("Fn::And" | "Fn::Or", _) => {
            malformed(rule, format_args!("{function} requires a list of at least 2 and at most 10 boolean parameters."))
        }
        ("Fn::Not", _) => malformed(rule, "Fn::Not requires a list argument with one element"),
        ("Fn::Equals" | "Fn::Contains" | "Fn::EachMemberEquals" | "Fn::EachMemberIn", _) => {
            malformed(rule, format_args!("{function} requires a list argument with two elements"))
        }
        _ => malformed(rule, format_args!("The function {function} gives no true or false in a rule.")),
    }
}

/// Checks the form of a value: text, a list, or a function that gives one.
fn check_value(rule: &str, value: &Value) -> Result<()> {
    dynamic::refuse(value, "Rules")?;
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| check_value(rule, item)),
        Value::Object(_) => match function_call(value) {
            Some(("Ref" | "Fn::RefAll", Value::String(_))) => Ok(()),
            Some(("Fn::ValueOf" | "Fn::ValueOfAll", Value::Array(items)))
                if items.len() == 2 && items.iter().all(Value::is_string) =>
            {
                Ok(())
            }
            Some((function @ ("Ref" | "Fn::RefAll"), _)) => {
                malformed(rule, format_args!("{function} requires a string"))
            }
            Some((function @ ("Fn::ValueOf" | "Fn::ValueOfAll"), _)) => {
                malformed(rule, format_args!("{function} requires a list of two strings"))
            }
            Some((function, _)) => malformed(rule, format_args!("The function {function} can't stand in a rule.")),
            None => malformed(rule, "An object in a rule must be a function."),
        },
        _ => Ok(()),
    }
}

/// The names of parameters that a rule refers to.
pub(crate) fn names(rule: &Rule) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    let values = rule.condition.iter().chain(rule.assertions.iter().map(|assertion| &assertion.assert));
    values.for_each(|value| gather(value, &mut names));
    names
}

fn gather<'a>(value: &'a Value, names: &mut BTreeSet<&'a str>) {
    match (function_call(value), value) {
        (Some(("Ref", Value::String(name))), _) => drop(names.insert(name)),
        (_, Value::Array(items)) => items.iter().for_each(|item| gather(item, names)),
        (_, Value::Object(members)) => members.values().for_each(|member| gather(member, names)),
        _ => {}
    }
}

/// Checks the values of parameters against all rules of a template. `parameters` are what `Ref` of each gives.
///
/// # Errors
/// The first assertion that is false, with its rule; also what can't be known here.
pub fn check(template: &Template, parameters: &BTreeMap<String, Value>, pseudo: &Pseudo) -> Result<()> {
    let facts = Facts { parameters, pseudo, budget: Budget::default() };
    for rule in &template.rules {
        if let Some(condition) = &rule.condition
            && !facts.truth(&rule.name, condition)?
        {
            continue;
        }
        for (index, assertion) in rule.assertions.iter().enumerate() {
            if !facts.truth(&rule.name, &assertion.assert)? {
                let why = match &assertion.description {
                    Some(description) => description.clone(),
                    None => format!("its assertion {} is false", index + 1),
                };
                return Err(Invalid::new(format!("Template validation error: Rule {} failed: {why}", rule.name)));
            }
        }
    }
    Ok(())
}

/// What rules are evaluated with.
struct Facts<'a> {
    parameters: &'a BTreeMap<String, Value>,
    pseudo: &'a Pseudo,
    budget: Budget,
}

impl Facts<'_> {
    fn truth(&self, rule: &str, value: &Value) -> Result<bool> {
        self.budget.pay_node(0)?;
        let Some((function, argument)) = function_call(value) else { return malformed(rule, "not a function") };
        let arguments = argument.as_array().map(Vec::as_slice).unwrap_or_default();
        let value = |index: usize| arguments.get(index).map_or(Ok(Value::Null), |value| self.value(rule, value));
        match function {
            "Fn::And" => {
                for one in arguments {
                    if !self.truth(rule, one)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            "Fn::Or" => {
                for one in arguments {
                    if self.truth(rule, one)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            "Fn::Not" => arguments.first().map_or(Ok(true), |one| self.truth(rule, one)).map(|truth| !truth),
            "Fn::Equals" => Ok(plain(value(0)?) == plain(value(1)?)),
            "Fn::Contains" => Ok(self.list(value(0)?).contains(&self.text(value(1)?))),
            "Fn::EachMemberEquals" => {
                let wanted = self.text(value(1)?);
                Ok(self.list(value(0)?).iter().all(|one| *one == wanted))
            }
            "Fn::EachMemberIn" => {
                let allowed = self.list(value(1)?);
                Ok(self.list(value(0)?).is_subset(&allowed))
            }
            other => malformed(rule, format_args!("The function {other} gives no true or false in a rule.")),
        }
    }

    /// A value with its functions called.
    fn value(&self, rule: &str, value: &Value) -> Result<Value> {
        match (function_call(value), value) {
            (Some(("Ref", Value::String(name))), _) => {
                let found = self.parameters.get(name).cloned().or_else(|| self.pseudo.get(name));
                let found = found.ok_or_else(|| unresolved(&[name.as_str()].into()))?;
                self.budget.pay_whole(&found)?;
                Ok(found)
            }
            (Some((function, argument)), _) => {
                let argument = self.budget.json(argument)?;
                malformed(
                    rule,
                    format_args!(
                        "{function} of {argument} asks for what the account has of AWS's resources, which this cloud doesn't know. Take the rule out, or make its RuleCondition false."
                    ),
                )
            }
            (None, Value::Array(items)) => {
                self.budget.pay_node(0)?;
                items.iter().map(|item| self.value(rule, item)).collect::<Result<Vec<_>>>().map(Value::Array)
            }
            (None, Value::Object(members)) => Ok(Value::Object(Map::clone(members))),
            (None, scalar) => {
                self.budget.pay_whole(scalar)?;
                Ok(scalar.clone())
            }
        }
    }

    /// The texts of a list, and of lists in it; of a text, that one.
    fn list(&self, value: Value) -> BTreeSet<String> {
        match value {
            Value::Array(items) => items.into_iter().flat_map(|item| self.list(item)).collect(),
            other => [self.text(other)].into(),
        }
    }

    fn text(&self, value: Value) -> String {
        scalar_text(&value).unwrap_or_else(|| value.to_string())
    }
}

/// A value with its scalars as texts, which is how they compare.
fn plain(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(plain).collect(),
        other => scalar_text(&other).map_or(other, Value::String),
    }
}

/// The error for names that no parameter has.
pub(crate) fn unresolved(names: &BTreeSet<&str>) -> Invalid {
    let names: Vec<&str> = names.iter().copied().collect();
    Invalid::new(format!(
        "Template format error: Unresolved dependencies [{}]. Cannot reference resources in the Rules block of the template",
        names.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn judged(rules: &str) -> std::result::Result<(), String> {
        let text = format!(
            "Parameters: {{Env: {{Type: String}}, Size: {{Type: String}}, Zones: {{Type: CommaDelimitedList}}}}\nResources: {{R: {{Type: X}}}}\nRules: {rules}"
        );
        let template = Template::read(&text).map_err(|invalid| invalid.message)?;
        let parameters = BTreeMap::from([
            ("Env".to_owned(), json!("test")),
            ("Size".to_owned(), json!("5")),
            ("Zones".to_owned(), json!(["a", "b"])),
        ]);
        let pseudo = Pseudo { region: "us-east-1".into(), ..Pseudo::default() };
        check(&template, &parameters, &pseudo).map_err(|invalid| invalid.message)
    }

    #[test]
    fn assertions_hold_or_are_named() {
        let holds = [
            "{Fn::Contains: [[small, test], !Ref Env]}",
            "{Fn::Equals: [!Ref Size, 5]}",
            "{Fn::Equals: [!Ref 'AWS::Region', us-east-1]}",
            "{Fn::EachMemberIn: [!Ref Zones, [a, b, c]]}",
            "{Fn::EachMemberEquals: [[!Ref Env, test], test]}",
            "{Fn::And: [{Fn::Not: [{Fn::Contains: [!Ref Zones, c]}]}, {Fn::Or: [{Fn::Equals: [1, 2]}, {Fn::Equals: [x, x]}]}]}",
            "!Not [!Contains [['1', '2'], !Ref Size]]",
        ];
        for assert in holds {
            assert_eq!(judged(&format!("{{A: {{Assertions: [{{Assert: {assert}}}]}}}}")), Ok(()), "{assert}");
            let not = format!("{{A: {{Assertions: [{{Assert: {{Fn::Not: [{assert}]}}, AssertDescription: so}}]}}}}");
            assert_eq!(judged(&not), Err("Template validation error: Rule A failed: so".into()), "{assert}");
        }
    }

    /// Every app of the CDK has this rule.
    #[test]
    fn a_rule_counts_only_where_its_condition_holds() {
        let rule = |condition: &str| {
            format!("{{A: {{RuleCondition: {condition}, Assertions: [{{Assert: !Equals [a, b]}}]}}}}")
        };
        assert_eq!(judged(&rule("!Equals [!Ref Env, prod]")), Ok(()));
        let failed = "Template validation error: Rule A failed: its assertion 1 is false";
        assert_eq!(judged(&rule("!Equals [!Ref Env, test]")), Err(failed.into()));
        let unknown = "{A: {Assertions: [{Assert: {Fn::Contains: [{'Fn::RefAll': 'AWS::EC2::VPC::Id'}, x]}}]}}";
        assert!(
            judged(unknown).unwrap_err().contains("Fn::RefAll of \"AWS::EC2::VPC::Id\" asks for what the account has")
        );
        let value = "{A: {RuleCondition: !Equals [a, b], Assertions: [{Assert: {Fn::EachMemberEquals: [{'Fn::ValueOf': [Zones, VpcId]}, x]}}]}}";
        assert_eq!(judged(value), Ok(()));
    }

    #[test]
    fn what_aws_does_not_look_at_is_let_be() {
        let rule = "{A: {AssertDescription: x, Assertions: [{AsertDescription: y, Assert: !Equals [a, a]}]}}";
        assert_eq!(judged(rule), Ok(()));
    }

    #[test]
    fn malformed_rules_are_refused() {
        let cases = [
            ("{A: {}}", "Every Rules object must contain an Assertions member."),
            ("{A: {Assertions: []}}", "Assertions must be a list of at least one assertion."),
            ("{A: {Assertions: [{AssertDescription: x}]}}", "Every assertion must contain an Assert member."),
            ("{A: {Assertions: [{Assert: true}]}}", "must be functions that give true or false"),
            ("{A: {Assertions: [{Assert: !Equals [a]}]}}", "Fn::Equals requires a list argument with two elements"),
            ("{A: {Assertions: [{Assert: !And [!Equals [a, a]]}]}}", "Fn::And requires a list of at least 2"),
            ("{A: {Assertions: [{Assert: !Equals [a, !If [C, a, b]]}]}}", "The function Fn::If can't stand in a rule."),
            ("{A: {Assertions: [{Assert: !Ref Env}]}}", "The function Ref gives no true or false in a rule."),
            ("{A: {Assertions: [{Assert: !Equals [!Ref R, a]}]}}", "Unresolved dependencies [R]"),
            ("{a-b: {Assertions: [{Assert: !Equals [a, a]}]}}", "Rules name 'a-b' is non alphanumeric."),
        ];
        for (rules, expected) in cases {
            let found = judged(rules).unwrap_err();
            assert!(found.contains(expected), "{rules}: {found}");
        }
    }
}
