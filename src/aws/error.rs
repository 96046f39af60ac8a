//! What the errors of calls mean, and how the command line shows them.

use std::error::Error as StdError;

use aws_sdk_sns::config::http::HttpResponse;
use aws_sdk_sns::error::{ProvideErrorMetadata, SdkError};

use super::attempts;
use super::flags::TargetKind;
use super::speaks::{no_aws, wrong_scheme};
use super::target::Target;
use crate::exit::{Exit, Failure};

/// Why a call failed, as far as it decides what happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    /// Nobody answered; it may be there later.
    Unreachable,
    /// What was named doesn't exist.
    NotFound,
    /// The credentials are wrong, or may not do this.
    Denied,
    /// It can't now, though it might: throttled, or failed inside.
    Busy,
    /// What answered isn't AWS, nor anything that speaks like it.
    Foreign,
    /// Anything else.
    Other,
}

impl ErrorKind {
    /// Whether the same call may succeed later.
    pub(crate) fn may_pass(self) -> bool {
        matches!(self, Self::Unreachable | Self::Busy)
    }
}

/// A call that failed, after the SDK's own retries.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}{message}", .code.as_ref().map(|code| format!("{code}: ")).unwrap_or_default())]
pub(crate) struct CallError {
    /// What happens next.
    pub kind: ErrorKind,
    /// The code that the service gives, as `QueueDoesNotExist`.
    pub code: Option<String>,
    pub message: String,
}

impl<E> From<SdkError<E, HttpResponse>> for CallError
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        Self::of(&error)
    }
}

impl CallError {
    /// What an error of the SDK means.
    pub(crate) fn of<E>(error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + StdError + 'static,
    {
        let kind = match error {
            error if attempts::is_stopped(error) => ErrorKind::Unreachable,
            SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) => ErrorKind::Unreachable,
            error if is_foreign(error) => ErrorKind::Foreign,
            // What came is no answer, or only a part of one.
            SdkError::ResponseError(_) => ErrorKind::Busy,
            SdkError::ServiceError(service) if attempts::may_pass(service.raw().status().as_u16()) => ErrorKind::Busy,
            SdkError::ServiceError(service) => kind_of(service.err().code(), service.err().message()),
            _ => ErrorKind::Other,
        };
        let code = error.code().map(str::to_owned);
        let message = match error.message() {
            Some(message) => without_canonical(message).to_owned(),
            None => match error.raw_response() {
                // All of it came; what the parser misses in it means nothing to anyone.
                Some(answer) if (answer.body().bytes().is_some() && code.is_none()) || kind == ErrorKind::Foreign => {
                    format!("HTTP {} without an answer as AWS gives it", answer.status())
                }
                Some(answer) => format!("HTTP {}: {}", answer.status(), attempts::reason(error)),
                None => attempts::reason(error),
            },
        };
        Self { kind, code, message }
    }
}

/// Whether a whole answer came that isn't AWS's: a web page, or the error of a server that knows nothing of these requests. A
/// gateway before a cloud that is down answers so too, with other statuses (RFC 9110, 15.6), and so does what fails inside.
fn is_foreign<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    let Some(answer) = error.raw_response().filter(|_| error.code().is_none()) else { return false };
    let Some(body) = answer.body().bytes() else { return false };
    let is_page = |body: &[u8]| {
        let begin = String::from_utf8_lossy(&body[..body.len().min(100)]).trim_start().to_ascii_lowercase();
        begin.starts_with("<!doctype html") || begin.starts_with("<html")
    };
    let came = matches!(error, SdkError::ResponseError(_) | SdkError::ServiceError(_));
    match answer.status().as_u16() {
        429 | 500 | 502..=504 => false,
        501 => came,
        _ => came && is_page(body),
    }
}

/// AWS's text of SignatureDoesNotMatch without the request that it repeats: among its headers is the session token.
fn without_canonical(message: &str) -> &str {
    message.split("The Canonical String for this request").next().unwrap_or_default().trim_end()
}

/// The kind of an error by the code and the message that a service gives.
fn kind_of(code: Option<&str>, message: Option<&str>) -> ErrorKind {
    let code = code.unwrap_or_default();
    // CloudFormation says `ValidationError: Stack with id .. does not exist`.
    let gone = code == "ValidationError" && message.is_some_and(|message| message.contains("does not exist"));
    if gone || ["NotFound", "DoesNotExist", "NonExistentQueue", "NoSuch"].iter().any(|word| code.contains(word)) {
        return ErrorKind::NotFound;
    }
    if ["Throttl", "TooManyRequests", "RequestLimitExceeded", "SlowDown"].iter().any(|word| code.contains(word)) {
        return ErrorKind::Busy;
    }
    const DENIED: [&str; 10] = [
        "AccessDenied",
        "AuthorizationError",
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "MissingAuthenticationToken",
        "OptInRequired",
        "SignatureDoesNotMatch",
        "UnauthorizedOperation",
        "UnrecognizedClient",
    ];
    if DENIED.iter().any(|word| code.contains(word)) { ErrorKind::Denied } else { ErrorKind::Other }
}

