//! Users: making, reading, changing and deleting them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::boundary::{self, BoundaryView};
use super::holder::{Holder, Names};
use super::managed;
use super::members::{self, Tag, invalid, name, page, path, path_prefix, required, tag_list};
use super::store::{Entity, add, all, check_name_is_free, conflict, drop_entity, put, put_doc, unique_id};
use crate::request::Context;
use engine::User;
use engine::users::access_key_key;
use wire::{AwsError, Timestamp};

/// "IAM and AWS STS quotas": characters of a user's name.
const MAX_NAME: usize = 64;
/// "IAM and AWS STS quotas": users of an account.
const MAX_USERS: usize = 5_000;

impl Entity for User {
    const KIND: &'static str = "user";
    const MEMBER: &'static str = "userName";

    fn arn(&self) -> &str {
        &self.arn
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn absent(name: &str) -> String {
        format!("The user with name {name} cannot be found.")
    }

    fn taken(name: &str) -> String {
        format!("User with name {name} already exists.")
    }
}

impl Holder for User {
    const MAX_INLINE: usize = 2_048;
    const ATTACHED_QUOTA: &'static str = "PoliciesPerUser";

    fn choose(names: Names) -> Option<String> {
        names.user
    }

    fn named(&self) -> Names {
        Names { user: Some(self.name.clone()), ..Names::default() }
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
pub(super) struct UserInput {
    user_name: Option<String>,
    new_user_name: Option<String>,
    new_path: Option<String>,
    path: Option<String>,
    path_prefix: Option<String>,
    permissions_boundary: Option<String>,
    tags: Option<Vec<Tag>>,
    marker: Option<String>,
    max_items: Option<usize>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UserOutput {
    user: UserView,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UserView {
    path: String,
    user_name: String,
    user_id: String,
    arn: String,
    create_date: Timestamp,
    permissions_boundary: Option<BoundaryView>,
    tags: Option<Vec<Tag>>,
}

fn view(user: User) -> UserView {
    let tags = tag_list(user.tags);
    UserView {
        path: user.path,
        user_name: user.name,
        user_id: user.id,
        arn: user.arn,
        create_date: Timestamp(user.created),
        permissions_boundary: boundary::view(user.permissions_boundary),
        tags: (!tags.is_empty()).then_some(tags),
    }
}

/// A user in a listing, which leaves tags and boundaries out.
pub(super) fn listed(user: User) -> UserView {
    UserView { tags: None, permissions_boundary: None, ..view(user) }
}

/// The user that is meant where a request may leave the name out: then it is the caller; none for an account's root.
///
/// # Errors
/// `ValidationError` for a role's session.
pub(super) fn meant(cx: &Context, name: Option<String>) -> Result<Option<String>, AwsError> {
    if name.is_some() {
        return Ok(name);
    }
    let caller = cx.caller();
    match caller.split_once(":user/") {
        Some((_, path)) => Ok(path.rsplit('/').next().map(str::to_owned)),
        None if caller.ends_with(":root") => Ok(None),
        None => Err(invalid("Must specify userName when calling with non-User credentials")),
    }
}

pub(super) async fn create_user(cx: &Context, input: UserInput) -> Result<UserOutput, AwsError> {
    let name = name(input.user_name, User::MEMBER, MAX_NAME)?;
    let path = path(input.path)?;
    let new = User {
        arn: format!("arn:aws:iam::{}:user{path}{name}", cx.account),
        id: unique_id(cx, "AIDA"),
        path,
        inline: Default::default(),
        attached: Vec::new(),
        permissions_boundary: boundary::given(input.permissions_boundary)?,
        groups: Default::default(),
        keys: Vec::new(),
        login: None,
        tags: members::tags_of_identity(input.tags)?,
        created: cx.cloud.core.now(),
        name,
    };
    let core = &cx.cloud.core;
    core.execute(|tx| {
        if let Some(arn) = &new.permissions_boundary {
            boundary::check(tx.engine(), cx, arn)?;
        }
        add(tx, &cx.account, &new, ("UsersPerAccount", MAX_USERS))
    })
    .await?;
    if let Some(arn) = &new.permissions_boundary {
        managed::tell_if_unknown(cx, &new.arn, arn);
    }
    Ok(UserOutput { user: view(new) })
}

/// Without a name of the caller; an account's root looks like a user then.
pub(super) async fn get_user(cx: &Context, input: UserInput) -> Result<UserOutput, AwsError> {
    let user = match meant(cx, input.user_name)? {
        Some(name) => view(cx.cloud.core.read(|engine, _| User::find(engine, cx, &name))?),
        None => UserView {
            path: "/".to_owned(),
            user_name: "root".to_owned(),
            user_id: cx.account.to_string(),
            arn: cx.caller(),
            create_date: Timestamp(0),
            permissions_boundary: None,
            tags: None,
        },
    };
    Ok(UserOutput { user })
}

pub(super) async fn update_user(cx: &Context, input: UserInput) -> Result<(), AwsError> {
    let old_name = required(input.user_name, User::MEMBER)?;
    let new_name = input.new_user_name.map(|it| name(Some(it), "newUserName", MAX_NAME)).transpose()?;
    let new_path = input.new_path.map(|it| path(Some(it))).transpose()?;
    let core = &cx.cloud.core;
    core.execute(|tx| {
        let old = User::find(tx.engine(), cx, &old_name)?;
        let (name, path) = (new_name.unwrap_or_else(|| old.name.clone()), new_path.unwrap_or_else(|| old.path.clone()));
        if !name.eq_ignore_ascii_case(&old.name) {
            check_name_is_free::<User>(tx.engine(), &cx.account, &name)?;
        }
        let arn = format!("arn:aws:iam::{}:user{path}{name}", cx.account);
        let new = User { arn, name, path, ..old.clone() };
        drop_entity(tx, &old);
        put(tx, &new);
        for id in &new.keys {
            if let Some(key) = tx.engine().access_key(id) {
                let key = engine::AccessKey { user: new.name.clone(), user_arn: new.arn.clone(), ..key };
                put_doc(tx, &access_key_key(id), &key);
            }
        }
        Ok(())
    })
    .await
}

pub(super) async fn delete_user(cx: &Context, input: UserInput) -> Result<(), AwsError> {
    let name = required(input.user_name, User::MEMBER)?;
    let core = &cx.cloud.core;
    core.execute_freeing(|tx| {
        let mut user = User::find(tx.engine(), cx, &name)?;
        if user.login.is_some() {
            return Err(conflict("delete login profile"));
        }
        if !user.keys.is_empty() {
            return Err(conflict("delete access keys"));
        }
        if !user.groups.is_empty() {
            return Err(conflict("remove users from group"));
        }
        user.check_bare()?;
        drop_entity(tx, &user);
        Ok(())
    })
    .await
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListUsersOutput {
    users: Vec<UserView>,
    is_truncated: bool,
    marker: Option<String>,
}

pub(super) async fn list_users(cx: &Context, input: UserInput) -> Result<ListUsersOutput, AwsError> {
    let prefix = path_prefix(input.path_prefix)?;
    let mut found = cx.cloud.core.read(|engine, _| all::<User>(engine, &cx.account));
    found.retain(|user| user.path.starts_with(&prefix));
    let (found, marker) = page(found, input.marker.as_deref(), input.max_items)?;
    Ok(ListUsersOutput { users: found.into_iter().map(listed).collect(), is_truncated: marker.is_some(), marker })
}
