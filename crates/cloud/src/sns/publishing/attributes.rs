//! Message attributes: validated as SNS does, in the order in which it complains.

use serde::Deserialize;

use crate::sns::error::null;
use engine::change::{Attribute, Value};
use wire::{AwsError, Blob, Pairs, Text};

/// A message attribute as a client gives it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AttributeInput<'a> {
    #[serde(borrow)]
    data_type: Option<Text<'a>>,
    #[serde(borrow)]
    string_value: Option<Text<'a>>,
    binary_value: Option<Blob>,
}

/// The attributes of a message. `member` is their path in the request, for AWS's framework's complaints.
pub(super) fn validate<'i>(
    given: &'i Pairs<'_, AttributeInput<'_>>,
    member: impl Fn() -> String,
) -> Result<Vec<Attribute<'i>>, AwsError> {
    if let Some((name, _)) = given.iter().find(|(_, attribute)| attribute.data_type.is_none()) {
        return Err(null(&format!("{}.{name}.member.dataType", member())));
    }
    let mut all: Vec<_> =
        given.iter().map(|(name, attribute)| validate_one(name, attribute)).collect::<Result<_, _>>()?;
    // SDKs send a map, in whose order there is chance: the same message is the same bytes wherever it is delivered.
    all.sort_by_key(|attribute| attribute.name);
    Ok(all)
}

fn validate_one<'i>(name: &'i str, attribute: &'i AttributeInput<'_>) -> Result<Attribute<'i>, AwsError> {
    check_name(name)?;
    let kind = attribute.data_type.as_deref().unwrap_or_default();
    let (base, custom) = kind.split_once('.').unwrap_or((kind, "custom"));
    // A dot with nothing behind it names no type (recorded on AWS).
    if !matches!(base, "String" | "Number" | "Binary") || custom.is_empty() {
        return Err(bad(format!(
            "The message attribute '{name}' has an invalid message attribute type, the set of supported type prefixes is \
             Binary, Number, and String."
        )));
    }
    let text = attribute.string_value.as_deref();
    let binary = attribute.binary_value.as_deref();
    let field = if base == "Binary" { "Binary" } else { "String" };
    let value = match (base, text, binary) {
        ("Binary", None, Some(bytes)) if !bytes.is_empty() => Value::Binary(bytes),
        ("String" | "Number", Some(text), None) if !text.is_empty() => Value::Text(text),
        ("Binary", Some(_), _) | ("String" | "Number", _, Some(_)) => {
            return Err(bad(format!("The message attribute '{name}' with type '{kind}' must use field '{field}'.")));
        }
        _ => {
            return Err(bad(format!(
                "The message attribute '{name}' must contain non-empty message attribute value for message attribute type \
                 '{kind}'."
            )));
        }
    };
    if let ("Number", Value::Text(text)) = (base, value)
        && !filter::is_number(text)
    {
        return Err(bad(format!("Could not cast message attribute '{name}' value to number.")));
    }
    Ok(Attribute { name, kind, value })
}

fn check_name(name: &str) -> Result<(), AwsError> {
    if name.len() > 256 {
        return Err(bad("Length of message attribute name must be less than 256 bytes."));
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if let Some(c) = name.bytes().position(|byte| !plain(byte)).and_then(|at| name[at..].chars().next()) {
        return Err(bad(format!(
            "Invalid non-alphanumeric character '#x{:X}' was found in the message attribute name. Can only include \
             alphanumeric characters, hyphens, underscores, or dots.",
            u32::from(c)
        )));
    }
    if name.starts_with('.') {
        return Err(bad("Invalid message attribute name starting with character '.' was found."));
    }
    if name.ends_with('.') {
        return Err(bad("Invalid message attribute name ending with character '.' was found."));
    }
    if name.as_bytes().windows(2).any(|pair| pair == b"..") {
        return Err(bad("Message attribute name can not have successive '.' character."));
    }
    Ok(())
}

fn bad(message: impl Into<String>) -> AwsError {
    AwsError::bad("ParameterValueInvalid", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn validated(
        name: &'static str,
        kind: Option<&'static str>,
        text: Option<&'static str>,
        binary: Option<&'static [u8]>,
    ) -> String {
        let attribute = AttributeInput {
            data_type: kind.map(Text::from),
            string_value: text.map(Text::from),
            binary_value: binary.map(|bytes| Blob(bytes.into())),
        };
        let given: Pairs<'_, _> = [(Text::from(name), attribute)].into_iter().collect();
        validate(&given, || "messageAttributes".to_owned()).err().map_or_else(String::new, |error| error.message)
    }

    #[test]
    fn values_fit_their_types() {
        for (kind, text, binary) in [
            ("String", Some("x"), None),
            ("String.Array", Some("[]"), None),
            ("Number", Some("-1.5e3"), None),
            ("Number.int", Some("1"), None),
            ("Binary.png", None, Some(&b"\x01"[..])),
        ] {
            assert_eq!(validated("a", Some(kind), text, binary), "", "{kind}");
        }
        let empty =
            "The message attribute 'a' must contain non-empty message attribute value for message attribute type";
        assert_eq!(validated("a", Some("String"), Some(""), None), format!("{empty} 'String'."));
        assert_eq!(validated("a", Some("String"), None, None), format!("{empty} 'String'."));
        assert_eq!(validated("a", Some("Binary"), None, Some(b"")), format!("{empty} 'Binary'."));
        let field =
            |kind: &str, field: &str| format!("The message attribute 'a' with type '{kind}' must use field '{field}'.");
        assert_eq!(validated("a", Some("Number"), None, Some(b"1")), field("Number", "String"));
        assert_eq!(validated("a", Some("Binary"), Some("1"), None), field("Binary", "Binary"));
        assert!(validated("a", Some("Strung"), Some("1"), None).contains("supported type prefixes"));
        // `String.` was accepted, where AWS refuses it.
        for kind in ["String.", "Number.", "Binary."] {
            assert!(validated("a", Some(kind), Some("1"), None).contains("supported type prefixes"), "{kind}");
        }
        for text in ["x", "NaN", "inf", "-Infinity", "1e400", "0x10"] {
            let refused = validated("a", Some("Number"), Some(text), None);
            assert_eq!(refused, "Could not cast message attribute 'a' value to number.", "{text}");
        }
        assert!(validated("a", None, Some("x"), None).contains("'messageAttributes.a.member.dataType'"));
    }

    #[test]
    fn names() {
        assert!(validated("a^*?", Some("String"), Some("x"), None).contains("'#x5E'"));
        assert!(validated(".abc", Some("String"), Some("x"), None).contains("starting with"));
        assert!(validated("abc.", Some("String"), Some("x"), None).contains("ending with"));
        assert!(validated("a..bc", Some("String"), Some("x"), None).contains("successive"));
    }
}
