//! The errors that several operations share.

use wire::AwsError;

/// The code of what is wrong with a request's members.
pub(super) const VALIDATION_ERROR: &str = "ValidationError";

/// An argument that is wrong, in these words.
pub(super) fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::bad(VALIDATION_ERROR, message)
}

/// A request that isn't signed.
pub(super) fn unsigned() -> AwsError {
    AwsError::new(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
}

/// Refuses parameters that aren't simulated: `given` holds their names, and whether the request has them.
///
/// # Errors
/// `NotImplemented` with the name of the first that the request has.
pub(super) fn refuse(given: &[(&str, bool)]) -> Result<(), AwsError> {
    match given.iter().find(|(_, given)| *given) {
        Some((name, _)) => Err(AwsError::new(501, "NotImplemented", format!("{name} is not simulated here."))),
        None => Ok(()),
    }
}
