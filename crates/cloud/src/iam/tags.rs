//! Tags of roles, users, managed policies, instance profiles and OpenID Connect providers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::members::{self, MAX_TAGS, Tag, page, required, tag_list};
use super::store::{Entity, change, reduce};
use crate::request::Context;
use engine::{ManagedPolicy, Role, User};
use wire::AwsError;

/// What has tags.
pub(super) trait Tagged: Entity {
    /// Whether `A` and `a` are one key ("Tags for IAM resources": of users and roles alone).
    const IGNORES_CASE: bool = false;

    /// What names it, of what a request may have.
    fn choose(input: &mut TagsInput) -> Option<String>;

    fn tags(&mut self) -> &mut BTreeMap<String, String>;
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct TagsInput {
    pub role_name: Option<String>,
    pub user_name: Option<String>,
    pub policy_arn: Option<String>,
    pub instance_profile_name: Option<String>,
    #[serde(rename = "OpenIDConnectProviderArn")]
    pub provider_arn: Option<String>,
    tags: Option<Vec<Tag>>,
    tag_keys: Option<Vec<String>>,
    marker: Option<String>,
    max_items: Option<usize>,
}

impl Tagged for Role {
    const IGNORES_CASE: bool = true;

    fn choose(input: &mut TagsInput) -> Option<String> {
        input.role_name.take()
    }

    fn tags(&mut self) -> &mut BTreeMap<String, String> {
        &mut self.tags
    }
}

impl Tagged for User {
    const IGNORES_CASE: bool = true;

    fn choose(input: &mut TagsInput) -> Option<String> {
        input.user_name.take()
    }

    fn tags(&mut self) -> &mut BTreeMap<String, String> {
        &mut self.tags
    }
}

impl Tagged for ManagedPolicy {
    fn choose(input: &mut TagsInput) -> Option<String> {
        input.policy_arn.take()
    }

    fn tags(&mut self) -> &mut BTreeMap<String, String> {
        &mut self.tags
    }
}

pub(super) async fn tag<T: Tagged>(cx: &Context, mut input: TagsInput) -> Result<(), AwsError> {
    let name = required(T::choose(&mut input), T::MEMBER)?;
    let given = Some(required(input.tags, "tags")?);
    let tags = if T::IGNORES_CASE { members::tags_of_identity(given)? } else { members::tags(given)? };
    change(cx, &name, |_, tagged: &mut T| {
        if T::IGNORES_CASE {
            let is_new = |old: &str| tags.keys().any(|new| new.to_lowercase() == old.to_lowercase());
            tagged.tags().retain(|old, _| !is_new(old));
        }
        tagged.tags().extend(tags);
        if tagged.tags().len() > MAX_TAGS {
            return Err(AwsError::new(
                409,
                "LimitExceeded",
                format!("The number of tags has reached the maximum limit of {MAX_TAGS}."),
            ));
        }
        Ok(())
    })
    .await?;
    Ok(())
}

pub(super) async fn untag<T: Tagged>(cx: &Context, mut input: TagsInput) -> Result<(), AwsError> {
    let name = required(T::choose(&mut input), T::MEMBER)?;
    let keys = required(input.tag_keys, "tagKeys")?;
    reduce(cx, &name, |_, tagged: &mut T| {
        tagged.tags().retain(|key, _| !keys.contains(key));
        Ok(())
    })
    .await?;
    Ok(())
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListTagsOutput {
    tags: Vec<Tag>,
    is_truncated: bool,
    marker: Option<String>,
}

pub(super) async fn list<T: Tagged>(cx: &Context, mut input: TagsInput) -> Result<ListTagsOutput, AwsError> {
    let name = required(T::choose(&mut input), T::MEMBER)?;
    let mut tagged = cx.cloud.core.read(|engine, _| T::find(engine, cx, &name))?;
    let tags = tag_list(std::mem::take(tagged.tags()));
    let (tags, marker) = page(tags, input.marker.as_deref(), input.max_items)?;
    Ok(ListTagsOutput { tags, is_truncated: marker.is_some(), marker })
}
