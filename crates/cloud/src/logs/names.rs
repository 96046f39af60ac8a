//! Names of groups and streams, and their ARNs.

use serde::Deserialize;

use super::error::{checks, invalid, no_group};
use super::place::Place;
use text::arn::Arn;
use wire::AwsError;
use wire::check::Checks;

/// "CreateLogGroup" and "CreateLogStream", API Reference: characters of a name.
const LONGEST: usize = 512;
/// The pattern of a group's name in AWS's model.
const GROUP_PATTERN: &str = "[\\.\\-_/#A-Za-z0-9]+";
/// The pattern of a stream's.
const STREAM_PATTERN: &str = "[^:*]*";

/// A request that names a group, and nothing else.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct GroupInput {
    log_group_name: Option<String>,
}

impl GroupInput {
    /// The group's name.
    pub(super) fn name(&self) -> Option<&str> {
        self.log_group_name.as_deref()
    }
}

/// Whether a text can be a group's name.
pub(crate) fn group_of_name(name: &str) -> bool {
    (1..=LONGEST).contains(&name.len()) && is_of_group(name)
}

/// Whether a text can be a stream's name.
pub(crate) fn stream_of_name(name: &str) -> bool {
    (1..=LONGEST).contains(&name.chars().count()) && is_of_stream(name)
}

fn is_of_group(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_/#".contains(&byte))
}

fn is_of_stream(text: &str) -> bool {
    !text.contains([':', '*'])
}

/// Checks a group's name, or the beginning of one.
pub(super) fn check_group<'a>(checks: &mut Checks, name: Option<&'a str>, member: &str) -> &'a str {
    let Some(name) = name else {
        checks.null(member);
        return "";
    };
    if !is_of_group(name) {
        let constraint = format!("Member must satisfy regular expression pattern: {GROUP_PATTERN}");
        checks.fail(name, member, constraint);
    }
    checks.length(name, member, 1..=LONGEST);
    name
}

/// Checks a stream's name, or the beginning of one.
pub(super) fn check_stream<'a>(checks: &mut Checks, name: Option<&'a str>, member: &str) -> &'a str {
    let Some(name) = name else {
        checks.null(member);
        return "";
    };
    if !is_of_stream(name) {
        let constraint = format!("Member must satisfy regular expression pattern: {STREAM_PATTERN}");
        checks.fail(name, member, constraint);
    }
    checks.length(name, member, 1..=LONGEST);
    name
}

/// The name of the group that a request has to name.
///
/// # Errors
/// `InvalidParameterException`.
pub(super) fn required_group(name: Option<&str>) -> Result<&str, AwsError> {
    let mut checks = checks();
    let name = check_group(&mut checks, name, "logGroupName");
    checks.done()?;
    Ok(name)
}

/// The name of the group that a request means by its name, or by an identifier: a name, or an ARN.
///
/// # Errors
/// `InvalidParameterException` for none or both; `ResourceNotFoundException` for another place's: accounts aren't linked here.
pub(super) fn either<'a>(
    place: Place<'_>,
    name: Option<&'a str>,
    identifier: Option<&'a str>,
) -> Result<&'a str, AwsError> {
    match (name, identifier) {
        (Some(_), Some(_)) => Err(invalid("LogGroup name and LogGroup ARN are mutually exclusive parameters.")),
        (None, None) => Err(invalid("Either LogGroup name or LogGroup ARN must be specified.")),
        (Some(name), None) => required_group(Some(name)),
        (None, Some(identifier)) => identified(place, identifier),
    }
}

/// The name of the group that an identifier means.
///
/// # Errors
/// As [`either`].
pub(super) fn identified<'a>(place: Place<'_>, identifier: &'a str) -> Result<&'a str, AwsError> {
    if identifier.starts_with("arn:") {
        return of_arn(place, identifier);
    }
    let mut checks = checks();
    check_group(&mut checks, Some(identifier), "logGroupIdentifier");
    checks.done()?;
    Ok(identifier)
}

/// The name of the group that an ARN means.
///
/// # Errors
/// `InvalidParameterException` for what is no group's ARN; `ResourceNotFoundException` for another place's.
pub(super) fn of_arn<'a>(place: Place<'_>, arn: &'a str) -> Result<&'a str, AwsError> {
    let parsed = Arn::parse(arn).filter(|arn| arn.service == "logs");
    let found = parsed.map(|parsed| (parsed.account, parsed.region, parsed.resource));
    let Some((account, region, resource)) = found else {
        return Err(invalid(format!("{arn} is not the ARN of a log group")));
    };
    let name = resource.strip_prefix("log-group:").map(|name| name.strip_suffix(":*").unwrap_or(name));
    let Some(name) = name.filter(|name| group_of_name(name)) else {
        return Err(invalid(format!("{arn} is not the ARN of a log group")));
    };
    if account == place.account && region == place.region { Ok(name) } else { Err(no_group()) }
}

/// A group's ARN, without the `:*` at its end.
pub(super) fn group_arn(place: Place<'_>, group: &str) -> String {
    format!("arn:aws:logs:{}:{}:log-group:{group}", place.region, place.account)
}

/// A stream's ARN.
pub(crate) fn stream_arn(place: Place<'_>, group: &str, stream: &str) -> String {
    format!("{}:log-stream:{stream}", group_arn(place, group))
}
