//! Where roles and policies lie, and the checks that every operation makes.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use crate::core::transaction::Transaction;
use crate::request::{Context, account_in};
use engine::policy::{Kind, Policy};
use engine::roles::{policies_prefix, policy_key, role_key, roles_prefix};
use engine::{Engine, ManagedPolicy, Role};
use wire::AwsError;

/// What a URL-encoded policy document holds as it is (RFC 3986).
const DOCUMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// "PutRolePolicy" and its like: characters of a document.
const MAX_DOCUMENT: usize = 131_072;
/// "IAM and AWS STS quotas": characters of a role's trust policy, white space not counted.
const MAX_TRUST: usize = 2_048;
/// "IAM and AWS STS quotas": tags of a role or policy.
pub const MAX_TAGS: usize = 50;
/// "Tag": characters of a tag's key and value.
const MAX_KEY: usize = 128;
const MAX_VALUE: usize = 256;
/// "Role", "Policy": characters of a description.
pub const MAX_DESCRIPTION: usize = 1_000;
/// "PutRolePermissionsBoundary": characters of an ARN.
pub const MAX_ARN: usize = 2_048;

/// A key and a value.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Tag {
    #[serde(rename = "Key")]
    pub key: String,
    #[serde(rename = "Value")]
    pub value: String,
}

/// A policy document as IAM gives it back: URL-encoded.
pub fn encoded(document: &str) -> String {
    utf8_percent_encode(document, DOCUMENT).to_string()
}

pub fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::bad("ValidationError", message)
}

/// A member that has to be there.
pub fn required<T>(value: Option<T>, member: &str) -> Result<T, AwsError> {
    value.ok_or_else(|| {
        invalid(format!(
            "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
        ))
    })
}

/// A name of IAM's: letters, digits and `+=,.@-_`, at most `max` of them.
pub fn name(value: Option<String>, member: &str, max: usize) -> Result<String, AwsError> {
    let value = required(value, member)?;
    if value.is_empty() || value.len() > max {
        let rule =
            if value.is_empty() { "greater than or equal to 1".into() } else { format!("less than or equal to {max}") };
        return Err(invalid(format!(
            "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must have length {rule}"
        )));
    }
    if !value.bytes().all(|b| b.is_ascii_alphanumeric() || b"+=,.@-_".contains(&b)) {
        return Err(invalid(format!(
            "The specified value for {member} is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-"
        )));
    }
    Ok(value)
}

/// A path of IAM's: `/`, or begins and ends with it.
pub fn path(value: Option<String>) -> Result<String, AwsError> {
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

/// Text of at most `max` characters.
pub fn at_most(value: Option<String>, member: &str, max: usize) -> Result<String, AwsError> {
    let value = value.unwrap_or_default();
    if value.chars().count() > max {
        return Err(too_long(member, max));
    }
    Ok(value)
}

fn too_long(member: &str, max: usize) -> AwsError {
    // AWS repeats the value, which is what is too long.
    invalid(format!(
        "1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must have length less than or equal to {max}"
    ))
}

/// Tags that a client gives, by key ("Tag", IAM API Reference).
pub fn tags(given: Option<Vec<Tag>>) -> Result<BTreeMap<String, String>, AwsError> {
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
    }
    Ok(given.into_iter().map(|tag| (tag.key, tag.value)).collect())
}

/// AWS's refusal of what is more than an account, a role or a policy may have.
pub fn exceeded(quota: &str, max: usize) -> AwsError {
    AwsError::new(409, "LimitExceeded", format!("Cannot exceed quota for {quota}: {max}"))
}

/// Characters of a document, white space not counted.
pub fn size(document: &str) -> usize {
    document.chars().filter(|c| !c.is_whitespace()).count()
}

/// A policy document that this cloud can judge.
pub fn document(value: Option<String>, member: &str, kind: Kind) -> Result<String, AwsError> {
    let value = required(value, member)?;
    if value.len() > MAX_DOCUMENT {
        return Err(too_long(member, MAX_DOCUMENT));
    }
    match kind {
        Kind::Trust if size(&value) > MAX_TRUST => return Err(exceeded("ACLSizePerRole", MAX_TRUST)),
        _ => {}
    }
    Policy::parse(&value, kind).map_err(|error| AwsError::bad("MalformedPolicyDocument", error.to_string()))?;
    Ok(value)
}

/// An account's roles, by ARN.
pub fn roles(engine: &Engine, account: &str) -> Vec<Role> {
    let prefix = roles_prefix(account);
    engine.docs(&prefix, "").filter_map(|(_, bytes)| serde_json::from_slice(bytes).ok()).collect()
}

/// How many roles an account has.
pub fn count_roles(engine: &Engine, account: &str) -> usize {
    engine.docs(&roles_prefix(account), "").count()
}

/// A role by its name, which an account has once whatever its path.
pub fn role(engine: &Engine, account: &str, name: &str) -> Result<Role, AwsError> {
    if let Some(role) = engine.role(&format!("arn:aws:iam::{account}:role/{name}")) {
        return Ok(role);
    }
    let found = roles(engine, account).into_iter().find(|role| role.name == name);
    found.ok_or_else(|| AwsError::new(404, "NoSuchEntity", format!("The role with name {name} cannot be found.")))
}

