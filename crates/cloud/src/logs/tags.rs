//! TagResource, UntagResource, ListTagsForResource, and what came before them: TagLogGroup, UntagLogGroup, ListTagsLogGroup.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::error::{checks, invalid, missing};
use super::names::{GroupInput, of_arn, required_group};
use super::place::Place;
use super::store;
use crate::request::Context;
use text::tags::is_plain;
use wire::AwsError;

/// "TagResource", API Reference: 50 tags a resource, keys of 128 and values of 256 characters.
const MAX_TAGS: usize = 50;
const MAX_KEY: usize = 128;
const MAX_VALUE: usize = 256;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct TagInput {
    resource_arn: Option<String>,
    tags: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct UntagInput {
    resource_arn: Option<String>,
    tag_keys: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ListInput {
    resource_arn: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct TagGroupInput {
    log_group_name: Option<String>,
    tags: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct UntagGroupInput {
    log_group_name: Option<String>,
    tags: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
pub(super) struct ListOutput {
    tags: BTreeMap<String, String>,
}

/// Checks the tags that a client gives.
///
/// # Errors
/// `InvalidParameterException`.
pub(super) fn check(cx: &Context, tags: &BTreeMap<String, String>) -> Result<(), AwsError> {
    let mut checks = checks();
    if own(tags) > MAX_TAGS {
        checks.fail_untold("tags", format!("Member must have length less than or equal to {MAX_TAGS}"));
    }
    for (key, value) in tags {
        checks.length(key, "tags.key", 1..=MAX_KEY);
        checks.length(value, "tags.value", 0..=MAX_VALUE);
        for (text, member) in [(key, "tags.key"), (value, "tags.value")] {
            if !is_plain(text) {
                let pattern = "Member must satisfy regular expression pattern: ^([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)$";
                checks.fail(text, member, pattern);
            }
        }
    }
    checks.done()?;
    let reserved = |key: &str| key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:"));
    if cx.service.is_none() && tags.keys().any(|key| reserved(key)) {
        return Err(invalid("aws: prefixed tag key names are not allowed for external use."));
    }
    Ok(())
}

/// The number of tags that count: AWS's own don't.
fn own(tags: &BTreeMap<String, String>) -> usize {
    tags.keys().filter(|key| !key.starts_with("aws:")).count()
}

/// Adds tags, or gives them new values.
pub(super) async fn tag_resource(cx: &Context, input: TagInput) -> Result<(), AwsError> {
    let arn = input.resource_arn.as_deref().ok_or_else(|| missing("resourceArn"))?;
    add(cx, of_arn(Place::of(cx), arn)?, input.tags).await
}

/// As [`tag_resource`], by the group's name.
pub(super) async fn tag_log_group(cx: &Context, input: TagGroupInput) -> Result<(), AwsError> {
    add(cx, required_group(input.log_group_name.as_deref())?, input.tags).await
}

/// Takes tags away; a key that isn't there is no error.
pub(super) async fn untag_resource(cx: &Context, input: UntagInput) -> Result<(), AwsError> {
    let arn = input.resource_arn.as_deref().ok_or_else(|| missing("resourceArn"))?;
    let keys = input.tag_keys.ok_or_else(|| missing("tagKeys"))?;
    remove(cx, of_arn(Place::of(cx), arn)?, &keys).await
}

/// As [`untag_resource`], by the group's name.
pub(super) async fn untag_log_group(cx: &Context, input: UntagGroupInput) -> Result<(), AwsError> {
    let keys = input.tags.ok_or_else(|| missing("tags"))?;
    remove(cx, required_group(input.log_group_name.as_deref())?, &keys).await
}

/// A group's tags.
pub(super) async fn list_tags_for_resource(cx: &Context, input: ListInput) -> Result<ListOutput, AwsError> {
    let arn = input.resource_arn.as_deref().ok_or_else(|| missing("resourceArn"))?;
    list(cx, of_arn(Place::of(cx), arn)?)
}

/// As [`list_tags_for_resource`], by the group's name.
pub(super) async fn list_tags_log_group(cx: &Context, input: GroupInput) -> Result<ListOutput, AwsError> {
    list(cx, required_group(input.name())?)
}

async fn add(cx: &Context, name: &str, tags: Option<BTreeMap<String, String>>) -> Result<(), AwsError> {
    let added = tags.filter(|tags| !tags.is_empty()).ok_or_else(|| missing("tags"))?;
    check(cx, &added)?;
    change(cx, name, |tags| {
        tags.extend(added);
        if own(tags) > MAX_TAGS {
            let message = format!("A resource can have no more than {MAX_TAGS} tags.");
            return Err(AwsError::bad("TooManyTagsException", message));
        }
        Ok(())
    })
    .await
}

async fn remove(cx: &Context, name: &str, keys: &[String]) -> Result<(), AwsError> {
    change(cx, name, |tags| {
        keys.iter().for_each(|key| _ = tags.remove(key));
        Ok(())
    })
    .await
}

fn list(cx: &Context, name: &str) -> Result<ListOutput, AwsError> {
    let place = Place::of(cx);
    let group = cx.cloud.core.read(|engine, _| store::group(engine, place, name))?;
    Ok(ListOutput { tags: group.tags })
}

async fn change(
    cx: &Context,
    name: &str,
    change: impl FnOnce(&mut BTreeMap<String, String>) -> Result<(), AwsError>,
) -> Result<(), AwsError> {
    let place = Place::of(cx);
    let changed = cx.cloud.core.execute(|tx| {
        let mut group = store::group(tx.engine(), place, name)?;
        change(&mut group.tags)?;
        store::put_group(tx, place, &group)
    });
    changed.await
}
