//! What a template's values refer to.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::dynamic;
use crate::error::{Invalid, Result};
use crate::extensions::unsupported;
use crate::sub::{Piece, pieces, sub_arguments};
use crate::value::function_call;

/// Something that a value refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found<'a> {
    /// `Ref`, or a variable without a dot in `Fn::Sub`: a parameter, a pseudo parameter or a resource.
    Name(&'a str),
    /// `Fn::GetAtt`, or a variable with a dot in `Fn::Sub`.
    Attribute(&'a str, &'a str),
    /// A name that `Ref` or `Fn::GetAtt`, as said, is given by another function.
    Computed(&'static str),
    /// A condition, and the function that names it.
    Condition(&'a str, &'static str),
    /// A mapping named outright in `Fn::FindInMap`.
    Mapping(&'a str),
    /// `Fn::ImportValue`.
    Import,
    /// `Fn::GetAZs`.
    Zones,
    /// `{{resolve:ssm:..}}`, as far as it stands in the template.
    Dynamic(&'a str),
}

/// What a `Fn::GetAtt` is given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Asked<'a> {
    /// A resource's name, and an attribute.
    Of(&'a str, Attribute<'a>),
    /// A name that is a function's result, and an attribute.
    OfComputed(&'a Value, Attribute<'a>),
    /// Both together, as the result of one function.
    Computed(&'a Value),
}

/// AWS's error for a `Fn::GetAtt` that is given anything else.
pub(crate) const GET_ATT: &str = "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute";

/// What a `Fn::GetAtt` is given, the attribute as written: a string or a function.
pub(crate) fn attribute(argument: &Value) -> Result<Asked<'_>> {
    let asked = match argument {
        Value::String(path) => path.split_once('.').map(|(r, a)| Asked::Of(r, Attribute::Named(a))),
        Value::Object(_) => Some(Asked::Computed(argument)),
        Value::Array(items) => match items.as_slice() {
            [resource, attribute] => {
                let attribute = match attribute {
                    Value::String(name) => Some(Attribute::Named(name)),
                    Value::Object(_) => Some(Attribute::Computed(attribute)),
                    _ => None,
                };
                attribute.and_then(|attribute| match resource {
                    Value::String(name) => Some(Asked::Of(name, attribute)),
                    Value::Object(_) => Some(Asked::OfComputed(resource, attribute)),
                    _ => None,
                })
            }
            _ => None,
        },
        _ => None,
    };
    match asked {
        None
        | Some(Asked::Of("", _) | Asked::Of(_, Attribute::Named("")) | Asked::OfComputed(_, Attribute::Named(""))) => {
            Err(Invalid::new(GET_ATT))
        }
        Some(asked) => Ok(asked),
    }
}

/// The attribute that a `Fn::GetAtt` asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Attribute<'a> {
    Named(&'a str),
    Computed(&'a Value),
}

/// Calls `found` with everything that a value refers to.
///
/// With `conditions`, of a `Fn::If` only the branch taken counts.
///
/// # Errors
/// AWS's message: for a malformed reference, a dynamic reference to a secret, or a function that isn't supported.
pub fn walk<'a>(
    value: &'a Value,
    conditions: Option<&BTreeMap<String, bool>>,
    found: &mut dyn FnMut(Found<'a>),
) -> Result<()> {
    match value {
        Value::String(text) => walk_text(text, found),
        Value::Array(items) => items.iter().try_for_each(|item| walk(item, conditions, found)),
        Value::Object(members) => {
            if let Some((function, argument)) = function_call(value) {
                return walk_call(function, argument, conditions, found);
            }
            if let (1, Some(Value::String(name))) = (members.len(), members.get("Condition")) {
                found(Found::Condition(name, "Condition"));
                return Ok(());
            }
            members.values().try_for_each(|member| walk(member, conditions, found))
        }
        _ => Ok(()),
    }
}

fn walk_text<'a>(text: &'a str, found: &mut dyn FnMut(Found<'a>)) -> Result<()> {
    dynamic::check_services(text)?;
    dynamic::found(text).for_each(|reference| found(Found::Dynamic(reference)));
    Ok(())
}

fn walk_call<'a>(
    function: &'a str,
    argument: &'a Value,
    conditions: Option<&BTreeMap<String, bool>>,
    found: &mut dyn FnMut(Found<'a>),
) -> Result<()> {
    match function {
        "Ref" => match argument {
            Value::String(name) => found(Found::Name(name)),
            // With the language extensions a name may be computed.
            Value::Object(_) => {
                found(Found::Computed("Ref"));
                return walk(argument, conditions, found);
            }
            _ => return Err(Invalid::new("Template error: All References must be of type string")),
        },
        "Fn::GetAtt" => match attribute(argument)? {
            Asked::Of(resource, Attribute::Named(attribute)) => found(Found::Attribute(resource, attribute)),
            Asked::Of(resource, Attribute::Computed(computed)) => {
                found(Found::Attribute(resource, ""));
                walk(computed, conditions, found)?;
            }
            Asked::OfComputed(..) | Asked::Computed(_) => found(Found::Computed("Fn::GetAtt")),
        },
        "Fn::Sub" => return walk_sub(argument, conditions, found),
        "Fn::If" => {
            let Some([Value::String(name), then, otherwise]) = argument.as_array().map(Vec::as_slice) else {
                return Err(Invalid::new("Template error: Fn::If requires a list argument with three elements"));
            };
            found(Found::Condition(name, "Fn::If"));
            return match conditions.and_then(|c| c.get(name)) {
                Some(true) => walk(then, conditions, found),
                Some(false) => walk(otherwise, conditions, found),
                None => {
                    walk(then, conditions, found)?;
                    walk(otherwise, conditions, found)
                }
            };
        }
        "Fn::FindInMap" => {
            // One that has a default need not be there.
            if let (Some(Value::String(name)), None) = (argument.get(0), argument.get(3)) {
                found(Found::Mapping(name));
            }
        }
        "Fn::ImportValue" => found(Found::Import),
        "Fn::GetAZs" => found(Found::Zones),
        "Fn::And" | "Fn::Base64" | "Fn::Cidr" | "Fn::Equals" | "Fn::Join" | "Fn::Length" | "Fn::Not" | "Fn::Or"
        | "Fn::Select" | "Fn::Split" | "Fn::ToJsonString" => {}
        _ => return Err(unsupported(function)),
    }
    walk(argument, conditions, found)
}

fn walk_sub<'a>(
    argument: &'a Value,
    conditions: Option<&BTreeMap<String, bool>>,
    found: &mut dyn FnMut(Found<'a>),
) -> Result<()> {
    let (text, locals) = sub_arguments(argument)?;
    walk_text(text, found)?;
    for piece in pieces(text)? {
        let Piece::Variable(name) = piece else { continue };
        if locals.is_some_and(|l| l.contains_key(name)) {
            continue;
        }
        found(match name.split_once('.') {
            Some((resource, attribute)) => Found::Attribute(resource, attribute),
            None => Found::Name(name),
        });
    }
    locals.into_iter().flat_map(|l| l.values()).try_for_each(|local| walk(local, conditions, found))
}

/// AWS's error for names that no resource has; `section` is `Resources` or `Outputs`.
pub fn unresolved(names: &BTreeSet<&str>, section: &str) -> Invalid {
    let names: Vec<&str> = names.iter().copied().collect();
    Invalid::new(format!(
        "Template format error: Unresolved resource dependencies [{}] in the {section} block of the template",
        names.join(", ")
    ))
}
