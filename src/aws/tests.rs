//! What clients are made of, and what their errors mean.

use super::*;

#[test]
fn local_is_never_aws() {
    for endpoint in ["https://sns.us-east-1.amazonaws.com", "https://SQS.cn-north-1.amazonaws.com.cn"] {
        assert!(refuse_aws(endpoint).is_err(), "{endpoint}");
    }
    for endpoint in ["http://127.0.0.1:4566", "http://localhost.localstack.cloud:4566", "http://amazonaws.com.test"] {
        assert!(refuse_aws(endpoint).is_ok(), "{endpoint}");
    }
}

#[test]
fn a_region_is_a_name() {
    for name in ["us-east-1", "eu-isoe-west-1", "local"] {
        assert!(region(name).is_ok(), "{name}");
    }
    for name in ["../x", "", "us east", "a.b", "-a", "US", "é"] {
        assert!(region(name).is_err(), "{name}");
    }
}

#[test]
fn no_session_token_stands_in_an_error() {
    let text = "The request signature we calculated does not match.\n\nThe Canonical String for this request should \
                have been\n'POST\n/\n\nx-amz-security-token:secret'";
    assert_eq!(without_canonical(text), "The request signature we calculated does not match.");
}

/// Who was answered a moment ago isn't told to start a server.
#[test]
fn a_server_that_is_gone_is_told_from_one_that_was_never_there() {
    let cloud = Cloud::local(LOCAL_ENDPOINT.into(), None);
    let error = CallError { kind: Kind::Unreachable, code: None, message: "connection refused".into() };
    assert!(error.failure(&cloud, "x").to_string().starts_with("Nothing answers at"));
    let gone = error.failure_after_answers(&cloud, "x");
    assert_eq!(gone.to_string(), format!("{LOCAL_ENDPOINT} doesn't answer any more"));
    assert_eq!(gone.exit, Exit::Unreachable);
}

#[test]
fn errors_have_kinds() {
    for (code, message, kind) in [
        ("NotFound", None, Kind::NotFound),
        ("QueueDoesNotExist", None, Kind::NotFound),
        ("AWS.SimpleQueueService.NonExistentQueue", None, Kind::NotFound),
        ("NoSuchBucket", None, Kind::NotFound),
        ("ValidationError", Some("Stack with id x does not exist"), Kind::NotFound),
        ("ValidationError", Some("Template format error"), Kind::Other),
        ("AccessDeniedException", None, Kind::Denied),
        ("Throttling", None, Kind::Busy),
        ("InvalidParameter", None, Kind::Other),
    ] {
        assert_eq!(kind_of(Some(code), message), kind, "{code}");
    }
}
