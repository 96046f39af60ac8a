//! Users' access keys. Requests that are signed with one are the user's.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};

use super::members::{VALIDATION_ERROR, exceeded, invalid, page, required};
use super::store::{Entity, NO_SUCH_ENTITY, id_of, put, put_doc};
use super::users::meant;
use crate::request::Context;
use engine::users::access_key_key;
use engine::{AccessKey, Engine, User};
use wire::{AwsError, Timestamp, check};

/// "IAM and AWS STS quotas": access keys of a user.
const MAX_KEYS: usize = 2;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct KeyInput {
    user_name: Option<String>,
    access_key_id: Option<String>,
    status: Option<String>,
    marker: Option<String>,
    max_items: Option<usize>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateKeyOutput {
    access_key: KeyView,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct KeyView {
    user_name: String,
    access_key_id: String,
    status: &'static str,
    /// Told once, when the key is made.
    secret_access_key: Option<String>,
    create_date: Timestamp,
}

fn view(key: AccessKey) -> KeyView {
    KeyView {
        user_name: key.user,
        access_key_id: key.id,
        status: if key.active { "Active" } else { "Inactive" },
        secret_access_key: None,
        create_date: Timestamp(key.created),
    }
}

/// The user's key with an id.
fn find(engine: &Engine, user: &User, id: &str) -> Result<AccessKey, AwsError> {
    let found = engine.access_key(id).filter(|_| user.keys.iter().any(|key| key == id));
    found.ok_or_else(|| absent(id))
}

fn absent(id: &str) -> AwsError {
    AwsError::new(404, NO_SUCH_ENTITY, format!("The Access Key with id {id} cannot be found."))
}

pub(super) async fn create_access_key(cx: &Context, input: KeyInput) -> Result<CreateKeyOutput, AwsError> {
    let Some(name) = meant(cx, input.user_name)? else {
        return Err(invalid("UserName is missing: an account's root gets no access keys here, only users do."));
    };
    // CloudFormation writes the id down before the key is made; nobody else chooses it.
    let chosen = input.access_key_id.filter(|_| cx.service.is_some());
    let id =
        chosen.unwrap_or_else(|| id_of("AKIA", u128::from_le_bytes(cx.cloud.core.secret())).chars().take(20).collect());
    let secret = BASE64.encode(cx.cloud.core.secret::<30>());
    let core = &cx.cloud.core;
    core.execute(|tx| {
        let mut user = User::find(tx.engine(), cx, &name)?;
        if user.keys.len() >= MAX_KEYS {
            return Err(exceeded("AccessKeysPerUser", MAX_KEYS));
        }
        let key = AccessKey {
            id: id.clone(),
            secret: secret.clone(),
            account: cx.account.to_string(),
            user: user.name.clone(),
            user_arn: user.arn.clone(),
            user_id: user.id.clone(),
            active: true,
            created: tx.now,
        };
        put_doc(tx, &access_key_key(&id), &key);
        user.keys.push(id);
        put(tx, &user);
        Ok(CreateKeyOutput { access_key: KeyView { secret_access_key: Some(secret), ..view(key) } })
    })
    .await
}

pub(super) async fn update_access_key(cx: &Context, input: KeyInput) -> Result<(), AwsError> {
    let id = required(input.access_key_id, "accessKeyId")?;
    let status = required(input.status, "status")?;
    let active = match status.as_str() {
        "Active" => true,
        "Inactive" => false,
        other => {
            let constraint = "Member must satisfy enum value set: [Active, Inactive]";
            return Err(check::failed(VALIDATION_ERROR, other, "status", constraint));
        }
    };
    let name = meant(cx, input.user_name)?.ok_or_else(|| absent(&id))?;
    let core = &cx.cloud.core;
    core.execute(|tx| {
        let user = User::find(tx.engine(), cx, &name)?;
        let key = find(tx.engine(), &user, &id)?;
        put_doc(tx, &access_key_key(&id), &AccessKey { active, ..key });
        Ok(())
    })
    .await
}

pub(super) async fn delete_access_key(cx: &Context, input: KeyInput) -> Result<(), AwsError> {
    let id = required(input.access_key_id, "accessKeyId")?;
    let name = meant(cx, input.user_name)?.ok_or_else(|| absent(&id))?;
    let core = &cx.cloud.core;
    core.execute_freeing(|tx| {
        let mut user = User::find(tx.engine(), cx, &name)?;
        find(tx.engine(), &user, &id)?;
        user.keys.retain(|key| *key != id);
        tx.delete_doc(&access_key_key(&id));
        put(tx, &user);
        Ok(())
    })
    .await?;
    cx.cloud.used_keys.forget(&id);
    Ok(())
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListKeysOutput {
    access_key_metadata: Vec<KeyView>,
    is_truncated: bool,
    marker: Option<String>,
}

/// Those of the caller, where no user is named; an account's root has none here.
pub(super) async fn list_access_keys(cx: &Context, input: KeyInput) -> Result<ListKeysOutput, AwsError> {
    let found: Vec<AccessKey> = match meant(cx, input.user_name)? {
        None => Vec::new(),
        Some(name) => cx.cloud.core.read(|engine, _| {
            let user = User::find(engine, cx, &name)?;
            Ok::<_, AwsError>(user.keys.iter().filter_map(|id| engine.access_key(id)).collect())
        })?,
    };
    let (found, marker) = page(found, input.marker.as_deref(), input.max_items)?;
    let access_key_metadata = found.into_iter().map(view).collect();
    Ok(ListKeysOutput { access_key_metadata, is_truncated: marker.is_some(), marker })
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct LastUsedOutput {
    user_name: String,
    access_key_last_used: LastUsed,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct LastUsed {
    last_used_date: Option<Timestamp>,
    service_name: String,
    region: String,
}

/// "GetAccessKeyLastUsed": a key that wasn't used has no date, and `N/A` for the others.
pub(super) async fn get_access_key_last_used(cx: &Context, input: KeyInput) -> Result<LastUsedOutput, AwsError> {
    let id = required(input.access_key_id, "accessKeyId")?;
    let key = cx.cloud.core.read(|engine, _| engine.access_key(&id));
    let key = key.filter(|key| key.account == *cx.account).ok_or_else(|| absent(&id))?;
    let access_key_last_used = match cx.cloud.used_keys.last(&id) {
        Some(used) => LastUsed {
            last_used_date: Some(Timestamp(used.at)),
            service_name: used.service.to_owned(),
            region: used.region.to_string(),
        },
        None => LastUsed { last_used_date: None, service_name: "N/A".to_owned(), region: "N/A".to_owned() },
    };
    Ok(LastUsedOutput { user_name: key.user, access_key_last_used })
}
