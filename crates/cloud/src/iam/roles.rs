//! Roles: making, reading, changing and deleting them.

use serde::{Deserialize, Serialize};

use super::members::{
    self, MAX_ARN, MAX_DESCRIPTION, Tag, VALIDATION_ERROR, at_most, document, encoded, exceeded, name, page, path,
    required,
};
use super::store::{boundary, change_role, count_roles, drop_role, put_role, role, roles, unique_id};
use crate::request::{Context, passing};
use engine::Role;
use engine::policy::Kind;
use wire::{AwsError, Timestamp, check};

/// "IAM and AWS STS quotas": characters of a role's name.
pub(super) const MAX_NAME: usize = 64;
/// "IAM and AWS STS quotas": roles of an account.
const MAX_ROLES: usize = 1_000;
/// "CreateRole": seconds of a session, least and most.
const SESSION_SECONDS: std::ops::RangeInclusive<u32> = 3_600..=43_200;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct RoleInput {
    role_name: Option<String>,
    path: Option<String>,
    path_prefix: Option<String>,
    assume_role_policy_document: Option<String>,
    policy_document: Option<String>,
    description: Option<String>,
    max_session_duration: Option<u32>,
    permissions_boundary: Option<String>,
    tags: Option<Vec<Tag>>,
    marker: Option<String>,
    max_items: Option<usize>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RoleOutput {
    role: RoleView,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RoleView {
    path: String,
    role_name: String,
    role_id: String,
    arn: String,
    create_date: Timestamp,
    assume_role_policy_document: String,
    description: Option<String>,
    max_session_duration: u32,
    permissions_boundary: Option<Boundary>,
    tags: Option<Vec<Tag>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Boundary {
    permissions_boundary_type: &'static str,
    permissions_boundary_arn: String,
}

fn view(role: Role) -> RoleView {
    let tags: Vec<Tag> = role.tags.into_iter().map(|(key, value)| Tag { key, value }).collect();
    RoleView {
        assume_role_policy_document: encoded(&role.trust),
        path: role.path,
        role_name: role.name,
        role_id: role.id,
        arn: role.arn,
        create_date: Timestamp(role.created),
        description: Some(role.description).filter(|text| !text.is_empty()),
        max_session_duration: role.max_session_seconds,
        permissions_boundary: role
            .permissions_boundary
            .map(|arn| Boundary { permissions_boundary_type: "Policy", permissions_boundary_arn: arn }),
        tags: (!tags.is_empty()).then_some(tags),
    }
}

/// The longest that a session of a role lasts, in seconds.
fn session_seconds(seconds: Option<u32>) -> Result<u32, AwsError> {
    let seconds = seconds.unwrap_or(*SESSION_SECONDS.start());
    if SESSION_SECONDS.contains(&seconds) {
        return Ok(seconds);
    }
    let constraint = "Member must have value between 3600 and 43200";
    Err(check::failed(VALIDATION_ERROR, seconds, "maxSessionDuration", constraint))
}

pub(super) async fn create_role(cx: &Context, input: RoleInput) -> Result<RoleOutput, AwsError> {
    let name = name(input.role_name, "roleName", MAX_NAME)?;
    let path = path(input.path)?;
    let new = Role {
        arn: format!("arn:aws:iam::{}:role{path}{name}", cx.account),
        id: unique_id(cx, "AROA"),
        path,
        trust: document(input.assume_role_policy_document, "assumeRolePolicyDocument", Kind::Trust)?,
        inline: Default::default(),
        attached: Vec::new(),
        description: at_most(input.description, "description", MAX_DESCRIPTION)?,
        max_session_seconds: session_seconds(input.max_session_duration)?,
        permissions_boundary: input
            .permissions_boundary
            .map(|arn| at_most(Some(arn), "permissionsBoundary", MAX_ARN))
            .transpose()?,
        tags: members::tags(input.tags)?,
        created: cx.cloud.core.now(),
        name,
    };
    cx.cloud
        .core
        .execute(|tx| {
            if role(tx.engine(), &cx.account, &new.name).is_ok() {
                let message = format!("Role with name {} already exists.", new.name);
                return Err(AwsError::new(409, "EntityAlreadyExists", message));
            }
            if let Some(arn) = &new.permissions_boundary {
                boundary(tx.engine(), cx, arn)?;
            }
            if count_roles(tx.engine(), &cx.account) >= MAX_ROLES {
                return Err(exceeded("RolesPerAccount", MAX_ROLES));
            }
            put_role(tx, &new);
            Ok(())
        })
        .await?;
    Ok(RoleOutput { role: view(new) })
}

pub(super) async fn get_role(cx: &Context, input: RoleInput) -> Result<RoleOutput, AwsError> {
    let name = required(input.role_name, "roleName")?;
    let found = cx.cloud.core.read(|engine, _| role(engine, &cx.account, &name))?;
    Ok(RoleOutput { role: view(found) })
}

pub(super) async fn delete_role(cx: &Context, input: RoleInput) -> Result<(), AwsError> {
    let name = required(input.role_name, "roleName")?;
    let conflict =
        |what: &str| Err(AwsError::new(409, "DeleteConflict", format!("Cannot delete entity, must {what} first.")));
    let arn = cx
        .cloud
        .core
        .execute_freeing(|tx| {
            let role = role(tx.engine(), &cx.account, &name)?;
            if !role.attached.is_empty() {
                return conflict("detach all policies");
            }
            if !role.inline.is_empty() {
                return conflict("delete policies");
            }
            drop_role(tx, &role);
            Ok(role.arn)
        })
        .await?;
    passing::tell_if_used(cx, &arn);
    Ok(())
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListRolesOutput {
    roles: Vec<RoleView>,
    is_truncated: bool,
    marker: Option<String>,
}

pub(super) async fn list_roles(cx: &Context, input: RoleInput) -> Result<ListRolesOutput, AwsError> {
    let prefix = input.path_prefix.unwrap_or_else(|| "/".into());
    let found = cx.cloud.core.read(|engine, _| roles(engine, &cx.account));
    let found = found.into_iter().filter(|role| role.path.starts_with(&prefix));
    let (found, marker) = page(found.collect(), input.marker.as_deref(), input.max_items)?;
    // Listings leave tags out.
    let roles = found.into_iter().map(|role| RoleView { tags: None, ..view(role) }).collect();
    Ok(ListRolesOutput { roles, is_truncated: marker.is_some(), marker })
}

#[derive(Debug, Serialize)]
pub(super) struct Nothing {}

pub(super) async fn update_role(cx: &Context, input: RoleInput) -> Result<Nothing, AwsError> {
    let name = required(input.role_name, "roleName")?;
    let seconds = input.max_session_duration.map(|seconds| session_seconds(Some(seconds))).transpose()?;
    let description = input.description.map(|text| at_most(Some(text), "description", MAX_DESCRIPTION)).transpose()?;
    change_role(cx, &name, |_, role| {
        role.description = description.unwrap_or_else(|| std::mem::take(&mut role.description));
        role.max_session_seconds = seconds.unwrap_or(role.max_session_seconds);
        Ok(())
    })
    .await?;
    Ok(Nothing {})
}

pub(super) async fn update_role_description(cx: &Context, input: RoleInput) -> Result<RoleOutput, AwsError> {
    let name = required(input.role_name, "roleName")?;
    let description = at_most(Some(required(input.description, "description")?), "description", MAX_DESCRIPTION)?;
    let role = change_role(cx, &name, |_, role| {
        role.description = description;
        Ok(())
    })
    .await?;
    Ok(RoleOutput { role: view(role) })
}

pub(super) async fn update_assume_role_policy(cx: &Context, input: RoleInput) -> Result<(), AwsError> {
    let name = required(input.role_name, "roleName")?;
    let trust = document(input.policy_document, "policyDocument", Kind::Trust)?;
    change_role(cx, &name, |_, role| {
        role.trust = trust;
        Ok(())
    })
    .await?;
    Ok(())
}

pub(super) async fn put_role_permissions_boundary(cx: &Context, input: RoleInput) -> Result<(), AwsError> {
    let name = required(input.role_name, "roleName")?;
    let arn = required(input.permissions_boundary, "permissionsBoundary")?;
    change_role(cx, &name, |engine, role| {
        boundary(engine, cx, &arn)?;
        role.permissions_boundary = Some(arn);
        Ok(())
    })
    .await?;
    Ok(())
}

pub(super) async fn delete_role_permissions_boundary(cx: &Context, input: RoleInput) -> Result<(), AwsError> {
    let name = required(input.role_name, "roleName")?;
    change_role(cx, &name, |_, role| {
        role.permissions_boundary = None;
        Ok(())
    })
    .await?;
    Ok(())
}
