//! A template that is refused, as its client is told.

use template::Invalid;
use wire::AwsError;

/// AWS's `ValidationError` with what is wrong with a template or its parameters.
pub fn refused(invalid: Invalid) -> AwsError {
    AwsError::bad("ValidationError", invalid.message)
}
