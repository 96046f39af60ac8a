//! An AWS error: what the operation says, before any protocol renders it.

use std::borrow::Cow;

/// Whose fault an error is; the query protocol and SQS's JSON header say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The client's.
    Sender,
    /// The server's.
    Receiver,
}

/// An error as AWS gives it: code, HTTP status, message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsError {
    /// The code as the service's model names it, e.g. `NotFound` or `QueueDoesNotExist`.
    pub code: Cow<'static, str>,
    /// What SQS's query protocol calls it where that differs, e.g. `AWS.SimpleQueueService.NonExistentQueue`.
    pub query_code: Option<Cow<'static, str>>,
    /// The HTTP status.
    pub status: u16,
    /// For people.
    pub message: String,
    /// Whose fault it is.
    pub fault: Fault,
    /// S3's elements beside code and message, in order, e.g. `("BucketName", "b")`.
    pub fields: Vec<(&'static str, String)>,
}

impl AwsError {
    /// A client's error with HTTP status 400.
    pub fn bad(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::new(400, code, message)
    }

    /// An error with any status; 5xx is the receiver's fault.
    pub fn new(status: u16, code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        let fault = if status >= 500 { Fault::Receiver } else { Fault::Sender };
        Self { code: code.into(), query_code: None, status, message: message.into(), fault, fields: Vec::new() }
    }

    /// The same error with the code that SQS's query protocol (and its `x-amzn-query-error` header) uses.
    pub fn query_code(mut self, code: impl Into<Cow<'static, str>>) -> Self {
        self.query_code = Some(code.into());
        self
    }

    /// The same error with one more of S3's elements.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    /// What AWS answers when it fails: here, when the log can't be written.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(500, "InternalFailure", message)
    }
}
