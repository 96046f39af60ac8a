//! What ends a worker, or troubles it.

use std::error::Error as StdError;

use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::operation::change_message_visibility_batch::ChangeMessageVisibilityBatchError;
use aws_sdk_sqs::operation::delete_message_batch::DeleteMessageBatchError;
use aws_sdk_sqs::operation::get_queue_attributes::GetQueueAttributesError;
use aws_sdk_sqs::operation::get_queue_url::GetQueueUrlError;
use aws_sdk_sqs::operation::receive_message::ReceiveMessageError;
use aws_sdk_sqs::operation::send_message::SendMessageError;

/// A request that failed after the SDK's own retries, or a worker that doesn't work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The queue's attributes.
    #[error("GetQueueAttributes: {}", tell(.0))]
    Look(#[source] Box<SdkError<GetQueueAttributesError>>),
    /// The dead-letter queue's URL.
    #[error("GetQueueUrl: {}", tell(.0))]
    Find(#[source] Box<SdkError<GetQueueUrlError>>),
    /// A receive.
    #[error("ReceiveMessage: {}", tell(.0))]
    Receive(#[source] Box<SdkError<ReceiveMessageError>>),
    /// A delete of messages that are done.
    #[error("DeleteMessageBatch: {}", tell(.0))]
    Delete(#[source] Box<SdkError<DeleteMessageBatchError>>),
    /// A change of visibility.
    #[error("ChangeMessageVisibilityBatch: {}", tell(.0))]
    Change(#[source] Box<SdkError<ChangeMessageVisibilityBatchError>>),
    /// A dead letter's sending.
    #[error("SendMessage: {}", tell(.0))]
    Send(#[source] Box<SdkError<SendMessageError>>),
    /// There is no room for more messages: as many are held as may be.
    #[error("the worker holds as many messages as it may")]
    Full,
    /// The worker doesn't run, or not any more.
    #[error("the worker doesn't run")]
    Stopped,
}

/// What kind of an error it is, as far as it decides what happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What was named doesn't exist.
    NotFound,
    /// The credentials are wrong, or may not do this.
    Denied,
    /// Nobody answered; it may be there later.
    Unreachable,
    /// It can't now, though it might later: throttled, or failed inside.
    Busy,
    /// Anything else.
    Other,
}

impl Error {
    /// What kind of an error it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Look(error) => kind_of(error),
            Self::Find(error) => kind_of(error),
            Self::Receive(error) => kind_of(error),
            Self::Delete(error) => kind_of(error),
            Self::Change(error) => kind_of(error),
            Self::Send(error) => kind_of(error),
            Self::Full => Kind::Busy,
            Self::Stopped => Kind::Other,
        }
    }

    /// Whether no patience helps: there is no such queue, or this worker may not use it.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self.kind(), Kind::NotFound | Kind::Denied)
    }
}

fn kind_of<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Kind {
    const DENIED: [&str; 8] = [
        "AccessDenied",
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "MissingAuthenticationToken",
        "OptInRequired",
        "SignatureDoesNotMatch",
        "UnrecognizedClient",
    ];
    let status = match error {
        SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) => return Kind::Unreachable,
        SdkError::ResponseError(_) => return Kind::Busy,
        SdkError::ServiceError(service) => service.raw().status().as_u16(),
        _ => return Kind::Other,
    };
    let code = error.code().unwrap_or_default();
    let has = |words: &[&str]| words.iter().any(|word| code.contains(word));
    if status == 429 || status >= 500 || has(&["Throttl", "TooManyRequests", "RequestLimitExceeded"]) {
        Kind::Busy
    } else if has(&["DoesNotExist", "NonExistentQueue", "NotFound"]) {
        Kind::NotFound
    } else if has(&DENIED) {
        Kind::Denied
    } else {
        Kind::Other
    }
}

/// What the service said; without an answer, the reason at the bottom.
fn tell<E: ProvideErrorMetadata + StdError + 'static>(error: &SdkError<E>) -> String {
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        (None, _) => {
            let mut deepest: &dyn StdError = error;
            while let Some(source) = deepest.source() {
                deepest = source;
            }
            let reason = deepest.to_string();
            match error.raw_response() {
                Some(answer) => format!("HTTP {}: {reason}", answer.status()),
                None => reason,
            }
        }
    }
}
