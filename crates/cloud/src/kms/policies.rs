//! PutKeyPolicy, GetKeyPolicy and ListKeyPolicies. A policy is checked for its form, kept and shown: no account sees another's keys,
//! and its own does with them what it wants.
//!
//! Source: "PutKeyPolicy" (AWS KMS API Reference), "Default key policy" (Developer Guide).

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::error::{after, limit, not_found, page_size, required};
use super::name::Named;
use super::store;
use crate::request::Context;
use engine::policy::{Kind, Policy};
use wire::AwsError;

/// The only name that a policy can have.
const NAME: &str = "default";
/// "Quotas", Key policy document size: bytes.
const MAX_BYTES: usize = 32_768;
/// "ListKeyPolicies": the most names of a page, which has one.
const MAX_PAGE: i64 = 1_000;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct PolicyInput {
    key_id: Option<String>,
    policy_name: Option<String>,
    policy: Option<String>,
    limit: Option<i64>,
    marker: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PolicyOutput {
    policy: String,
    policy_name: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListOutput {
    policy_names: Vec<&'static str>,
    truncated: bool,
}

/// Checks the form of a policy.
///
/// # Errors
/// `LimitExceededException`, `MalformedPolicyDocumentException`.
pub(super) fn check(text: &str) -> Result<(), AwsError> {
    if text.len() > MAX_BYTES {
        return Err(limit(format!("A key policy has at most {MAX_BYTES} bytes.")));
    }
    Policy::parse(text, Kind::Resource)
        .map(|_| ())
        .map_err(|error| AwsError::bad("MalformedPolicyDocumentException", error.to_string()))
}

/// The policy of a key that was made without one.
pub(super) fn usual(cx: &Context) -> String {
    let root = format!("arn:aws:iam::{}:root", cx.account);
    let statement = json!({
        "Sid": "Enable IAM User Permissions",
        "Effect": "Allow",
        "Principal": {"AWS": root},
        "Action": "kms:*",
        "Resource": "*",
    });
    json!({"Version": "2012-10-17", "Id": "key-default-1", "Statement": [statement]}).to_string()
}

fn check_policy_name(name: Option<&str>) -> Result<(), AwsError> {
    if name.is_none_or(|name| name == NAME) { Ok(()) } else { Err(not_found("No such policy exists")) }
}

/// Gives a key another policy.
pub(super) async fn put_key_policy(cx: &Context, input: PolicyInput) -> Result<(), AwsError> {
    let text = required(input.key_id, "keyId")?;
    let policy = required(input.policy, "policy")?;
    check(&policy)?;
    check_policy_name(input.policy_name.as_deref())?;
    let id = Named::key(cx, &text, "PutKeyPolicy")?;
    cx.cloud
        .core
        .execute(|tx| {
            let mut key = store::key(cx, tx.engine(), tx.now, id)?;
            key.policy = policy;
            store::put(tx, cx, &key, key.deletion)
        })
        .await
}

/// A key's policy.
pub(super) async fn get_key_policy(cx: &Context, input: PolicyInput) -> Result<PolicyOutput, AwsError> {
    let text = required(input.key_id, "keyId")?;
    let id = Named::key(cx, &text, "GetKeyPolicy")?;
    let key = cx.cloud.core.read(|engine, now| store::key(cx, engine, now, id))?;
    check_policy_name(input.policy_name.as_deref())?;
    Ok(PolicyOutput { policy: key.policy, policy_name: NAME })
}

/// The name of a key's policy.
pub(super) async fn list_key_policies(cx: &Context, input: PolicyInput) -> Result<ListOutput, AwsError> {
    let text = required(input.key_id, "keyId")?;
    page_size(input.limit, MAX_PAGE, MAX_PAGE)?;
    let id = Named::key(cx, &text, "ListKeyPolicies")?;
    cx.cloud.core.read(|engine, now| store::key(cx, engine, now, id))?;
    let names = if after(input.marker.as_deref())?.is_none_or(|after| *after < *NAME) { vec![NAME] } else { vec![] };
    Ok(ListOutput { policy_names: names, truncated: false })
}
