//! The members of requests: what every operation checks of them, and how documents and pages look in answers.

use std::collections::{BTreeMap, HashSet};
use std::sync::LazyLock;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use regex::Regex;
use serde::{Deserialize, Serialize};

use engine::policy::{Kind, Policy};
use wire::{AwsError, check, page};

/// What a URL-encoded policy document holds as it is (RFC 3986).
const DOCUMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// "PutRolePolicy" and its like: characters of a document.
const MAX_DOCUMENT: usize = 131_072;
/// "IAM and AWS STS quotas": characters of a role's trust policy, white space not counted.
const MAX_TRUST: usize = 2_048;
/// The code of what is wrong with a request's members.
pub(super) const VALIDATION_ERROR: &str = "ValidationError";
/// "IAM and AWS STS quotas": tags of a role or policy.
pub(super) const MAX_TAGS: usize = 50;
/// "Tag": characters of a tag's key and value.
const MAX_KEY: usize = 128;
const MAX_VALUE: usize = 256;
/// "Role", "Policy": characters of a description.
pub(super) const MAX_DESCRIPTION: usize = 1_000;
/// "PutRolePermissionsBoundary": characters of an ARN.
pub(super) const MAX_ARN: usize = 2_048;

/// "Tag": the characters of a tag's key and value, as Unicode names their kinds.
static TAG: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$").ok());
const KEY_PATTERN: &str = r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+";
const VALUE_PATTERN: &str = r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*";
/// "Role": the characters of a description.
const DESCRIPTION_PATTERN: &str = r"[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*";
/// "PutRolePolicy" and its like: the characters of a document.
const DOCUMENT_PATTERN: &str = r"[\u0009\u000A\u000D\u0020-\u00FF]+";

/// A key and a value.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Tag {
    #[serde(rename = "Key")]
    pub key: String,
    #[serde(rename = "Value")]
    pub value: String,
}

/// A policy document as IAM gives it back: URL-encoded.
pub(super) fn encoded(document: &str) -> String {
    utf8_percent_encode(document, DOCUMENT).to_string()
}

/// A request that is wrong, in these words.
pub(super) fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::bad(VALIDATION_ERROR, message)
}

/// A member that has to be there.
pub(super) fn required<T>(value: Option<T>, member: &str) -> Result<T, AwsError> {
    value.ok_or_else(|| check::null(VALIDATION_ERROR, member))
}

/// A name of IAM's: letters, digits and `+=,.@-_`, at most `max` of them.
pub(super) fn name(value: Option<String>, member: &str, max: usize) -> Result<String, AwsError> {
    let value = required(value, member)?;
    if value.is_empty() || value.len() > max {
        let bound =
            if value.is_empty() { "greater than or equal to 1".into() } else { format!("less than or equal to {max}") };
        let constraint = format_args!("Member must have length {bound}");
        return Err(check::failed(VALIDATION_ERROR, &value, member, constraint));
    }
    if !value.bytes().all(|b| b.is_ascii_alphanumeric() || b"+=,.@-_".contains(&b)) {
        return Err(invalid(format!(
            "The specified value for {member} is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-"
        )));
    }
    Ok(value)
}

/// A path of IAM's: `/`, or begins and ends with it.
pub(super) fn path(value: Option<String>) -> Result<String, AwsError> {
    let value = value.unwrap_or_else(|| "/".into());
    let fits = value.starts_with('/')
        && value.ends_with('/')
        && value.len() <= 512
        && value.bytes().all(|b| b.is_ascii_graphic());
    if fits {
        Ok(value)
    } else {
        Err(invalid(
            "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.",
        ))
    }
}

/// How the paths of what is listed begin.
pub(super) fn path_prefix(value: Option<String>) -> Result<String, AwsError> {
    let value = value.unwrap_or_else(|| "/".into());
    if value.starts_with('/') && value.len() <= 512 && value.bytes().all(|b| b.is_ascii_graphic()) {
        Ok(value)
    } else {
        Err(invalid(
            "The specified value for pathPrefix is invalid. It must begin with / and contain only alphanumeric characters and/or / characters.",
        ))
    }
}

/// Text of at most `max` characters.
pub(super) fn at_most(value: Option<String>, member: &str, max: usize) -> Result<String, AwsError> {
    let value = value.unwrap_or_default();
    if value.chars().count() > max {
        return Err(too_long(member, max));
    }
    Ok(value)
}

