//! AddTagsToResource, RemoveTagsFromResource and ListTagsForResource, for parameters.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::error::{Empty, VALIDATION, absent, invalid, required};
use super::name::check_existing;
use super::store::{self, Parameter};
use crate::request::Context;
use engine::Engine;
use text::tags::is_plain;
use wire::check::{self, Checks};
use wire::{AwsError, Text};

/// "AddTagsToResource": tags of a resource.
const MAX_TAGS: usize = 50;
/// "Tag": characters of a key and of a value.
const MAX_KEY: usize = 128;
const MAX_VALUE: usize = 256;

/// What AWS tags beside parameters.
const OTHER_TYPES: &[&str] = &[
    "Document",
    "ManagedInstance",
    "MaintenanceWindow",
    "PatchBaseline",
    "OpsItem",
    "OpsMetadata",
    "Automation",
    "Association",
    "CloudConnector",
];

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Tag {
    key: Option<String>,
    value: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct TagsInput<'a> {
    #[serde(borrow)]
    resource_type: Option<Text<'a>>,
    #[serde(borrow)]
    resource_id: Option<Text<'a>>,
    tags: Option<Vec<Tag>>,
    tag_keys: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListTagsOutput {
    tag_list: Vec<Tag>,
}

/// Checks tags that a request gives. Those that begin with `aws:` are for this cloud's own services.
///
/// # Errors
/// `ValidationException`, `TooManyTagsError`.
pub(super) fn check(cx: &Context, given: Vec<Tag>) -> Result<BTreeMap<String, String>, AwsError> {
    let mut tags = BTreeMap::new();
    let mut checks = Checks::new(VALIDATION);
    if given.len() > 1_000 {
        return Err(too_many());
    }
    for (tag, number) in given.into_iter().zip(1..) {
        let (key, value) = match (tag.key, tag.value) {
            (Some(key), Some(value)) => (key, value),
            (None, _) => return Err(check::null(VALIDATION, &format!("tags.{number}.member.key"))),
            (_, None) => return Err(check::null(VALIDATION, &format!("tags.{number}.member.value"))),
        };
        checks.length(&key, &format!("tags.{number}.member.key"), 1..=MAX_KEY);
        checks.length(&value, &format!("tags.{number}.member.value"), 0..=MAX_VALUE);
        for (text, member) in [(&key, "key"), (&value, "value")] {
            if !is_plain(text) {
                let pattern = "Member must satisfy regular expression pattern: ^([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)$";
                checks.fail(text, &format!("tags.{number}.member.{member}"), pattern);
            }
        }
        if cx.service.is_none() && key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:")) {
            return Err(invalid("aws: prefixed tag key names are not allowed for external use."));
        }
        tags.insert(key, value);
    }
    checks.done()?;
    if tags.len() > MAX_TAGS { Err(too_many()) } else { Ok(tags) }
}

fn too_many() -> AwsError {
    AwsError::bad("TooManyTagsError", format!("A parameter can have up to {MAX_TAGS} tags."))
}

/// The name of the parameter that is meant.
fn parameter_name<'a>(input: &'a TagsInput<'_>) -> Result<&'a str, AwsError> {
    let kind = required(input.resource_type.as_deref(), "resourceType")?;
    let id = required(input.resource_id.as_deref(), "resourceId")?;
    match kind {
        "Parameter" => check_existing(id).map_err(|_| no_resource(id)),
        known if OTHER_TYPES.contains(&known) => Err(absent(&format!("Tags of a {known} are not simulated here."))),
        other => {
            let constraint =
                format_args!("Member must satisfy enum value set: [Parameter, {}]", OTHER_TYPES.join(", "));
            Err(check::failed(VALIDATION, other, "resourceType", constraint))
        }
    }
}

fn no_resource(id: &str) -> AwsError {
    AwsError::bad(
        "InvalidResourceId",
        format!("The resource ID {id} is not valid. Verify that you entered the correct ID."),
    )
}

fn find(cx: &Context, engine: &Engine, name: &str) -> Result<Parameter, AwsError> {
    store::by_name(cx, engine, name).ok_or_else(|| no_resource(name))
}

/// Adds tags, or gives them new values.
pub(super) async fn add_tags_to_resource(cx: &Context, mut input: TagsInput<'_>) -> Result<Empty, AwsError> {
    let added = check(cx, required(input.tags.take(), "tags")?)?;
    let name = parameter_name(&input)?;
    cx.cloud
        .core
        .execute(|tx| {
            let mut parameter = find(cx, tx.engine(), name)?;
            parameter.tags.extend(added);
            // What this cloud's services set themselves doesn't count.
            if parameter.tags.keys().filter(|key| !key.starts_with("aws:")).count() > MAX_TAGS {
                return Err(too_many());
            }
            store::put(tx, cx, &parameter)?;
            Ok(Empty {})
        })
        .await
}

/// Takes tags away; a key that isn't there is no error.
pub(super) async fn remove_tags_from_resource(cx: &Context, mut input: TagsInput<'_>) -> Result<Empty, AwsError> {
    let keys = required(input.tag_keys.take(), "tagKeys")?;
    let name = parameter_name(&input)?;
    cx.cloud
        .core
        .execute(|tx| {
            let mut parameter = find(cx, tx.engine(), name)?;
            keys.iter().for_each(|key| _ = parameter.tags.remove(key));
            store::put(tx, cx, &parameter)?;
            Ok(Empty {})
        })
        .await
}

/// Lists tags by key.
pub(super) async fn list_tags_for_resource(cx: &Context, input: TagsInput<'_>) -> Result<ListTagsOutput, AwsError> {
    let name = parameter_name(&input)?;
    let parameter = cx.cloud.core.read(|engine, _| find(cx, engine, name))?;
    let tags = parameter.tags.into_iter().map(|(key, value)| Tag { key: Some(key), value: Some(value) });
    Ok(ListTagsOutput { tag_list: tags.collect() })
}
