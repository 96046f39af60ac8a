//! Values of a template: functions called, references replaced.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine;
use serde_json::{Map, Value};

use crate::budget::Budget;
use crate::references::{Attribute, Piece, attribute, needs_extensions, no_dynamic_reference, pieces, sub_arguments};
use crate::{Invalid, Result, Template, call, network, text};

/// Stands in for a value that is known only after a resource exists; change sets show it ("DescribeChangeSet").
pub const KNOWN_AFTER_APPLY: &str = "{{changeSet:KNOWN_AFTER_APPLY}}";

/// Where a stack is, and what it is called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pseudo {
    pub region: String,
    pub account: String,
    pub stack_name: String,
    pub stack_id: String,
    pub notification_arns: Vec<String>,
}

impl Pseudo {
    /// `aws`, `aws-cn` or `aws-us-gov`.
    pub fn partition(&self) -> &'static str {
        match self.region.as_str() {
            region if region.starts_with("cn-") => "aws-cn",
            region if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        }
    }

    fn get(&self, name: &str) -> Option<Value> {
        Some(match name {
            "AWS::AccountId" => self.account.as_str().into(),
            "AWS::NotificationARNs" => self.notification_arns.iter().map(String::as_str).collect(),
            "AWS::Partition" => self.partition().into(),
            "AWS::Region" => self.region.as_str().into(),
            "AWS::StackId" => self.stack_id.as_str().into(),
            "AWS::StackName" => self.stack_name.as_str().into(),
            "AWS::URLSuffix" if self.partition() == "aws-cn" => "amazonaws.com.cn".into(),
            "AWS::URLSuffix" => "amazonaws.com".into(),
            _ => return None,
        })
    }
}

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

/// Whether a value is known only after a resource exists.
pub fn is_unknown(value: &Value) -> bool {
    value.as_str() == Some(KNOWN_AFTER_APPLY)
}

fn unknown() -> Value {
    Value::String(KNOWN_AFTER_APPLY.to_owned())
}

const JOIN: &str = "every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined.";
const SPLIT: &str = "every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split or a function that returns a string to be split.";
const SELECT: &str = "Fn::Select requires a list argument with two elements: an integer index and a list";
const FIND: &str =
    "every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for return value";
