//! The versions of managed policies, of which one is in force: the default.

use serde::{Deserialize, Serialize};

use super::managed::{find, own};
use super::members::{encoded, page, required};
use super::policies::own_document;
use super::store::{NO_SUCH_ENTITY, put};
use crate::core::transaction::Transaction;
use crate::request::Context;
use engine::{AwsPolicy, ManagedPolicy, Millis, PolicyVersion};
use wire::{AwsError, Timestamp};

/// "IAM and AWS STS quotas": versions of a managed policy.
const MAX_VERSIONS: usize = 5;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct VersionInput {
    policy_arn: Option<String>,
    policy_document: Option<String>,
    set_as_default: Option<bool>,
    version_id: Option<String>,
    marker: Option<String>,
    max_items: Option<usize>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PolicyVersionOutput {
    policy_version: Version,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Version {
    document: Option<String>,
    version_id: String,
    is_default_version: bool,
    create_date: Timestamp,
}

/// When the default version was created.
fn default_created(policy: &ManagedPolicy) -> Millis {
    match policy.version_created {
        0 => policy.updated.max(policy.created),
        created => created,
    }
}

/// A version by its number, without its document.
fn view(policy: &ManagedPolicy, number: u32) -> Version {
    let is_default_version = number == policy.version;
    let created = policy.others.get(&number).filter(|_| !is_default_version).map(|version| version.created);
    Version {
        document: None,
        version_id: format!("v{number}"),
        is_default_version,
        create_date: Timestamp(created.unwrap_or_else(|| default_created(policy))),
    }
}

fn absent(arn: &str, id: &str) -> AwsError {
    AwsError::new(404, NO_SUCH_ENTITY, format!("Policy {arn} version {id} does not exist or is not attachable."))
}

/// The number of a version that a policy has.
fn number(policy: &ManagedPolicy, id: &str) -> Result<u32, AwsError> {
    let number =
        id.strip_prefix('v').and_then(|digits| digits.parse().ok()).filter(|number| format!("v{number}") == id);
    let there = |number: &u32| *number == policy.version || policy.others.contains_key(number);
    number.filter(there).ok_or_else(|| absent(&policy.arn, id))
}

/// Makes another version the default.
fn make_default(policy: &mut ManagedPolicy, number: u32) {
    if let Some(PolicyVersion { document, created }) = policy.others.remove(&number) {
        let old = PolicyVersion {
            created: default_created(policy),
            document: std::mem::replace(&mut policy.document, document),
        };
        policy.others.insert(std::mem::replace(&mut policy.version, number), old);
        policy.version_created = created;
    }
}

async fn change<R>(
    cx: &Context,
    arn: &str,
    action: &str,
    frees: bool,
    change: impl FnOnce(&Transaction<'_>, &mut ManagedPolicy) -> Result<R, AwsError>,
) -> Result<R, AwsError> {
    let core = &cx.cloud.core;
    core.execute_as(frees, |tx| {
        let mut policy = own(tx.engine(), cx, arn, action)?;
        let changed = change(tx, &mut policy)?;
        put(tx, &policy);
        Ok(changed)
    })
    .await
}

pub(super) async fn create_policy_version(cx: &Context, input: VersionInput) -> Result<PolicyVersionOutput, AwsError> {
    let arn = required(input.policy_arn, "policyArn")?;
    let document = own_document(input.policy_document)?;
    change(cx, &arn, "CreatePolicyVersion", false, |tx, policy| {
        if policy.others.len() + 1 >= MAX_VERSIONS {
            let message = format!(
                "A managed policy can have up to {MAX_VERSIONS} versions. Before you create a new version, you must delete an \
                 existing version."
            );
            return Err(AwsError::new(409, "LimitExceeded", message));
        }
        let number = policy.newest.max(policy.version) + 1;
        policy.newest = number;
        policy.updated = tx.now;
        policy.others.insert(number, PolicyVersion { document, created: tx.now });
        if input.set_as_default == Some(true) {
            make_default(policy, number);
        }
        Ok(PolicyVersionOutput { policy_version: view(policy, number) })
    })
    .await
}

pub(super) async fn set_default_policy_version(cx: &Context, input: VersionInput) -> Result<(), AwsError> {
    let arn = required(input.policy_arn, "policyArn")?;
    let id = required(input.version_id, "versionId")?;
    change(cx, &arn, "SetDefaultPolicyVersion", false, |_, policy| {
        let number = number(policy, &id)?;
        make_default(policy, number);
        Ok(())
    })
    .await
}

pub(super) async fn delete_policy_version(cx: &Context, input: VersionInput) -> Result<(), AwsError> {
    let arn = required(input.policy_arn, "policyArn")?;
    let id = required(input.version_id, "versionId")?;
    change(cx, &arn, "DeletePolicyVersion", true, |_, policy| {
        let number = number(policy, &id)?;
        if number == policy.version {
            return Err(AwsError::new(409, "DeleteConflict", "Cannot delete the default version of a policy."));
        }
        policy.newest = policy.newest.max(number);
        policy.others.remove(&number);
        Ok(())
    })
    .await
}

pub(super) async fn get_policy_version(cx: &Context, input: VersionInput) -> Result<PolicyVersionOutput, AwsError> {
    let arn = required(input.policy_arn, "policyArn")?;
    let id = required(input.version_id, "versionId")?;
    let policy = cx.cloud.core.read(|engine, _| find(engine, cx, &arn, "GetPolicyVersion"))?;
    let number = number(&policy, &id)?;
    let document = policy.others.get(&number).map_or(&policy.document, |version| &version.document);
    if AwsPolicy::is_arn(&arn) && document.is_empty() {
        let message =
            format!("The document of {arn} isn't known to this cloud, which has those of the commoner policies.");
        return Err(AwsError::new(501, "NotImplemented", message));
    }
    let version = Version { document: Some(encoded(document)), ..view(&policy, number) };
    Ok(PolicyVersionOutput { policy_version: version })
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListPolicyVersionsOutput {
    versions: Vec<Version>,
    is_truncated: bool,
    marker: Option<String>,
}

/// The newest first.
pub(super) async fn list_policy_versions(
    cx: &Context,
    input: VersionInput,
) -> Result<ListPolicyVersionsOutput, AwsError> {
    let arn = required(input.policy_arn, "policyArn")?;
    let policy = cx.cloud.core.read(|engine, _| find(engine, cx, &arn, "ListPolicyVersions"))?;
    let mut numbers: Vec<u32> = policy.others.keys().copied().chain([policy.version]).collect();
    numbers.sort_unstable_by(|a, b| b.cmp(a));
    let (numbers, marker) = page(numbers, input.marker.as_deref(), input.max_items)?;
    let versions = numbers.into_iter().map(|number| view(&policy, number)).collect();
    Ok(ListPolicyVersionsOutput { versions, is_truncated: marker.is_some(), marker })
}
