//! Values of a template: functions called, references replaced, everything paid for out of a [`Budget`].

mod lists;
mod logic;
#[cfg(test)]
mod tests;
mod texts;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::budget::Budget;
use crate::dynamic::{Stored, resolved, resolved_members};
use crate::error::{Invalid, Result};
use crate::extensions::{needs_extensions, unsupported};
use crate::model::Template;
use crate::pseudo::Pseudo;
use crate::references::{Asked, Attribute, GET_ATT, attribute, unresolved};
use crate::value::{KNOWN_AFTER_APPLY, function_call, is_unknown, scalar_text, unknown};

/// A question to whoever knows the resources, by logical id, or the exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reference<'a> {
    /// What `Ref` of a resource gives.
    Resource(&'a str),
    /// An attribute of a resource.
    Attribute(&'a str, &'a str),
    /// The value of an export of another stack.
    Export(&'a str),
}

/// Everything that values are evaluated with.
pub struct Scope<'a> {
    /// The template that the values stand in.
    pub template: &'a Template,
    /// What `Ref` of each parameter gives.
    pub parameters: &'a BTreeMap<String, Value>,
    /// Whether each condition holds.
    pub conditions: &'a BTreeMap<String, bool>,
    /// What the pseudo parameters give.
    pub pseudo: &'a Pseudo,
    /// Answers references; [`KNOWN_AFTER_APPLY`] for what can't be known yet.
    pub known: &'a dyn Fn(Reference<'_>) -> Result<Value>,
    /// What dynamic references stand for; those that aren't in here stay as they are.
    pub stored: &'a Stored<'a>,
    /// Pays for all that is made.
    pub budget: &'a Budget,
}

/// AWS's error of a function.
fn error<T>(message: impl Into<String>) -> Result<T> {
    Err(Invalid::new(format!("Template error: {}", message.into())))
}

/// Like [`error`], for an argument; if it isn't known yet, the error is premature.
fn bad_argument<T>(argument: &Value, message: &str) -> Result<T> {
    let premature = is_unknown(argument);
    Err(Invalid { message: format!("Template error: {message}"), premature })
}

