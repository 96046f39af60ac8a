//! Message attributes, the user's and the system's: their rules, their size, their MD5.

use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

use super::error;
use crate::request::LONGEST_TRACE;
use engine::change::{Attribute, Value};
use wire::{AwsError, Blob, Pairs, Text};

/// "Amazon SQS message quotas": a message has at most 10 attributes.
const MAX_ATTRIBUTES: usize = 10;
/// "Amazon SQS message metadata": a name or type has at most 256 characters.
const MAX_NAME: usize = 256;
/// A number has at most 38 digits, and is between 10^-128 and 10^126.
const MAX_DIGITS: usize = 38;
const EXPONENTS: std::ops::RangeInclusive<i64> = -128..=126;

/// A message attribute's value as clients send and get it. None of its members has a default: an empty list would be one without any.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AttributeValue<'a> {
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub string_value: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub binary_value: Option<Blob>,
    #[serde(borrow, skip_serializing)]
    pub string_list_values: Option<Vec<Text<'a>>>,
    #[serde(skip_serializing)]
    pub binary_list_values: Option<Vec<Blob>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub data_type: Option<Text<'a>>,
}

/// Whose attributes, as the error texts say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    User,
    System,
}

impl Whose {
    fn word(self) -> &'static str {
        match self {
            Whose::User => "user",
            Whose::System => "system",
        }
    }
}

/// Checks a message's attributes.
///
/// # Errors
/// `InvalidParameterValue` for the first that breaks a rule.
pub(super) fn check<'i>(
    given: &'i Pairs<'_, AttributeValue<'_>>,
    whose: Whose,
) -> Result<Vec<Attribute<'i>>, AwsError> {
    if given.len() > MAX_ATTRIBUTES {
        let message =
            format!("Number of message attributes [{}] exceeds the allowed maximum [{MAX_ATTRIBUTES}].", given.len());
        return Err(error::invalid(message));
    }
    given
        .iter()
        .map(|(name, value)| {
            check_name(name, whose)?;
            let (kind, value) = check_value(name, value, whose)?;
            if whose == Whose::System && matches!(value, Value::Text(text) if text.len() > LONGEST_TRACE) {
                return Err(error::invalid(format!("Message system attribute '{name}' is too long.")));
            }
            Ok(Attribute { name, kind, value })
        })
        .collect()
}

fn check_name(name: &str, whose: Whose) -> Result<(), AwsError> {
    if whose == Whose::System {
        return match name {
            "AWSTraceHeader" => Ok(()),
            _ => Err(error::invalid(format!("Message system attribute name '{name}' is invalid."))),
        };
    }
    if name.is_empty() {
        return Err(error::invalid("The request must contain non-empty message (user) attribute names."));
    }
    let starts = |prefix: &str| name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    if starts("aws.") || starts("amazon.") {
        return Err(error::invalid(
            "You can't use message attribute names beginning with 'AWS.' or 'Amazon'. These strings are reserved for \
             internal use.",
        ));
    }
    if name.len() > MAX_NAME {
        return Err(error::invalid("Message (user) attribute name must be shorter than 256 bytes."));
    }
    // Letters and digits of every script (recorded on AWS).
    if !name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.')) {
        // The wording and the blank at the end are AWS's.
        return Err(error::invalid(
            "Message (user) attributes name can only contain upper and lower score characters, digits, periods, hyphens \
             and underscores. ",
        ));
    }
    if name.starts_with('.') || name.ends_with('.') || name.contains("..") {
        return Err(error::invalid(
            "Message (user) attribute name can't start or end with a period, or have periods in succession.",
        ));
    }
    Ok(())
}

fn check_value<'i>(name: &str, value: &'i AttributeValue<'_>, whose: Whose) -> Result<(&'i str, Value<'i>), AwsError> {
    let word = whose.word();
    let Some(kind) = value.data_type.as_deref().filter(|kind| !kind.is_empty()) else {
        let part = if value.string_value.is_none() && value.binary_value.is_none() { "value" } else { "type" };
        let message =
            format!("The message ({word}) attribute '{name}' must contain a non-empty message attribute {part}.");
        return Err(error::invalid(message));
    };
    if value.string_list_values.as_ref().is_some_and(|list| !list.is_empty())
        || value.binary_list_values.as_ref().is_some_and(|list| !list.is_empty())
    {
        let message = "Message attribute list values in SendMessage operation are not supported.";
        return Err(
            AwsError::bad("UnsupportedOperation", message).query_code("AWS.SimpleQueueService.UnsupportedOperation")
        );
    }
    let base = kind.split('.').next().unwrap_or_default();
    let of_system = whose == Whose::System && base != "String";
    if !matches!(base, "String" | "Number" | "Binary") || of_system {
        let message = format!(
            "The type of message ({word}) attribute '{name}' is invalid. You must use only the following supported type \
             prefixes: Binary, Number, String."
        );
        return Err(error::invalid(message));
    }
    if kind.len() > MAX_NAME {
        return Err(error::invalid(format!("Message ({word}) attribute type must be shorter than 256 bytes.")));
    }
    // "Message metadata for Amazon SQS": a type may hold what a body may.
    if !super::body::is_valid(kind) {
        return Err(invalid_characters());
    }
    let empty = || {
        error::invalid(format!("Message ({word}) attribute '{name}' must contain a non-empty value of type '{base}'."))
    };
    if base == "Binary" {
        let bytes = value.binary_value.as_ref().filter(|bytes| !bytes.is_empty()).ok_or_else(empty)?;
        return Ok((kind, Value::Binary(bytes)));
    }
    let text = value.string_value.as_deref().filter(|text| !text.is_empty()).ok_or_else(empty)?;
    if !super::body::is_valid(text) {
        return Err(invalid_characters());
    }
    if base == "Number" && !is_number(text) {
        let message = format!("Can't cast the value of message ({word}) attribute '{name}' to a number.");
        return Err(error::invalid(message));
    }
    Ok((kind, Value::Text(text)))
}

