//! EnableKey, DisableKey and UpdateKeyDescription.
//!
//! Source: "Key states of AWS KMS keys" (AWS KMS Developer Guide).

use serde::Deserialize;

use super::error::{required, state};
use super::name::{Named, key_arn};
use super::store::{self, Key};
use crate::request::Context;
use wire::AwsError;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct KeyInput {
    key_id: Option<String>,
    description: Option<String>,
}

/// Changes a key that isn't to be deleted.
///
/// # Errors
/// `NotFoundException`, `KMSInvalidStateException`, and what the change says.
pub(super) async fn change(
    cx: &Context,
    id: &str,
    change: impl FnOnce(&mut Key, engine::Millis) -> Result<(), AwsError>,
) -> Result<(), AwsError> {
    cx.cloud
        .core
        .execute(|tx| {
            let mut key = store::key(cx, tx.engine(), tx.now, id)?;
            check_stays(cx, &key)?;
            change(&mut key, tx.now)?;
            store::put(tx, cx, &key, None)
        })
        .await
}

/// Refuses a key that is to be deleted.
///
/// # Errors
/// `KMSInvalidStateException`.
pub(super) fn check_stays(cx: &Context, key: &Key) -> Result<(), AwsError> {
    match key.deletion {
        None => Ok(()),
        Some(_) => Err(state(format!("{} is pending deletion.", key_arn(cx, &key.id)))),
    }
}

async fn set_enabled(cx: &Context, input: KeyInput, enabled: bool, action: &str) -> Result<(), AwsError> {
    let text = required(input.key_id, "keyId")?;
    let id = Named::key(cx, &text, action)?;
    change(cx, id, |key, _| {
        key.enabled = enabled;
        Ok(())
    })
    .await
}

/// Enables a key.
pub(super) async fn enable_key(cx: &Context, input: KeyInput) -> Result<(), AwsError> {
    set_enabled(cx, input, true, "EnableKey").await
}

/// Disables a key.
pub(super) async fn disable_key(cx: &Context, input: KeyInput) -> Result<(), AwsError> {
    set_enabled(cx, input, false, "DisableKey").await
}

/// Describes a key anew.
pub(super) async fn update_key_description(cx: &Context, input: KeyInput) -> Result<(), AwsError> {
    let text = required(input.key_id, "keyId")?;
    let description = required(input.description, "description")?;
    let id = Named::key(cx, &text, "UpdateKeyDescription")?;
    change(cx, id, |key, _| {
        key.description = description;
        Ok(())
    })
    .await
}