/// A description of a role.
pub(super) fn description(value: Option<String>) -> Result<String, AwsError> {
    let value = at_most(value, "description", MAX_DESCRIPTION)?;
    match value.chars().all(|c| matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{A1}'..='\u{FF}')) {
        true => Ok(value),
        false => Err(misfit(&value, "description", DESCRIPTION_PATTERN)),
    }
}

fn misfit(value: &str, member: &str, pattern: &str) -> AwsError {
    let constraint = format_args!("Member must satisfy regular expression pattern: {pattern}");
    check::failed(VALIDATION_ERROR, value, member, constraint)
}

fn too_long(member: &str, max: usize) -> AwsError {
    // AWS repeats the value, which is what is too long.
    check::failed_untold(VALIDATION_ERROR, member, format_args!("Member must have length less than or equal to {max}"))
}

/// Tags that a client gives, by key ("Tag", IAM API Reference).
pub(super) fn tags(given: Option<Vec<Tag>>) -> Result<BTreeMap<String, String>, AwsError> {
    let given = given.unwrap_or_default();
    if given.len() > MAX_TAGS {
        return Err(too_long("tags", MAX_TAGS));
    }
    for (tag, number) in given.iter().zip(1..) {
        if tag.key.is_empty() || tag.key.chars().count() > MAX_KEY {
            return Err(too_long(&format!("tags.{number}.member.key"), MAX_KEY));
        }
        if tag.value.chars().count() > MAX_VALUE {
            return Err(too_long(&format!("tags.{number}.member.value"), MAX_VALUE));
        }
        for (text, name, pattern) in [(&tag.key, "key", KEY_PATTERN), (&tag.value, "value", VALUE_PATTERN)] {
            if TAG.as_ref().is_none_or(|tag| !tag.is_match(text)) {
                return Err(misfit(text, &format!("tags.{number}.member.{name}"), pattern));
            }
        }
    }
    Ok(given.into_iter().map(|tag| (tag.key, tag.value)).collect())
}

/// Tags of a user or a role: whether a key is written large or small makes no other ("Tags for IAM resources", IAM User Guide).
pub(super) fn tags_of_identity(given: Option<Vec<Tag>>) -> Result<BTreeMap<String, String>, AwsError> {
    let mut keys = HashSet::new();
    if !given.iter().flatten().all(|tag| keys.insert(tag.key.to_lowercase())) {
        let message = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
        return Err(AwsError::bad("InvalidInput", message));
    }
    tags(given)
}

/// Tags as answers list them.
pub(super) fn tag_list(tags: BTreeMap<String, String>) -> Vec<Tag> {
    tags.into_iter().map(|(key, value)| Tag { key, value }).collect()
}

/// AWS's refusal of what is more than an account, a role or a policy may have.
pub(super) fn exceeded(quota: &str, max: usize) -> AwsError {
    AwsError::new(409, "LimitExceeded", format!("Cannot exceed quota for {quota}: {max}"))
}

/// Characters of a document, white space not counted.
pub(super) fn size(document: &str) -> usize {
    document.chars().filter(|c| !c.is_whitespace()).count()
}

/// A policy document that this cloud can judge.
pub(super) fn document(value: Option<String>, member: &str, kind: Kind) -> Result<String, AwsError> {
    let value = required(value, member)?;
    if value.len() > MAX_DOCUMENT {
        return Err(too_long(member, MAX_DOCUMENT));
    }
    if !value.chars().all(|c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FF}')) {
        let constraint = format_args!("Member must satisfy regular expression pattern: {DOCUMENT_PATTERN}");
        return Err(check::failed_untold(VALIDATION_ERROR, member, constraint));
    }
    match kind {
        Kind::Trust if size(&value) > MAX_TRUST => return Err(exceeded("ACLSizePerRole", MAX_TRUST)),
        _ => {}
    }
    let malformed = |why: String| AwsError::bad("MalformedPolicyDocument", why);
    let policy = Policy::parse(&value, kind).map_err(|error| malformed(error.to_string()))?;
    // "IAM JSON policy elements: Sid"; other services take other characters.
    if !policy.sids().all(|sid| sid.bytes().all(|byte| byte.is_ascii_alphanumeric())) {
        let why = "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*";
        return Err(malformed(why.to_owned()));
    }
    Ok(value)
}

/// One page of a listing, and the marker of the next: how many came before.
pub(super) fn page<T>(
    items: Vec<T>,
    marker: Option<&str>,
    max: Option<usize>,
) -> Result<(Vec<T>, Option<String>), AwsError> {
    page::by_count(items, marker, max.unwrap_or(100).clamp(1, 1000)).ok_or_else(|| invalid("Invalid Marker."))
}
