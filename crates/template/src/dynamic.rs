//! Dynamic references: `{{resolve:ssm:name:version}}` in a text stands for a value of the Parameter Store ("Get a plaintext value
//! from Systems Manager Parameter Store"). Which value that is, whoever evaluates knows; here they are found, checked and
//! replaced. References to secrets (`ssm-secure`, `secretsmanager`) are refused by name.

use serde_json::{Map, Value};

use crate::budget::Budget;
use crate::error::{Invalid, Result};

/// What a dynamic reference stands for, asked by its text, braces included; nothing as long as that isn't known.
pub type Stored<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// "Using dynamic references to specify template values": dynamic references of a template.
pub const MAX_REFERENCES: usize = 60;

const OPEN: &str = "{{resolve:";
const CLOSE: &str = "}}";

/// The dynamic references of a text, each with its braces. What isn't closed is none: another part of the text may close it.
pub(crate) fn found(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = rest.find(OPEN)?;
        let end = start + rest[start..].find(CLOSE)? + CLOSE.len();
        let reference = &rest[start..end];
        rest = &rest[end..];
        Some(reference)
    })
}

/// Refuses references to any service but the Parameter Store. Their form isn't looked at: functions may yet complete them.
pub(crate) fn check_services(text: &str) -> Result<()> {
    match found(text).find(|reference| !reference[OPEN.len()..].starts_with("ssm:")) {
        Some(other) => {
            Err(Invalid::new(format!("Template error: the dynamic reference {other} is not supported here")))
        }
        None => Ok(()),
    }
}

/// Refuses dynamic references in a place where nothing replaces them, which `place` names.
pub(crate) fn refuse(value: &Value, place: &str) -> Result<()> {
    match value {
        Value::String(text) => match found(text).next() {
            Some(reference) => Err(Invalid::new(format!(
                "Template error: the dynamic reference {reference} is not supported here in {place}"
            ))),
            None => Ok(()),
        },
        Value::Array(items) => items.iter().try_for_each(|item| refuse(item, place)),
        Value::Object(members) => members.values().try_for_each(|member| refuse(member, place)),
        _ => Ok(()),
    }
}

/// What a reference asks the Parameter Store for: a name, or a name and a version (`name:3`).
///
/// # Errors
/// AWS's message for another form; that it is not supported for another service.
pub fn asked(reference: &str) -> Result<&str> {
    check_services(reference)?;
    let key = reference[OPEN.len()..].strip_prefix("ssm:").and_then(|key| key.strip_suffix(CLOSE));
    let fits = |key: &&str| {
        let (name, version) = key.split_once(':').map_or((*key, None), |(name, version)| (name, Some(version)));
        let named = !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'/'));
        named && version.is_none_or(|v| !v.is_empty() && v.len() < 20 && v.bytes().all(|b| b.is_ascii_digit()))
    };
    key.filter(fits)
        .ok_or_else(|| Invalid::new(format!("Incorrect format is used in the following SSM reference: [{reference}]")))
}

/// A text with its references replaced by what is stored; those that aren't stand as they are.
pub(crate) fn replaced(text: &str, stored: &Stored<'_>, budget: &Budget) -> Result<String> {
    let (mut result, mut rest) = (String::new(), text);
    for reference in found(text) {
        let Some(value) = stored(reference) else { continue };
        let Some((before, after)) = rest.split_once(reference) else { continue };
        budget.grow(&mut result, before)?;
        budget.grow(&mut result, &value)?;
        rest = after;
    }
    budget.grow(&mut result, rest)?;
    Ok(result)
}

/// A value with its references replaced, see [`replaced`]. What is refused by name is refused here as well, whatever function
/// made it.
pub(crate) fn resolved(value: Value, stored: &Stored<'_>, budget: &Budget) -> Result<Value> {
    Ok(match value {
        Value::String(text) if text.contains(OPEN) => {
            check_services(&text)?;
            replaced(&text, stored, budget)?.into()
        }
        Value::Array(items) => {
            items.into_iter().map(|item| resolved(item, stored, budget)).collect::<Result<Vec<_>>>()?.into()
        }
        Value::Object(members) => resolved_members(members, stored, budget)?.into(),
        other => other,
    })
}

/// [`resolved`] for the members of an object.
pub(crate) fn resolved_members(
    members: Map<String, Value>,
    stored: &Stored<'_>,
    budget: &Budget,
) -> Result<Map<String, Value>> {
    members.into_iter().map(|(name, member)| Ok((name, resolved(member, stored, budget)?))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_are_found_and_replaced() {
        let text = "a{{resolve:ssm:/x}}b{{resolve:ssm:y:2}}{{resolve:ssm:/x}}{{other}}";
        assert_eq!(
            found(text).collect::<Vec<_>>(),
            ["{{resolve:ssm:/x}}", "{{resolve:ssm:y:2}}", "{{resolve:ssm:/x}}"]
        );
        let stored = |reference: &str| (reference == "{{resolve:ssm:/x}}").then(|| "{{resolve:ssm:y:2}}".to_owned());
        let budget = Budget::default();
        // What a parameter holds is text, whatever it looks like.
        let expected = "a{{resolve:ssm:y:2}}b{{resolve:ssm:y:2}}{{resolve:ssm:y:2}}{{other}}";
        assert_eq!(replaced(text, &stored, &budget).unwrap(), expected);
        let nested = resolved(json!({"a": [{"b": "{{resolve:ssm:/x}}"}]}), &stored, &budget).unwrap();
        assert_eq!(nested, json!({"a": [{"b": "{{resolve:ssm:y:2}}"}]}));
    }

    #[test]
    fn references_are_checked() {
        assert_eq!(asked("{{resolve:ssm:/a/b.c-d_e:12}}").unwrap(), "/a/b.c-d_e:12");
        assert_eq!(asked("{{resolve:ssm:a}}").unwrap(), "a");
        assert_eq!(found("{{resolve:").count() + found("{{resolve:ssm:a").count(), 0);
        for wrong in ["{{resolve:ssm:}}", "{{resolve:ssm:a:}}", "{{resolve:ssm:a:x}}", "{{resolve:ssm:a b}}"] {
            let message = format!("Incorrect format is used in the following SSM reference: [{wrong}]");
            assert_eq!(asked(wrong).unwrap_err().message, message);
        }
        for other in ["{{resolve:ssm-secure:a:1}}", "{{resolve:secretsmanager:s}}", "{{resolve:x}}", "{{resolve:}}"] {
            let message = format!("Template error: the dynamic reference {other} is not supported here");
            assert_eq!(asked(other).unwrap_err().message, message);
        }
    }

    #[test]
    fn what_references_make_is_bounded() {
        let stored = |_: &str| Some("v".repeat(8192));
        let text = "{{resolve:ssm:x}}".repeat(200);
        assert!(replaced(&text, &stored, &Budget::default()).is_err());
    }
}
