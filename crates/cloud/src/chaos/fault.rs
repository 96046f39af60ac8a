//! The error that a request is answered with.

use super::subject::Subject;
use wire::AwsError;

/// Which error.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fault {
    /// This status and code.
    Given { status: u16, code: String },
    /// What the service itself answers to too many requests.
    Throttling,
}

impl Fault {
    /// Where a rule doesn't say: 503 and `ServiceUnavailable` ("Chaos API", LocalStack's documentation).
    pub(super) const STATUS: u16 = 503;
    pub(super) const CODE: &str = "ServiceUnavailable";

    /// The error, in the words of no protocol yet.
    pub(super) fn error(&self, rule: u64, subject: &Subject<'_>) -> AwsError {
        let message = format!("The chaos rule {rule} made this request fail.");
        match self {
            Self::Given { status, code } => AwsError::new(*status, code.clone(), message),
            Self::Throttling => {
                let (status, code) = throttling(subject.service);
                AwsError::new(status, code, message)
            }
        }
    }

    /// In a few words.
    pub(super) fn told(&self) -> String {
        match self {
            Self::Given { status, code } => format!("{status} {code}"),
            Self::Throttling => "throttling".to_owned(),
        }
    }
}

/// A service's status and code for too many requests. Sources: "SendMessage" (Amazon SQS API Reference), "PutRecord" (Amazon Data Firehose API Reference), "Error responses" (Amazon S3 API Reference), and the "Common Errors"
/// of the others.
fn throttling(service: &str) -> (u16, &'static str) {
    match service {
        "sqs" => (400, "RequestThrottled"),
        "firehose" => (500, "ServiceUnavailableException"),
        "s3" => (503, "SlowDown"),
        "iam" | "sts" | "cloudformation" => (400, "Throttling"),
        _ => (400, "ThrottlingException"),
    }
}
