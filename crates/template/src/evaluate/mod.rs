//! Values of a template: functions called, references replaced, everything paid for out of a [`Budget`].

mod lists;
mod logic;
#[cfg(test)]
mod tests;
mod texts;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::budget::Budget;
use crate::error::{Invalid, Result};
use crate::extensions::needs_extensions;
use crate::model::Template;
use crate::pseudo::Pseudo;
use crate::references::{Attribute, attribute, unresolved};
use crate::value::{KNOWN_AFTER_APPLY, function_call, is_unknown, scalar_text, unknown};

/// A question to whoever knows the resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reference<'a> {
    /// What `Ref` of a resource gives.
    Resource(&'a str),
    /// An attribute of a resource.
    Attribute(&'a str, &'a str),
    /// The value of an export of another stack.
    Export(&'a str),
}

/// All that values are resolved with.
pub struct Scope<'a> {
    pub template: &'a Template,
    /// What `Ref` of each parameter gives.
    pub parameters: &'a BTreeMap<String, Value>,
    pub conditions: &'a BTreeMap<String, bool>,
    pub pseudo: &'a Pseudo,
    /// Answers references; [`KNOWN_AFTER_APPLY`] for what can't be known yet.
    pub known: &'a dyn Fn(Reference<'_>) -> Result<Value>,
    /// Pays for all that is made.
    pub budget: &'a Budget,
}

fn error<T>(message: impl Into<String>) -> Result<T> {
    Err(Invalid::new(format!("Template error: {}", message.into())))
}

/// Like [`error`], for an argument; one that is unknown yet makes the error premature.
fn bad_argument<T>(argument: &Value, message: &str) -> Result<T> {
    let premature = is_unknown(argument);
    Err(Invalid { message: format!("Template error: {message}"), premature })
}

impl Scope<'_> {
    /// The value with every function called. `None` is `AWS::NoValue`: the member or item is as if not there.
    pub fn value(&self, value: &Value) -> Result<Option<Value>> {
        let value = self.evaluate(value)?;
        value.iter().try_for_each(|value| self.budget.keep(value))?;
        Ok(value)
    }

    /// The members of an object, those without a value dropped.
    pub fn members(&self, members: &Map<String, Value>) -> Result<Map<String, Value>> {
        let members = self.every(members)?;
        members.values().try_for_each(|member| self.budget.keep(member))?;
        Ok(members)
    }

    /// The value, which has to be there.
    pub fn required(&self, value: &Value) -> Result<Value> {
        let value = self.needed(value)?;
        self.budget.keep(&value)?;
        Ok(value)
    }

    fn evaluate(&self, value: &Value) -> Result<Option<Value>> {
        match value {
            Value::Array(items) => Ok(Some(self.items(items)?.into())),
            Value::Object(members) => match function_call(value) {
                Some((function, argument)) => self.call(function, argument),
                None => Ok(Some(self.every(members)?.into())),
            },
            scalar => {
                self.budget.whole(scalar)?;
                Ok(Some(scalar.clone()))
            }
        }
    }

    fn every(&self, members: &Map<String, Value>) -> Result<Map<String, Value>> {
        let mut evaluated = Map::new();
        for (name, member) in members {
            self.budget.node(name.len())?;
            if let Some(value) = self.evaluate(member)? {
                evaluated.insert(name.clone(), value);
            }
        }
        Ok(evaluated)
    }

    fn items(&self, items: &[Value]) -> Result<Vec<Value>> {
        self.budget.node(0)?;
        items.iter().filter_map(|item| self.evaluate(item).transpose()).collect()
    }

    fn needed(&self, value: &Value) -> Result<Value> {
        match self.evaluate(value)? {
            Some(value) => Ok(value),
            None => error("AWS::NoValue is not allowed here"),
        }
    }

    /// What somebody else knows, paid for.
    fn told(&self, reference: Reference<'_>) -> Result<Value> {
        let value = (self.known)(reference)?;
        self.budget.whole(&value)?;
        Ok(value)
    }

    /// Text of a scalar; the unknown stays what it is.
    fn string(&self, value: &Value, complaint: &str) -> Result<String> {
        let value = self.needed(value)?;
        scalar_text(&value).map_or_else(|| bad_argument(&value, complaint), Ok)
    }

    fn call(&self, function: &str, argument: &Value) -> Result<Option<Value>> {
        self.budget.node(0)?;
        if needs_extensions(function) && !self.template.is_extended() {
            return error(format!("{function} requires the transform AWS::LanguageExtensions"));
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
            _ => error(format!("the function {function} is not supported here")),
        }
        .map(Some)
    }

    fn reference(&self, argument: &Value) -> Result<Option<Value>> {
        let name = self.string(argument, "All References must be of type string")?;
        if name == "AWS::NoValue" { Ok(None) } else { self.named(&name).map(Some) }
    }

    fn named(&self, name: &str) -> Result<Value> {
        if let Some(value) = self.parameters.get(name) {
            self.budget.whole(value)?;
            return Ok(value.clone());
        }
        match self.pseudo.get(name) {
            Some(value) => {
                self.budget.whole(&value)?;
                Ok(value)
            }
            None if self.template.resources.contains_key(name) => self.told(Reference::Resource(name)),
            None => Err(unresolved(&[name].into(), "Resources")),
        }
    }

    fn attribute(&self, argument: &Value) -> Result<Value> {
        match attribute(argument)? {
            (resource, Attribute::Named(name)) => self.told(Reference::Attribute(resource, name)),
            (resource, Attribute::Computed(computed)) => {
                let name = self.string(computed, "the attribute of a Fn::GetAtt must be a string")?;
                self.told(Reference::Attribute(resource, &name))
            }
        }
    }

    fn import(&self, argument: &Value) -> Result<Value> {
        let name = self.string(argument, "Fn::ImportValue requires a string")?;
        if name == KNOWN_AFTER_APPLY { Ok(unknown()) } else { self.told(Reference::Export(&name)) }
    }
}
