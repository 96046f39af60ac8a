//! Groups of users: making, reading, changing and deleting them, and who is in them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::holder::{Holder, Names};
use super::members::{self, name, page, path, path_prefix, required};
use super::store::{
    Entity, NO_SUCH_ENTITY, add, all, by_name, change, check_name_is_free, conflict, drop_entity, put, reduce,
    unique_id,
};
use super::users::{UserView, listed};
use crate::request::Context;
use engine::{Engine, Millis, User};
use wire::{AwsError, Timestamp};

/// "IAM and AWS STS quotas": characters of a group's name.
const MAX_NAME: usize = 128;
/// "IAM and AWS STS quotas": groups of an account.
const MAX_GROUPS: usize = 300;
/// "IAM and AWS STS quotas": groups that a user can be in.
const MAX_GROUPS_OF_USER: usize = 10;

/// A group, as its document holds it. Who is in it stands in the users' documents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Group {
    /// `arn:aws:iam::<account>:group<path><name>`.
    arn: String,
    /// The unique id, `AGPA..`.
    id: String,
    name: String,
    path: String,
    inline: BTreeMap<String, String>,
    attached: Vec<String>,
    created: Millis,
}

impl Entity for Group {
    const KIND: &'static str = "group";
    const MEMBER: &'static str = "groupName";

    fn arn(&self) -> &str {
        &self.arn
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn absent(name: &str) -> String {
        format!("The group with name {name} cannot be found.")
    }

    fn taken(name: &str) -> String {
        format!("Group with name {name} already exists.")
    }
}

impl Holder for Group {
    const MAX_INLINE: usize = 5_120;
    const ATTACHED_QUOTA: &'static str = "PoliciesPerGroup";

    fn choose(names: Names) -> Option<String> {
        names.group
    }

