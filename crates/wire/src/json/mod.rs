//! JSON 1.0 and 1.1, with AWS's words for what can't be read.

mod read;
mod write;

use serde::Deserialize;
use serde_json::error::Category;

pub use read::Json;
pub use write::to_vec;

use super::AwsError;

const LIST: &str = "Start of list found where not expected";

/// Reads an operation's input; no body at all is an empty object.
fn from_slice<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, AwsError> {
    let body = if body.is_empty() { b"{}" } else { body };
    // serde would take a list for a structure's members in order.
    if body.trim_ascii_start().first() == Some(&b'[') {
        return Err(AwsError::bad("SerializationException", LIST));
    }
    serde_json::from_slice(body).map_err(|error| AwsError::bad("SerializationException", explain(&error)))
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Serialize;

    use super::*;
    use crate::{Blob, Pairs, Text};

    #[derive(Debug, Deserialize, Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input<'a> {
        #[serde(borrow)]
        body: Option<Text<'a>>,
        delay: Option<i32>,
        data: Option<Blob>,
        #[serde(borrow)]
        names: Option<Vec<Text<'a>>>,
        #[serde(borrow)]
        attributes: Option<Pairs<'a>>,
        on: Option<bool>,
    }

    #[test]
    fn reads_and_writes() {
        let body = br#"{"Body":"b","Delay":5,"Data":"AQI=","Names":["a"],"Attributes":{"k":"v"},"On":true}"#;
        let input: Input = from_slice(body).unwrap();
        assert_eq!(to_vec(&input).unwrap(), body);
        assert!(matches!(input.body.unwrap().into_cow(), std::borrow::Cow::Borrowed("b")));
        let input: Input = from_slice(br#"{"Body":null,"Unknown":[{}]}"#).unwrap();
        assert!(input.body.is_none() && input.names.is_none());
        assert!(from_slice::<Input>(b"").is_ok());
        assert_eq!(to_vec(&()).unwrap(), b"");
    }

    #[test]
    fn says_what_it_cannot_read_in_aws_words() {
        let cases = [
            (r#"{"Body":5}"#, "NUMBER_VALUE can not be converted to a String"),
            (r#"{"Body":true}"#, "TRUE_VALUE can not be converted to a String"),
            (r#"{"Body":{}}"#, "Start of structure or map found where not expected."),
            (r#"{"Body":[]}"#, "Start of list found where not expected"),
            (r#"{"Delay":"5"}"#, "STRING_VALUE can not be converted to an Integer"),
            (r#"{"Names":"a"}"#, "Unexpected value type in payload"),
            ("[]", "Start of list found where not expected"),
        ];
        for (body, message) in cases {
            let error = from_slice::<Input>(body.as_bytes()).unwrap_err();
            assert_eq!((&*error.code, &*error.message), ("SerializationException", message), "{body}");
        }
        assert!(from_slice::<Input>(b"{\"Body\":").unwrap_err().message.contains("not valid JSON"));
        let deep = "[".repeat(100_000);
        assert!(from_slice::<Input>(format!("{{\"X\":{deep}").as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn never_panics(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = from_slice::<Input>(&body);
        }

        #[test]
        fn never_panics_on_json(body in "[\\[\\]{}:,\"a15.eE+-]{0,60}") {
            let _ = from_slice::<Input>(body.as_bytes());
        }
    }
}
