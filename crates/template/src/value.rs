//! Values as the language sees them: scalars as text, calls of functions, and the value that isn't known yet.

use serde_json::Value;

/// Stands in for a value that is known only after a resource exists; change sets show it ("DescribeChangeSet").
pub const KNOWN_AFTER_APPLY: &str = "{{changeSet:KNOWN_AFTER_APPLY}}";

/// Whether a value is [`KNOWN_AFTER_APPLY`].
pub fn is_unknown(value: &Value) -> bool {
    value.as_str() == Some(KNOWN_AFTER_APPLY)
}

/// The value [`KNOWN_AFTER_APPLY`].
pub(crate) fn unknown() -> Value {
    Value::String(KNOWN_AFTER_APPLY.to_owned())
}

/// A scalar as text, the way CloudFormation joins and shows it; nothing for objects, lists and null.
pub fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// Function and argument, if a value is a function call: an object of one member, `{"Ref": ..}` or `{"Fn::X": ..}`.
pub(crate) fn function_call(value: &Value) -> Option<(&str, &Value)> {
    let object = value.as_object()?;
    let (name, argument) = object.iter().next()?;
    (object.len() == 1 && (name == "Ref" || name.starts_with("Fn::"))).then_some((name, argument))
}
