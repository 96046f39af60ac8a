//! What a repository may be called, and whose registry a request means.
//!
//! Source: "CreateRepository" (Amazon ECR API Reference).

use super::error::{check_length, invalid, required};
use crate::request::Context;
use text::arn::Arn;
use wire::AwsError;

/// Characters of a name.
const MIN_NAME: usize = 2;
const MAX_NAME: usize = 256;
/// The pattern as AWS's error tells it.
const PATTERN: &str = "(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*";

/// The registry of an account in a Region: the caller's own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Registry<'a> {
    /// The account.
    pub id: &'a str,
    pub region: &'a str,
}

impl<'a> Registry<'a> {
    /// The registry that a request means; the caller's if it names none.
    ///
    /// # Errors
    /// `InvalidParameterException` for what is no account, `AccessDeniedException` for another's: no policy of a repository's has
    /// an effect here.
    pub(super) fn of(cx: &'a Context, id: Option<&str>, action: &str, names: &[&str]) -> Result<Self, AwsError> {
        let registry = Self { id: &cx.account, region: &cx.region };
        match id {
            None => Ok(registry),
            Some(id) if id == registry.id => Ok(registry),
            Some(id) if id.len() != 12 || !id.bytes().all(|b| b.is_ascii_digit()) => {
                Err(invalid("registryId", "must satisfy regular expression '[0-9]{12}'"))
            }
            Some(id) => {
                let name = if let [name] = names { name } else { "*" };
                let arn = Registry { id, ..registry }.arn(name);
                Err(denied(cx, action, &arn))
            }
        }
    }

    /// A repository's ARN.
    pub(super) fn arn(&self, name: &str) -> String {
        format!("arn:aws:ecr:{}:{}:repository/{name}", self.region, self.id)
    }

    /// Where AWS has a repository's images.
    pub(super) fn uri(&self, name: &str) -> String {
        format!("{}.dkr.ecr.{}.amazonaws.com/{name}", self.id, self.region)
    }
}

/// There is no repository of this name.
pub(super) fn not_found(registry: &Registry<'_>, name: &str) -> AwsError {
    let id = registry.id;
    let message = format!("The repository with name '{name}' does not exist in the registry with id '{id}'");
    AwsError::bad("RepositoryNotFoundException", message)
}

fn denied(cx: &Context, action: &str, arn: &str) -> AwsError {
    let message = format!(
        "User: {} is not authorized to perform: ecr:{action} on resource: {arn} because no resource-based policy allows the \
         ecr:{action} action",
        cx.caller()
    );
    AwsError::bad("AccessDeniedException", message)
}

/// The name of a repository.
///
/// # Errors
/// `InvalidParameterException`.
pub(super) fn check_name(name: Option<&str>) -> Result<&str, AwsError> {
    let name = required(name, "repositoryName")?;
    check_in("repositoryName", name)?;
    Ok(name)
}

/// As [`check_name`], for a name in a list.
///
/// # Errors
/// `InvalidParameterException`.
pub(super) fn check_in(member: &str, name: &str) -> Result<(), AwsError> {
    check_length(name, member, MIN_NAME, MAX_NAME)?;
    if name.split('/').all(is_part) {
        return Ok(());
    }
    Err(invalid(member, format_args!("must satisfy regular expression '{PATTERN}'")))
}

/// Small letters and digits, with one `.`, one or two `_`, or any number of `-` between them.
fn is_part(part: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let ends = part.bytes().next().is_some_and(inner) && part.bytes().last().is_some_and(inner);
    let between = |marks: &str| matches!(marks, "" | "." | "_" | "__") || marks.bytes().all(|b| b == b'-');
    ends && part.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit()).all(between)
}

/// The name of the repository that an ARN names.
///
/// # Errors
/// `InvalidParameterException` for what is no repository's ARN or of another Region, `AccessDeniedException` for another account's.
pub(super) fn of_arn<'a>(cx: &Context, arn: Option<&'a str>, action: &str) -> Result<&'a str, AwsError> {
    let text = required(arn, "resourceArn")?;
    let bad = || invalid("resourceArn", "Invalid ARN");
    let arn = Arn::parse(text).filter(|arn| arn.service == "ecr" && arn.region == &*cx.region).ok_or_else(bad)?;
    let name = arn.resource.strip_prefix("repository/").ok_or_else(bad)?;
    check_in("resourceArn", name).map_err(|_| bad())?;
    if arn.account != &*cx.account {
        return Err(denied(cx, action, text));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_obey_awss_pattern() {
        for name in ["ab", "a-b", "a--b", "a__b", "a.b/c_d", "0/1", &"x".repeat(256)] {
            assert!(check_name(Some(name)).is_ok(), "{name}");
        }
        for name in
            ["", "a", "A", "aB", "-a", "a-", "a/", "/a", "a//b", "a..b", "a___b", "a.-b", "a b", "ä1", &"x".repeat(257)]
        {
            let error = check_name(Some(name)).unwrap_err();
            assert_eq!(&*error.code, "InvalidParameterException", "{name}");
        }
    }
}
