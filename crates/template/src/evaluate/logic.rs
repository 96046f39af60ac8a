//! Conditions: what they say, and what depends on them.

use serde_json::{Map, Value};

use super::{Scope, error};
use crate::error::{Invalid, Result};
use crate::value::{function_call, scalar_text};

const LOGIC: &str = "object requires a list of at least 2 and at most 10 boolean parameters.";

impl Scope<'_> {
    /// `Fn::If`
    pub(super) fn choose(&self, argument: &Value) -> Result<Option<Value>> {
        let Some([Value::String(name), then, otherwise]) = argument.as_array().map(Vec::as_slice) else {
            return error("Fn::If requires a list argument with three elements");
        };
        self.evaluate(if self.condition(name, "Fn::If")? { then } else { otherwise })
    }

    /// Whether a condition holds; `function` names it.
    fn condition(&self, name: &str, function: &str) -> Result<bool> {
        match self.conditions.get(name) {
            Some(holds) => Ok(*holds),
            None => error(format!("unresolved condition dependency {name} in {function}")),
        }
    }

    /// Evaluates a condition: one of the functions that give true or false, or the name of another condition.
    pub(crate) fn truth(&self, value: &Value) -> Result<bool> {
        self.budget.pay_node(0)?;
        if let (Some(1), Some(Value::String(name))) = (value.as_object().map(Map::len), value.get("Condition")) {
            return self.condition(name, "Condition");
        }
        match function_call(value) {
            Some((function @ ("Fn::Equals" | "Fn::And" | "Fn::Or" | "Fn::Not"), argument)) => {
                self.logic(function, argument)
            }
            _ => Err(Invalid::new(
                "Template format error: Conditions can only be boolean operations on parameters and other conditions",
            )),
        }
    }

    /// `Fn::Equals`, `Fn::Not`, `Fn::And` or `Fn::Or`
    pub(super) fn logic(&self, function: &str, argument: &Value) -> Result<bool> {
        let arguments = argument.as_array().map(Vec::as_slice).unwrap_or_default();
        match (function, arguments) {
            ("Fn::Equals", [left, right]) => {
                let [left, right] = [self.needed(left)?, self.needed(right)?];
                match (scalar_text(&left), scalar_text(&right)) {
                    (Some(left), Some(right)) => Ok(left == right),
                    _ => error("every Fn::Equals object requires a list of 2 string parameters."),
                }
            }
            ("Fn::Equals", _) => error("Fn::Equals requires a list argument with two elements"),
            ("Fn::Not", [one]) => self.truth(one).map(|truth| !truth),
            ("Fn::Not", _) => error("Fn::Not requires a list argument with one element"),
            (_, many) if !(2..=10).contains(&many.len()) => error(format!("every {function} {LOGIC}")),
            (_, many) => {
                let truths = many.iter().map(|one| self.truth(one)).collect::<Result<Vec<bool>>>()?;
                Ok(if function == "Fn::And" { truths.iter().all(|t| *t) } else { truths.iter().any(|t| *t) })
            }
        }
    }
}
