//! A role's tags.

use serde::{Deserialize, Serialize};

use super::members::{self, MAX_TAGS, Tag, page, required};
use super::store::{change_role, role};
use crate::request::Context;
use wire::AwsError;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct TagsInput {
    role_name: Option<String>,
    tags: Option<Vec<Tag>>,
    tag_keys: Option<Vec<String>>,
    marker: Option<String>,
    max_items: Option<usize>,
}

pub(super) async fn tag_role(cx: &Context, input: TagsInput) -> Result<(), AwsError> {
    let name = required(input.role_name, "roleName")?;
    let tags = members::tags(Some(required(input.tags, "tags")?))?;
    change_role(cx, &name, |_, role| {
        role.tags.extend(tags);
        if role.tags.len() > MAX_TAGS {
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

pub(super) async fn untag_role(cx: &Context, input: TagsInput) -> Result<(), AwsError> {
    let name = required(input.role_name, "roleName")?;
    let keys = required(input.tag_keys, "tagKeys")?;
    change_role(cx, &name, |_, role| {
        role.tags.retain(|key, _| !keys.contains(key));
        Ok(())
    })
    .await?;
    Ok(())
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListRoleTagsOutput {
    tags: Vec<Tag>,
    is_truncated: bool,
    marker: Option<String>,
}

pub(super) async fn list_role_tags(cx: &Context, input: TagsInput) -> Result<ListRoleTagsOutput, AwsError> {
    let name = required(input.role_name, "roleName")?;
    let role = cx.cloud.core.read(|engine, _| role(engine, &cx.account, &name))?;
    let tags = role.tags.into_iter().map(|(key, value)| Tag { key, value }).collect();
    let (tags, marker) = page(tags, input.marker.as_deref(), input.max_items)?;
    Ok(ListRoleTagsOutput { tags, is_truncated: marker.is_some(), marker })
}
