//! The service's errors, as it words them.

use wire::AwsError;
use wire::check::{self, Checks};

/// The code of what is wrong with a request, in the service's words and in those of AWS's model.
pub(super) const INVALID: &str = "InvalidParameterException";

/// An argument that is wrong.
pub(super) fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::bad(INVALID, message)
}

/// What AWS's model says of a request's members.
pub(super) fn checks() -> Checks {
    Checks::new(INVALID)
}

/// A required member that isn't there.
pub(super) fn missing(member: &str) -> AwsError {
    check::null(INVALID, member)
}

/// A group that isn't there.
pub(super) fn no_group() -> AwsError {
    AwsError::bad("ResourceNotFoundException", "The specified log group does not exist.")
}

/// A stream that isn't there.
pub(super) fn no_stream() -> AwsError {
    AwsError::bad("ResourceNotFoundException", "The specified log stream does not exist.")
}

/// A group or a stream that is there already.
pub(super) fn exists(what: &str) -> AwsError {
    AwsError::bad("ResourceAlreadyExistsException", format!("The specified {what} already exists"))
}

/// More than may be kept.
pub(super) fn limit(message: impl Into<String>) -> AwsError {
    AwsError::bad("LimitExceededException", message)
}

/// A token that no page gave.
pub(super) fn bad_token() -> AwsError {
    invalid("The specified nextToken is invalid.")
}

/// Refuses members that aren't simulated: `given` holds their names, and whether the request has them.
///
/// # Errors
/// `NotImplemented` with the name of the first that the request has.
pub(super) fn refuse(given: &[(&str, bool)]) -> Result<(), AwsError> {
    match given.iter().find(|(_, given)| *given) {
        Some((name, _)) => Err(AwsError::new(501, "NotImplemented", format!("{name} is not simulated here."))),
        None => Ok(()),
    }
}
