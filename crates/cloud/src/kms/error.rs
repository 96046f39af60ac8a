//! The errors that several operations share, as KMS words them, and what is checked of every page.

use crate::core::tally::Tally;
use wire::{AwsError, check, page};

/// The code of what AWS's model refuses.
pub(super) const VALIDATION: &str = "ValidationException";

/// An argument that is wrong, in these words.
pub(super) fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::bad(VALIDATION, message)
}

/// A member that has to be there.
pub(super) fn required<T>(value: Option<T>, member: &str) -> Result<T, AwsError> {
    value.ok_or_else(|| check::null(VALIDATION, member))
}

/// What AWS has and this cloud hasn't.
pub(super) fn absent(what: &str) -> AwsError {
    AwsError::new(501, "NotImplemented", format!("{what} is not supported by this cloud."))
}

/// What isn't there, in these words.
pub(super) fn not_found(message: impl Into<String>) -> AwsError {
    AwsError::bad("NotFoundException", message)
}

/// A key isn't in the state that an operation needs.
pub(super) fn state(message: impl Into<String>) -> AwsError {
    AwsError::bad("KMSInvalidStateException", message)
}

/// A quota is reached, in these words.
pub(super) fn limit(message: impl Into<String>) -> AwsError {
    AwsError::bad("LimitExceededException", message)
}

/// The error when all keys together have as many bytes as they may have.
pub(super) fn full(tally: &Tally) -> AwsError {
    limit(format!("All keys and aliases may take {} MiB together in this cloud: delete some.", tally.mib()))
}

/// How many results a page has: as many as asked for, or `usual`.
///
/// # Errors
/// `ValidationException` beyond 1 to `max`.
pub(super) fn page_size(wanted: Option<i64>, usual: i64, max: i64) -> Result<usize, AwsError> {
    let size = wanted.unwrap_or(usual);
    let mut checks = check::Checks::new(VALIDATION);
    checks.number(size, "limit", 1..=max);
    checks.done()?;
    Ok(usize::try_from(size).unwrap_or(1))
}

/// What the marker of a page says came last on the page before.
///
/// # Errors
/// `InvalidMarkerException` for one that this cloud never gave.
pub(super) fn after(marker: Option<&str>) -> Result<Option<String>, AwsError> {
    let read = |marker: &str| {
        let named = |text: &String| text.chars().all(|c| !c.is_control());
        page::decode_token(marker)
            .filter(named)
            .ok_or_else(|| AwsError::bad("InvalidMarkerException", "Invalid marker."))
    };
    marker.map(read).transpose()
}
