//! The message structure `json`: a message for each protocol.

use std::borrow::Cow;

use serde_json::Value;

use crate::sns::error::invalid;
use wire::{AwsError, Pairs};

/// Keys that a protocol, or a mobile platform, takes its message from.
const KEYS: [&str; 18] = [
    "sqs",
    "http",
    "https",
    "email",
    "email-json",
    "sms",
    "firehose",
    "lambda",
    "application",
    "ADM",
    "APNS",
    "APNS_SANDBOX",
    "APNS_VOIP",
    "APNS_VOIP_SANDBOX",
    "BAIDU",
    "GCM",
    "MPNS",
    "WNS",
];

/// A message, and those of the protocols that have their own.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Bodies<'a> {
    pub default: Cow<'a, str>,
    pub by_protocol: Vec<(&'static str, String)>,
}

/// Reads a structured message. A key whose value is no string is ignored, as is one that is no protocol; of a key that comes
/// twice the last counts, though the API reference says it was refused.
pub(super) fn parse<'a>(message: &str) -> Result<Bodies<'a>, AwsError> {
    let bad = |what: &str| invalid(format_args!("Message Structure - {what}"));
    let parsed: Pairs<'_, Value> =
        serde_json::from_str(message).map_err(|_| bad("JSON message body failed to parse"))?;
    let mut default = None;
    let mut by_protocol: Vec<(&'static str, String)> = Vec::new();
    for (key, value) in parsed {
        if key == "default" {
            default = Some(value);
            continue;
        }
        let (Some(key), Value::String(text)) = (KEYS.iter().find(|known| key == **known), value) else { continue };
        match by_protocol.iter_mut().find(|(known, _)| known == key) {
            Some((_, before)) => *before = text,
            None => by_protocol.push((key, text)),
        }
    }
    match default {
        Some(Value::String(default)) => Ok(Bodies { default: Cow::Owned(default), by_protocol }),
        _ => Err(bad("No default entry in JSON message body")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_have_their_own() {
        let bodies = parse(r#"{"default":"d","sqs":"s","http":{"no":"string"},"smoke":"x","default":"e"}"#).unwrap();
        assert_eq!(bodies, Bodies { default: "e".into(), by_protocol: vec![("sqs", "s".to_owned())] });
    }

    #[test]
    fn a_default_must_be_a_string() {
        let message = |text| parse(text).unwrap_err().message;
        let missing = "Invalid parameter: Message Structure - No default entry in JSON message body";
        assert_eq!(message(r#"{"sqs":"s"}"#), missing);
        assert_eq!(message(r#"{"default":{"object":"test"}}"#), missing);
        let broken = "Invalid parameter: Message Structure - JSON message body failed to parse";
        assert_eq!(message(r#"{"default": "x"} }"#), broken);
        assert_eq!(message("[]"), broken);
    }

    proptest::proptest! {
        #[test]
        fn mangled_messages(text in crate::testing::mangled::mangled(&[
            r#"{"default":"d","sqs":"s","http":{"no":"string"},"email":"\\ud83d\\ude00"}"#,
        ])) {
            if let Ok(bodies) = parse(&text) {
                proptest::prop_assert!(bodies.by_protocol.len() <= KEYS.len());
            }
        }
    }
}
