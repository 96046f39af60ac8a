//! Pages of listings.

use super::error::invalid;
use wire::AwsError;

/// A page of all entries, and the token of the next page.
///
/// # Errors
/// `ValidationError` if the token isn't one that this gave.
pub(super) fn page<T>(entries: Vec<T>, token: Option<&str>, size: usize) -> Result<(Vec<T>, Option<String>), AwsError> {
    wire::page::by_count(entries, token, size).ok_or_else(|| invalid("Invalid pagination token"))
}
