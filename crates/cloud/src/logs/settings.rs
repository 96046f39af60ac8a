//! What of a group can be changed: PutRetentionPolicy, DeleteRetentionPolicy, AssociateKmsKey, DisassociateKmsKey,
//! PutLogGroupDeletionProtection.

use serde::Deserialize;

use super::error::{INVALID, checks, invalid, missing, refuse};
use super::groups::check_key;
use super::names::{GroupInput, identified, of_arn, required_group};
use super::place::Place;
use super::store::{self, Group};
use crate::request::Context;
use wire::{AwsError, check};

/// "PutRetentionPolicy", API Reference.
const DAYS: [u64; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct RetentionInput {
    log_group_name: Option<String>,
    retention_in_days: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct KeyInput {
    log_group_name: Option<String>,
    resource_identifier: Option<String>,
    kms_key_id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ProtectionInput {
    log_group_identifier: Option<String>,
    deletion_protection_enabled: Option<bool>,
}

/// From now on events go when they are so old.
pub(super) async fn put_retention_policy(cx: &Context, input: RetentionInput) -> Result<(), AwsError> {
    let name = required_group(input.log_group_name.as_deref())?;
    let given = input.retention_in_days.ok_or_else(|| missing("retentionInDays"))?;
    let Some(days) = DAYS.into_iter().find(|days| i64::try_from(*days) == Ok(given)) else {
        let set = format!("Member must satisfy enum value set: {DAYS:?}");
        return Err(check::failed(INVALID, given, "retentionInDays", set));
    };
    change(cx, name, |group| {
        // "CreateLogGroup", API Reference: this class keeps its events for one day.
        if group.class == "DELIVERY" {
            return Err(invalid("The retention of a log group of the class DELIVERY can't be changed."));
        }
        group.retention_days = Some(days);
        Ok(())
    })
    .await
}

/// From now on events stay.
pub(super) async fn delete_retention_policy(cx: &Context, input: GroupInput) -> Result<(), AwsError> {
    let name = required_group(input.name())?;
    change(cx, name, |group| {
        group.retention_days = None;
        Ok(())
    })
    .await
}

/// Notes a key; nothing is encrypted with it.
pub(super) async fn associate_kms_key(cx: &Context, input: KeyInput) -> Result<(), AwsError> {
    let mut checks = checks();
    match input.kms_key_id.as_deref() {
        Some(key) => check_key(&mut checks, Some(key)),
        None => checks.null("kmsKeyId"),
    }
    checks.done()?;
    let name = input.group(cx)?;
    change(cx, name, |group| {
        group.kms_key.clone_from(&input.kms_key_id);
        Ok(())
    })
    .await
}

/// Forgets the key.
pub(super) async fn disassociate_kms_key(cx: &Context, input: KeyInput) -> Result<(), AwsError> {
    let name = input.group(cx)?;
    change(cx, name, |group| {
        group.kms_key = None;
        Ok(())
    })
    .await
}

/// Whether a group can be deleted.
pub(super) async fn put_log_group_deletion_protection(cx: &Context, input: ProtectionInput) -> Result<(), AwsError> {
    let identifier = input.log_group_identifier.as_deref().ok_or_else(|| missing("logGroupIdentifier"))?;
    let protected = input.deletion_protection_enabled.ok_or_else(|| missing("deletionProtectionEnabled"))?;
    let name = identified(Place::of(cx), identifier)?;
    change(cx, name, |group| {
        group.protected = protected;
        Ok(())
    })
    .await
}

impl KeyInput {
    /// The name of the group that is meant.
    fn group(&self, cx: &Context) -> Result<&str, AwsError> {
        match (self.log_group_name.as_deref(), self.resource_identifier.as_deref()) {
            (Some(name), None) => required_group(Some(name)),
            (None, Some(arn)) => {
                // "AssociateKmsKey", API Reference: a group's ARN, or that of the results of queries.
                refuse(&[("A key for query results", arn.ends_with(":query-result:*"))])?;
                of_arn(Place::of(cx), arn)
            }
            _ => Err(invalid("Exactly one of logGroupName and resourceIdentifier must be specified.")),
        }
    }
}

/// Changes a group.
async fn change(
    cx: &Context,
    name: &str,
    change: impl FnOnce(&mut Group) -> Result<(), AwsError>,
) -> Result<(), AwsError> {
    let place = Place::of(cx);
    let changed = cx.cloud.core.execute(|tx| {
        let mut group = store::group(tx.engine(), place, name)?;
        change(&mut group)?;
        store::put_group(tx, place, &group)
    });
    changed.await
}
