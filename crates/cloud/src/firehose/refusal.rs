//! Why a batch can't land.

use wire::AwsError;

/// What kind of reason it is, as Firehose tells them apart in its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The stream's role can't be assumed, or it or the bucket's policy doesn't let objects in.
    AccessDenied,
    /// There is no such bucket.
    NoSuchBucket,
    /// Anything else.
    Internal,
}

/// Why a batch can't land.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// What kind of reason it is.
    pub cause: Cause,
    /// The reason in words, for the operator.
    pub reason: String,
}

impl Refusal {
    /// Something isn't allowed.
    pub(super) fn denied(reason: impl Into<String>) -> Self {
        Self { cause: Cause::AccessDenied, reason: reason.into() }
    }

    /// Something went wrong.
    pub(super) fn internal(reason: impl Into<String>) -> Self {
        Self { cause: Cause::Internal, reason: reason.into() }
    }

    /// With the name of the stream before the reason.
    pub(super) fn of_stream(self, stream: &str) -> Self {
        Self { reason: format!("the delivery stream {stream} can't deliver: {}", self.reason), ..self }
    }
}

impl From<AwsError> for Refusal {
    fn from(error: AwsError) -> Self {
        Self::internal(error.message)
    }
}

impl From<Refusal> for AwsError {
    fn from(refusal: Refusal) -> Self {
        Self::internal(refusal.reason)
    }
}
