//! The errors that the operations answer with. Most have AWS's code `ValidationError`.

use template::Invalid;
use wire::AwsError;
use wire::check::{self, Checks};

const CODE: &str = "ValidationError";

/// `ValidationError` with a message.
pub(super) fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::bad(CODE, message)
}

/// `ValidationError` with what is wrong with a template or its parameters.
pub(super) fn invalid_template(invalid: Invalid) -> AwsError {
    AwsError::bad(CODE, invalid.message)
}

/// The error for a member that has to be there and isn't.
pub(super) fn missing(member: &str) -> AwsError {
    check::null(CODE, member)
}

/// The error for a member that breaks a rule of the API's model, such as `have length greater than or equal to 1`.
pub(super) fn constraint(value: &str, member: &str, rule: &str) -> AwsError {
    check::failed(CODE, value, member, format_args!("Member must {rule}"))
}

/// The error for a list of more entries than the API's model allows. It shows no value.
pub(super) fn too_many(member: &str, most: usize) -> AwsError {
    invalid(format!(
        "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must have length less \
         than or equal to {most}"
    ))
}

/// Refuses a text of more characters than the API's model allows.
pub(super) fn check_length(text: Option<&str>, member: &str, most: usize) -> Result<(), AwsError> {
    let mut checks = Checks::new(CODE);
    if let Some(text) = text {
        checks.length(text, member, 0..=most);
    }
    checks.done()
}

/// The error for a stack that isn't there, in the form most operations have.
pub(super) fn no_stack_with_id(name: &str) -> AwsError {
    invalid(format!("Stack with id {name} does not exist"))
}

/// The error for a stack that isn't there, in the form the other operations have.
pub(super) fn no_stack_named(name: &str) -> AwsError {
    invalid(format!("Stack [{name}] does not exist"))
}

/// The error for an update of a stack whose status allows none.
pub(super) fn not_updatable(stack_id: &str, status: impl std::fmt::Display) -> AwsError {
    invalid(format!("Stack:{stack_id} is in {status} state and can not be updated."))
}

/// The error for a change set that isn't there.
pub(super) fn no_change_set(name: &str) -> AwsError {
    AwsError::new(404, "ChangeSetNotFound", format!("ChangeSet [{name}] does not exist"))
}
