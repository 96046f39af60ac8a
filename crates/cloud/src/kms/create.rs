//! CreateKey.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::describe::{KeyOutput, metadata};
use super::error::{VALIDATION, absent, invalid, limit};
use super::policies;
use super::spec;
use super::store::{self, Key};
use super::tags::{self, Tag};
use crate::request::Context;
use text::uuid::is_uuid;
use wire::{AwsError, check};

/// "Resource quotas" (AWS KMS Developer Guide): keys of an account in a Region.
const MAX_KEYS: usize = 100_000;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct CreateInput {
    policy: Option<String>,
    description: Option<String>,
    key_usage: Option<String>,
    customer_master_key_spec: Option<String>,
    key_spec: Option<String>,
    origin: Option<String>,
    custom_key_store_id: Option<String>,
    xks_key_id: Option<String>,
    tags: Option<Vec<Tag>>,
    multi_region: Option<bool>,
    /// The id that CloudFormation has chosen for its stack's key, so that it finds it again after a restart. Of no client's.
    key_id: Option<String>,
}

/// Only material of KMS's own making is stored here, and of that there is none.
fn check_origin(input: &CreateInput) -> Result<(), AwsError> {
    match input.origin.as_deref() {
        None | Some("AWS_KMS") => {}
        Some(known @ ("EXTERNAL" | "AWS_CLOUDHSM" | "EXTERNAL_KEY_STORE")) => {
            return Err(absent(&format!("The origin {known}")));
        }
        Some(other) => {
            let set = "Member must satisfy enum value set: [AWS_KMS, EXTERNAL, AWS_CLOUDHSM, EXTERNAL_KEY_STORE]";
            return Err(check::failed(VALIDATION, other, "origin", set));
        }
    }
    for (member, given) in [("CustomKeyStoreId", &input.custom_key_store_id), ("XksKeyId", &input.xks_key_id)] {
        if given.is_some() {
            return Err(absent(member));
        }
    }
    Ok(())
}

/// Makes a key, which is enabled at once.
pub(super) async fn create_key(cx: &Context, input: CreateInput) -> Result<KeyOutput, AwsError> {
    check_origin(&input)?;
    let spec = match (&input.key_spec, &input.customer_master_key_spec) {
        (Some(_), Some(_)) => {
            return Err(invalid("You cannot specify KeySpec and CustomerMasterKeySpec in the same request."));
        }
        (newer, older) => newer.as_deref().or(older.as_deref()),
    };
    let (spec, usage) = spec::check(spec, input.key_usage.as_deref())?;
    let description = input.description.unwrap_or_default();
    let policy = match input.policy {
        Some(policy) => policies::check(&policy).map(|()| policy)?,
        None => policies::usual(cx),
    };
    let tags = tags::check(cx, input.tags.unwrap_or_default())?;
    let multi_region = input.multi_region == Some(true);
    let chosen = input.key_id.filter(|id| cx.service.is_some() && is_uuid(id));
    let uuid = chosen.unwrap_or_else(|| cx.cloud.core.uuid());
    let id = if multi_region { format!("mrk-{}", uuid.replace('-', "")) } else { uuid };
    let made = cx.cloud.core.execute(|tx| {
        if store::key(cx, tx.engine(), tx.now, &id).is_ok() {
            return Err(AwsError::bad("AlreadyExistsException", format!("The key {id} already exists")));
        }
        if store::count(cx, tx.engine()) >= MAX_KEYS {
            return Err(limit(format!("An account has up to {MAX_KEYS} keys in a Region.")));
        }
        let key = Key {
            id,
            created: tx.now,
            description,
            spec: spec.to_owned(),
            usage: usage.to_owned(),
            multi_region,
            enabled: true,
            deletion: None,
            rotation: None,
            policy,
            tags,
            aliases: BTreeSet::new(),
        };
        store::put(tx, cx, &key, None)?;
        Ok(key)
    });
    Ok(KeyOutput { key_metadata: metadata(cx, made.await?) })
}
