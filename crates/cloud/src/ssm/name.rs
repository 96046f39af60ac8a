//! What a parameter may be called, and how a request names one.
//!
//! Source: "PutParameter" (AWS Systems Manager API Reference), "Create Parameter Store parameters" (User Guide).

use super::error::{VALIDATION, invalid, not_found};
use crate::request::Context;
use text::arn::Arn;
use wire::{AwsError, check};

/// Characters of a name, and of an ARN in its place.
const MAX_REFERENCE: usize = 2_048;
/// Characters of a name; the rest of 2,048 is kept for what AWS writes before it.
const MAX_NAME: usize = 1_011;
/// Levels of a hierarchy, the name itself included.
const MAX_LEVELS: usize = 15;

const RULE: &str = "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can consist of \
    sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_";
const PATH_RULE: &str = "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a \
    forward slash \"/\". It can't be prefixed with \"aws\" or \"ssm\" (case-insensitive). It must use only letters, numbers, or \
    the following symbols: . (period), - (hyphen), _ (underscore). Special characters are not allowed. All sub-paths, if \
    specified, must use the forward slash symbol \"/\". Valid example: /get/parameters2-/by1./path0_.";

/// A parameter as a request names it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reference {
    /// What the parameter may be called: an ARN doesn't tell `name` from `/name`.
    pub names: Vec<String>,
    /// The version or the label behind the name.
    pub selector: Option<String>,
}

impl Reference {
    /// Reads `name`, `name:3`, `name:label`, or an ARN with or without these.
    ///
    /// # Errors
    /// `ValidationException` for what can be no name, `AccessDeniedException` for another account's ARN.
    pub(super) fn parse(cx: &Context, text: &str, action: &str) -> Result<Self, AwsError> {
        check_length(text, MAX_REFERENCE)?;
        let (names, rest) = if text.starts_with("arn:") {
            let arn = Arn::parse(text).filter(|arn| arn.service == "ssm").ok_or_else(|| invalid(RULE))?;
            let resource = arn.resource.strip_prefix("parameter/").ok_or_else(|| invalid(RULE))?;
            if arn.account != &*cx.account {
                let message = format!(
                    "User: {} is not authorized to perform: ssm:{action} on resource: {text} because no resource-based policy \
                     allows the ssm:{action} action",
                    cx.caller()
                );
                return Err(AwsError::bad("AccessDeniedException", message));
            }
            if arn.region != &*cx.region {
                return Err(not_found(text));
            }
            let (name, rest) = split(resource);
            let path = format!("/{name}");
            (if name.contains('/') { vec![path] } else { vec![name.to_owned(), path] }, rest)
        } else {
            let (name, rest) = split(text.trim());
            (vec![name.to_owned()], rest)
        };
        names.iter().try_for_each(|name| check_shape(name))?;
        match rest {
            Some(rest) if rest.contains(':') || rest.is_empty() => Err(not_found(text)),
            rest => Ok(Self { names, selector: rest.map(str::to_owned) }),
        }
    }
}

fn split(text: &str) -> (&str, Option<&str>) {
    text.split_once(':').map_or((text, None), |(name, rest)| (name, Some(rest)))
}

/// The name of a parameter, without a selector, that exists or not.
///
/// # Errors
/// `ValidationException`.
pub(super) fn check_existing(name: &str) -> Result<&str, AwsError> {
    check_length(name, MAX_REFERENCE)?;
    let name = name.trim();
    check_shape(name)?;
    Ok(name)
}

/// The name of a parameter to be made: spaces around it don't count.
///
/// # Errors
/// `ValidationException`, `HierarchyLevelLimitExceededException`; `AccessDeniedException` for a name that is AWS's own.
pub(super) fn check_new(name: &str) -> Result<&str, AwsError> {
    check_length(name, MAX_REFERENCE)?;
    let name = name.trim();
    let bare = name.trim_start_matches('/').to_ascii_lowercase();
    if name.starts_with('/') && bare.starts_with("aws") {
        let message = format!("No access to reserved parameter name: {name}.");
        return Err(AwsError::bad("AccessDeniedException", message));
    }
    if bare.starts_with("aws") {
        return Err(invalid("Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive)."));
    }
    check_shape(name)?;
    check_length(name, MAX_NAME)?;
    if name.trim_start_matches('/').split('/').count() > MAX_LEVELS {
        let message =
            format!("The parameter name has more than {MAX_LEVELS} levels: a hierarchy can have up to {MAX_LEVELS}.");
        return Err(AwsError::bad("HierarchyLevelLimitExceededException", message));
    }
    Ok(name)
}

/// A path that parameters lie below; it ends with a slash then.
///
/// # Errors
/// `ValidationException`.
pub(super) fn check_path(path: &str) -> Result<String, AwsError> {
    check_length(path, MAX_REFERENCE)?;
    let inner = path.strip_prefix('/').ok_or_else(|| invalid(PATH_RULE))?;
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    if !inner.is_empty() && !inner.split('/').all(is_level) {
        return Err(invalid(PATH_RULE));
    }
    Ok(if inner.is_empty() { "/".into() } else { format!("/{inner}/") })
}

fn check_length(text: &str, max: usize) -> Result<(), AwsError> {
    let mut checks = check::Checks::new(VALIDATION);
    match text.len() > MAX_REFERENCE {
        true => checks.fail_untold("name", format_args!("Member must have length less than or equal to {max}")),
        false => checks.length(text, "name", 1..=max),
    }
    checks.done()
}

/// Letters, digits and `.-_`, divided by slashes; with one of them, one at the beginning.
fn check_shape(name: &str) -> Result<(), AwsError> {
    let inner = name.strip_prefix('/').unwrap_or(name);
    if inner.to_ascii_lowercase().starts_with("ssm") || !inner.split('/').all(is_level) {
        return Err(invalid(RULE));
    }
    if inner.contains('/') && !name.starts_with('/') {
        return Err(invalid("Parameter name must be a fully qualified name."));
    }
    Ok(())
}

fn is_level(level: &str) -> bool {
    !level.is_empty() && level.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b))
}

/// A parameter's ARN.
pub(super) fn arn(cx: &Context, name: &str) -> String {
    format!("arn:aws:ssm:{}:{}:parameter/{}", cx.region, cx.account, name.strip_prefix('/').unwrap_or(name))
}
