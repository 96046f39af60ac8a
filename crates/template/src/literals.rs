//! Names that functions give where CloudFormation wants a literal one: conditions, `DependsOn`, descriptions of outputs. The
//! transform `AWS::LanguageExtensions` has worked them out before anybody asks.
//!
//! What can't be worked out stays as it is, and is refused as it would be without the transform.

use serde_json::{Map, Value};

use crate::declared::members_of;
use crate::error::Result;
use crate::evaluate::Scope;
use crate::value::{function_call, scalar_text};

/// Puts the names in their places.
pub(crate) fn settle(scope: &Scope<'_>, tree: &mut Value) -> Result<()> {
    for resource in members_of(tree, "Resources") {
        settle_member(scope, resource, "Condition")?;
        match resource.get_mut("DependsOn") {
            Some(Value::Array(items)) => items.iter_mut().try_for_each(|item| settle_name(scope, item))?,
            Some(name) => settle_name(scope, name)?,
            None => {}
        }
    }
    for output in members_of(tree, "Outputs") {
        settle_member(scope, output, "Condition")?;
        settle_member(scope, output, "Description")?;
    }
    for section in ["Conditions", "Resources", "Outputs"] {
        // A section is no call, whatever its one member is called.
        let members = tree.get_mut(section).and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut);
        members.into_iter().try_for_each(|member| settle_conditions(scope, member))?;
    }
    Ok(())
}

fn settle_member(scope: &Scope<'_>, members: &mut Map<String, Value>, member: &str) -> Result<()> {
    members.get_mut(member).map_or(Ok(()), |value| settle_name(scope, value))
}

/// The name that a function gives; a list of them where it gives one.
fn settle_name(scope: &Scope<'_>, value: &mut Value) -> Result<()> {
    if function_call(value).is_none() {
        return Ok(());
    }
    match scope.required(value) {
        Ok(Value::Array(names)) => *value = names.into(),
        Ok(name) => {
            if let Some(text) = scalar_text(&name) {
                *value = text.into();
            }
        }
        Err(error) if error == crate::budget::too_large() => return Err(error),
        Err(_) => {}
    }
    Ok(())
}

/// The conditions that `Fn::If`, and other conditions, name.
fn settle_conditions(scope: &Scope<'_>, value: &mut Value) -> Result<()> {
    match value {
        Value::Array(items) => items.iter_mut().try_for_each(|item| settle_conditions(scope, item)),
        Value::Object(members) => {
            if members.len() == 1 {
                match members.iter_mut().next() {
                    Some((function, Value::Array(arguments))) if function == "Fn::If" => {
                        arguments.first_mut().map_or(Ok(()), |name| settle_name(scope, name))?;
                    }
                    Some((function, name)) if function == "Condition" => settle_name(scope, name)?,
                    _ => {}
                }
            }
            members.values_mut().try_for_each(|member| settle_conditions(scope, member))
        }
        _ => Ok(()),
    }
}
