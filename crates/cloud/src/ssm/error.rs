//! The errors that several operations share, as Systems Manager words them, and what is checked of every list and page.

use serde::Serialize;

use crate::core::tally::Tally;
use wire::{AwsError, check};

/// The code of what AWS's model refuses.
pub(super) const VALIDATION: &str = "ValidationException";

/// `{}`: what operations answer that have nothing to tell.
#[derive(Debug, Serialize)]
pub(super) struct Empty {}

/// An argument that is wrong, in these words.
pub(super) fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::bad(VALIDATION, message)
}

/// A member that has to be there.
pub(super) fn required<T>(value: Option<T>, member: &str) -> Result<T, AwsError> {
    value.ok_or_else(|| check::null(VALIDATION, member))
}

/// What AWS has and this cloud hasn't, in these words.
pub(super) fn absent(what: &str) -> AwsError {
    AwsError::new(501, "NotImplemented", what)
}

/// There is no parameter of this name, as the request wrote it.
pub(super) fn not_found(name: &str) -> AwsError {
    let public = name.starts_with("/aws/") || name.contains(":parameter/aws/");
    let why = if public { " This cloud has none of the public parameters below /aws." } else { "" };
    AwsError::bad("ParameterNotFound", format!("Parameter {name} not found.{why}"))
}

/// A parameter has no such version, or none with such a label.
pub(super) fn no_version(kind: &str, selector: impl std::fmt::Display, name: &str) -> AwsError {
    let message =
        format!("Systems Manager could not find {kind} {selector} of {name}. Verify the {kind} and try again.");
    AwsError::bad("ParameterVersionNotFound", message)
}

/// Checks how many items a list has: at least one, and at most `max`.
///
/// # Errors
/// `ValidationException`; also for a list that isn't there.
pub(super) fn listed(items: Option<Vec<String>>, member: &str, max: usize) -> Result<Vec<String>, AwsError> {
    let items = required(items, member)?;
    if items.is_empty() || items.len() > max {
        let bound =
            if items.is_empty() { "greater than or equal to 1".into() } else { format!("less than or equal to {max}") };
        return Err(check::failed_untold(VALIDATION, member, format_args!("Member must have length {bound}")));
    }
    Ok(items)
}

/// How many results a page has: as many as asked for, or `max`.
///
/// # Errors
/// `ValidationException` beyond 1 to `max`.
pub(super) fn page_size(wanted: Option<i64>, max: i64) -> Result<usize, AwsError> {
    let size = wanted.unwrap_or(max);
    let mut checks = check::Checks::new(VALIDATION);
    checks.number(size, "maxResults", 1..=max);
    checks.done()?;
    Ok(usize::try_from(size).unwrap_or(1))
}

/// The error for a token that this cloud never gave.
pub(super) fn bad_token() -> AwsError {
    AwsError::bad("InvalidNextToken", "The specified token is not valid.")
}

/// The error when all parameters together have as many bytes as they may have.
pub(super) fn full(tally: &Tally) -> AwsError {
    let message = format!(
        "All parameters with their older versions may take {} MiB together in this cloud: delete some.",
        tally.mib()
    );
    AwsError::bad("ParameterLimitExceeded", message)
}
