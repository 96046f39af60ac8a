//! TagDeliveryStream, UntagDeliveryStream, ListTagsForDeliveryStream.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::empty::Empty;
use super::error::{constrained, invalid};
use super::stream::{self, check_name};
use crate::request::Context;
use engine::Change;
use wire::AwsError;

/// "TagDeliveryStream", API Reference.
const MAX_TAGS: usize = 50;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    pub key: String,
    #[serde(default)]
    pub value: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct TagInput {
    delivery_stream_name: Option<String>,
    tags: Vec<Tag>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct UntagInput {
    delivery_stream_name: Option<String>,
    tag_keys: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ListTagsInput {
    delivery_stream_name: Option<String>,
    exclusive_start_tag_key: Option<String>,
    limit: Option<i64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListTagsOutput {
    tags: Vec<Tag>,
    has_more_tags: bool,
}

/// Checks tags: keys of 1 to 128 characters, values of up to 256.
///
/// # Errors
/// `ValidationException`; `InvalidArgumentException` for more than 50 of them.
pub(super) fn check_tags(tags: Vec<Tag>) -> Result<BTreeMap<String, String>, AwsError> {
    let mut checked = BTreeMap::new();
    for tag in tags {
        if tag.key.is_empty() || tag.key.chars().count() > 128 {
            return Err(constrained(&tag.key, "tags.member.key", "Member must have length from 1 to 128"));
        }
        let value = tag.value.unwrap_or_default();
        if value.chars().count() > 256 {
            return Err(constrained(value, "tags.member.value", "Member must have length less than or equal to 256"));
        }
        checked.insert(tag.key, value);
    }
    if checked.len() > MAX_TAGS {
        return Err(invalid(format!("A delivery stream can have up to {MAX_TAGS} tags")));
    }
    Ok(checked)
}

/// Adds tags, or gives them new values.
pub(super) async fn tag_delivery_stream(cx: &Context, input: TagInput) -> Result<Empty, AwsError> {
    let added = check_tags(input.tags)?;
    change_tags(cx, input.delivery_stream_name.as_deref(), |tags| {
        tags.extend(added);
        if tags.len() > MAX_TAGS {
            let message = format!("A delivery stream can have up to {MAX_TAGS} tags");
            return Err(AwsError::bad("LimitExceededException", message));
        }
        Ok(())
    })
    .await
}

/// Takes tags away; a key that isn't there is no error.
pub(super) async fn untag_delivery_stream(cx: &Context, input: UntagInput) -> Result<Empty, AwsError> {
    change_tags(cx, input.delivery_stream_name.as_deref(), |tags| {
        input.tag_keys.iter().for_each(|key| _ = tags.remove(key));
        Ok(())
    })
    .await
}

/// Lists tags by key.
pub(super) async fn list_tags_for_delivery_stream(
    cx: &Context,
    input: ListTagsInput,
) -> Result<ListTagsOutput, AwsError> {
    let name = check_name(input.delivery_stream_name.as_deref())?;
    let limit = input.limit.unwrap_or(MAX_TAGS as i64);
    if !(1..=MAX_TAGS as i64).contains(&limit) {
        return Err(constrained(limit, "limit", "Member must have value from 1 to 50"));
    }
    let after = input.exclusive_start_tag_key.unwrap_or_default();
    let (_, document) = cx.cloud.core.read(|engine, _| stream::find(cx, engine, name))?;
    let rest = document.tags.into_iter().filter(|(key, _)| *key > after);
    let mut tags: Vec<Tag> = rest.map(|(key, value)| Tag { key, value: Some(value) }).collect();
    let has_more_tags = tags.len() > limit as usize;
    tags.truncate(limit as usize);
    Ok(ListTagsOutput { tags, has_more_tags })
}

async fn change_tags(
    cx: &Context,
    name: Option<&str>,
    change: impl FnOnce(&mut BTreeMap<String, String>) -> Result<(), AwsError>,
) -> Result<Empty, AwsError> {
    let name = check_name(name)?;
    cx.cloud
        .core
        .execute(|tx| {
            let (id, mut document) = stream::find(cx, tx.engine(), name)?;
            change(&mut document.tags)?;
            tx.declare(&Change::Stream(Cow::Owned(document.config(id)?)))?;
            Ok(Empty {})
        })
        .await
}
