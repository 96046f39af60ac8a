//! Values worked out as far as a transform can: what depends on a resource, on the stack itself or on a secret stays a function.

use serde_json::{Map, Value};

use crate::error::Result;
use crate::evaluate::Scope;
use crate::parameters::Source;
use crate::references::{Found, walk};
use crate::value::function_call;

/// Works out the sections that the transform `AWS::LanguageExtensions` is for.
pub(crate) fn fold_sections(scope: &Scope<'_>, tree: &mut Value) -> Result<()> {
    for section in ["Conditions", "Resources", "Outputs"] {
        // A section is no call, whatever its one member is called.
        if let Some(section) = tree.get_mut(section) {
            *section = fold_members(scope, section)?;
        }
    }
    Ok(())
}

/// A value with what is known in it; `None` for `AWS::NoValue`.
fn fold(scope: &Scope<'_>, value: &Value) -> Result<Option<Value>> {
    let Some((function, argument)) = function_call(value) else {
        return fold_members(scope, value).map(Some);
    };
    match function {
        // Which conditions hold is told by their section, and by nothing else.
        "Fn::Equals" | "Fn::And" | "Fn::Or" | "Fn::Not" => {}
        "Fn::If" => {
            if let Some([Value::String(name), then, otherwise]) = argument.as_array().map(Vec::as_slice)
                && let Some(holds) = scope.conditions.get(name)
            {
                return fold(scope, if *holds { then } else { otherwise });
            }
        }
        _ if is_known(scope, value) => match scope.value(value) {
            Ok(value) => return Ok(value),
            Err(error) if error == crate::budget::too_large() => return Err(error),
            Err(_) => {}
        },
        _ => {}
    }
    let argument = fold_members(scope, argument)?;
    Ok(Some(Value::Object(Map::from_iter([(function.to_owned(), argument)]))))
}

/// The parts of a value, folded; those without a value are gone.
fn fold_members(scope: &Scope<'_>, value: &Value) -> Result<Value> {
    scope.budget.pay_node(0)?;
    match value {
        Value::Array(items) => items.iter().filter_map(|item| fold(scope, item).transpose()).collect(),
        Value::Object(members) => {
            let folded = members.iter().filter_map(|(name, member)| {
                let member = fold(scope, member).transpose()?;
                Some(member.map(|member| (name.clone(), member)))
            });
            Ok(Value::Object(folded.collect::<Result<_>>()?))
        }
        scalar => Ok(scalar.clone()),
    }
}

/// Whether all that a value refers to is known to the transform, and may be shown.
fn is_known(scope: &Scope<'_>, value: &Value) -> bool {
    let mut known = true;
    let walked = walk(value, Some(scope.conditions), &mut |found| match found {
        Found::Name("AWS::StackId" | "AWS::StackName" | "AWS::NotificationARNs") => known = false,
        Found::Name(name) => {
            let declared = scope.template.parameters.iter().find(|parameter| parameter.name == name);
            known &= declared.is_none_or(|parameter| !parameter.no_echo && parameter.source == Source::Given);
        }
        Found::Attribute(..) | Found::Import | Found::Zones | Found::Dynamic(_) => known = false,
        Found::Condition(..) | Found::Mapping(_) | Found::Computed(_) => {}
    });
    walked.is_ok() && known
}
