//! Functions that make lists, or pick something out of lists and mappings.

use std::borrow::Cow;

use serde_json::Value;

use super::{Scope, bad_argument, error};
use crate::error::Result;
use crate::extensions::failed;
use crate::network;
use crate::value::{KNOWN_AFTER_APPLY, is_unknown, scalar_text, unknown};

const SELECT: &str = "Fn::Select requires a list argument with two elements: an integer index and a list";
const FIND: &str =
    "every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for return value";

impl Scope<'_> {
    /// `Fn::Select`
    pub(super) fn select(&self, argument: &Value) -> Result<Option<Value>> {
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
                // The transform says so before (aws-cloudformation/cfn-language-discussion, issue 159).
                None if self.template.is_extended() => {
                    Err(failed(format_args!("Fn::Select cannot select nonexistent value at index {index}")))
                }
                None => error(format!("Fn::Select cannot select nonexistent value at index {index}")),
            },
            Err(_) => error(SELECT),
        }
    }

    /// `Fn::FindInMap`
    pub(super) fn find_in_map(&self, argument: &Value) -> Result<Option<Value>> {
        let (map, first, second, default) = match argument.as_array().map(Vec::as_slice) {
            Some([map, first, second]) => (map, first, second, None),
            // The transform isn't needed for a default any more ("Fn::FindInMap enhancements", since 2026).
            Some([map, first, second, Value::Object(options)]) if options.len() == 1 => {
                (map, first, second, options.get("DefaultValue"))
            }
            _ => return error(FIND),
        };
        let [map, first, second] = [self.string(map, FIND)?, self.string(first, FIND)?, self.string(second, FIND)?];
        let found = self.template.mappings.get(&map).and_then(|m| m.get(&first)).and_then(|m| m.get(&second));
        match (found, default) {
            // A mapping holds strings and lists of strings, whatever was written.
            (Some(found), _) => {
                self.budget.pay_whole(found)?;
                Ok(match found {
                    Value::Array(items) => Some(items.iter().filter_map(scalar_text).collect()),
                    value => scalar_text(value).map(Value::String),
                })
            }
            (None, Some(default)) => self.evaluate(default),
            (None, None) => error(format!("Unable to get mapping for {map}::{first}::{second}")),
        }
    }

    /// `Fn::Cidr`
    pub(super) fn cidr(&self, argument: &Value) -> Result<Value> {
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

    /// `Fn::GetAZs`
    pub(super) fn zones(&self, argument: &Value) -> Result<Value> {
        let region = self.string(argument, "Fn::GetAZs requires a region or an empty string")?;
        let region = if region.is_empty() { &self.pseudo.region } else { &region };
        Ok(network::zones(region).into())
    }

    /// `Fn::Length`
    pub(super) fn length(&self, argument: &Value) -> Result<Value> {
        match self.needed(argument)? {
            Value::Array(items) => Ok(items.len().into()),
            other if is_unknown(&other) => Ok(unknown()),
            _ => Err(failed("Fn::Length layout is incorrect")),
        }
    }
}