pub fn put_role(transaction: &mut Transaction<'_>, role: &Role) {
    put(transaction, &role_key(&role.arn), role);
}

pub fn drop_role(transaction: &mut Transaction<'_>, role: &Role) {
    transaction.delete_doc(&role_key(&role.arn));
}

/// Changes a role.
pub async fn change_role(
    cx: &Context,
    name: &str,
    change: impl FnOnce(&Engine, &mut Role) -> Result<(), AwsError>,
) -> Result<Role, AwsError> {
    change_as(cx, name, false, change).await
}

/// As [`change_role`], for a change that takes something from the role: made on a full disk as well.
pub async fn reduce_role(
    cx: &Context,
    name: &str,
    change: impl FnOnce(&Engine, &mut Role) -> Result<(), AwsError>,
) -> Result<Role, AwsError> {
    change_as(cx, name, true, change).await
}

async fn change_as(
    cx: &Context,
    name: &str,
    frees: bool,
    change: impl FnOnce(&Engine, &mut Role) -> Result<(), AwsError>,
) -> Result<Role, AwsError> {
    cx.cloud
        .core
        .execute_as(frees, |transaction| {
            let mut role = role(transaction.engine, &cx.account, name)?;
            change(transaction.engine, &mut role)?;
            put_role(transaction, &role);
            Ok(role)
        })
        .await
}

/// An account's managed policies, by ARN.
pub fn policies(engine: &Engine, account: &str) -> Vec<ManagedPolicy> {
    let prefix = policies_prefix(account);
    engine.docs(&prefix, "").filter_map(|(_, bytes)| serde_json::from_slice(bytes).ok()).collect()
}

/// A managed policy by its ARN.
fn policy(engine: &Engine, arn: &str) -> Result<ManagedPolicy, AwsError> {
    let found = engine.doc(&policy_key(arn)).and_then(|bytes| serde_json::from_slice(bytes).ok());
    found.ok_or_else(|| AwsError::new(404, "NoSuchEntity", format!("Policy {arn} was not found.")))
}

/// A managed policy of the caller's account by its ARN.
///
/// # Errors
/// `AccessDenied` for another account's, whether there is one or not: managed policies have no policy that could let others
/// in. `NoSuchEntity`.
pub fn own_policy(engine: &Engine, cx: &Context, arn: &str, action: &str) -> Result<ManagedPolicy, AwsError> {
    // Those that AWS manages are everybody's; none is here.
    if account_in(arn).is_none_or(|account| account == &*cx.account || account == "aws") {
        return policy(engine, arn);
    }
    let message = format!(
        "User: {} is not authorized to perform: iam:{action} on resource: policy {arn} because no resource-based policy allows \
         the iam:{action} action",
        cx.caller()
    );
    Err(AwsError::new(403, "AccessDenied", message))
}

/// The policy that is to be a role's permissions boundary: one of the caller's account.
///
/// # Errors
/// `NoSuchEntity`.
pub fn boundary(engine: &Engine, cx: &Context, arn: &str) -> Result<(), AwsError> {
    let found = policy(engine, arn).ok().filter(|_| account_in(arn) == Some(&*cx.account));
    found.map(drop).ok_or_else(|| {
        AwsError::new(404, "NoSuchEntity", format!("Scope ARN: {arn} does not exist or is not attachable."))
    })
}

pub fn put_policy(transaction: &mut Transaction<'_>, policy: &ManagedPolicy) {
    put(transaction, &policy_key(&policy.arn), policy);
}

pub fn drop_policy(transaction: &mut Transaction<'_>, arn: &str) {
    transaction.delete_doc(&policy_key(arn));
}

fn put<T: Serialize>(transaction: &mut Transaction<'_>, key: &str, value: &T) {
    // Records are maps with text keys, which JSON can always hold.
    if let Ok(bytes) = serde_json::to_vec(value) {
        transaction.put_doc(key, &bytes);
    }
}

/// An id such as `AROA...`: a prefix for the kind and 17 letters and digits.
pub fn unique_id(cx: &Context, prefix: &str) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let uuid = cx.cloud.core.uuid();
    let bits = uuid
        .bytes()
        .filter_map(|b| char::from(b).to_digit(16))
        .fold(0u128, |bits, digit| bits << 4 | u128::from(digit));
    let id: String = (0..17).map(|i| char::from(LETTERS[(bits >> (5 * i)) as usize & 31])).collect();
    format!("{prefix}{id}")
}

/// One page of a listing, and the marker of the next: how many came before.
pub fn page<T>(items: Vec<T>, marker: Option<&str>, max: Option<usize>) -> Result<(Vec<T>, Option<String>), AwsError> {
    let start: usize = match marker {
        None => 0,
        Some(marker) => marker.parse().map_err(|_| invalid("Invalid Marker."))?,
    };
    let size = max.unwrap_or(100).clamp(1, 1000);
    let more = items.len() > start.saturating_add(size);
    Ok((items.into_iter().skip(start).take(size).collect(), more.then(|| (start + size).to_string())))
}
