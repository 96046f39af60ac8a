//! SNS's errors that several operations share.

use wire::{AwsError, Text};

/// `InvalidParameter`, with AWS's usual beginning.
pub fn invalid(what: impl std::fmt::Display) -> AwsError {
    AwsError::bad("InvalidParameter", format!("Invalid parameter: {what}"))
}

/// An attribute that Subscribe or CreateTopic got among others.
pub fn invalid_attribute(what: impl std::fmt::Display) -> AwsError {
    invalid(format_args!("Attributes Reason: {what}"))
}

/// A parameter whose absence SNS itself notices.
pub fn required<'t, 'a>(value: &'t Option<Text<'a>>, name: &str) -> Result<&'t str, AwsError> {
    value
        .as_ref()
        .map(Text::as_str)
        .ok_or_else(|| invalid(format_args!("{name} Reason: no value for required parameter")))
}

/// A parameter whose absence AWS's framework notices. `member` is its path in lower camel case.
pub fn null(member: &str) -> AwsError {
    let message = format!(
        "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
    );
    AwsError::bad("ValidationError", message)
}

/// A parameter whose absence AWS's framework notices.
pub fn not_null<'t, 'a>(value: &'t Option<Text<'a>>, member: &str) -> Result<&'t str, AwsError> {
    value.as_ref().map(Text::as_str).ok_or_else(|| null(member))
}

pub fn no_topic() -> AwsError {
    AwsError::new(404, "NotFound", "Topic does not exist")
}

pub fn no_subscription() -> AwsError {
    AwsError::new(404, "NotFound", "Subscription does not exist")
}

pub fn no_resource() -> AwsError {
    AwsError::new(404, "ResourceNotFound", "Resource does not exist")
}
