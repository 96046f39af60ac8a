//! The errors that several operations share. SQS gives each a name in JSON and one in the query protocol; both are set
//! here.

use std::fmt::Display;

use crate::request::Context;
use wire::{AwsError, Protocol};

/// An error of SQS's model whose names agree in both protocols.
pub(super) fn named(code: &'static str, message: impl Into<String>) -> AwsError {
    AwsError::bad(code, message).query_code(code)
}

/// An error that the query protocol calls `AWS.SimpleQueueService.<code>`.
fn prefixed(code: &'static str, message: impl Into<String>) -> AwsError {
    AwsError::bad(code, message).query_code(format!("AWS.SimpleQueueService.{code}"))
}

/// A parameter is wrong; the whole message is given.
pub(super) fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::bad("InvalidParameterValueException", message).query_code("InvalidParameterValue")
}

/// A parameter's value is wrong, for a reason.
pub(super) fn invalid_value(value: impl Display, parameter: &str, reason: &str) -> AwsError {
    invalid(format!("Value {value} for parameter {parameter} is invalid. Reason: {reason}"))
}

/// A parameter is missing or empty.
pub(super) fn missing(parameter: &str) -> AwsError {
    let message = format!("The request must contain the parameter {parameter}.");
    AwsError::bad("MissingRequiredParameterException", message).query_code("MissingParameter")
}

/// The queue isn't there.
pub(super) fn no_queue(cx: &Context) -> AwsError {
    let message = match cx.protocol {
        Protocol::Query => "The specified queue does not exist for this wsdl version.",
        _ => "The specified queue does not exist.",
    };
    AwsError::bad("QueueDoesNotExist", message).query_code("AWS.SimpleQueueService.NonExistentQueue")
}

/// Another account's queue whose policy doesn't let this one in.
pub(super) fn access_denied(cx: &Context, action: &str, arn: &str, explicitly: bool) -> AwsError {
    let why = match explicitly {
        true => "with an explicit deny in a resource-based policy".to_owned(),
        false => format!("because no resource-based policy allows the {action} action"),
    };
    let message = format!("User: {} is not authorized to perform: {action} on resource: {arn} {why}", cx.caller());
    AwsError::new(403, "AccessDeniedException", message).query_code("AccessDenied")
}

/// A name that is none of a queue's or message's attributes.
pub(super) fn unknown_attribute(name: &str) -> AwsError {
    named("InvalidAttributeName", format!("Unknown Attribute {name}."))
}

/// A queue attribute's value is out of its bounds.
pub(super) fn attribute_value(name: &str) -> AwsError {
    named("InvalidAttributeValue", format!("Invalid value for the parameter {name}."))
}

/// A queue attribute's value is wrong, for a reason.
pub(super) fn attribute_reason(name: &str, reason: &str) -> AwsError {
    named("InvalidAttributeValue", format!("Invalid value for the parameter {name}. Reason: {reason}"))
}

/// A receipt handle that isn't one.
pub(super) fn receipt_handle(handle: &str) -> AwsError {
    let message = format!("The input receipt handle \"{handle}\" is not a valid receipt handle.");
    named("ReceiptHandleIsInvalid", message)
}

/// What the message move tasks can't find: AWS answers 404.
pub(super) fn not_found(message: &str) -> AwsError {
    AwsError::new(404, "ResourceNotFoundException", message).query_code("ResourceNotFoundException")
}

/// More than AWS allows: it answers 403.
pub(super) fn over_limit(message: impl Into<String>) -> AwsError {
    AwsError::new(403, "OverLimit", message).query_code("OverLimit")
}

/// A name used again too soon.
pub(super) fn deleted_recently() -> AwsError {
    let message = "You must wait 60 seconds after deleting a queue before you can create another with the same name.";
    prefixed("QueueDeletedRecently", message)
}

/// A second purge too soon.
pub(super) fn purge_in_progress(queue: &str) -> AwsError {
    let message = format!("Only one PurgeQueue operation on {queue} is allowed every 60 seconds.");
    AwsError::new(403, "PurgeQueueInProgress", message).query_code("AWS.SimpleQueueService.PurgeQueueInProgress")
}

/// A batch without entries.
pub(super) fn empty_batch(entry: &str) -> AwsError {
    prefixed("EmptyBatchRequest", format!("There should be at least one {entry} in the request."))
}

/// A batch with too many entries.
pub(super) fn too_many_entries(count: usize) -> AwsError {
    let message = format!("Maximum number of entries per request are 10. You have sent {count}.");
    prefixed("TooManyEntriesInBatchRequest", message)
}

/// A batch entry's id that can't be one.
pub(super) fn batch_entry_id() -> AwsError {
    let message = "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at \
                   most 80 letters long.";
    prefixed("InvalidBatchEntryId", message)
}

/// Two entries of a batch with one id.
pub(super) fn repeated_id(id: &str) -> AwsError {
    prefixed("BatchEntryIdsNotDistinct", format!("Id {id} repeated."))
}

/// A batch whose messages together are too long.
pub(super) fn batch_too_long(limit: usize, bytes: usize) -> AwsError {
    let message = format!("Batch requests cannot be longer than {limit} bytes. You have sent {bytes} bytes.");
    prefixed("BatchRequestTooLong", message)
}
