//! TagResource, UntagResource and ListResourceTags.
//!
//! Source: "Tagging keys" (AWS KMS Developer Guide), "Tag" (API Reference).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::error::{VALIDATION, after, limit, page_size, required};
use super::name::Named;
use super::state::change;
use super::store;
use crate::request::Context;
use text::tags::is_plain;
use wire::{AwsError, check, page};

/// Tags of a key.
const MAX_TAGS: usize = 50;
/// Characters of a key and of a value.
const MAX_KEY: usize = 128;
const MAX_VALUE: usize = 256;
/// "ListResourceTags": tags of a page.
const MAX_PAGE: i64 = 50;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Tag {
    tag_key: Option<String>,
    tag_value: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct TagsInput {
    key_id: Option<String>,
    tags: Option<Vec<Tag>>,
    tag_keys: Option<Vec<String>>,
    limit: Option<i64>,
    marker: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListOutput {
    tags: Vec<Tag>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
    truncated: bool,
}

/// Checks tags that a request gives. Those that begin with `aws:` are for this cloud's own services.
///
/// # Errors
/// `ValidationException`, `TagException`, `LimitExceededException`.
pub(super) fn check(cx: &Context, given: Vec<Tag>) -> Result<BTreeMap<String, String>, AwsError> {
    let tag_error = |message: &str| Err(AwsError::bad("TagException", message));
    let mut tags = BTreeMap::new();
    for (at, Tag { tag_key, tag_value }) in given.into_iter().enumerate() {
        let number = at + 1;
        let (key, value) = (required(tag_key, "tags.tagKey")?, required(tag_value, "tags.tagValue")?);
        let mut checks = check::Checks::new(VALIDATION);
        checks.length(&key, &format!("tags.{number}.member.tagKey"), 1..=MAX_KEY);
        checks.length(&value, &format!("tags.{number}.member.tagValue"), 0..=MAX_VALUE);
        checks.done()?;
        if !is_plain(&key) || !is_plain(&value) {
            return tag_error("A tag has letters, digits, spaces and _.:/=+-@ only");
        }
        if cx.service.is_none() && key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:")) {
            return tag_error("aws: prefixed tag key names are not allowed for external use.");
        }
        if tags.insert(key, value).is_some() {
            return tag_error("Duplicate tag keys");
        }
    }
    check_number(&tags)?;
    Ok(tags)
}

/// What this cloud's services set themselves doesn't count.
fn check_number(tags: &BTreeMap<String, String>) -> Result<(), AwsError> {
    if tags.keys().filter(|key| !key.starts_with("aws:")).count() <= MAX_TAGS {
        return Ok(());
    }
    Err(limit(format!("A key has up to {MAX_TAGS} tags.")))
}

/// Adds tags, or gives them new values.
pub(super) async fn tag_resource(cx: &Context, input: TagsInput) -> Result<(), AwsError> {
    let text = required(input.key_id, "keyId")?;
    let added = check(cx, required(input.tags, "tags")?)?;
    let id = Named::key(cx, &text, "TagResource")?;
    change(cx, id, |key, _| {
        key.tags.extend(added);
        check_number(&key.tags)
    })
    .await
}

/// Takes tags away; a key that isn't there is no error.
pub(super) async fn untag_resource(cx: &Context, input: TagsInput) -> Result<(), AwsError> {
    let text = required(input.key_id, "keyId")?;
    let keys = required(input.tag_keys, "tagKeys")?;
    let id = Named::key(cx, &text, "UntagResource")?;
    change(cx, id, |key, _| {
        keys.iter().for_each(|gone| _ = key.tags.remove(gone));
        Ok(())
    })
    .await
}

/// Lists tags by key.
pub(super) async fn list_resource_tags(cx: &Context, input: TagsInput) -> Result<ListOutput, AwsError> {
    let text = required(input.key_id, "keyId")?;
    let size = page_size(input.limit, MAX_PAGE, MAX_PAGE)?;
    let after = after(input.marker.as_deref())?.unwrap_or_default();
    let id = Named::key(cx, &text, "ListResourceTags")?;
    let key = cx.cloud.core.read(|engine, now| store::key(cx, engine, now, id))?;
    let found: Vec<(String, String)> = key.tags.into_iter().filter(|(name, _)| *name > after).take(size + 1).collect();
    let (found, next_marker) = page::by_key(found, size, |(name, _)| page::encode_token(name));
    let tags = found.into_iter().map(|(key, value)| Tag { tag_key: Some(key), tag_value: Some(value) });
    Ok(ListOutput { tags: tags.collect(), truncated: next_marker.is_some(), next_marker })
}
