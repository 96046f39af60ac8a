//! Firehose's errors, as it words them.

use std::fmt::Display;
use std::ops::RangeInclusive;

use wire::AwsError;
use wire::check::{self, Checks};

/// The code of what AWS's model refuses.
const VALIDATION: &str = "ValidationException";

/// An argument that is wrong, in the service's own words.
pub(super) fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::bad("InvalidArgumentException", message)
}

/// A required member that isn't there.
pub(super) fn missing(member: &str) -> AwsError {
    check::null(VALIDATION, member)
}

/// A member that breaks a constraint of AWS's model.
pub(super) fn constrained(value: impl Display, member: &str, constraint: impl Display) -> AwsError {
    check::failed(VALIDATION, value, member, constraint)
}

/// Checks how many characters a member has.
///
/// # Errors
/// `ValidationException`.
pub(super) fn check_length(text: &str, member: &str, allowed: RangeInclusive<usize>) -> Result<(), AwsError> {
    let mut checks = Checks::new(VALIDATION);
    checks.length(text, member, allowed);
    checks.done()
}

/// Checks a member that is a number.
///
/// # Errors
/// `ValidationException`.
pub(super) fn check_number(number: i64, member: &str, allowed: RangeInclusive<i64>) -> Result<(), AwsError> {
    let mut checks = Checks::new(VALIDATION);
    checks.number(number, member, allowed);
    checks.done()
}
