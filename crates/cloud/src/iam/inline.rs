//! A role's inline policies.

use serde::{Deserialize, Serialize};

use super::members::{document, encoded, name, page, required, size};
use super::store::{change_role, reduce_role, role};
use crate::request::Context;
use engine::policy::Kind;
use wire::AwsError;

/// "IAM and AWS STS quotas": characters of a policy's name.
const MAX_NAME: usize = 128;
/// "IAM and AWS STS quotas": characters of all inline policies of a role, white space not counted.
const MAX_SIZE: usize = 10_240;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct InlineInput {
    role_name: Option<String>,
    policy_name: Option<String>,
    policy_document: Option<String>,
    marker: Option<String>,
    max_items: Option<usize>,
}

pub(super) async fn put_role_policy(cx: &Context, input: InlineInput) -> Result<(), AwsError> {
    let role_name = required(input.role_name, "roleName")?;
    let policy = name(input.policy_name, "policyName", MAX_NAME)?;
    let document = document(input.policy_document, "policyDocument", Kind::Identity)?;
    change_role(cx, &role_name, |_, role| {
        let others = role.inline.iter().filter(|(name, _)| **name != policy);
        if others.map(|(_, text)| size(text)).sum::<usize>() + size(&document) > MAX_SIZE {
            let message = format!("Maximum policy size of {MAX_SIZE} bytes exceeded for role {role_name}");
            return Err(AwsError::new(409, "LimitExceeded", message));
        }
        role.inline.insert(policy, document);
        Ok(())
    })
    .await?;
    Ok(())
}

fn absent(policy: &str) -> AwsError {
    AwsError::new(404, "NoSuchEntity", format!("The role policy with name {policy} cannot be found."))
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetRolePolicyOutput {
    role_name: String,
    policy_name: String,
    policy_document: String,
}

pub(super) async fn get_role_policy(cx: &Context, input: InlineInput) -> Result<GetRolePolicyOutput, AwsError> {
    let role_name = required(input.role_name, "roleName")?;
    let policy_name = required(input.policy_name, "policyName")?;
    let role = cx.cloud.core.read(|engine, _| role(engine, &cx.account, &role_name))?;
    let document = role.inline.get(&policy_name).ok_or_else(|| absent(&policy_name))?;
    Ok(GetRolePolicyOutput { policy_document: encoded(document), role_name, policy_name })
}

pub(super) async fn delete_role_policy(cx: &Context, input: InlineInput) -> Result<(), AwsError> {
    let role_name = required(input.role_name, "roleName")?;
    let policy = required(input.policy_name, "policyName")?;
    reduce_role(cx, &role_name, |_, role| role.inline.remove(&policy).map(drop).ok_or_else(|| absent(&policy))).await?;
    Ok(())
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListRolePoliciesOutput {
    policy_names: Vec<String>,
    is_truncated: bool,
    marker: Option<String>,
}

pub(super) async fn list_role_policies(cx: &Context, input: InlineInput) -> Result<ListRolePoliciesOutput, AwsError> {
    let name = required(input.role_name, "roleName")?;
    let role = cx.cloud.core.read(|engine, _| role(engine, &cx.account, &name))?;
    let (policy_names, marker) = page(role.inline.into_keys().collect(), input.marker.as_deref(), input.max_items)?;
    Ok(ListRolePoliciesOutput { policy_names, is_truncated: marker.is_some(), marker })
}
