//! What the functions of `AWS::LanguageExtensions` can't be given, since the transform works them out before there is any resource
//! ("Fn::Length", "Fn::ToJsonString", and the RFCs 0070 and 0014 of aws-cloudformation/cfn-language-discussion).

use serde_json::Value;

use crate::error::Result;
use crate::extensions::failed;
use crate::model::Template;
use crate::references::{Found, walk};
use crate::value::function_call;

/// Refuses such arguments anywhere in the resources and outputs.
pub(crate) fn check(template: &Template) -> Result<()> {
    for (name, resource) in &template.resources {
        resource.properties.values().chain(&resource.metadata).try_for_each(|value| look(template, name, value))?;
    }
    template.outputs.iter().try_for_each(|(name, output)| look(template, name, &output.value))
}

fn look(template: &Template, name: &str, value: &Value) -> Result<()> {
    match function_call(value) {
        // Of a list that stands there the length is known, whatever is in it.
        Some(("Fn::Length", argument @ Value::Object(_))) if depends_on_resource(template, argument)? => {
            return Err(failed("The Fn::Length value could not be resolved for properties"));
        }
        Some(("Fn::FindInMap", Value::Array(arguments))) => {
            for argument in arguments.iter().take(3) {
                if is_of_resource(template, argument) {
                    return Err(failed("Fn::FindInMap layout is incorrect"));
                }
            }
        }
        Some(("Fn::ToJsonString", argument)) => {
            if let Some(what) = no_json(argument) {
                return Err(failed(format_args!("Fn::ToJsonString does not support {what} for resource {name}")));
            }
        }
        _ => {}
    }
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| look(template, name, item)),
        Value::Object(members) => members.values().try_for_each(|member| look(template, name, member)),
        _ => Ok(()),
    }
}

/// Whether a value is what a resource gives.
fn is_of_resource(template: &Template, value: &Value) -> bool {
    match function_call(value) {
        Some(("Ref", Value::String(name))) => template.resources.contains_key(name),
        Some((function, _)) => function == "Fn::GetAtt",
        None => false,
    }
}

fn depends_on_resource(template: &Template, value: &Value) -> Result<bool> {
    let mut depends = false;
    walk(value, None, &mut |found| match found {
        Found::Name(name) => depends |= template.resources.contains_key(name),
        Found::Attribute(..) | Found::Import => depends = true,
        _ => {}
    })?;
    Ok(depends)
}

/// What of a value has no JSON. AWS takes any `Condition` that stands alone for the function (issue 156 of that repository).
fn no_json(value: &Value) -> Option<String> {
    match function_call(value) {
        Some((function @ ("Fn::And" | "Fn::Or" | "Fn::Not" | "Fn::Equals"), _)) => {
            return Some(format!("{function} intrinsic function"));
        }
        Some(("Ref", Value::String(name))) if name == "AWS::NotificationARNs" => {
            return Some("AWS::NotificationARNs pseudo parameter".to_owned());
        }
        _ => {}
    }
    match value {
        Value::Array(items) => items.iter().find_map(no_json),
        Value::Object(members) if members.len() == 1 && members.contains_key("Condition") => {
            Some("Condition intrinsic function".to_owned())
        }
        Value::Object(members) => members.values().find_map(no_json),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A condition's name that a loop's variable can't be in was told as one that is nowhere.
    #[test]
    fn conditions_are_looked_for_by_the_transform() {
        let text = |condition: &str| {
            format!(
                "Transform: AWS::LanguageExtensions\nConditions: {{IsA: !Equals [a, a]}}\nResources: {{'Fn::ForEach::L': [X, [A], {{'T${{X}}': {{Type: T, Condition: {condition}}}}}]}}"
            )
        };
        let read = |condition: &str| Template::read(&text(condition)).map(|it| it.resources["TA"].condition.clone());
        assert_eq!(read("!Sub 'Is${X}'").unwrap().as_deref(), Some("IsA"));
        let message = read("'Is${X}'").unwrap_err().message;
        assert_eq!(message, "Transform AWS::LanguageExtensions failed with: Key Is${X} is missing in the map.");
    }

    /// The length of what only a resource tells was known only when that was there; AWS refuses the template.
    #[test]
    fn a_transform_knows_no_resource() {
        let read = |value: &str| {
            let text = format!(
                "Transform: AWS::LanguageExtensions\nConditions: {{C: !Equals [a, a]}}\nResources: {{A: {{Type: X, Properties: {{P: {value}}}}}, B: {{Type: X}}}}"
            );
            Template::read(&text).err().map(|error| error.message)
        };
        for fine in [
            "{Fn::Length: [!Ref B, !GetAtt B.Arn]}",
            "{Fn::Length: !Split [',', 'a,b']}",
            "{Fn::ToJsonString: {a: !Ref B, b: !If [C, !GetAtt B.Arn, x]}}",
            "!FindInMap [M, !Ref 'AWS::Region', a, {DefaultValue: !GetAtt B.Arn}]",
            "{Fn::ToJsonString: {Effect: Allow, Condition: {Bool: {a: b}}}}",
        ] {
            assert_eq!(read(fine), None, "{fine}");
        }
        for (value, refused) in [
            ("!FindInMap [M, a, !Ref B, {DefaultValue: x}]", "Fn::FindInMap layout is incorrect"),
            ("!FindInMap [M, !GetAtt B.Arn, a]", "Fn::FindInMap layout is incorrect"),
            ("{Fn::Length: !GetAtt B.Names}", "The Fn::Length value could not be resolved for properties"),
            ("[{Fn::Length: !Split [',', !Ref B]}]", "The Fn::Length value could not be resolved for properties"),
            (
                "{Fn::ToJsonString: {a: [!Ref 'AWS::NotificationARNs']}}",
                "Fn::ToJsonString does not support AWS::NotificationARNs pseudo parameter for resource A",
            ),
            (
                "{Fn::ToJsonString: {a: !Equals [a, a]}}",
                "Fn::ToJsonString does not support Fn::Equals intrinsic function for resource A",
            ),
            (
                "{Fn::ToJsonString: {Condition: C}}",
                "Fn::ToJsonString does not support Condition intrinsic function for resource A",
            ),
        ] {
            let refused = format!("Transform AWS::LanguageExtensions failed with: {refused}");
            assert_eq!(read(value), Some(refused), "{value}");
        }
    }
}
