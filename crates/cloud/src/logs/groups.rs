//! CreateLogGroup, DeleteLogGroup.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::error::{checks, exists, invalid};
use super::names::{GroupInput, check_group, required_group};
use super::place::Place;
use super::store::{self, Group};
use super::tags;
use crate::request::Context;
use engine::Engine;
use wire::AwsError;
use wire::check::Checks;

/// "CreateLogGroup", API Reference.
pub(super) const CLASSES: [&str; 4] = ["STANDARD", "INFREQUENT_ACCESS", "DELIVERY", "ESSENTIALS"];
/// "CreateLogGroup", API Reference: characters of a key's ARN.
const LONGEST_KEY: usize = 256;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct CreateInput {
    log_group_name: Option<String>,
    kms_key_id: Option<String>,
    tags: Option<BTreeMap<String, String>>,
    log_group_class: Option<String>,
    deletion_protection_enabled: Option<bool>,
}

/// Makes a group.
pub(super) async fn create_log_group(cx: &Context, input: CreateInput) -> Result<(), AwsError> {
    let mut checks = checks();
    let name = check_group(&mut checks, input.log_group_name.as_deref(), "logGroupName").to_owned();
    check_key(&mut checks, input.kms_key_id.as_deref());
    check_class(&mut checks, input.log_group_class.as_deref());
    checks.done()?;
    // "CreateLogGroup", API Reference; services that log name theirs `/aws/..`.
    if name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws/")) {
        return Err(invalid("Log groups starting with AWS/ are reserved for AWS."));
    }
    let tags = input.tags.unwrap_or_default();
    tags::check(cx, &tags)?;
    let place = Place::of(cx);
    let made = cx.cloud.core.execute(|tx| {
        if store::group(tx.engine(), place, &name).is_ok() {
            return Err(exists("log group"));
        }
        let group = Group {
            id: store::take_id(tx)?,
            name,
            created: tx.now,
            retention_days: None,
            class: input.log_group_class.unwrap_or_else(|| CLASSES[0].to_owned()),
            kms_key: input.kms_key_id,
            protected: input.deletion_protection_enabled.unwrap_or_default(),
            tags,
        };
        store::put_group(tx, place, &group)
    });
    made.await
}

/// Deletes a group with its streams and their events.
pub(super) async fn delete_log_group(cx: &Context, input: GroupInput) -> Result<(), AwsError> {
    let name = required_group(input.name())?;
    let place = Place::of(cx);
    let deleted = cx.cloud.core.execute_freeing(|tx| {
        let group = unprotected(tx.engine(), place, name)?;
        store::drop_group(tx, place, &group)
    });
    deleted.await
}

/// A group of which something may be deleted.
///
/// # Errors
/// `ResourceNotFoundException`; `ValidationException` for one that is protected ("PutLogGroupDeletionProtection", API
/// Reference: all deletions are blocked).
pub(super) fn unprotected(engine: &Engine, place: Place<'_>, name: &str) -> Result<Group, AwsError> {
    let group = store::group(engine, place, name)?;
    if group.protected {
        let message = "The log group has deletion protection: switch it off by PutLogGroupDeletionProtection first.";
        return Err(AwsError::bad("ValidationException", message));
    }
    Ok(group)
}

/// Checks the ARN of a KMS key.
pub(super) fn check_key(checks: &mut Checks, key: Option<&str>) {
    if let Some(key) = key {
        checks.length(key, "kmsKeyId", 0..=LONGEST_KEY);
    }
}

/// Checks a class.
pub(super) fn check_class(checks: &mut Checks, class: Option<&str>) {
    if let Some(class) = class.filter(|class| !CLASSES.contains(class)) {
        let set = format!("Member must satisfy enum value set: [{}]", CLASSES.join(", "));
        checks.fail(class, "logGroupClass", set);
    }
}
