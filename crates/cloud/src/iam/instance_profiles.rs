//! Instance profiles: making, reading and deleting them, and the role in each.

use serde::{Deserialize, Serialize};

use super::members::{self, Tag, name, page, path, path_prefix, required, tag_list};
use super::profile::{InstanceProfile, profiles_of};
use super::roles::{RoleView, view as view_role};
use super::store::{Entity, NO_SUCH_ENTITY, add, all, by_name, change, conflict, drop_entity, reduce, unique_id};
use crate::request::Context;
use engine::{Engine, Role};
use wire::{AwsError, Timestamp};

/// "IAM and AWS STS quotas": characters of an instance profile's name.
const MAX_NAME: usize = 128;
/// "IAM and AWS STS quotas": instance profiles of an account.
const MAX_PROFILES: usize = 1_000;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ProfileInput {
    instance_profile_name: Option<String>,
    role_name: Option<String>,
    path: Option<String>,
    path_prefix: Option<String>,
    tags: Option<Vec<Tag>>,
    marker: Option<String>,
    max_items: Option<usize>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ProfileOutput {
    instance_profile: ProfileView,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ProfileView {
    path: String,
    instance_profile_name: String,
    instance_profile_id: String,
    arn: String,
    create_date: Timestamp,
    roles: Vec<RoleView>,
    tags: Option<Vec<Tag>>,
}

fn view(engine: &Engine, account: &str, profile: InstanceProfile) -> ProfileView {
    let tags = tag_list(profile.tags);
    let role = profile.role.and_then(|role| by_name::<Role>(engine, account, &role));
    ProfileView {
        path: profile.path,
        instance_profile_name: profile.name,
        instance_profile_id: profile.id,
        arn: profile.arn,
        create_date: Timestamp(profile.created),
        roles: role.map(view_role).into_iter().collect(),
        tags: (!tags.is_empty()).then_some(tags),
    }
}

pub(super) async fn create(cx: &Context, input: ProfileInput) -> Result<ProfileOutput, AwsError> {
    let name = name(input.instance_profile_name, InstanceProfile::MEMBER, MAX_NAME)?;
    let path = path(input.path)?;
    let new = InstanceProfile {
        arn: format!("arn:aws:iam::{}:instance-profile{path}{name}", cx.account),
        id: unique_id(cx, "AIPA"),
        path,
        role: None,
        tags: members::tags(input.tags)?,
        created: cx.cloud.core.now(),
        name,
    };
    let core = &cx.cloud.core;
    core.execute(|tx| {
        add(tx, &cx.account, &new, ("InstanceProfilesPerAccount", MAX_PROFILES))?;
        Ok(ProfileOutput { instance_profile: view(tx.engine(), &cx.account, new) })
    })
    .await
}

pub(super) async fn get(cx: &Context, input: ProfileInput) -> Result<ProfileOutput, AwsError> {
    let name = required(input.instance_profile_name, InstanceProfile::MEMBER)?;
    cx.cloud.core.read(|engine, _| {
        let found = InstanceProfile::find(engine, cx, &name)?;
        Ok(ProfileOutput { instance_profile: view(engine, &cx.account, found) })
    })
}

pub(super) async fn delete(cx: &Context, input: ProfileInput) -> Result<(), AwsError> {
    let name = required(input.instance_profile_name, InstanceProfile::MEMBER)?;
    let core = &cx.cloud.core;
    core.execute_freeing(|tx| {
        let profile = InstanceProfile::find(tx.engine(), cx, &name)?;
        if profile.role.is_some() {
            return Err(conflict("remove roles from instance profile"));
        }
        drop_entity(tx, &profile);
        Ok(())
    })
    .await
}

pub(super) async fn add_role(cx: &Context, input: ProfileInput) -> Result<(), AwsError> {
    let name = required(input.instance_profile_name, InstanceProfile::MEMBER)?;
    let role = required(input.role_name, Role::MEMBER)?;
    change(cx, &name, |engine, profile: &mut InstanceProfile| {
        let role = Role::find(engine, cx, &role)?;
        role.check_change()?;
        if profile.role.is_some() {
            return Err(members::exceeded("InstanceSessionsPerInstanceProfile", 1));
        }
        profile.role = Some(role.name);
        Ok(())
    })
    .await?;
    Ok(())
}

pub(super) async fn remove_role(cx: &Context, input: ProfileInput) -> Result<(), AwsError> {
    let name = required(input.instance_profile_name, InstanceProfile::MEMBER)?;
    let role = required(input.role_name, Role::MEMBER)?;
    reduce(cx, &name, |_, profile: &mut InstanceProfile| {
        if profile.role.as_deref() != Some(&*role) {
            return Err(AwsError::new(404, NO_SUCH_ENTITY, Role::absent(&role)));
        }
        profile.role = None;
        Ok(())
    })
    .await?;
    Ok(())
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListProfilesOutput {
    instance_profiles: Vec<ProfileView>,
    is_truncated: bool,
    marker: Option<String>,
}

fn listed(cx: &Context, input: &ProfileInput, found: Vec<InstanceProfile>) -> Result<ListProfilesOutput, AwsError> {
    let (found, marker) = page(found, input.marker.as_deref(), input.max_items)?;
    let instance_profiles = cx.cloud.core.read(|engine, _| {
        // Listings leave tags out.
        let show = |profile| ProfileView { tags: None, ..view(engine, &cx.account, profile) };
        found.into_iter().map(show).collect()
    });
    Ok(ListProfilesOutput { instance_profiles, is_truncated: marker.is_some(), marker })
}

pub(super) async fn list(cx: &Context, mut input: ProfileInput) -> Result<ListProfilesOutput, AwsError> {
    let prefix = path_prefix(input.path_prefix.take())?;
    let mut found = cx.cloud.core.read(|engine, _| all::<InstanceProfile>(engine, &cx.account));
    found.retain(|profile| profile.path.starts_with(&prefix));
    listed(cx, &input, found)
}

pub(super) async fn list_for_role(cx: &Context, mut input: ProfileInput) -> Result<ListProfilesOutput, AwsError> {
    let role = required(input.role_name.take(), Role::MEMBER)?;
    let found = cx.cloud.core.read(|engine, _| {
        let role = Role::find(engine, cx, &role)?;
        Ok::<_, AwsError>(profiles_of(engine, &cx.account, &role.name))
    })?;
    listed(cx, &input, found)
}
