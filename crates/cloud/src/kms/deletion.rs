//! ScheduleKeyDeletion and CancelKeyDeletion, and the deletion itself when its time has come.
//!
//! Source: "Delete an AWS KMS key", "Key states of AWS KMS keys" (AWS KMS Developer Guide).

use serde::{Deserialize, Serialize};

use super::error::{VALIDATION, required, state};
use super::name::{Named, key_arn};
use super::store;
use crate::core::Cloud;
use crate::request::Context;
use engine::Millis;
use wire::{AwsError, Timestamp, check};

const DAY: Millis = 24 * 3_600_000;
/// "ScheduleKeyDeletion": days to wait, unless another number is asked for.
const USUAL_DAYS: i64 = 30;
/// Keys that are deleted under one lock.
const AT_ONCE: usize = 100;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct DeletionInput {
    key_id: Option<String>,
    pending_window_in_days: Option<i64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ScheduleOutput {
    key_id: String,
    deletion_date: Timestamp,
    key_state: &'static str,
    pending_window_in_days: i64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CancelOutput {
    key_id: String,
}

/// Has a key deleted some days from now.
pub(super) async fn schedule_key_deletion(cx: &Context, input: DeletionInput) -> Result<ScheduleOutput, AwsError> {
    let text = required(input.key_id, "keyId")?;
    let days = input.pending_window_in_days.unwrap_or(USUAL_DAYS);
    let mut checks = check::Checks::new(VALIDATION);
    checks.number(days, "pendingWindowInDays", 7..=30);
    checks.done()?;
    let id = Named::key(cx, &text, "ScheduleKeyDeletion")?;
    // It takes a few bytes, and gives more back: a stack with a key can be deleted on a full disk.
    let scheduled = cx.cloud.core.execute_freeing(|tx| {
        let mut key = store::key(cx, tx.engine(), tx.now, id)?;
        if key.deletion.is_some() {
            return Err(state(format!("{} is pending deletion.", key_arn(cx, id))));
        }
        let at = tx.now + days.unsigned_abs() * DAY;
        key.deletion = Some(at);
        key.enabled = false;
        store::put(tx, cx, &key, None)?;
        Ok(at)
    });
    let deletion_date = Timestamp(scheduled.await?);
    let key_id = key_arn(cx, id);
    Ok(ScheduleOutput { key_id, deletion_date, key_state: "PendingDeletion", pending_window_in_days: days })
}

/// Keeps a key that was to be deleted. It is disabled then.
pub(super) async fn cancel_key_deletion(cx: &Context, input: DeletionInput) -> Result<CancelOutput, AwsError> {
    let text = required(input.key_id, "keyId")?;
    let id = Named::key(cx, &text, "CancelKeyDeletion")?;
    let cancelled = cx.cloud.core.execute(|tx| {
        let mut key = store::key(cx, tx.engine(), tx.now, id)?;
        let Some(at) = key.deletion.take() else {
            return Err(state(format!("{} is not pending deletion.", key_arn(cx, id))));
        };
        store::put(tx, cx, &key, Some(at))
    });
    cancelled.await?;
    Ok(CancelOutput { key_id: key_arn(cx, id) })
}

/// Deletes the keys of all accounts whose time is over, with their aliases. Before it they are hidden when they are looked for.
///
/// # Errors
/// When the log takes no changes.
pub(crate) async fn sweep(cloud: &Cloud) -> Result<(), AwsError> {
    let mut due = cloud.core.read(store::is_due);
    while due {
        due = cloud.core.execute_freeing(|tx| store::drop_due(tx, AT_ONCE)).await? == AT_ONCE;
    }
    Ok(())
}
