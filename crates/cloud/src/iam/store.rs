//! Where roles and managed policies lie: reading, writing and changing them.

use serde::Serialize;

use crate::core::transaction::Transaction;
use crate::request::Context;
use engine::roles::{policies_prefix, policy_key, role_key, roles_prefix};
use engine::{Engine, ManagedPolicy, Role};
use text::arn::{self, Arn};
use wire::AwsError;

/// An account's roles, by ARN.
pub(super) fn roles(engine: &Engine, account: &str) -> Vec<Role> {
    let prefix = roles_prefix(account);
    engine.docs(&prefix, "").filter_map(|(_, bytes)| serde_json::from_slice(bytes).ok()).collect()
}

/// How many roles an account has.
pub(super) fn count_roles(engine: &Engine, account: &str) -> usize {
    engine.docs(&roles_prefix(account), "").count()
}

/// A role by its name, which an account has once whatever its path.
pub(super) fn role(engine: &Engine, account: &str, name: &str) -> Result<Role, AwsError> {
    if let Some(role) = engine.role(&format!("arn:aws:iam::{account}:role/{name}")) {
        return Ok(role);
    }
    let found = roles(engine, account).into_iter().find(|role| role.name == name);
    found.ok_or_else(|| AwsError::new(404, "NoSuchEntity", format!("The role with name {name} cannot be found.")))
}

/// Writes a role.
pub(super) fn put_role(tx: &mut Transaction<'_>, role: &Role) {
    put(tx, &role_key(&role.arn), role);
}

/// Deletes a role.
pub(super) fn drop_role(tx: &mut Transaction<'_>, role: &Role) {
    tx.delete_doc(&role_key(&role.arn));
}

/// Changes a role.
pub(super) async fn change_role(
    cx: &Context,
    name: &str,
    change: impl FnOnce(&Engine, &mut Role) -> Result<(), AwsError>,
) -> Result<Role, AwsError> {
    change_as(cx, name, false, change).await
}

/// As [`change_role`], for a change that takes something from the role: made on a full disk as well.
pub(super) async fn reduce_role(
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
        .execute_as(frees, |tx| {
            let mut role = role(tx.engine(), &cx.account, name)?;
            change(tx.engine(), &mut role)?;
            put_role(tx, &role);
            Ok(role)
        })
        .await
}

/// An account's managed policies, by ARN.
pub(super) fn policies(engine: &Engine, account: &str) -> Vec<ManagedPolicy> {
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
pub(super) fn own_policy(engine: &Engine, cx: &Context, arn: &str, action: &str) -> Result<ManagedPolicy, AwsError> {
    // Those that AWS manages are everybody's; none is here.
    if Arn::parse(arn).is_none_or(|arn| arn.account == &*cx.account || arn.account == "aws") {
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
pub(super) fn boundary(engine: &Engine, cx: &Context, arn: &str) -> Result<(), AwsError> {
    let found = policy(engine, arn).ok().filter(|_| arn::account(arn) == &*cx.account);
    found.map(drop).ok_or_else(|| {
        AwsError::new(404, "NoSuchEntity", format!("Scope ARN: {arn} does not exist or is not attachable."))
    })
}

/// Writes a managed policy.
pub(super) fn put_policy(tx: &mut Transaction<'_>, policy: &ManagedPolicy) {
    put(tx, &policy_key(&policy.arn), policy);
}

/// Deletes a managed policy.
pub(super) fn drop_policy(tx: &mut Transaction<'_>, arn: &str) {
    tx.delete_doc(&policy_key(arn));
}

fn put<T: Serialize>(tx: &mut Transaction<'_>, key: &str, value: &T) {
    // Records are maps with text keys, which JSON can always hold.
    if let Ok(bytes) = serde_json::to_vec(value) {
        tx.put_doc(key, &bytes);
    }
}

/// An id such as `AROA...`: a prefix for the kind and 17 letters and digits.
pub(super) fn unique_id(cx: &Context, prefix: &str) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let uuid = cx.cloud.core.uuid();
    let bits = uuid
        .bytes()
        .filter_map(|b| char::from(b).to_digit(16))
        .fold(0u128, |bits, digit| bits << 4 | u128::from(digit));
    let id: String = (0..17).map(|i| char::from(LETTERS[(bits >> (5 * i)) as usize & 31])).collect();
    format!("{prefix}{id}")
}
