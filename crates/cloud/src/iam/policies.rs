//! Managed policies. Only the default version of a policy is kept.

use serde::{Deserialize, Serialize};

use super::members::{
    self, MAX_DESCRIPTION, Tag, VALIDATION_ERROR, at_most, document, encoded, exceeded, invalid, name, page, path,
    required, size,
};
use super::store::{drop_policy, own_policy, policies, put_policy, roles, unique_id};
use crate::request::Context;
use engine::policy::Kind;
use engine::{ManagedPolicy, Role};
use wire::{AwsError, Timestamp, check};

/// "IAM and AWS STS quotas": characters of a policy's name.
const MAX_NAME: usize = 128;
/// "IAM and AWS STS quotas": characters of a managed policy, white space not counted.
const MAX_SIZE: usize = 6_144;
/// "IAM and AWS STS quotas": customer managed policies of an account.
const MAX_POLICIES: usize = 1_500;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct PolicyInput {
    policy_name: Option<String>,
    policy_arn: Option<String>,
    path: Option<String>,
    path_prefix: Option<String>,
    policy_document: Option<String>,
    description: Option<String>,
    tags: Option<Vec<Tag>>,
    set_as_default: Option<bool>,
    version_id: Option<String>,
    scope: Option<String>,
    only_attached: Option<bool>,
    marker: Option<String>,
    max_items: Option<usize>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PolicyOutput {
    policy: PolicyView,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PolicyView {
    policy_name: String,
    policy_id: String,
    arn: String,
    path: String,
    default_version_id: String,
    attachment_count: usize,
    permissions_boundary_usage_count: usize,
    is_attachable: bool,
    description: Option<String>,
    create_date: Timestamp,
    update_date: Timestamp,
    tags: Option<Vec<Tag>>,
}

/// A document that a managed policy can have.
fn own_document(value: Option<String>) -> Result<String, AwsError> {
    let document = document(value, "policyDocument", Kind::Identity)?;
    if size(&document) > MAX_SIZE { Err(exceeded("PolicySize", MAX_SIZE)) } else { Ok(document) }
}

/// A policy as it is shown; `roles` are its account's.
fn view(roles: &[Role], policy: ManagedPolicy) -> PolicyView {
    let tags: Vec<Tag> = policy.tags.into_iter().map(|(key, value)| Tag { key, value }).collect();
    PolicyView {
        attachment_count: roles.iter().filter(|role| role.attached.contains(&policy.arn)).count(),
        permissions_boundary_usage_count: roles
            .iter()
            .filter(|role| role.permissions_boundary.as_ref() == Some(&policy.arn))
            .count(),
        policy_name: policy.name,
        policy_id: policy.id,
        arn: policy.arn,
        path: policy.path,
        default_version_id: format!("v{}", policy.version),
        is_attachable: true,
        description: Some(policy.description).filter(|text| !text.is_empty()),
        create_date: Timestamp(policy.created),
        update_date: Timestamp(policy.updated.max(policy.created)),
        tags: (!tags.is_empty()).then_some(tags),
    }
}

pub(super) async fn create_policy(cx: &Context, input: PolicyInput) -> Result<PolicyOutput, AwsError> {
    let name = name(input.policy_name, "policyName", MAX_NAME)?;
    let path = path(input.path)?;
    let now = cx.cloud.core.now();
    let new = ManagedPolicy {
        arn: format!("arn:aws:iam::{}:policy{path}{name}", cx.account),
        id: unique_id(cx, "ANPA"),
        name,
        path,
        document: own_document(input.policy_document)?,
        description: at_most(input.description, "description", MAX_DESCRIPTION)?,
        tags: members::tags(input.tags)?,
        created: now,
        updated: now,
        version: 1,
    };
    cx.cloud
        .core
        .execute(|tx| {
            let others = policies(tx.engine(), &cx.account);
            if others.iter().any(|policy| policy.name == new.name) {
                let message = format!("A policy called {} already exists. Duplicate names are not allowed.", new.name);
                return Err(AwsError::new(409, "EntityAlreadyExists", message));
            }
            if others.len() >= MAX_POLICIES {
                return Err(exceeded("PoliciesPerAccount", MAX_POLICIES));
            }
            put_policy(tx, &new);
            // Nobody has it yet.
            Ok(PolicyOutput { policy: view(&[], new) })
        })
        .await
}

pub(super) async fn get_policy(cx: &Context, input: PolicyInput) -> Result<PolicyOutput, AwsError> {
    let arn = required(input.policy_arn, "policyArn")?;
    cx.cloud.core.read(|engine, _| {
        let found = own_policy(engine, cx, &arn, "GetPolicy")?;
        Ok(PolicyOutput { policy: view(&roles(engine, &cx.account), found) })
    })
}

pub(super) async fn delete_policy(cx: &Context, input: PolicyInput) -> Result<(), AwsError> {
    let arn = required(input.policy_arn, "policyArn")?;
    cx.cloud
        .core
        .execute_freeing(|tx| {
            own_policy(tx.engine(), cx, &arn, "DeletePolicy")?;
            if roles(tx.engine(), &cx.account).iter().any(|role| role.attached.contains(&arn)) {
                let message = "Cannot delete a policy attached to entities.";
                return Err(AwsError::new(409, "DeleteConflict", message));
            }
            drop_policy(tx, &arn);
            Ok(())
        })
        .await
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListPoliciesOutput {
    policies: Vec<PolicyView>,
    is_truncated: bool,
    marker: Option<String>,
}

pub(super) async fn list_policies(cx: &Context, input: PolicyInput) -> Result<ListPoliciesOutput, AwsError> {
    match input.scope.as_deref() {
        None | Some("All" | "Local") => {}
        // AWS's own policies aren't here.
        Some("AWS") => return Ok(ListPoliciesOutput { policies: Vec::new(), is_truncated: false, marker: None }),
        Some(other) => {
            let constraint = "Member must satisfy enum value set: [All, AWS, Local]";
            return Err(check::failed(VALIDATION_ERROR, other, "scope", constraint));
        }
    }
    let prefix = input.path_prefix.unwrap_or_else(|| "/".into());
    let found: Vec<PolicyView> = cx.cloud.core.read(|engine, _| {
        let found = policies(engine, &cx.account).into_iter().filter(|policy| policy.path.starts_with(&prefix));
        let roles = roles(engine, &cx.account);
        found.map(|policy| PolicyView { tags: None, description: None, ..view(&roles, policy) }).collect()
    });
    let only_attached = input.only_attached == Some(true);
    let found = found.into_iter().filter(|policy| !only_attached || policy.attachment_count > 0);
    let (policies, marker) = page(found.collect(), input.marker.as_deref(), input.max_items)?;
    Ok(ListPoliciesOutput { policies, is_truncated: marker.is_some(), marker })
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PolicyVersionOutput {
    policy_version: Version,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Version {
    document: Option<String>,
    version_id: String,
    is_default_version: bool,
    create_date: Timestamp,
}

fn version(policy: &ManagedPolicy, document: bool) -> Version {
    Version {
        document: document.then(|| encoded(&policy.document)),
        version_id: format!("v{}", policy.version),
        is_default_version: true,
        create_date: Timestamp(policy.updated.max(policy.created)),
    }
}

pub(super) async fn create_policy_version(cx: &Context, input: PolicyInput) -> Result<PolicyVersionOutput, AwsError> {
    let arn = required(input.policy_arn, "policyArn")?;
    let document = own_document(input.policy_document)?;
    if input.set_as_default != Some(true) {
        return Err(invalid("This cloud keeps only the default version of a policy: SetAsDefault must be true."));
    }
    cx.cloud
        .core
        .execute(|tx| {
            let mut policy = own_policy(tx.engine(), cx, &arn, "CreatePolicyVersion")?;
            policy.document = document;
            policy.version += 1;
            policy.updated = tx.now;
            put_policy(tx, &policy);
            Ok(PolicyVersionOutput { policy_version: version(&policy, false) })
        })
        .await
}

pub(super) async fn get_policy_version(cx: &Context, input: PolicyInput) -> Result<PolicyVersionOutput, AwsError> {
    let arn = required(input.policy_arn, "policyArn")?;
    let id = required(input.version_id, "versionId")?;
    let policy = cx.cloud.core.read(|engine, _| own_policy(engine, cx, &arn, "GetPolicyVersion"))?;
    if id != format!("v{}", policy.version) {
        let message = format!("Policy {arn} version {id} does not exist or is not attachable.");
        return Err(AwsError::new(404, "NoSuchEntity", message));
    }
    Ok(PolicyVersionOutput { policy_version: version(&policy, true) })
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListPolicyVersionsOutput {
    versions: Vec<Version>,
    is_truncated: bool,
}

pub(super) async fn list_policy_versions(
    cx: &Context,
    input: PolicyInput,
) -> Result<ListPolicyVersionsOutput, AwsError> {
    let arn = required(input.policy_arn, "policyArn")?;
    let policy = cx.cloud.core.read(|engine, _| own_policy(engine, cx, &arn, "ListPolicyVersions"))?;
    Ok(ListPolicyVersionsOutput { versions: vec![version(&policy, false)], is_truncated: false })
}
