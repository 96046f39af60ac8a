//! DescribeKey and ListKeys.

use serde::{Deserialize, Serialize};

use super::error::{VALIDATION, after, page_size, required};
use super::name::{Named, key_arn};
use super::spec;
use super::store::{self, Key};
use crate::request::Context;
use wire::{AwsError, Timestamp, check, page};

/// "ListKeys": keys of a page, unless another number is asked for, and the most that can be.
const PAGE: i64 = 100;
const MAX_PAGE: i64 = 1_000;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct DescribeInput {
    key_id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ListInput {
    limit: Option<i64>,
    marker: Option<String>,
    resource_owners: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListOutput {
    keys: Vec<Entry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
    truncated: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    key_id: String,
    key_arn: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct KeyOutput {
    pub key_metadata: Metadata,
}

/// A key as answers show it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Metadata {
    #[serde(rename = "AWSAccountId")]
    account: String,
    key_id: String,
    arn: String,
    creation_date: Timestamp,
    enabled: bool,
    description: String,
    key_usage: String,
    key_state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    deletion_date: Option<Timestamp>,
    origin: &'static str,
    key_manager: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_master_key_spec: Option<String>,
    key_spec: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    encryption_algorithms: Option<&'static [&'static str]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signing_algorithms: Option<&'static [&'static str]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mac_algorithms: Option<&'static [&'static str]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_agreement_algorithms: Option<&'static [&'static str]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encapsulation_algorithms: Option<&'static [&'static str]>,
    multi_region: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    multi_region_configuration: Option<Regions>,
}

/// Where a key of several Regions is: it has no replica here.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Regions {
    multi_region_key_type: &'static str,
    primary_key: Place,
    replica_keys: [(); 0],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Place {
    arn: String,
    region: String,
}

/// A key as answers show it.
pub(super) fn metadata(cx: &Context, key: Key) -> Metadata {
    let arn = key_arn(cx, &key.id);
    let algorithms = spec::algorithms(&key.spec, &key.usage);
    Metadata {
        account: cx.account.to_string(),
        creation_date: Timestamp(key.created),
        enabled: key.enabled && key.deletion.is_none(),
        description: key.description,
        key_usage: key.usage,
        key_state: match (key.deletion, key.enabled) {
            (Some(_), _) => "PendingDeletion",
            (None, true) => "Enabled",
            (None, false) => "Disabled",
        },
        deletion_date: key.deletion.map(Timestamp),
        origin: "AWS_KMS",
        key_manager: "CUSTOMER",
        customer_master_key_spec: spec::older_name(&key.spec).map(str::to_owned),
        key_spec: key.spec,
        encryption_algorithms: algorithms.encryption,
        signing_algorithms: algorithms.signing,
        mac_algorithms: algorithms.mac,
        key_agreement_algorithms: algorithms.agreement,
        encapsulation_algorithms: algorithms.encapsulation,
        multi_region: key.multi_region,
        multi_region_configuration: key.multi_region.then(|| Regions {
            multi_region_key_type: "PRIMARY",
            primary_key: Place { arn: arn.clone(), region: cx.region.to_string() },
            replica_keys: [],
        }),
        key_id: key.id,
        arn,
    }
}

/// A key by its id, its ARN or an alias.
pub(super) async fn describe_key(cx: &Context, input: DescribeInput) -> Result<KeyOutput, AwsError> {
    let text = required(input.key_id, "keyId")?;
    let named = Named::parse(cx, &text, "DescribeKey")?;
    let key = cx.cloud.core.read(|engine, now| store::find(cx, engine, now, &named))?;
    Ok(KeyOutput { key_metadata: metadata(cx, key) })
}

/// The caller's keys, by id. No account shares keys with another.
pub(super) async fn list_keys(cx: &Context, input: ListInput) -> Result<ListOutput, AwsError> {
    const OWNERS: [&str; 2] = ["SELF", "OTHER_ACCOUNTS_VIA_RAM"];
    let size = page_size(input.limit, PAGE, MAX_PAGE)?;
    let after = after(input.marker.as_deref())?;
    if let Some(owners) = &input.resource_owners {
        if let Some(owner) = owners.iter().find(|owner| !OWNERS.contains(&owner.as_str())) {
            let set = "Member must satisfy enum value set: [SELF, OTHER_ACCOUNTS_VIA_RAM]";
            return Err(check::failed(VALIDATION, owner, "resourceOwners", set));
        }
        if owners.is_empty() || owners.len() > OWNERS.len() {
            return Err(check::failed_untold(VALIDATION, "resourceOwners", "Member must have length from 1 to 2"));
        }
    }
    let own = input.resource_owners.is_none_or(|owners| owners.iter().any(|owner| owner == OWNERS[0]));
    let found = store::keys(cx, after.as_deref()).filter(|_| own).take(size + 1).collect();
    let (found, next_marker) = page::by_key(found, size, |last: &Key| page::encode_token(&last.id));
    let keys = found.into_iter().map(|key| Entry { key_arn: key_arn(cx, &key.id), key_id: key.id });
    Ok(ListOutput { keys: keys.collect(), truncated: next_marker.is_some(), next_marker })
}
