//! Roles: making, reading, changing and deleting them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::boundary::{self, BoundaryView};
use super::holder::{Holder, Names};
use super::members::{
    self, Tag, VALIDATION_ERROR, description, document, encoded, name, page, path, path_prefix, required, tag_list,
};
use super::profile::profiles_of;
use super::store::{Entity, add, all, change, conflict, drop_entity, unique_id};
use super::{managed, service_linked};
use crate::request::{Context, passing};
use engine::Role;
use engine::policy::Kind;
use wire::{AwsError, Timestamp, check};

/// "IAM and AWS STS quotas": characters of a role's name.
pub(super) const MAX_NAME: usize = 64;
/// "IAM and AWS STS quotas": roles of an account.
pub(super) const MAX_ROLES: usize = 1_000;
/// "CreateRole": seconds of a session, least and most.
const SESSION_SECONDS: std::ops::RangeInclusive<u32> = 3_600..=43_200;

impl Entity for Role {
    const KIND: &'static str = "role";
    const MEMBER: &'static str = "roleName";

    fn arn(&self) -> &str {
        &self.arn
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn absent(name: &str) -> String {
        format!("The role with name {name} cannot be found.")
    }

    fn taken(name: &str) -> String {
        format!("Role with name {name} already exists.")
    }

    fn check_change(&self) -> Result<(), AwsError> {
        if !self.path.starts_with(service_linked::PATH) {
            return Ok(());
        }
        let name = &self.name;
        let message = format!(
            "Cannot perform the operation on the protected role '{name}' - this role is only modifiable by AWS"
        );
        Err(AwsError::bad("UnmodifiableEntity", message))
    }
}

impl Holder for Role {
    const MAX_INLINE: usize = 10_240;
    const ATTACHED_QUOTA: &'static str = "PoliciesPerRole";

    fn choose(names: Names) -> Option<String> {
        names.role
    }

    fn named(&self) -> Names {
        Names { role: Some(self.name.clone()), ..Names::default() }
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn path(&self) -> &str {
        &self.path
    }

    fn inline(&mut self) -> &mut BTreeMap<String, String> {
        &mut self.inline
    }

    fn attached(&mut self) -> &mut Vec<String> {
        &mut self.attached
    }

    fn boundary(&self) -> Option<&str> {
        self.permissions_boundary.as_deref()
    }
}

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
    max_session_duration: Option<u32>,
    permissions_boundary: Option<BoundaryView>,
    tags: Option<Vec<Tag>>,
}

/// A role as it is shown.
pub(super) fn view(role: Role) -> RoleView {
    let tags = tag_list(role.tags);
    RoleView {
        assume_role_policy_document: encoded(&role.trust),
        path: role.path,
        role_name: role.name,
        role_id: role.id,
        arn: role.arn,
        create_date: Timestamp(role.created),
        description: Some(role.description).filter(|text| !text.is_empty()),
        max_session_duration: Some(role.max_session_seconds),
        permissions_boundary: boundary::view(role.permissions_boundary),
        tags: (!tags.is_empty()).then_some(tags),
    }
}

/// The answer that shows a role.
pub(super) fn output(role: Role) -> RoleOutput {
    RoleOutput { role: view(role) }
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
    let told_seconds = input.max_session_duration;
    let path = path(input.path)?;
    if path.starts_with(service_linked::PATH) {
        return Err(members::invalid(format!("Invalid path value. {} is reserved for AWS.", service_linked::PATH)));
    }
    let new = Role {
        arn: format!("arn:aws:iam::{}:role{path}{name}", cx.account),
        id: unique_id(cx, "AROA"),
        path,
        trust: document(input.assume_role_policy_document, "assumeRolePolicyDocument", Kind::Trust)?,
        inline: Default::default(),
        attached: Vec::new(),
        description: description(input.description)?,
        max_session_seconds: session_seconds(input.max_session_duration)?,
        permissions_boundary: boundary::given(input.permissions_boundary)?,
        tags: members::tags_of_identity(input.tags)?,
        created: cx.cloud.core.now(),
        name,
    };
    cx.cloud
        .core
        .execute(|tx| {
            if let Some(arn) = &new.permissions_boundary {
                boundary::check(tx.engine(), cx, arn)?;
            }
            add(tx, &cx.account, &new, ("RolesPerAccount", MAX_ROLES))
        })
        .await?;
    if let Some(arn) = &new.permissions_boundary {
        managed::tell_if_unknown(cx, &new.arn, arn);
    }
    // What nobody asked for isn't told when a role is made, only when it is looked at (recorded on AWS).
    Ok(RoleOutput { role: RoleView { max_session_duration: told_seconds, ..view(new) } })
}

pub(super) async fn get_role(cx: &Context, input: RoleInput) -> Result<RoleOutput, AwsError> {
    let name = required(input.role_name, "roleName")?;
    let found = cx.cloud.core.read(|engine, _| Role::find(engine, cx, &name))?;
    Ok(RoleOutput { role: view(found) })
}

pub(super) async fn delete_role(cx: &Context, input: RoleInput) -> Result<(), AwsError> {
    let name = required(input.role_name, "roleName")?;
    let arn = cx
        .cloud
        .core
        .execute_freeing(|tx| {
            let mut role = Role::find(tx.engine(), cx, &name)?;
            role.check_change()?;
            if !profiles_of(tx.engine(), &cx.account, &role.name).is_empty() {
                return Err(conflict("remove roles from instance profile"));
            }
            role.check_bare()?;
            drop_entity(tx, &role);
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
    let prefix = path_prefix(input.path_prefix)?;
    let found = cx.cloud.core.read(|engine, _| all::<Role>(engine, &cx.account));
    let found = found.into_iter().filter(|role| role.path.starts_with(&prefix));
    let (found, marker) = page(found.collect(), input.marker.as_deref(), input.max_items)?;
    // Listings leave tags out.
    let roles =
        found.into_iter().map(|role| RoleView { tags: None, permissions_boundary: None, ..view(role) }).collect();
    Ok(ListRolesOutput { roles, is_truncated: marker.is_some(), marker })
}

#[derive(Debug, Serialize)]
pub(super) struct Nothing {}

pub(super) async fn update_role(cx: &Context, input: RoleInput) -> Result<Nothing, AwsError> {
    let name = required(input.role_name, "roleName")?;
    let seconds = input.max_session_duration.map(|seconds| session_seconds(Some(seconds))).transpose()?;
    let description = input.description.map(|text| description(Some(text))).transpose()?;
    change(cx, &name, |_, role: &mut Role| {
        role.description = description.unwrap_or_else(|| std::mem::take(&mut role.description));
        role.max_session_seconds = seconds.unwrap_or(role.max_session_seconds);
        Ok(())
    })
    .await?;
    Ok(Nothing {})
}

pub(super) async fn update_role_description(cx: &Context, input: RoleInput) -> Result<RoleOutput, AwsError> {
    let name = required(input.role_name, "roleName")?;
    let description = description(Some(required(input.description, "description")?))?;
    let role = change(cx, &name, |_, role: &mut Role| {
        role.description = description;
        Ok(())
    })
    .await?;
    Ok(RoleOutput { role: view(role) })
}

pub(super) async fn update_assume_role_policy(cx: &Context, input: RoleInput) -> Result<(), AwsError> {
    let name = required(input.role_name, "roleName")?;
    let trust = document(input.policy_document, "policyDocument", Kind::Trust)?;
    change(cx, &name, |_, role: &mut Role| {
        role.check_change()?;
        role.trust = trust;
        Ok(())
    })
    .await?;
    Ok(())
}
