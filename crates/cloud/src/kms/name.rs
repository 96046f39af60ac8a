//! How a request names a key: by its id, its ARN, and where that is allowed by an alias or an alias's ARN.
//!
//! Source: "Key identifiers (KeyId)" (AWS KMS Developer Guide).

use super::error::{invalid, not_found};
use crate::request::Context;
use text::arn::Arn;
use text::uuid::is_uuid;
use wire::AwsError;

/// A key's ARN.
pub(super) fn key_arn(cx: &Context, id: &str) -> String {
    format!("arn:aws:kms:{}:{}:key/{id}", cx.region, cx.account)
}

/// An alias's ARN; its name begins with `alias/`.
pub(super) fn alias_arn(cx: &Context, name: &str) -> String {
    format!("arn:aws:kms:{}:{}:{name}", cx.region, cx.account)
}

/// Whether a text has the form of a key's id, of one Region or of several.
fn is_id(text: &str) -> bool {
    let several = |rest: &str| rest.len() == 32 && rest.bytes().all(|b| b.is_ascii_hexdigit());
    is_uuid(text) || text.strip_prefix("mrk-").is_some_and(several)
}

/// What a request names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Named<'a> {
    /// A key by its id.
    Key(&'a str),
    /// An alias by its name.
    Alias(&'a str),
}

impl<'a> Named<'a> {
    /// Reads what names a key.
    ///
    /// # Errors
    /// `NotFoundException` for what names no key of the caller's Region, `AccessDeniedException` for another
    /// account's: no key's policy has an effect here.
    pub(super) fn parse(cx: &Context, text: &'a str, action: &str) -> Result<Self, AwsError> {
        let named = if text.starts_with("arn:") {
            let arn = Arn::parse(text).filter(|arn| arn.service == "kms");
            let arn = arn.ok_or_else(|| AwsError::bad("InvalidArnException", format!("Invalid arn {text}")))?;
            if arn.region != &*cx.region {
                return Err(not_found(format!("Invalid arn {}", arn.region)));
            }
            if arn.account != &*cx.account {
                let message = format!(
                    "User: {} is not authorized to perform: kms:{action} on resource: {text} because the resource does not exist in \
                     this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access",
                    cx.caller()
                );
                return Err(AwsError::bad("AccessDeniedException", message));
            }
            arn.resource
        } else {
            text
        };
        if named.starts_with("alias/") {
            return Ok(Self::Alias(named));
        }
        let id = if text.starts_with("arn:") { named.strip_prefix("key/").unwrap_or_default() } else { named };
        if is_id(id) { Ok(Self::Key(id)) } else { Err(not_found(format!("Invalid keyId '{text}'"))) }
    }

    /// As [`Named::parse`], for what no alias may name.
    ///
    /// # Errors
    /// As [`Named::parse`].
    pub(super) fn key(cx: &Context, text: &'a str, action: &str) -> Result<&'a str, AwsError> {
        match Self::parse(cx, text, action)? {
            Self::Key(id) => Ok(id),
            Self::Alias(_) => Err(not_found(format!("Invalid keyId '{text}'"))),
        }
    }
}

/// Checks the name of an alias that a client makes, changes or deletes.
///
/// # Errors
/// `ValidationException`, `InvalidAliasNameException`; `NotAuthorizedException` for one of AWS's own.
pub(super) fn check_alias(name: &str) -> Result<(), AwsError> {
    let Some(rest) = name.strip_prefix("alias/").filter(|rest| !rest.is_empty()) else {
        return Err(invalid("Invalid identifier: the name of an alias begins with alias/ and goes on with a name."));
    };
    if rest.starts_with("aws/") {
        return Err(AwsError::bad("NotAuthorizedException", "Aliases that begin with alias/aws/ are AWS's own."));
    }
    if rest.contains(':') {
        let message = format!("{name} contains invalid characters for an alias");
        return Err(AwsError::bad("InvalidAliasNameException", message));
    }
    Ok(())
}
