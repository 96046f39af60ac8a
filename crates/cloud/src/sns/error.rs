//! SNS's errors that several operations share.

use wire::{AwsError, Text, check};

/// The code of what AWS's framework finds wrong with a request.
pub(super) const VALIDATION_ERROR: &str = "ValidationError";

/// `InvalidParameter`, with AWS's usual beginning.
pub(super) fn invalid(what: impl std::fmt::Display) -> AwsError {
    AwsError::bad("InvalidParameter", format!("Invalid parameter: {what}"))
}

/// An attribute that Subscribe or CreateTopic got among others.
pub(super) fn invalid_attribute(what: impl std::fmt::Display) -> AwsError {
    invalid(format_args!("Attributes Reason: {what}"))
}

/// A parameter whose absence SNS itself notices.
pub(super) fn required<'t, 'a>(value: &'t Option<Text<'a>>, name: &str) -> Result<&'t str, AwsError> {
    value
        .as_ref()
        .map(Text::as_str)
        .ok_or_else(|| invalid(format_args!("{name} Reason: no value for required parameter")))
}

/// A parameter whose absence AWS's framework notices. `member` is its path in lower camel case.
pub(super) fn null(member: &str) -> AwsError {
    check::null(VALIDATION_ERROR, member)
}

/// A parameter whose absence AWS's framework notices.
pub(super) fn not_null<'t, 'a>(value: &'t Option<Text<'a>>, member: &str) -> Result<&'t str, AwsError> {
    value.as_ref().map(Text::as_str).ok_or_else(|| null(member))
}

/// Reads a policy; the error is what SNS says of one that is no JSON, for all kinds of policies.
pub(super) fn read_policy<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, String> {
    match filter::json_error(text) {
        Some(error) => Err(format!("failed to parse JSON. {error}")),
        None => serde_json::from_str(text).map_err(|error| format!("failed to parse JSON. {error}")),
    }
}

/// A topic that isn't there.
pub(super) fn no_topic() -> AwsError {
    AwsError::new(404, "NotFound", "Topic does not exist")
}

/// A subscription that isn't there, or is another account's.
pub(super) fn no_subscription() -> AwsError {
    AwsError::new(404, "NotFound", "Subscription does not exist")
}

/// A topic that isn't there, to the operations of tags.
pub(super) fn no_resource() -> AwsError {
    AwsError::new(404, "ResourceNotFound", "Resource does not exist")
}

/// What is wrong with an attribute of a topic or a subscription.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum BadAttribute {
    /// There is no such attribute (of a topic of this type).
    Name,
    /// The value; the text says what SNS puts behind `Invalid parameter: `.
    Value(String),
    /// The filter policy, which SNS names only where it is one attribute among others.
    Filter(String),
}

impl BadAttribute {
    /// SNS's error when CreateTopic or Subscribe got the attribute among others.
    pub(super) fn among_others(self, name: &str) -> AwsError {
        match self {
            Self::Name => invalid_attribute(format_args!("Unknown attribute {name}")),
            Self::Value(what) => invalid_attribute(what),
            Self::Filter(what) => invalid_attribute(format_args!("FilterPolicy: {what}")),
        }
    }

    /// SNS's error when SetTopicAttributes or SetSubscriptionAttributes got the attribute.
    pub(super) fn alone(self) -> AwsError {
        match self {
            Self::Name => invalid("AttributeName"),
            Self::Value(what) | Self::Filter(what) => invalid(what),
        }
    }
}