fn invalid_characters() -> AwsError {
    error::invalid(super::body::invalid_characters().message)
}

/// A decimal number of at most 38 digits between 10^-128 and 10^126; zeros at its ends are none of its digits ("Message metadata for
/// Amazon SQS").
fn is_number(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => match exponent.parse::<i32>() {
            Ok(exponent) => (mantissa, i64::from(exponent)),
            Err(_) => return false,
        },
        None => (text, 0),
    };
    let number = mantissa.strip_prefix(['+', '-']).unwrap_or(mantissa);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let Some(first) = digits.iter().position(|digit| *digit != b'0') else { return true };
    let last = digits.iter().rposition(|digit| *digit != b'0').unwrap_or(first);
    // The number is 1 to 9.99.. times ten to the power of this.
    let magnitude = exponent + whole.len() as i64 - 1 - first as i64;
    let is_power_of_ten = first == last && digits[first] == b'1';
    last - first < MAX_DIGITS && EXPONENTS.contains(&magnitude) && (magnitude < *EXPONENTS.end() || is_power_of_ten)
}

/// The MD5 of attributes, in hex; nothing without any ("Calculating the MD5 message digest for message attributes",
/// Amazon SQS Developer Guide).
pub(super) fn md5<'a, 'v: 'a>(attributes: impl IntoIterator<Item = &'a Attribute<'v>>) -> Option<String> {
    let mut sorted: Vec<&Attribute<'_>> = attributes.into_iter().collect();
    if sorted.is_empty() {
        return None;
    }
    sorted.sort_by_key(|attribute| attribute.name);
    let mut hash = Md5::new();
    let mut part = |bytes: &[u8], transport: Option<u8>| {
        if let Some(transport) = transport {
            hash.update([transport]);
        }
        hash.update((bytes.len() as u32).to_be_bytes());
        hash.update(bytes);
    };
    for attribute in sorted {
        part(attribute.name.as_bytes(), None);
        part(attribute.kind.as_bytes(), None);
        match attribute.value {
            Value::Text(text) => part(text.as_bytes(), Some(1)),
            Value::Binary(bytes) => part(bytes, Some(2)),
        }
    }
    Some(wire::digest::to_hex(&hash.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(kind: &'static str, value: &'static str) -> AttributeValue<'static> {
        AttributeValue { string_value: Some(value.into()), data_type: Some(kind.into()), ..AttributeValue::default() }
    }

    #[test]
    fn attributes_obey_the_rules() {
        let table = [
            ("a", text("String", "x"), ""),
            ("a-b_c.9", text("Number.int", "-1.5e10"), ""),
            ("AWS.x", text("String", "x"), "reserved"),
            (".a", text("String", "x"), "with a period"),
            ("a..b", text("String", "x"), "in succession"),
            ("§", text("String", "x"), "upper and lower score"),
            ("a", text("string", "x"), "supported type prefixes"),
            ("a", text("String", ""), "must contain a non-empty value of type 'String'"),
            ("a", text("Binary", "x"), "must contain a non-empty value of type 'Binary'"),
            ("a", text("Number", "1x"), "to a number"),
            // The digits of a number were counted with their zeros, and its exponent alone was bounded.
            ("a", text("Number", "00000000000000000000000000000000000000001"), ""),
            ("a", text("Number", "1000000000000000000000000000000000000000"), ""),
            ("a", text("Number", "0.000000000000000000000000000000000000000000"), ""),
            ("a", text("Number", "1e126"), ""),
            ("a", text("Number", "10e-129"), ""),
            ("a", text("Number", "1.1e126"), "to a number"),
            ("a", text("Number", "-1000e126"), "to a number"),
            ("a", text("Number", "0.1e-128"), "to a number"),
            ("a", text("Number", "123456789012345678901234567890123456789"), "to a number"),
            ("a", text("Number", "NaN"), "to a number"),
            ("a", text("String.\u{1}", "x"), "characters"),
            ("a", text("", "x"), "non-empty message attribute type"),
        ];
        for (name, value, problem) in table {
            let given = Pairs(vec![(Text::from(name), value)]);
            match check(&given, Whose::User) {
                Ok(_) => assert_eq!(problem, "", "{name}"),
                Err(error) => assert!(!problem.is_empty() && error.message.contains(problem), "{}", error.message),
            }
        }
        assert!(check(&Pairs(vec![("x".into(), text("String", "x"))]), Whose::System).is_err());
        let many = Pairs((0..11).map(|i| (Text::from(format!("a{i}")), text("String", "x"))).collect());
        assert!(check(&many, Whose::User).unwrap_err().message.contains("[11] exceeds the allowed maximum [10]"));
    }

    #[test]
    fn the_digest_is_awss() {
        let attribute = |name, kind, value| Attribute { name, kind, value: Value::Text(value) };
        let timestamp = attribute("timestamp", "Number", "1493147359900");
        assert_eq!(md5([&timestamp]).as_deref(), Some("235c5c510d26fb653d073faed50ae77c"));
        let three = [
            attribute("Help.Me", "String", "Me"),
            attribute("Hello", "String", "There"),
            attribute("General", "String", "Kenobi"),
        ];
        assert_eq!(md5(&three).as_deref(), Some("4c360f3fdafd970e05fae2f149d997f5"));
    }
}
