//! CreateAlias, UpdateAlias, DeleteAlias and ListAliases. AWS's own aliases (`alias/aws/..`) aren't here: no service has a key.
//!
//! Source: "Aliases in AWS KMS" (Developer Guide), "CreateAlias", "UpdateAlias" (API Reference).

use serde::{Deserialize, Serialize};

use super::error::{after, invalid, limit, page_size, required};
use super::name::{Named, alias_arn, check_alias};
use super::state::check_stays;
use super::store::{self, Alias, Key};
use crate::request::Context;
use wire::{AwsError, Timestamp, page};

/// "Resource quotas" (AWS KMS Developer Guide): aliases of a key.
const MAX_ALIASES: usize = 50;
/// "ListAliases": aliases of a page, unless another number is asked for, and the most that can be.
const PAGE: i64 = 50;
const MAX_PAGE: i64 = 100;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct AliasInput {
    alias_name: Option<String>,
    target_key_id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ListInput {
    key_id: Option<String>,
    limit: Option<i64>,
    marker: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListOutput {
    aliases: Vec<Entry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
    truncated: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    alias_name: String,
    alias_arn: String,
    target_key_id: String,
    creation_date: Timestamp,
    last_updated_date: Timestamp,
}

/// Notes an alias with a key.
fn note(key: &mut Key, name: &str) -> Result<(), AwsError> {
    if key.aliases.len() >= MAX_ALIASES {
        return Err(limit(format!("A key has up to {MAX_ALIASES} aliases.")));
    }
    key.aliases.insert(name.to_owned());
    Ok(())
}

/// Makes an alias of a key.
pub(super) async fn create_alias(cx: &Context, input: AliasInput) -> Result<(), AwsError> {
    let name = required(input.alias_name, "aliasName")?;
    let target = required(input.target_key_id, "targetKeyId")?;
    check_alias(&name)?;
    let id = Named::key(cx, &target, "CreateAlias")?;
    cx.cloud
        .core
        .execute(|tx| {
            let mut key = store::key(cx, tx.engine(), tx.now, id)?;
            if store::alias(cx, tx.engine(), tx.now, &name).is_ok() {
                let message = format!("An alias with the name {} already exists", alias_arn(cx, &name));
                return Err(AwsError::bad("AlreadyExistsException", message));
            }
            check_stays(cx, &key)?;
            note(&mut key, &name)?;
            let alias = Alias { name, target: key.id.clone(), created: tx.now, updated: tx.now };
            store::put_alias(tx, cx, &alias, &[&key])
        })
        .await
}

/// Lets an alias mean another key, which must be for the same as the one before.
pub(super) async fn update_alias(cx: &Context, input: AliasInput) -> Result<(), AwsError> {
    let name = required(input.alias_name, "aliasName")?;
    let target = required(input.target_key_id, "targetKeyId")?;
    check_alias(&name)?;
    let id = Named::key(cx, &target, "UpdateAlias")?;
    cx.cloud
        .core
        .execute(|tx| {
            let mut alias = store::alias(cx, tx.engine(), tx.now, &name)?;
            let mut key = store::key(cx, tx.engine(), tx.now, id)?;
            check_stays(cx, &key)?;
            alias.updated = tx.now;
            if alias.target == key.id {
                return store::put_alias(tx, cx, &alias, &[]);
            }
            let mut before = store::key(cx, tx.engine(), tx.now, &alias.target)?;
            if before.usage != key.usage || kind(&before.spec) != kind(&key.spec) {
                return Err(invalid(
                    "The key that an alias means can be changed to one of the same type and use only.",
                ));
            }
            note(&mut key, &name)?;
            before.aliases.remove(&name);
            alias.target = key.id.clone();
            store::put_alias(tx, cx, &alias, &[&before, &key])
        })
        .await
}

/// Symmetric, asymmetric or HMAC.
fn kind(spec: &str) -> u8 {
    match spec {
        "SYMMETRIC_DEFAULT" => 0,
        hmac if hmac.starts_with("HMAC_") => 1,
        _ => 2,
    }
}

/// Deletes an alias; its key stays.
pub(super) async fn delete_alias(cx: &Context, input: AliasInput) -> Result<(), AwsError> {
    let name = required(input.alias_name, "aliasName")?;
    check_alias(&name)?;
    cx.cloud
        .core
        .execute_freeing(|tx| {
            let alias = store::alias(cx, tx.engine(), tx.now, &name)?;
            let mut key = store::key(cx, tx.engine(), tx.now, &alias.target)?;
            key.aliases.remove(&name);
            store::drop_alias(tx, cx, &name, &key)
        })
        .await
}

/// The caller's aliases by name, or those of one key.
pub(super) async fn list_aliases(cx: &Context, input: ListInput) -> Result<ListOutput, AwsError> {
    let size = page_size(input.limit, PAGE, MAX_PAGE)?;
    let after = after(input.marker.as_deref())?;
    let found = match input.key_id.as_deref() {
        Some(text) => {
            let id = Named::key(cx, text, "ListAliases")?;
            let after = after.unwrap_or_default();
            cx.cloud.core.read(|engine, now| {
                let key = store::key(cx, engine, now, id)?;
                let names = key.aliases.iter().filter(|name| **name > after);
                Ok::<Vec<Alias>, AwsError>(
                    names.filter_map(|name| store::alias(cx, engine, now, name).ok()).take(size + 1).collect(),
                )
            })?
        }
        None => store::aliases(cx, after.as_deref()).take(size + 1).collect(),
    };
    let (found, next_marker) = page::by_key(found, size, |last: &Alias| page::encode_token(&last.name));
    let aliases = found.into_iter().map(|alias| Entry {
        alias_arn: alias_arn(cx, &alias.name),
        alias_name: alias.name,
        target_key_id: alias.target,
        creation_date: Timestamp(alias.created),
        last_updated_date: Timestamp(alias.updated),
    });
    Ok(ListOutput { aliases: aliases.collect(), truncated: next_marker.is_some(), next_marker })
}