impl Scope<'_> {
    /// The value with every function called. `None` is `AWS::NoValue`: the member or item is as if not there.
    ///
    /// # Errors
    /// AWS's message; also that the budget is spent.
    pub fn value(&self, value: &Value) -> Result<Option<Value>> {
        let value = self.evaluate(value)?.map(|value| resolved(value, self.stored, self.budget)).transpose()?;
        value.iter().try_for_each(|value| self.budget.pay_kept(value))?;
        Ok(value)
    }

    /// The members of an object, evaluated; those without a value are dropped.
    ///
    /// # Errors
    /// Those of [`Scope::value`].
    pub fn members(&self, members: &Map<String, Value>) -> Result<Map<String, Value>> {
        let members = resolved_members(self.every(members)?, self.stored, self.budget)?;
        members.values().try_for_each(|member| self.budget.pay_kept(member))?;
        Ok(members)
    }

    /// Like [`Scope::value`], for a value that has to be there.
    ///
    /// # Errors
    /// Those of [`Scope::value`]; also if the value is `AWS::NoValue`.
    pub fn required(&self, value: &Value) -> Result<Value> {
        let value = resolved(self.needed(value)?, self.stored, self.budget)?;
        self.budget.pay_kept(&value)?;
        Ok(value)
    }

    /// Evaluates what isn't kept yet: it may be thrown away, or become part of something else.
    fn evaluate(&self, value: &Value) -> Result<Option<Value>> {
        match value {
            Value::Array(items) => Ok(Some(self.items(items)?.into())),
            Value::Object(members) => match function_call(value) {
                Some((function, argument)) => self.call(function, argument),
                None => Ok(Some(self.every(members)?.into())),
            },
            scalar => {
                self.budget.pay_whole(scalar)?;
                Ok(Some(scalar.clone()))
            }
        }
    }

    fn every(&self, members: &Map<String, Value>) -> Result<Map<String, Value>> {
        let mut evaluated = Map::new();
        for (name, member) in members {
            self.budget.pay_node(name.len())?;
            if let Some(value) = self.evaluate(member)? {
                evaluated.insert(name.clone(), value);
            }
        }
        Ok(evaluated)
    }

    fn items(&self, items: &[Value]) -> Result<Vec<Value>> {
        self.budget.pay_node(0)?;
        items.iter().filter_map(|item| self.evaluate(item).transpose()).collect()
    }

    /// Evaluates an argument that has to be there.
    fn needed(&self, value: &Value) -> Result<Value> {
        match self.evaluate(value)? {
            Some(value) => Ok(value),
            None => error("AWS::NoValue is not allowed here"),
        }
    }

    /// Asks whoever knows, and pays for the answer.
    fn told(&self, reference: Reference<'_>) -> Result<Value> {
        let value = (self.known)(reference)?;
        self.budget.pay_whole(&value)?;
        Ok(value)
    }

    /// Evaluates an argument that has to be a scalar, to its text; a value that isn't known yet gives [`KNOWN_AFTER_APPLY`].
    fn string(&self, value: &Value, complaint: &str) -> Result<String> {
        let value = self.needed(value)?;
        scalar_text(&value).map_or_else(|| bad_argument(&value, complaint), Ok)
    }

    /// Calls a function.
    fn call(&self, function: &str, argument: &Value) -> Result<Option<Value>> {
        self.budget.pay_node(0)?;
        if needs_extensions(function) && !self.template.is_extended() {
            return Err(unsupported(function));
        }
        match function {
            "Ref" => return self.reference(argument),
            "Fn::If" => return self.choose(argument),
            "Fn::GetAtt" => self.attribute(argument),
            "Fn::Sub" => self.sub(argument),
            "Fn::Join" => self.join(argument),
            "Fn::Split" => self.split(argument),
            "Fn::Select" => return self.select(argument),
            "Fn::FindInMap" => return self.find_in_map(argument),
            "Fn::Base64" => self.base64(argument),
            "Fn::Cidr" => self.cidr(argument),
            "Fn::GetAZs" => self.zones(argument),
            "Fn::ImportValue" => self.import(argument),
            "Fn::Length" => self.length(argument),
            "Fn::ToJsonString" => self.json_string(argument),
            "Fn::Equals" | "Fn::And" | "Fn::Or" | "Fn::Not" => self.logic(function, argument).map(Value::Bool),
            _ => Err(unsupported(function)),
        }
        .map(Some)
    }

    /// `Ref`
    fn reference(&self, argument: &Value) -> Result<Option<Value>> {
        let name = self.string(argument, "All References must be of type string")?;
        if name == "AWS::NoValue" { Ok(None) } else { self.named(&name).map(Some) }
    }

    /// What a name stands for: a parameter, a pseudo parameter or a resource.
    fn named(&self, name: &str) -> Result<Value> {
        if let Some(value) = self.parameters.get(name) {
            self.budget.pay_whole(value)?;
            return Ok(value.clone());
        }
        match self.pseudo.get(name) {
            Some(value) => {
                self.budget.pay_whole(&value)?;
                Ok(value)
            }
            None if self.template.resources.contains_key(name) => self.told(Reference::Resource(name)),
            None => Err(unresolved(&[name].into(), "Resources")),
        }
    }

    /// A name that a function gives.
    pub(crate) fn name(&self, value: &Value) -> Result<String> {
        self.string(value, "All References must be of type string")
    }

    /// `Fn::GetAtt`
    fn attribute(&self, argument: &Value) -> Result<Value> {
        let path;
        let asked = match attribute(argument)? {
            Asked::Computed(computed) => {
                path = Value::String(self.name(computed)?);
                attribute(&path)?
            }
            asked => asked,
        };
        let resource;
        let (resource, attribute) = match asked {
            Asked::Of(resource, attribute) => (resource, attribute),
            Asked::OfComputed(computed, attribute) => {
                resource = self.name(computed)?;
                (resource.as_str(), attribute)
            }
            Asked::Computed(_) => return Err(Invalid::new(GET_ATT)),
        };
        match attribute {
            Attribute::Named(name) => self.told(Reference::Attribute(resource, name)),
            Attribute::Computed(computed) => {
                let name = self.string(computed, "the attribute of a Fn::GetAtt must be a string")?;
                self.told(Reference::Attribute(resource, &name))
            }
        }
    }

    /// `Fn::ImportValue`
    fn import(&self, argument: &Value) -> Result<Value> {
        let name = self.string(argument, "Fn::ImportValue requires a string")?;
        if name == KNOWN_AFTER_APPLY { Ok(unknown()) } else { self.told(Reference::Export(&name)) }
    }
}
