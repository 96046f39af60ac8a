//! Managed policies: making, reading, listing and deleting them.

use serde::{Deserialize, Serialize};

use super::managed::{find, of_aws, own, usage_filter};
use super::members::{
    self, MAX_DESCRIPTION, Tag, VALIDATION_ERROR, at_most, document, exceeded, name, page, path, path_prefix, required,
    size, tag_list,
};
use super::store::{add, all, drop_entity, unique_id};
use super::uses::{Uses, uses};
use crate::request::Context;
use engine::policy::Kind;
use engine::{AwsPolicy, ManagedPolicy};
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
    scope: Option<String>,
    only_attached: Option<bool>,
    policy_usage_filter: Option<String>,
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
pub(super) fn own_document(value: Option<String>) -> Result<String, AwsError> {
    let document = document(value, "policyDocument", Kind::Identity)?;
    if size(&document) > MAX_SIZE { Err(exceeded("PolicySize", MAX_SIZE)) } else { Ok(document) }
}

/// A policy as it is shown, with how often it is used.
fn view(uses: Option<&Uses>, policy: ManagedPolicy) -> PolicyView {
    let Uses { attached, boundary } = uses.copied().unwrap_or_default();
    let tags = tag_list(policy.tags);
    PolicyView {
        attachment_count: attached,
        permissions_boundary_usage_count: boundary,
        is_attachable: policy.path != "/aws-service-role/",
        policy_name: policy.name,
        policy_id: policy.id,
        arn: policy.arn,
        path: policy.path,
        default_version_id: format!("v{}", policy.version),
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
        version_created: now,
        others: Default::default(),
        newest: 1,
    };
    cx.cloud
        .core
        .execute(|tx| {
            add(tx, &cx.account, &new, ("PoliciesPerAccount", MAX_POLICIES))?;
            // Nobody has it yet.
            Ok(PolicyOutput { policy: view(None, new) })
        })
        .await
}

pub(super) async fn get_policy(cx: &Context, input: PolicyInput) -> Result<PolicyOutput, AwsError> {
    let arn = required(input.policy_arn, "policyArn")?;
    cx.cloud.core.read(|engine, _| {
        let found = find(engine, cx, &arn, "GetPolicy")?;
        Ok(PolicyOutput { policy: view(uses(engine, &cx.account).get(&arn), found) })
    })
}

pub(super) async fn delete_policy(cx: &Context, input: PolicyInput) -> Result<(), AwsError> {
    let arn = required(input.policy_arn, "policyArn")?;
    cx.cloud
        .core
        .execute_freeing(|tx| {
            let policy = own(tx.engine(), cx, &arn, "DeletePolicy")?;
            if uses(tx.engine(), &cx.account).contains_key(&arn) {
                let message = "Cannot delete a policy attached to entities.";
                return Err(AwsError::new(409, "DeleteConflict", message));
            }
            if !policy.others.is_empty() {
                let message = "This policy has more than one version. Before you delete a policy, you must delete the policy's \
                               versions. The default version is deleted with the policy.";
                return Err(AwsError::new(409, "DeleteConflict", message));
            }
            drop_entity(tx, &policy);
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
    let (local, aws) = match input.scope.as_deref() {
        None | Some("All") => (true, true),
        Some("Local") => (true, false),
        Some("AWS") => (false, true),
        Some(other) => {
            let constraint = "Member must satisfy enum value set: [All, AWS, Local]";
            return Err(check::failed(VALIDATION_ERROR, other, "scope", constraint));
        }
    };
    let prefix = path_prefix(input.path_prefix)?;
    let usage = usage_filter(input.policy_usage_filter.as_deref())?;
    let (own, uses) = cx.cloud.core.read(|engine, _| {
        let own = if local { all::<ManagedPolicy>(engine, &cx.account) } else { Vec::new() };
        (own, uses(engine, &cx.account))
    });
    let of_aws = AwsPolicy::all().iter().filter(|_| aws).map(of_aws);
    let filtered = input.only_attached == Some(true) || input.policy_usage_filter.is_some();
    let counts = |uses: &Uses| usage.attached && uses.attached > 0 || usage.boundary && uses.boundary > 0;
    let wanted = |policy: &ManagedPolicy| {
        policy.path.starts_with(&prefix) && (!filtered || uses.get(&policy.arn).is_some_and(counts))
    };
    let found = own.into_iter().chain(of_aws).filter(wanted).collect();
    let (found, marker) = page(found, input.marker.as_deref(), input.max_items)?;
    let show =
        |policy: ManagedPolicy| PolicyView { tags: None, description: None, ..view(uses.get(&policy.arn), policy) };
    Ok(ListPoliciesOutput { policies: found.into_iter().map(show).collect(), is_truncated: marker.is_some(), marker })
}