    fn named(&self) -> Names {
        Names { group: Some(self.name.clone()), ..Names::default() }
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
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct GroupInput {
    group_name: Option<String>,
    new_group_name: Option<String>,
    new_path: Option<String>,
    user_name: Option<String>,
    path: Option<String>,
    path_prefix: Option<String>,
    marker: Option<String>,
    max_items: Option<usize>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GroupOutput {
    group: GroupView,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct GroupView {
    path: String,
    group_name: String,
    group_id: String,
    arn: String,
    create_date: Timestamp,
}

fn view(group: Group) -> GroupView {
    GroupView {
        path: group.path,
        group_name: group.name,
        group_id: group.id,
        arn: group.arn,
        create_date: Timestamp(group.created),
    }
}

/// Those who are in a group.
fn users_in(engine: &Engine, account: &str, group: &str) -> Vec<User> {
    let mut users = all::<User>(engine, account);
    users.retain(|user| user.groups.contains(group));
    users
}

pub(super) async fn create_group(cx: &Context, input: GroupInput) -> Result<GroupOutput, AwsError> {
    let name = name(input.group_name, Group::MEMBER, MAX_NAME)?;
    let path = path(input.path)?;
    let new = Group {
        arn: format!("arn:aws:iam::{}:group{path}{name}", cx.account),
        id: unique_id(cx, "AGPA"),
        path,
        inline: Default::default(),
        attached: Vec::new(),
        created: cx.cloud.core.now(),
        name,
    };
    cx.cloud.core.execute(|tx| add(tx, &cx.account, &new, ("GroupsPerAccount", MAX_GROUPS))).await?;
    Ok(GroupOutput { group: view(new) })
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetGroupOutput {
    group: GroupView,
    users: Vec<UserView>,
    is_truncated: bool,
    marker: Option<String>,
}

pub(super) async fn get_group(cx: &Context, input: GroupInput) -> Result<GetGroupOutput, AwsError> {
    let name = required(input.group_name, Group::MEMBER)?;
    let (group, users) = cx.cloud.core.read(|engine, _| {
        let group = Group::find(engine, cx, &name)?;
        let users = users_in(engine, &cx.account, &group.name);
        Ok::<_, AwsError>((group, users))
    })?;
    let (users, marker) = page(users, input.marker.as_deref(), input.max_items)?;
    let users = users.into_iter().map(listed).collect();
    Ok(GetGroupOutput { group: view(group), users, is_truncated: marker.is_some(), marker })
}

pub(super) async fn update_group(cx: &Context, input: GroupInput) -> Result<(), AwsError> {
    let old_name = required(input.group_name, Group::MEMBER)?;
    let new_name = input.new_group_name.map(|it| name(Some(it), "newGroupName", MAX_NAME)).transpose()?;
    let new_path = input.new_path.map(|it| path(Some(it))).transpose()?;
    let core = &cx.cloud.core;
    core.execute(|tx| {
        let old = Group::find(tx.engine(), cx, &old_name)?;
        let (name, path) = (new_name.unwrap_or_else(|| old.name.clone()), new_path.unwrap_or_else(|| old.path.clone()));
        if !name.eq_ignore_ascii_case(&old.name) {
            check_name_is_free::<Group>(tx.engine(), &cx.account, &name)?;
        }
        for mut user in users_in(tx.engine(), &cx.account, &old.name) {
            user.groups.remove(&old.name);
            user.groups.insert(name.clone());
            put(tx, &user);
        }
        let arn = format!("arn:aws:iam::{}:group{path}{name}", cx.account);
        drop_entity(tx, &old);
        put(tx, &Group { arn, name, path, ..old });
        Ok(())
    })
    .await
}

pub(super) async fn delete_group(cx: &Context, input: GroupInput) -> Result<(), AwsError> {
    let name = required(input.group_name, Group::MEMBER)?;
    let core = &cx.cloud.core;
    core.execute_freeing(|tx| {
        let mut group = Group::find(tx.engine(), cx, &name)?;
        if !users_in(tx.engine(), &cx.account, &group.name).is_empty() {
            return Err(conflict("remove users from group"));
        }
        group.check_bare()?;
        drop_entity(tx, &group);
        Ok(())
    })
    .await
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListGroupsOutput {
    groups: Vec<GroupView>,
    is_truncated: bool,
    marker: Option<String>,
}

fn list(found: Vec<Group>, input: &GroupInput) -> Result<ListGroupsOutput, AwsError> {
    let (found, marker) = page(found, input.marker.as_deref(), input.max_items)?;
    Ok(ListGroupsOutput { groups: found.into_iter().map(view).collect(), is_truncated: marker.is_some(), marker })
}

pub(super) async fn list_groups(cx: &Context, mut input: GroupInput) -> Result<ListGroupsOutput, AwsError> {
    let prefix = path_prefix(input.path_prefix.take())?;
    let mut found = cx.cloud.core.read(|engine, _| all::<Group>(engine, &cx.account));
    found.retain(|group| group.path.starts_with(&prefix));
    list(found, &input)
}

pub(super) async fn list_groups_for_user(cx: &Context, mut input: GroupInput) -> Result<ListGroupsOutput, AwsError> {
    let name = required(input.user_name.take(), User::MEMBER)?;
    let found = cx.cloud.core.read(|engine, _| {
        let user = User::find(engine, cx, &name)?;
        let groups = user.groups.iter().filter_map(|group| by_name::<Group>(engine, &cx.account, group));
        Ok::<_, AwsError>(groups.collect())
    })?;
    list(found, &input)
}

pub(super) async fn add_user_to_group(cx: &Context, input: GroupInput) -> Result<(), AwsError> {
    let group = required(input.group_name, Group::MEMBER)?;
    let name = required(input.user_name, User::MEMBER)?;
    change(cx, &name, |engine, user: &mut User| {
        let group = Group::find(engine, cx, &group)?;
        user.groups.insert(group.name);
        if user.groups.len() > MAX_GROUPS_OF_USER {
            return Err(members::exceeded("GroupsPerUser", MAX_GROUPS_OF_USER));
        }
        Ok(())
    })
    .await?;
    Ok(())
}

pub(super) async fn remove_user_from_group(cx: &Context, input: GroupInput) -> Result<(), AwsError> {
    let group = required(input.group_name, Group::MEMBER)?;
    let name = required(input.user_name, User::MEMBER)?;
    reduce(cx, &name, |engine, user: &mut User| {
        let group = Group::find(engine, cx, &group)?;
        if !user.groups.remove(&group.name) {
            let message = format!("User {name} is not in the group {}.", group.name);
            return Err(AwsError::new(404, NO_SUCH_ENTITY, message));
        }
        Ok(())
    })
    .await?;
    Ok(())
}
