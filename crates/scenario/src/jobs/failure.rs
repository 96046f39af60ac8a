//! What AWS says when it doesn't do something.

use std::error::Error;

use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};

/// The codes by which AWS's services say that they are asked too much.
const THROTTLED: [&str; 8] = [
    "KmsThrottled",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "SlowDown",
    "ThrottledException",
    "ThrottlingException",
    "TooManyRequestsException",
];

/// A request to AWS that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// Why, in a line.
    pub why: String,
    /// Whether the service is asked too much.
    pub throttled: bool,
}

impl<E: ProvideErrorMetadata + Error + 'static> From<SdkError<E>> for Failure {
    fn from(error: SdkError<E>) -> Self {
        Self { throttled: is_throttled(&error), why: tell(&error) }
    }
}

/// Whether a service says that it is asked too much.
pub(super) fn is_throttled(error: &impl ProvideErrorMetadata) -> bool {
    let code = error.code().unwrap_or_default();
    // SQS's query protocol has prefixes, as `AWS.SimpleQueueService.RequestThrottled`.
    THROTTLED.iter().any(|known| code.ends_with(known)) || code == "Throttling"
}

/// What the service said; without an answer, the reason at the bottom.
pub(super) fn tell<E: ProvideErrorMetadata + Error + 'static>(error: &SdkError<E>) -> String {
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        (None, _) => {
            let mut bottom: &dyn Error = error;
            while let Some(below) = bottom.source() {
                bottom = below;
            }
            bottom.to_string()
        }
    }
}
