//! The operations on a repository's lifecycle policy and on its own policy. Both are checked, kept and shown: there is no image to
//! expire, and nobody else sees a repository.
//!
//! Source: "PutLifecyclePolicy", "SetRepositoryPolicy" (Amazon ECR API Reference).

use serde::{Deserialize, Serialize};

use super::error::{check_length, invalid, required};
use super::lifecycle;
use super::name::{Registry, check_name};
use super::store::{self, Repository};
use crate::request::Context;
use engine::policy::{Kind, Policy};
use wire::AwsError;

/// Characters of a lifecycle policy.
const MIN_LIFECYCLE: usize = 100;
const MAX_LIFECYCLE: usize = 30_720;
/// Characters of a repository's policy.
const MAX_POLICY: usize = 10_240;

/// Whether it is forced makes no difference: a policy can lock nobody out here.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PolicyInput {
    registry_id: Option<String>,
    repository_name: Option<String>,
    lifecycle_policy_text: Option<String>,
    policy_text: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PolicyOutput {
    registry_id: String,
    repository_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    lifecycle_policy_text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_text: Option<String>,
}

/// Which of a repository's two policies is meant.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    Lifecycle,
    Access,
}

impl Which {
    fn of(self, repository: &mut Repository) -> &mut Option<String> {
        match self {
            Which::Lifecycle => &mut repository.lifecycle,
            Which::Access => &mut repository.policy,
        }
    }

    /// There is none.
    fn absent(self, registry: &Registry<'_>, name: &str) -> AwsError {
        let (code, what) = match self {
            Which::Lifecycle => ("LifecyclePolicyNotFoundException", "Lifecycle"),
            Which::Access => ("RepositoryPolicyNotFoundException", "Repository"),
        };
        let id = registry.id;
        let message = format!(
            "{what} policy does not exist for the repository with name '{name}' in the registry with id '{id}'"
        );
        AwsError::bad(code, message)
    }

    fn output(self, registry: &Registry<'_>, name: &str, text: String) -> PolicyOutput {
        let (lifecycle_policy_text, policy_text) = match self {
            Which::Lifecycle => (Some(text), None),
            Which::Access => (None, Some(text)),
        };
        PolicyOutput {
            registry_id: registry.id.to_owned(),
            repository_name: name.to_owned(),
            lifecycle_policy_text,
            policy_text,
        }
    }
}

/// Checks a policy that says who may do what with a repository. It may name resources or not.
fn check_access(text: &str) -> Result<(), AwsError> {
    check_length(text, "policyText", 0, MAX_POLICY)?;
    if Policy::parse(text, Kind::Trust).is_ok() || Policy::parse(text, Kind::Resource).is_ok() {
        return Ok(());
    }
    Err(invalid("PolicyText", "Invalid repository policy provided"))
}

async fn put(
    cx: &Context,
    registry: Registry<'_>,
    name: &str,
    which: Which,
    text: String,
) -> Result<PolicyOutput, AwsError> {
    let changed = store::change(cx, &registry, name, |repository| {
        *which.of(repository) = Some(text.clone());
        Ok(())
    });
    changed.await?;
    Ok(which.output(&registry, name, text))
}

async fn get(cx: &Context, input: PolicyInput, which: Which, action: &str) -> Result<PolicyOutput, AwsError> {
    let name = check_name(input.repository_name.as_deref())?;
    let registry = Registry::of(cx, input.registry_id.as_deref(), action, &[name])?;
    let mut repository = cx.cloud.core.read(|engine, _| store::find(engine, &registry, name))?;
    let text = which.of(&mut repository).take().ok_or_else(|| which.absent(&registry, name))?;
    Ok(which.output(&registry, name, text))
}

async fn delete(cx: &Context, input: PolicyInput, which: Which, action: &str) -> Result<PolicyOutput, AwsError> {
    let name = check_name(input.repository_name.as_deref())?;
    let registry = Registry::of(cx, input.registry_id.as_deref(), action, &[name])?;
    let taken = cx.cloud.core.execute_freeing(|tx| {
        let mut repository = store::find(tx.engine(), &registry, name)?;
        let text = which.of(&mut repository).take().ok_or_else(|| which.absent(&registry, name))?;
        store::put(tx, &registry, &repository)?;
        Ok(text)
    });
    Ok(which.output(&registry, name, taken.await?))
}

/// Keeps a lifecycle policy.
pub(super) async fn put_lifecycle_policy(cx: &Context, input: PolicyInput) -> Result<PolicyOutput, AwsError> {
    let name = check_name(input.repository_name.as_deref())?;
    let registry = Registry::of(cx, input.registry_id.as_deref(), "PutLifecyclePolicy", &[name])?;
    let text = required(input.lifecycle_policy_text, "lifecyclePolicyText")?;
    check_length(&text, "LifecyclePolicyText", MIN_LIFECYCLE, MAX_LIFECYCLE)?;
    lifecycle::check(&text)?;
    put(cx, registry, name, Which::Lifecycle, text).await
}

/// The lifecycle policy.
pub(super) async fn get_lifecycle_policy(cx: &Context, input: PolicyInput) -> Result<PolicyOutput, AwsError> {
    get(cx, input, Which::Lifecycle, "GetLifecyclePolicy").await
}

/// Takes the lifecycle policy away.
pub(super) async fn delete_lifecycle_policy(cx: &Context, input: PolicyInput) -> Result<PolicyOutput, AwsError> {
    delete(cx, input, Which::Lifecycle, "DeleteLifecyclePolicy").await
}

/// Keeps the policy that says who may do what.
pub(super) async fn set_repository_policy(cx: &Context, input: PolicyInput) -> Result<PolicyOutput, AwsError> {
    let name = check_name(input.repository_name.as_deref())?;
    let registry = Registry::of(cx, input.registry_id.as_deref(), "SetRepositoryPolicy", &[name])?;
    let text = required(input.policy_text, "policyText")?;
    check_access(&text)?;
    put(cx, registry, name, Which::Access, text).await
}

/// The policy that says who may do what.
pub(super) async fn get_repository_policy(cx: &Context, input: PolicyInput) -> Result<PolicyOutput, AwsError> {
    get(cx, input, Which::Access, "GetRepositoryPolicy").await
}

/// Takes the policy away that says who may do what.
pub(super) async fn delete_repository_policy(cx: &Context, input: PolicyInput) -> Result<PolicyOutput, AwsError> {
    delete(cx, input, Which::Access, "DeleteRepositoryPolicy").await
}
