//! What S3 answers when it refuses: code, status, message, and the extra elements that AWS puts beside them.

use std::borrow::Cow;
use std::fmt;

use log::is_full;
use wire::AwsError;

/// The result of an S3 operation.
pub(super) type Result<T> = std::result::Result<T, Failure>;

/// An S3 error as AWS renders it ("Error responses", Amazon S3 API reference).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub code: Cow<'static, str>,
    pub status: u16,
    pub message: String,
    /// Elements beside `Code` and `Message`, in order, e.g. `("BucketName", "b")`.
    pub fields: Vec<(&'static str, String)>,
    /// Response headers that only this failure has, e.g. `x-amz-delete-marker`.
    pub headers: Vec<(&'static str, String)>,
}

impl Failure {
    /// A failure without extra elements or headers.
    pub fn new(status: u16, code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { code: code.into(), status, message: message.into(), fields: Vec::new(), headers: Vec::new() }
    }

    /// The same failure with one more element.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    /// The same failure with one more response header.
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// 400 `InvalidArgument`, with the argument's name and value.
    pub fn invalid_argument(message: impl Into<String>, name: &str, value: impl Into<String>) -> Self {
        Self::new(400, "InvalidArgument", message).with("ArgumentName", name).with("ArgumentValue", value)
    }

    /// 400 `InvalidRequest`.
    pub fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(400, "InvalidRequest", message)
    }

    /// 400 `MalformedXML`.
    pub fn malformed_xml() -> Self {
        Self::new(
            400,
            "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published schema",
        )
    }

    /// A body that ends before, or goes on after, the length that was promised.
    pub fn incomplete_body() -> Self {
        Self::new(
            400,
            "IncompleteBody",
            "You did not provide the number of bytes specified by the Content-Length HTTP header",
        )
    }

    /// 403 `AccessDenied`.
    pub fn access_denied() -> Self {
        Self::new(403, "AccessDenied", "Access Denied")
    }

    /// 404 `NoSuchBucket`.
    pub fn no_such_bucket(bucket: &str) -> Self {
        Self::new(404, "NoSuchBucket", "The specified bucket does not exist").with("BucketName", bucket)
    }

    /// 400 `InvalidBucketName`.
    pub fn invalid_bucket_name(bucket: &str) -> Self {
        Self::new(400, "InvalidBucketName", "The specified bucket is not valid.").with("BucketName", bucket)
    }

    /// 404 `NoSuchKey`.
    pub fn no_such_key(key: &str) -> Self {
        Self::new(404, "NoSuchKey", "The specified key does not exist.").with("Key", key)
    }

    /// 404 `NoSuchVersion`.
    pub fn no_such_version(key: &str, version: &str) -> Self {
        Self::new(404, "NoSuchVersion", "The specified version does not exist.")
            .with("Key", key)
            .with("VersionId", version)
    }

    /// 404 `NoSuchUpload`.
    pub fn no_such_upload(upload: &str) -> Self {
        Self::new(
            404,
            "NoSuchUpload",
            "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or \
             completed.",
        )
        .with("UploadId", upload)
    }

    /// 412 `PreconditionFailed`; `condition` is the header's name.
    pub fn precondition(condition: &str) -> Self {
        Self::new(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
            .with("Condition", condition)
    }

    /// What the embedded cloud doesn't do; the message names it.
    pub fn not_implemented(what: &str) -> Self {
        Self::new(501, "NotImplemented", format!("{what} is not implemented by this cloud."))
    }

    /// 500 `InternalError`; `why` is for the operator, and shown to the client.
    pub fn internal(why: impl fmt::Display) -> Self {
        Self::new(500, "InternalError", format!("We encountered an internal error. Please try again. ({why})"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Failure {}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        if is_full(&error) {
            return Self::new(503, "ServiceUnavailable", format!("The disk is full: {error}. Please try again."));
        }
        Self::internal(error)
    }
}

impl From<AwsError> for Failure {
    fn from(error: AwsError) -> Self {
        Self { fields: error.fields, ..Self::new(error.status, error.code, error.message) }
    }
}

impl From<Failure> for AwsError {
    fn from(failure: Failure) -> Self {
        let error = AwsError::new(failure.status, failure.code, failure.message);
        failure.fields.into_iter().fold(error, |error, (name, value)| error.with(name, value))
    }
}
