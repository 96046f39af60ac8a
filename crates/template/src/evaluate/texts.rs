//! Functions that make texts, or take one apart.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::{Reference, Scope, bad_argument, error};
use crate::dynamic;
use crate::error::Result;
use crate::extensions::failed;
use crate::sub::{Piece, pieces, sub_arguments};
use crate::value::{KNOWN_AFTER_APPLY, is_unknown, scalar_text, unknown};

const JOIN: &str = "every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined.";
const SPLIT: &str = "every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split or a function that returns a string to be split.";

impl Scope<'_> {
    /// `Fn::Sub`
    pub(super) fn sub(&self, argument: &Value) -> Result<Value> {
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
                let Some(text) = scalar_text(&value) else {
                    return error("Fn::Sub expressions must resolve to a string");
                };
                values.insert(name, text);
            }
            self.budget.grow(&mut result, &values[name])?;
        }
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

    /// `Fn::Join`
    pub(super) fn join(&self, argument: &Value) -> Result<Value> {
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
            let text = scalar_text(item).map_or_else(|| error(JOIN), Ok)?;
            self.budget.grow(&mut result, &text)?;
        }
        Ok(result.into())
    }

    /// `Fn::Split`
    pub(super) fn split(&self, argument: &Value) -> Result<Value> {
        let Some([Value::String(delimiter), source]) = argument.as_array().map(Vec::as_slice) else {
            return error(SPLIT);
        };
        let source = self.string(source, SPLIT)?;
        // A list in the Parameter Store is one text; it is split once it is known.
        let source = dynamic::replaced(&source, self.stored, self.budget)?;
        if source == KNOWN_AFTER_APPLY || dynamic::found(&source).next().is_some() {
            return Ok(unknown());
        }
        if delimiter.is_empty() {
            return error(SPLIT);
        }
        let item = |text: &str| {
            self.budget.pay_node(text.len())?;
            Ok(Value::from(text))
        };
        source.split(delimiter.as_str()).map(item).collect::<Result<Vec<Value>>>().map(Value::Array)
    }

    /// `Fn::Base64`
    pub(super) fn base64(&self, argument: &Value) -> Result<Value> {
        let plain = self.string(argument, "every Fn::Base64 object must have a String-typed value.")?;
        if plain == KNOWN_AFTER_APPLY {
            return Ok(unknown());
        }
        self.budget.pay_bytes(2 * plain.len())?;
        Ok(STANDARD.encode(plain).into())
    }

    /// `Fn::ToJsonString`
    pub(super) fn json_string(&self, argument: &Value) -> Result<Value> {
        match self.needed(argument)? {
            value @ (Value::Array(_) | Value::Object(_)) => self.budget.json(&value).map(Value::String),
            other if is_unknown(&other) => Ok(unknown()),
            _ => Err(failed("Fn::ToJsonString layout is incorrect")),
        }
    }
}
