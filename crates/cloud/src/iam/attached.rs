//! The managed policies that are attached to a role.

use serde::{Deserialize, Serialize};

use super::members::{page, required};
use super::store::{change_role, own_policy, reduce_role, role};
use crate::request::Context;
use wire::AwsError;

/// "IAM and AWS STS quotas": managed policies attached to a role.
const MAX_ATTACHED: usize = 10;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct AttachedInput {
    role_name: Option<String>,
    policy_arn: Option<String>,
    marker: Option<String>,
    max_items: Option<usize>,
}

pub(super) async fn attach_role_policy(cx: &Context, input: AttachedInput) -> Result<(), AwsError> {
    let name = required(input.role_name, "roleName")?;
    let arn = required(input.policy_arn, "policyArn")?;
    change_role(cx, &name, |engine, role| {
        // The policies that AWS manages aren't here: attaching one would promise what isn't checked.
        own_policy(engine, cx, &arn, "AttachRolePolicy").map_err(|_| {
            AwsError::new(404, "NoSuchEntity", format!("Policy {arn} does not exist or is not attachable."))
        })?;
        if role.attached.contains(&arn) {
            return Ok(());
        }
        if role.attached.len() >= MAX_ATTACHED {
            let message = format!("Cannot exceed quota for PoliciesPerRole: {MAX_ATTACHED}");
            return Err(AwsError::new(409, "LimitExceeded", message));
        }
        role.attached.push(arn);
        Ok(())
    })
    .await?;
    Ok(())
}

pub(super) async fn detach_role_policy(cx: &Context, input: AttachedInput) -> Result<(), AwsError> {
    let name = required(input.role_name, "roleName")?;
    let arn = required(input.policy_arn, "policyArn")?;
    reduce_role(cx, &name, |_, role| {
        let before = role.attached.len();
        role.attached.retain(|attached| *attached != arn);
        if role.attached.len() == before {
            return Err(AwsError::new(404, "NoSuchEntity", format!("Policy {arn} was not found.")));
        }
        Ok(())
    })
    .await?;
    Ok(())
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListAttachedRolePoliciesOutput {
    attached_policies: Vec<Attached>,
    is_truncated: bool,
    marker: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Attached {
    policy_name: String,
    policy_arn: String,
}

pub(super) async fn list_attached_role_policies(
    cx: &Context,
    input: AttachedInput,
) -> Result<ListAttachedRolePoliciesOutput, AwsError> {
    let name = required(input.role_name, "roleName")?;
    let role = cx.cloud.core.read(|engine, _| role(engine, &cx.account, &name))?;
    let (arns, marker) = page(role.attached, input.marker.as_deref(), input.max_items)?;
    let attached =
        |arn: String| Attached { policy_name: arn.rsplit('/').next().unwrap_or_default().to_owned(), policy_arn: arn };
    Ok(ListAttachedRolePoliciesOutput {
        attached_policies: arns.into_iter().map(attached).collect(),
        is_truncated: marker.is_some(),
        marker,
    })
}
