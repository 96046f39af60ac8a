//! EnableKeyRotation, DisableKeyRotation and GetKeyRotationStatus: stored and shown. No key has any material that could be rotated.

use serde::{Deserialize, Serialize};

use super::error::{VALIDATION, required};
use super::name::{Named, key_arn};
use super::spec;
use super::state::change;
use super::store::{self, Key, Rotation};
use crate::request::Context;
use engine::Millis;
use wire::{AwsError, Timestamp, check};

const DAY: Millis = 24 * 3_600_000;
/// "EnableKeyRotation": days between two rotations, unless another number is asked for.
const USUAL_DAYS: i64 = 365;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct RotationInput {
    key_id: Option<String>,
    rotation_period_in_days: Option<i64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StatusOutput {
    key_rotation_enabled: bool,
    key_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rotation_period_in_days: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_rotation_date: Option<Timestamp>,
}

/// Refuses a key that can't be rotated.
fn check_symmetric(cx: &Context, key: &Key) -> Result<(), AwsError> {
    if spec::is_symmetric(&key.spec) {
        return Ok(());
    }
    let arn = key_arn(cx, &key.id);
    let message = format!("{arn} can't be rotated: only symmetric encryption keys can.");
    Err(AwsError::bad("UnsupportedOperationException", message))
}

/// Refuses a key that is disabled.
fn check_enabled(cx: &Context, key: &Key) -> Result<(), AwsError> {
    if key.enabled {
        return Ok(());
    }
    Err(AwsError::bad("DisabledException", format!("{} is disabled.", key_arn(cx, &key.id))))
}

async fn set(cx: &Context, input: RotationInput, days: Option<u64>, action: &str) -> Result<(), AwsError> {
    let text = required(input.key_id, "keyId")?;
    let id = Named::key(cx, &text, action)?;
    change(cx, id, |key, now| {
        check_symmetric(cx, key)?;
        check_enabled(cx, key)?;
        key.rotation = days.map(|days| Rotation { since: now, days });
        Ok(())
    })
    .await
}

/// Notes that a key is to be rotated, and how often.
pub(super) async fn enable_key_rotation(cx: &Context, input: RotationInput) -> Result<(), AwsError> {
    let days = input.rotation_period_in_days.unwrap_or(USUAL_DAYS);
    let mut checks = check::Checks::new(VALIDATION);
    checks.number(days, "rotationPeriodInDays", 90..=2_560);
    checks.done()?;
    set(cx, input, Some(days.unsigned_abs()), "EnableKeyRotation").await
}

/// Notes that a key isn't to be rotated.
pub(super) async fn disable_key_rotation(cx: &Context, input: RotationInput) -> Result<(), AwsError> {
    set(cx, input, None, "DisableKeyRotation").await
}

/// Whether a key is to be rotated, and when next. One that is to be deleted isn't.
pub(super) async fn get_key_rotation_status(cx: &Context, input: RotationInput) -> Result<StatusOutput, AwsError> {
    let text = required(input.key_id, "keyId")?;
    let id = Named::key(cx, &text, "GetKeyRotationStatus")?;
    let (key, now) = cx.cloud.core.read(|engine, now| store::key(cx, engine, now, id).map(|key| (key, now)))?;
    check_symmetric(cx, &key)?;
    let rotation = key.rotation.filter(|_| key.deletion.is_none());
    Ok(StatusOutput {
        key_rotation_enabled: rotation.is_some(),
        key_id: key.id,
        rotation_period_in_days: rotation.map(|rotation| rotation.days),
        next_rotation_date: rotation.map(|rotation| Timestamp(next(rotation, now))),
    })
}

/// When a key would be rotated next.
fn next(rotation: Rotation, now: Millis) -> Millis {
    let period = rotation.days.max(1) * DAY;
    let past = now.saturating_sub(rotation.since) / period;
    rotation.since + (past + 1) * period
}
