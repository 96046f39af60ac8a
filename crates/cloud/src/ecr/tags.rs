//! TagResource, UntagResource and ListTagsForResource.
//!
//! Source: "Tagging a private repository" (Amazon ECR User Guide), "Tag" (API Reference).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::error::{Empty, invalid, required};
use super::name::{Registry, of_arn};
use super::store;
use crate::request::Context;
use text::tags::is_plain;
use wire::AwsError;

/// Tags of a repository.
const MAX_TAGS: usize = 50;
/// Characters of a key and of a value.
const MAX_KEY: usize = 128;
const MAX_VALUE: usize = 256;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Tag {
    key: Option<String>,
    value: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct TagsInput {
    resource_arn: Option<String>,
    tags: Option<Vec<Tag>>,
    tag_keys: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
pub(super) struct ListOutput {
    tags: Vec<Tag>,
}

/// Checks tags that a request gives. Those that begin with `aws:` are for this cloud's own services.
///
/// # Errors
/// `InvalidTagParameterException`, `TooManyTagsException`; `InvalidParameterException` for a tag without key or value.
pub(super) fn check(cx: &Context, given: Vec<Tag>) -> Result<BTreeMap<String, String>, AwsError> {
    let mut tags = BTreeMap::new();
    for Tag { key, value } in given {
        let (key, value) = (required(key, "tags.Key")?, required(value, "tags.Value")?);
        let long = key.chars().count() > MAX_KEY || value.chars().count() > MAX_VALUE;
        if key.is_empty() || long || !is_plain(&key) || !is_plain(&value) {
            let message = format!(
                "An invalid parameter has been specified. Tag keys can have a maximum character length of {MAX_KEY} characters, and \
                 tag values can have a maximum length of {MAX_VALUE} characters."
            );
            return Err(AwsError::bad("InvalidTagParameterException", message));
        }
        if cx.service.is_none() && key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:")) {
            let message = "aws: prefixed tag key names are not allowed for external use.";
            return Err(AwsError::bad("InvalidTagParameterException", message));
        }
        tags.insert(key, value);
    }
    check_number(&tags)?;
    Ok(tags)
}

/// What this cloud's services set themselves doesn't count.
fn check_number(tags: &BTreeMap<String, String>) -> Result<(), AwsError> {
    if tags.keys().filter(|key| !key.starts_with("aws:")).count() <= MAX_TAGS {
        return Ok(());
    }
    let message = format!(
        "The list of tags on the repository is over the limit. The maximum number of tags that can be applied to a repository is \
         {MAX_TAGS}."
    );
    Err(AwsError::bad("TooManyTagsException", message))
}

/// Adds tags, or gives them new values.
pub(super) async fn tag_resource(cx: &Context, input: TagsInput) -> Result<Empty, AwsError> {
    let name = of_arn(cx, input.resource_arn.as_deref(), "TagResource")?;
    let added = check(cx, required(input.tags, "tags")?)?;
    let registry = Registry::of(cx, None, "TagResource", &[name])?;
    let changed = store::change(cx, &registry, name, |repository| {
        repository.tags.extend(added);
        check_number(&repository.tags)
    });
    changed.await.map(|_| Empty {})
}

/// Takes tags away; a key that isn't there is no error.
pub(super) async fn untag_resource(cx: &Context, input: TagsInput) -> Result<Empty, AwsError> {
    let name = of_arn(cx, input.resource_arn.as_deref(), "UntagResource")?;
    let keys = required(input.tag_keys, "tagKeys")?;
    if keys.iter().any(|key| key.is_empty()) {
        return Err(invalid("tagKeys", "must have length greater than or equal to 1"));
    }
    let registry = Registry::of(cx, None, "UntagResource", &[name])?;
    let changed = store::change(cx, &registry, name, |repository| {
        keys.iter().for_each(|key| _ = repository.tags.remove(key));
        Ok(())
    });
    changed.await.map(|_| Empty {})
}

/// Lists tags by key.
pub(super) async fn list_tags_for_resource(cx: &Context, input: TagsInput) -> Result<ListOutput, AwsError> {
    let name = of_arn(cx, input.resource_arn.as_deref(), "ListTagsForResource")?;
    let registry = Registry::of(cx, None, "ListTagsForResource", &[name])?;
    let repository = cx.cloud.core.read(|engine, _| store::find(engine, &registry, name))?;
    let tags = repository.tags.into_iter().map(|(key, value)| Tag { key: Some(key), value: Some(value) });
    Ok(ListOutput { tags: tags.collect() })
}