impl CallError {
    /// An error that no service gave a code.
    pub(crate) fn without_code(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, code: None, message: message.into() }
    }

    /// The error as the command line shows it where the cloud has answered before.
    pub(crate) fn failure_after_answers(&self, target: &Target, doing: &str) -> Failure {
        let failure = self.failure(target, doing);
        match (self.kind, &target.endpoint) {
            _ if failure.exit == Exit::Interrupted => failure,
            (ErrorKind::Unreachable, Some(endpoint)) => Failure::new(format!("{endpoint} doesn't answer any more"))
                .exit(Exit::Unreachable)
                .why(self)
                .help("Look at the server that ran there, and start it again."),
            _ => failure,
        }
    }

    /// The error as the command line shows it; `doing` completes the sentence "Can't ..".
    pub(crate) fn failure(&self, target: &Target, doing: &str) -> Failure {
        if self.kind.may_pass() && target.brake.is_pulled() {
            let failure = Failure::new(format!("Stopped: can't {doing}")).exit(Exit::Interrupted);
            // The SDK tells how long it would have waited.
            let unanswered = self.kind == ErrorKind::Unreachable;
            return if unanswered { failure.why(attempts::Stopped) } else { failure.why(self) };
        }
        let failure = match (self.kind, &target.endpoint) {
            (ErrorKind::Unreachable, Some(endpoint)) => {
                return wrong_scheme(endpoint).unwrap_or_else(|| self.unreachable(endpoint));
            }
            (ErrorKind::Foreign, Some(endpoint)) => {
                return no_aws(endpoint, &format!("can't {doing}: {self}"));
            }
            (ErrorKind::Unreachable, None) => {
                Failure::new(format!("AWS can't be reached from here ({})", target.region)).exit(Exit::Unreachable)
            }
            _ => Failure::new(format!("Can't {doing}")),
        };
        let failure = failure.why(self);
        match (self.kind, target.kind) {
            (ErrorKind::Denied, TargetKind::Aws) => {
                failure.help("See who you are with `aws sts get-caller-identity`, and what that identity may do.")
            }
            _ => failure,
        }
    }
}

impl CallError {
    /// Nothing answers at an address; or what does shows a certificate that isn't trusted here.
    fn unreachable(&self, endpoint: &str) -> Failure {
        if self.message.contains(attempts::UNTRUSTED) {
            return Failure::new(format!("The certificate of {endpoint} isn't trusted here"))
                .exit(Exit::Unreachable)
                .why(self)
                .help(
                    "Name the file of the authority that signed it in SSL_CERT_FILE: the embedded cloud's is ca.pem in its \
                     data folder, and at /_messaging/ca.pem. On this machine http does as well.",
                );
        }
        unreachable(endpoint).why(self)
    }
}

/// Nothing answers at an address.
pub(super) fn unreachable(endpoint: &str) -> Failure {
    Failure::new(format!("Nothing answers at {endpoint}")).exit(Exit::Unreachable).help(
        "Start the embedded cloud with `messaging local` in another terminal, name another address with \
         --endpoint-url, or mean AWS with --target aws.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::target::LOCAL_ENDPOINT;

    #[test]
    fn no_session_token_stands_in_an_error() {
        let text = "The request signature we calculated does not match.\n\nThe Canonical String for this request should \
                    have been\n'POST\n/\n\nx-amz-security-token:secret'";
        assert_eq!(without_canonical(text), "The request signature we calculated does not match.");
    }

    /// Who was answered a moment ago isn't told to start a server.
    #[test]
    fn a_server_that_is_gone_is_told_from_one_that_was_never_there() {
        let target = Target::local(LOCAL_ENDPOINT.into(), None);
        let error = CallError { kind: ErrorKind::Unreachable, code: None, message: "connection refused".into() };
        assert!(error.failure(&target, "x").to_string().starts_with("Nothing answers at"));
        let gone = error.failure_after_answers(&target, "x");
        assert_eq!(gone.to_string(), format!("{LOCAL_ENDPOINT} doesn't answer any more"));
        assert_eq!(gone.exit, Exit::Unreachable);
    }

    #[test]
    fn errors_have_kinds() {
        for (code, message, kind) in [
            ("NotFound", None, ErrorKind::NotFound),
            ("QueueDoesNotExist", None, ErrorKind::NotFound),
            ("AWS.SimpleQueueService.NonExistentQueue", None, ErrorKind::NotFound),
            ("NoSuchBucket", None, ErrorKind::NotFound),
            ("ValidationError", Some("Stack with id x does not exist"), ErrorKind::NotFound),
            ("ValidationError", Some("Template format error"), ErrorKind::Other),
            ("AccessDeniedException", None, ErrorKind::Denied),
            ("Throttling", None, ErrorKind::Busy),
            ("InvalidParameter", None, ErrorKind::Other),
        ] {
            assert_eq!(kind_of(Some(code), message), kind, "{code}");
        }
    }
}
