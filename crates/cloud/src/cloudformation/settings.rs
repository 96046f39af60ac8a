//! What a stack is set to while nothing runs: its policy and its termination protection; and giving up or going on with an
//! update.

use serde::{Deserialize, Serialize};

use super::error::{check_length, invalid, missing, no_stack_named, too_many};
use super::input::{DeploymentConfig, check_role, stack_name};
use super::place::Place;
use super::record::{Stack, Status};
use super::source::policy_text;
use super::stacks::{StackIdOutput, StackOperationOutput};
use super::store;
use super::{change_sets::Nothing, run};
use crate::core::transaction::Transaction;
use crate::request::Context;
use template::{MAX_LOGICAL_ID, MAX_RESOURCES};
use wire::AwsError;

/// The input of these operations.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct SettingsInput {
    stack_name: Option<String>,
    stack_policy_body: Option<String>,
    #[serde(rename = "StackPolicyURL")]
    stack_policy_url: Option<String>,
    enable_termination_protection: Option<bool>,
    client_request_token: Option<String>,
    resources_to_skip: Option<Vec<String>>,
    #[serde(rename = "RoleARN")]
    role_arn: Option<String>,
    deployment_config: Option<DeploymentConfig>,
}

/// Changes a stack that isn't deleted.
async fn change<R>(
    cx: &Context,
    name: &str,
    change: impl FnOnce(&mut Transaction<'_>, &mut Stack) -> Result<R, AwsError>,
) -> Result<R, AwsError> {
    let place = Place::of(cx);
    cx.cloud
        .core
        .execute(|tx| {
            let stack = store::find_stack(tx.engine(), &place, name)?.filter(|stack| stack.deleted.is_none());
            let mut stack = stack.ok_or_else(|| no_stack_named(name))?;
            let result = change(tx, &mut stack)?;
            store::put_stack(tx, &stack);
            Ok(result)
        })
        .await
}

/// SetStackPolicy.
pub(super) async fn set_stack_policy(cx: &Context, input: SettingsInput) -> Result<(), AwsError> {
    let name = stack_name(input.stack_name)?;
    let policy = policy_text(cx, input.stack_policy_body, input.stack_policy_url).await?;
    change(cx, &name, |_, stack| {
        if policy.is_some() {
            stack.policy = policy;
        }
        Ok(())
    })
    .await
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetStackPolicyOutput {
    stack_policy_body: Option<String>,
}

/// GetStackPolicy.
pub(super) async fn get_stack_policy(cx: &Context, input: SettingsInput) -> Result<GetStackPolicyOutput, AwsError> {
    let name = stack_name(input.stack_name)?;
    let place = Place::of(cx);
    let stack = cx.cloud.core.read(|engine, _| store::find_stack(engine, &place, &name))?;
    let stack = stack.ok_or_else(|| no_stack_named(&name))?;
    Ok(GetStackPolicyOutput { stack_policy_body: stack.policy_during_update.or(stack.policy) })
}

/// UpdateTerminationProtection.
pub(super) async fn update_termination_protection(
    cx: &Context,
    input: SettingsInput,
) -> Result<StackIdOutput, AwsError> {
    let name = stack_name(input.stack_name)?;
    let protect = input.enable_termination_protection.ok_or_else(|| missing("enableTerminationProtection"))?;
    change(cx, &name, |_, stack| {
        stack.protected = protect;
        Ok(StackIdOutput { stack_id: stack.id.clone() })
    })
    .await
}

/// CancelUpdateStack: the update stops before its next resource, and is taken back.
pub(super) async fn cancel_update_stack(cx: &Context, input: SettingsInput) -> Result<(), AwsError> {
    let name = stack_name(input.stack_name)?;
    change(cx, &name, |_, stack| {
        if stack.status != Status::UpdateInProgress {
            return Err(invalid("CancelUpdateStack cannot be called from current stack status"));
        }
        stack.cancelled = true;
        Ok(())
    })
    .await
}

/// ContinueUpdateRollback.
pub(super) async fn continue_update_rollback(cx: &Context, input: SettingsInput) -> Result<Nothing, AwsError> {
    let name = stack_name(input.stack_name)?;
    check_role(cx, &name, input.role_arn.as_deref())?;
    check_length(input.client_request_token.as_deref(), "clientRequestToken", 128)?;
    let skipped = input.resources_to_skip.unwrap_or_default();
    if skipped.len() > MAX_RESOURCES {
        return Err(too_many("resourcesToSkip", 500));
    }
    for resource in &skipped {
        check_length(Some(resource), "resourcesToSkip", MAX_LOGICAL_ID)?;
    }
    let uuid = change(cx, &name, |tx, stack| {
        if stack.status != Status::UpdateRollbackFailed {
            return Err(invalid(format!(
                "Stack:{} is in {} state and can not be continued with update rollback.",
                stack.id, stack.status
            )));
        }
        stack.token = input.client_request_token;
        stack.retain = skipped;
        run::set_status(tx, cx, stack, Status::UpdateRollbackInProgress, Some("User Initiated"));
        Ok(stack.uuid.clone())
    })
    .await?;
    run::start(cx, &uuid, None);
    Ok(Nothing {})
}

/// RollbackStack.
pub(super) async fn rollback_stack(cx: &Context, input: SettingsInput) -> Result<StackOperationOutput, AwsError> {
    if let Some(config) = &input.deployment_config {
        config.check()?;
    }
    let name = stack_name(input.stack_name)?;
    check_role(cx, &name, input.role_arn.as_deref())?;
    check_length(input.client_request_token.as_deref(), "clientRequestToken", 128)?;
    let (uuid, output) = change(cx, &name, |tx, stack| {
        let next = match stack.status {
            Status::CreateFailed => Status::RollbackInProgress,
            Status::UpdateFailed => Status::UpdateRollbackInProgress,
            status => {
                return Err(invalid(format!("Stack:{} is in {status} state and can not be rolled back.", stack.id)));
            }
        };
        stack.token = input.client_request_token;
        run::set_status(tx, cx, stack, next, Some("User Initiated"));
        let output = StackOperationOutput { stack_id: stack.id.clone(), operation_id: stack.operation_id() };
        Ok((stack.uuid.clone(), output))
    })
    .await?;
    run::start(cx, &uuid, None);
    Ok(output)
}
