//! Conditional requests: what must hold of an object before it is read, copied or written.
//!
//! Source: "Conditional requests" (Amazon S3 User Guide) and the order of RFC 9110, section 13.2.2.

use super::error::{Failure, Result};
use super::record::{Object, Upload};
use super::s3s::call::Call;
use super::time;
use engine::Millis;

/// The conditions of GetObject and HeadObject.
pub(super) fn check_read(call: &Call, object: &Object, now: Millis) -> Result<()> {
    match first_failed(call, "", object, now) {
        None => Ok(()),
        Some(name @ ("If-None-Match" | "If-Modified-Since")) => {
            let _ = name;
            Err(Failure::new(304, "NotModified", "Not Modified")
                .header("etag", format!("\"{}\"", object.etag))
                .header("last-modified", time::http_date(object.modified)))
        }
        Some(name) => Err(Failure::precondition(name)),
    }
}

/// The conditions on the source of a copy.
pub(super) fn check_source(call: &Call, object: &Object, now: Millis) -> Result<()> {
    match first_failed(call, "x-amz-copy-source-", object, now) {
        None => Ok(()),
        Some(name) => Err(Failure::precondition(&format!("x-amz-copy-source-{name}"))),
    }
}

fn first_failed(call: &Call, prefix: &str, object: &Object, now: Millis) -> Option<&'static str> {
    let etags = |name: &str| match prefix {
        "" => call.header(name),
        prefix => call.header(&format!("{prefix}{name}")),
    };
    let date = |name: &str| etags(name).and_then(|date| time::parse_http_date(&date));
    let modified = i64::try_from(object.modified / 1000).unwrap_or(i64::MAX);
    let now = i64::try_from(now / 1000).unwrap_or(i64::MAX);
    match (etags("if-match"), date("if-unmodified-since")) {
        (Some(given), _) if !matches(&given, object) => return Some("If-Match"),
        (None, Some(since)) if modified > since => return Some("If-Unmodified-Since"),
        _ => {}
    }
    match (etags("if-none-match"), date("if-modified-since")) {
        (Some(given), _) if matches(&given, object) => Some("If-None-Match"),
        // A time that hasn't come yet is ignored.
        (None, Some(since)) if modified <= since && since <= now => Some("If-Modified-Since"),
        _ => None,
    }
}

/// Whether a list of ETags (quoted or not) or `*` names the object.
fn matches(given: &str, object: &Object) -> bool {
    given
        .split(',')
        .map(|tag| tag.trim().trim_start_matches("W/").trim_matches('"'))
        .any(|tag| tag == "*" || tag == object.etag)
}

/// The conditions of a write: of PutObject, CopyObject and CompleteMultipartUpload.
pub(super) struct WriteConditions {
    if_match: Option<String>,
    if_none_match: bool,
}

impl WriteConditions {
    /// Refuses the values that S3 doesn't take: only `*` for If-None-Match, anything but `*` for If-Match.
    pub(super) fn of(call: &Call) -> Result<Self> {
        let refused = |name: &str| {
            Failure::new(501, "NotImplemented", "A header you provided implies functionality that is not implemented")
                .with("Header", name)
                .with("additionalMessage", format!("We don't accept the provided value of {name} header for this API"))
        };
        let (if_match, if_none_match) = (call.header("if-match"), call.header("if-none-match"));
        if if_match.is_some() && if_none_match.is_some() {
            return Err(Failure::new(
                501,
                "NotImplemented",
                "A header you provided implies functionality that is not implemented",
            )
            .with("Header", "If-Match,If-None-Match")
            .with("additionalMessage", "Multiple conditional request headers present in the request"));
        }
        if if_none_match.as_deref().is_some_and(|value| value != "*") {
            return Err(refused("If-None-Match"));
        }
        if if_match.as_deref() == Some("*") {
            return Err(refused("If-Match"));
        }
        Ok(Self { if_match, if_none_match: if_none_match.is_some() })
    }

    /// Whether there are none, and so nothing to look at.
    pub(super) fn is_empty(&self) -> bool {
        self.if_match.is_none() && !self.if_none_match
    }

    /// Checks them against the current version of `key`; `upload` is the one that is being completed.
    pub(super) fn check(&self, key: &str, current: Option<&Object>, upload: Option<&Upload>) -> Result<()> {
        let current = current.filter(|object| !object.delete_marker);
        if self.if_none_match && current.is_some() {
            return Err(Failure::precondition("If-None-Match"));
        }
        let Some(etag) = &self.if_match else { return Ok(()) };
        let Some(object) = current else { return Err(Failure::no_such_key(key)) };
        if upload.is_some_and(|upload| object.modified >= upload.initiated) {
            let message =
                "The conditional request cannot succeed due to a conflicting operation against this resource.";
            return Err(Failure::new(409, "ConditionalRequestConflict", message)
                .with("Condition", "If-Match")
                .with("Key", key));
        }
        if matches(etag, object) { Ok(()) } else { Err(Failure::precondition("If-Match")) }
    }
}

/// DeleteObject's If-Match: an ETag, or `*` for any object.
pub(super) fn check_delete(if_match: Option<&str>, current: Option<&Object>) -> Result<()> {
    match (if_match, current.filter(|object| !object.delete_marker)) {
        (None, _) => Ok(()),
        (Some(etag), Some(object)) if matches(etag, object) => Ok(()),
        _ => Err(Failure::precondition("If-Match")),
    }
}
