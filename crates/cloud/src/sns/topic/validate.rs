//! The attributes of a topic that can be set: their names and values.

use serde_json::Value;

use super::{archive, policy};
use crate::sns::delivery_policy::{self, Level};
use crate::sns::error::BadAttribute;
use crate::sns::quotas::ATTRIBUTE_BYTES;

/// The value as it is kept; `None` takes the attribute away.
pub(super) fn attribute(name: &str, value: &str, fifo: bool) -> Result<Option<String>, BadAttribute> {
    let kept = || Ok(Some(value.to_owned()));
    let bad = |what: &str| Err(BadAttribute::Value(format!("{name}: {what}")));
    let one_of = |values: &[&str]| {
        let list = values.join(" or ");
        if values.contains(&value) { kept() } else { bad(&format!("Invalid value [{value}]. Please use {list}")) }
    };
    match name {
        _ if value.len() > ATTRIBUTE_BYTES && name != "Policy" => {
            bad(&format!("must be at most {ATTRIBUTE_BYTES} bytes long"))
        }
        "DisplayName" if value.chars().count() > 100 => bad("must be at most 100 characters long"),
        "DisplayName" => kept(),
        "Policy" => policy::validate(value).map(Some).map_err(BadAttribute::Value),
        "DeliveryPolicy" if value.is_empty() => Ok(None),
        "DeliveryPolicy" => delivery_policy::normalize(value, Level::Topic).map(Some).map_err(BadAttribute::Value),
        "KmsMasterKeyId" if value.is_empty() => Ok(None),
        "KmsMasterKeyId" => kept(),
        "SignatureVersion" => one_of(&["1", "2"]),
        "TracingConfig" => one_of(&["PassThrough", "Active"]),
        "ContentBasedDeduplication" if !fifo => {
            Err(BadAttribute::Value("Content-based deduplication can only be set for FIFO topics".into()))
        }
        "ContentBasedDeduplication" => truth(name, value).map(|truth| Some(truth.to_string())),
        "FifoThroughputScope" if !fifo => Err(BadAttribute::Name),
        "FifoThroughputScope" => one_of(&["Topic", "MessageGroup"]),
        "ArchivePolicy" if !fifo => Err(BadAttribute::Value("ArchivePolicy: can only be set for FIFO topics".into())),
        "ArchivePolicy" if matches!(value, "" | "{}") => Ok(None),
        "ArchivePolicy" => archive::days(value).map(|_| Some(value.to_owned())).map_err(BadAttribute::Value),
        _ => feedback(name, value),
    }
}

/// Whether an attribute says yes.
pub(super) fn truth(name: &str, value: &str) -> Result<bool, BadAttribute> {
    match value {
        _ if value.eq_ignore_ascii_case("true") => Ok(true),
        _ if value.eq_ignore_ascii_case("false") => Ok(false),
        _ => Err(BadAttribute::Value(format!("{name}: Invalid value [{value}]. Must be true or false."))),
    }
}

/// `HTTPSuccessFeedbackRoleArn`, `SQSSuccessFeedbackSampleRate` and their like: kept, there is no CloudWatch to log to.
fn feedback(name: &str, value: &str) -> Result<Option<String>, BadAttribute> {
    let kind =
        ["Application", "HTTP", "Firehose", "Lambda", "SQS"].iter().find_map(|endpoint| name.strip_prefix(endpoint));
    match kind {
        Some("SuccessFeedbackRoleArn" | "FailureFeedbackRoleArn" | "SuccessFeedbackSampleRate") if value.is_empty() => {
            Ok(None)
        }
        Some("SuccessFeedbackRoleArn" | "FailureFeedbackRoleArn") => {
            let role = value.starts_with("arn:") && value.split(':').nth(2) == Some("iam") && value.contains(":role/");
            if role { Ok(Some(value.to_owned())) } else { Err(BadAttribute::Value(name.to_owned())) }
        }
        Some("SuccessFeedbackSampleRate") => match value.parse() {
            Ok(0..=100u8) => Ok(Some(value.to_owned())),
            _ => Err(BadAttribute::Value(name.to_owned())),
        },
        _ => Err(BadAttribute::Name),
    }
}

/// Whether two texts are the same JSON object, however they are written.
pub(super) fn same_json(a: &str, b: &str) -> bool {
    let parse = |text: &str| serde_json::from_str::<Value>(text).ok().filter(Value::is_object);
    parse(a).is_some_and(|a| parse(b) == Some(a))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_of_topics() {
        let kept = |value: &str| Ok(Some(value.to_owned()));
        let cases = [
            ("DisplayName", "x", false, kept("x")),
            ("KmsMasterKeyId", "", false, Ok(None)),
            ("SignatureVersion", "2", false, kept("2")),
            ("ContentBasedDeduplication", "True", true, kept("true")),
            ("SQSSuccessFeedbackSampleRate", "100", false, kept("100")),
            ("FifoTopic", "false", false, Err(BadAttribute::Name)),
            ("FifoThroughputScope", "Topic", false, Err(BadAttribute::Name)),
            ("Nonsense", "x", false, Err(BadAttribute::Name)),
            (
                "SQSSuccessFeedbackSampleRate",
                "101",
                false,
                Err(BadAttribute::Value("SQSSuccessFeedbackSampleRate".into())),
            ),
        ];
        for (name, value, fifo, expected) in cases {
            assert_eq!(attribute(name, value, fifo), expected, "{name}");
        }
        assert!(matches!(attribute("SignatureVersion", "3", false), Err(BadAttribute::Value(_))));
        let archive = r#"{"MessageRetentionPeriod":"30"}"#;
        assert_eq!(attribute("ArchivePolicy", archive, true), kept(archive));
        assert!(matches!(attribute("ArchivePolicy", archive, false), Err(BadAttribute::Value(_))));
    }
}
