//! The errors that several operations share, as ECR words them.

use std::fmt::Display;

use serde::Serialize;

use crate::core::tally::Tally;
use wire::AwsError;

/// `{}`: what operations answer that have nothing to tell.
#[derive(Debug, Serialize)]
pub(super) struct Empty {}

/// A member that breaks a constraint.
pub(super) fn invalid(member: &str, constraint: impl Display) -> AwsError {
    let message = format!("Invalid parameter at '{member}' failed to satisfy constraint: '{constraint}'");
    AwsError::bad("InvalidParameterException", message)
}

/// A member that has to be there.
pub(super) fn required<T>(value: Option<T>, member: &str) -> Result<T, AwsError> {
    value.ok_or_else(|| invalid(member, "must not be null"))
}

/// Checks how many characters a text has.
///
/// # Errors
/// `InvalidParameterException`.
pub(super) fn check_length(text: &str, member: &str, min: usize, max: usize) -> Result<(), AwsError> {
    match text.chars().count() {
        short if short < min => Err(invalid(member, format_args!("must have length greater than or equal to {min}"))),
        long if long > max => Err(invalid(member, format_args!("must have length less than or equal to {max}"))),
        _ => Ok(()),
    }
}

/// Checks that a list has from one item to `max`.
///
/// # Errors
/// `InvalidParameterException`.
pub(super) fn check_count<T>(items: &[T], member: &str, max: usize) -> Result<(), AwsError> {
    match items.len() {
        0 => Err(invalid(member, "must have length greater than or equal to 1")),
        many if many > max => Err(invalid(member, format_args!("must have length less than or equal to {max}"))),
        _ => Ok(()),
    }
}

/// One of these words.
///
/// # Errors
/// `InvalidParameterException`.
pub(super) fn one_of(value: &str, member: &str, known: &[&'static str]) -> Result<&'static str, AwsError> {
    let found = known.iter().copied().find(|word| *word == value);
    found.ok_or_else(|| invalid(member, format_args!("must satisfy enum value set: [{}]", known.join(", "))))
}

/// The error when all repositories together have as many bytes as they may have.
pub(super) fn full(tally: &Tally) -> AwsError {
    let message = format!("All repositories may take {} MiB together in this cloud: delete some.", tally.mib());
    AwsError::bad("LimitExceededException", message)
}

/// The error for a token that this cloud never gave.
pub(super) fn bad_token() -> AwsError {
    invalid("nextToken", "must be a token of the page before")
}
