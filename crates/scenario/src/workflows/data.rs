//! What a workflow's data may be: any JSON that both databases and a CSV can hold as it is.

use std::borrow::Cow;

use serde_json::{Number, Value};
use utoipa::openapi::schema::{AdditionalProperties, AnyOfBuilder, ArrayBuilder, ObjectBuilder, Schema, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::csv::{self, Format};
use super::table::Table;

/// What the API's document says of data.
pub(super) struct Data;

impl ToSchema for Data {
    fn name() -> Cow<'static, str> {
        "Data".into()
    }
}

impl PartialSchema for Data {
    fn schema() -> RefOr<Schema> {
        // What jsonb can't hold.
        let without_nul = |object: ObjectBuilder| object.schema_type(Type::String).pattern(Some(r"^[^\x00]*$"));
        let any = || Ref::from_schema_name("Data");
        let kinds = AnyOfBuilder::new()
            .description(Some(
                "Any JSON: up to 64 levels deep, with integers of up to 64 bits, as a table of up to 1,000 columns.",
            ))
            .item(ObjectBuilder::new().schema_type(Type::Null))
            .item(ObjectBuilder::new().schema_type(Type::Boolean))
            .item(ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(i64::MIN)).maximum(Some(u64::MAX)))
            .item(ObjectBuilder::new().schema_type(Type::Number))
            .item(without_nul(ObjectBuilder::new()))
            .item(ArrayBuilder::new().items(any()))
            .item(
                ObjectBuilder::new()
                    .schema_type(Type::Object)
                    .property_names(Some(without_nul(ObjectBuilder::new())))
                    .additional_properties(Some(AdditionalProperties::RefOr(any().into()))),
            );
        kinds.into()
    }
}

/// From here on doubles are written with an exponent, which PostgreSQL's numbers don't keep.
const LARGE: f64 = 1e16;

/// Makes data the same on each database, and looks whether it can be a CSV. Its columns.
///
/// # Errors
/// A sentence that says what can't be kept.
pub(super) fn settle(data: &mut Value) -> Result<Vec<String>, String> {
    settle_values(data)?;
    let table = Table::new(data, &[])?;
    csv::write(&table, Format { mark: true, ..Format::default() })?;
    Ok(table.into_columns())
}

fn settle_values(value: &mut Value) -> Result<(), String> {
    match value {
        Value::Number(number) => {
            if let Some(whole) = whole(number) {
                *number = whole;
            }
            Ok(())
        }
        Value::String(text) => refuse_nul(text),
        Value::Array(elements) => elements.iter_mut().try_for_each(settle_values),
        Value::Object(members) => {
            members.keys().try_for_each(|key| refuse_nul(key))?;
            members.values_mut().try_for_each(settle_values)
        }
        _ => Ok(()),
    }
}

fn refuse_nul(text: &str) -> Result<(), String> {
    match text.contains('\0') {
        true => Err("the data has the character \\u0000, which PostgreSQL's jsonb can't hold".to_owned()),
        false => Ok(()),
    }
}

/// A large double without a fraction as the integer that it is, if it fits one: `1e16` comes back so from `jsonb`.
fn whole(number: &Number) -> Option<Number> {
    if !number.is_f64() {
        return None;
    }
    let double = number.as_f64().filter(|double| double.abs() >= LARGE)?;
    // Exact: doubles of this size have no fraction, and the bounds are powers of two.
    if (0.0..18_446_744_073_709_551_616.0).contains(&double) {
        Some((double as u64).into())
    } else if (-9_223_372_036_854_775_808.0..0.0).contains(&double) {
        Some((double as i64).into())
    } else {
        None
    }
}

/// An integer in a JSON text that neither 64 bits nor a double can hold as it is. The text is known to be JSON.
pub(super) fn lossy_integer(text: &[u8]) -> Option<String> {
    let mut in_text = false;
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            b'\\' if in_text => at += 1,
            b'"' => in_text = !in_text,
            b'-' | b'0'..=b'9' if !in_text => {
                let is_part = |byte: &u8| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9');
                let length = text[at..].iter().take_while(|byte| is_part(byte)).count();
                let number = String::from_utf8_lossy(&text[at..at + length]);
                let is_integer = number.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit());
                if is_integer && number.parse::<i64>().is_err() && number.parse::<u64>().is_err() && !is_exact(&number)
                {
                    return Some(number.chars().take(60).collect());
                }
                at += length - 1;
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// Whether a double holds a large integer as it stands there.
fn is_exact(integer: &str) -> bool {
    integer.parse::<f64>().is_ok_and(|double| double.is_finite() && format!("{double:.0}") == integer)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_integer_that_would_be_rounded_is_found() {
        for (text, found) in [
            ("[9223372036854775807,-9223372036854775808,18446744073709551615]", None),
            ("18446744073709551616", None),
            ("[\"18446744073709551617\", \"\\\"18446744073709551617\"]", None),
            ("{\"a\":[1.5,-1e30,18446744073709551617]}", Some("18446744073709551617")),
            ("-9223372036854775809", Some("-9223372036854775809")),
        ] {
            assert_eq!(lossy_integer(text.as_bytes()).as_deref(), found, "{text}");
        }
    }

    #[test]
    fn data_is_the_same_on_each_database() {
        let mut data = json!({"a": [1e16, -1e18, 1.8e19, 1e20, 0.5, 7, "1e16"]});
        assert_eq!(settle(&mut data).unwrap(), ["a"]);
        let expected = json!({"a": [10_000_000_000_000_000_u64, -1_000_000_000_000_000_000_i64, 18_000_000_000_000_000_000_u64, 1e20, 0.5, 7, "1e16"]});
        assert_eq!(data, expected);
        for data in [json!("a\0b"), json!([{"a\0": 1}])] {
            assert!(settle(&mut data.clone()).unwrap_err().contains("u0000"));
        }
    }
}
