//! The sure way to read a body, by serde_json, with AWS's words for what can't be read.

use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::DeserializeSeed;
use serde_json::error::Category;

use crate::AwsError;

const LIST: &str = "Start of list found where not expected";

/// Reads an operation's input; no body at all is an empty object.
pub(super) fn from_slice<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, AwsError> {
    look(body, PhantomData)
}

/// Reads a body by a seed.
pub(super) fn look<'a, S: DeserializeSeed<'a>>(body: &'a [u8], seed: S) -> Result<S::Value, AwsError> {
    let body = if body.is_empty() { b"{}" } else { body };
    // serde would take a list for a structure's members in order.
    if body.trim_ascii_start().first() == Some(&b'[') {
        return Err(AwsError::bad("SerializationException", LIST));
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    let read = seed.deserialize(&mut reader).and_then(|read| reader.end().map(|()| read));
    read.map_err(|error| AwsError::bad("SerializationException", explain(&error)))
}

/// AWS's words for a value of the wrong type; serde's for anything else.
fn explain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    if error.classify() != Category::Data {
        return format!("The body is not valid JSON: {text}");
    }
    let Some((found, expected)) =
        text.strip_prefix("invalid type: ").or(text.strip_prefix("invalid value: ")).and_then(|text| {
            let (found, expected) = text.rsplit_once(", expected ")?;
            Some((found, expected.split(" at line ").next().unwrap_or(expected)))
        })
    else {
        return text;
    };
    let token = match found {
        _ if found.starts_with("map") => return "Start of structure or map found where not expected.".into(),
        _ if found.starts_with("sequence") => return LIST.into(),
        _ if found.starts_with("string") => "STRING_VALUE",
        _ if found.starts_with("integer") || found.starts_with("floating point") => "NUMBER_VALUE",
        "boolean `true`" => "TRUE_VALUE",
        "boolean `false`" => "FALSE_VALUE",
        "null" | "unit value" => "NULL_VALUE",
        _ => return text,
    };
    let wanted = match expected {
        "a string" | "a base64 string" => "a String",
        "i8" | "i16" | "i32" | "u8" | "u16" | "u32" => "an Integer",
        "i64" | "u64" => "a Long",
        "a boolean" => "a Boolean",
        "f32" | "f64" => "a Double",
        _ => return "Unexpected value type in payload".into(),
    };
    format!("{token} can not be converted to {wanted}")
}