const LOGIC: &str = "object requires a list of at least 2 and at most 10 boolean parameters.";

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
            Value::Object(members) => match call(value) {
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
        text(&value).map_or_else(|| bad_argument(&value, complaint), Ok)
    }

    fn call(&self, function: &str, argument: &Value) -> Result<Option<Value>> {
        self.budget.node(0)?;
        if needs_extensions(function) && !self.template.extended() {
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
            "Fn::Base64" => {
                let plain = self.string(argument, "every Fn::Base64 object must have a String-typed value.")?;
                if plain == KNOWN_AFTER_APPLY {
                    return Ok(Some(unknown()));
                }
                self.budget.work(2 * plain.len())?;
                Ok(base64::engine::general_purpose::STANDARD.encode(plain).into())
            }
            "Fn::Cidr" => self.cidr(argument),
            "Fn::GetAZs" => {
                let region = self.string(argument, "Fn::GetAZs requires a region or an empty string")?;
                let region = if region.is_empty() { &self.pseudo.region } else { &region };
                Ok(network::zones(region).into())
            }
            "Fn::ImportValue" => {
                let name = self.string(argument, "Fn::ImportValue requires a string")?;
                if name == KNOWN_AFTER_APPLY { Ok(unknown()) } else { self.told(Reference::Export(&name)) }
            }
            "Fn::Length" => match self.needed(argument)? {
                Value::Array(items) => Ok(items.len().into()),
                other if is_unknown(&other) => Ok(unknown()),
                _ => error("Fn::Length requires a list"),
            },
            "Fn::ToJsonString" => match self.needed(argument)? {
                value @ (Value::Array(_) | Value::Object(_)) => self.budget.json(&value).map(Value::String),
                other if is_unknown(&other) => Ok(unknown()),
                _ => error("Fn::ToJsonString requires an object or a list"),
            },
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
            None => Err(crate::references::unresolved(&[name].into(), "Resources")),
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

    fn choose(&self, argument: &Value) -> Result<Option<Value>> {
        let Some([Value::String(name), then, otherwise]) = argument.as_array().map(Vec::as_slice) else {
            return error("Fn::If requires a list argument with three elements");
        };
        self.evaluate(if self.condition(name, "Fn::If")? { then } else { otherwise })
    }

    fn condition(&self, name: &str, function: &str) -> Result<bool> {
        match self.conditions.get(name) {
            Some(holds) => Ok(*holds),
            None => error(format!("unresolved condition dependency {name} in {function}")),
        }
    }

    fn sub(&self, argument: &Value) -> Result<Value> {
        let (template, locals) = sub_arguments(argument)?;
        let mut result = String::new();
        // Each worked out once, however often it stands in the text.
        let mut values: BTreeMap<&str, String> = BTreeMap::new();
        for piece in pieces(template)? {
            let name = match piece {
                Piece::Text(text) => {
                    self.budget.grow(&mut result, text)?;
                    continue;
                }
                Piece::Literal(name) => {
                    for part in ["${", name, "}"] {
                        self.budget.grow(&mut result, part)?;
                    }
                    continue;
                }
                Piece::Variable(name) => name,
            };
            if !values.contains_key(name) {
                let value = self.variable(name, locals)?;
                if is_unknown(&value) {
                    return Ok(value);
                }
                let Some(text) = text(&value) else { return error("Fn::Sub expressions must resolve to a string") };
                values.insert(name, text);
            }
            self.budget.grow(&mut result, &values[name])?;
        }
        no_dynamic_reference(&result)?;
        Ok(result.into())
    }

    /// What a variable of a `Fn::Sub` stands for.
    fn variable(&self, name: &str, locals: Option<&Map<String, Value>>) -> Result<Value> {
        match (locals.and_then(|locals| locals.get(name)), name.split_once('.')) {
            (Some(local), _) => self.needed(local),
            (None, Some((resource, attribute))) => self.told(Reference::Attribute(resource, attribute)),
            (None, None) => self.named(name),
        }
    }

    fn join(&self, argument: &Value) -> Result<Value> {
        let Some([delimiter, list]) = argument.as_array().map(Vec::as_slice) else { return error(JOIN) };
        let Value::String(delimiter) = delimiter else { return error(JOIN) };
        let list = self.needed(list)?;
        let Value::Array(items) = &list else { return bad_argument(&list, JOIN) };
        let mut result = String::new();
        for (index, item) in items.iter().enumerate() {
            if is_unknown(item) {
                return Ok(unknown());
            }
            if index > 0 {
                self.budget.grow(&mut result, delimiter)?;
            }
            let text = text(item).map_or_else(|| error(JOIN), Ok)?;
            self.budget.grow(&mut result, &text)?;
        }
        no_dynamic_reference(&result)?;
        Ok(result.into())
    }

    fn split(&self, argument: &Value) -> Result<Value> {
        let Some([Value::String(delimiter), source]) = argument.as_array().map(Vec::as_slice) else {
            return error(SPLIT);
        };
        let source = self.string(source, SPLIT)?;
        if source == KNOWN_AFTER_APPLY {
            return Ok(unknown());
        }
        if delimiter.is_empty() {
            return error(SPLIT);
        }
        let item = |text: &str| {
            self.budget.node(text.len())?;
            Ok(Value::from(text))
        };
        source.split(delimiter.as_str()).map(item).collect::<Result<Vec<Value>>>().map(Value::Array)
    }

    fn select(&self, argument: &Value) -> Result<Option<Value>> {
        let Some([index, list]) = argument.as_array().map(Vec::as_slice) else { return error(SELECT) };
        let index = self.string(index, SELECT)?;
        let list = match list {
            // Picked first: an item that is not selected need not be known.
            Value::Array(items) => Cow::Borrowed(items),
            computed => match self.needed(computed)? {
                Value::Array(items) => Cow::Owned(items),
                other if is_unknown(&other) => return Ok(Some(other)),
                other => return bad_argument(&other, SELECT),
            },
        };
        if index == KNOWN_AFTER_APPLY {
            return Ok(Some(unknown()));
        }
        match index.parse::<usize>() {
            Ok(at) => match list.get(at) {
                Some(item) => self.evaluate(item),
                None => error(format!("Fn::Select cannot select nonexistent value at index {index}")),
            },
            Err(_) => error(SELECT),
        }
    }

    fn find_in_map(&self, argument: &Value) -> Result<Option<Value>> {
        let (map, first, second, default) = match argument.as_array().map(Vec::as_slice) {
            Some([map, first, second]) => (map, first, second, None),
            Some([map, first, second, Value::Object(options)]) if self.template.extended() && options.len() == 1 => {
                (map, first, second, options.get("DefaultValue"))
            }
            _ => return error(FIND),
        };
        let [map, first, second] = [self.string(map, FIND)?, self.string(first, FIND)?, self.string(second, FIND)?];
        let found = self.template.mappings.get(&map).and_then(|m| m.get(&first)).and_then(|m| m.get(&second));
        match (found, default) {
            // A mapping holds strings and lists of strings, whatever was written.
            (Some(found), _) => {
                self.budget.whole(found)?;
                Ok(match found {
                    Value::Array(items) => Some(items.iter().filter_map(text).collect()),
                    value => text(value).map(Value::String),
                })
            }
            (None, Some(default)) => self.evaluate(default),
            (None, None) => error(format!("Unable to get mapping for {map}::{first}::{second}")),
        }
    }

    fn cidr(&self, argument: &Value) -> Result<Value> {
        const SHAPE: &str = "Fn::Cidr requires a list of an IP block, a count and optionally a number of CIDR bits";
        let (block, count, bits) = match argument.as_array().map(Vec::as_slice) {
            Some([block, count]) => (block, count, None),
            Some([block, count, bits]) => (block, count, Some(bits)),
            _ => return error(SHAPE),
        };
        let block = self.string(block, SHAPE)?;
        if block == KNOWN_AFTER_APPLY {
            return Ok(unknown());
        }
        let count = self.string(count, SHAPE)?;
        let bits = bits.map(|bits| self.string(bits, SHAPE)).transpose()?;
        network::blocks(&block, &count, bits.as_deref()).map(Value::from)
    }

    /// What a condition function says; also what a condition is, at its top.
    pub fn truth(&self, value: &Value) -> Result<bool> {
        self.budget.node(0)?;
        if let (Some(1), Some(Value::String(name))) = (value.as_object().map(Map::len), value.get("Condition")) {
            return self.condition(name, "Condition");
        }
        match call(value) {
            Some((function @ ("Fn::Equals" | "Fn::And" | "Fn::Or" | "Fn::Not"), argument)) => {
                self.logic(function, argument)
            }
            _ => Err(Invalid::new(
                "Template format error: Conditions can only be boolean operations on parameters and other conditions",
            )),
        }
    }

    fn logic(&self, function: &str, argument: &Value) -> Result<bool> {
        let arguments = argument.as_array().map(Vec::as_slice).unwrap_or_default();
        match (function, arguments) {
            ("Fn::Equals", [left, right]) => {
                let [left, right] = [self.needed(left)?, self.needed(right)?];
                Ok(match (text(&left), text(&right)) {
                    (Some(left), Some(right)) => left == right,
                    _ => left == right,
                })
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
