//! CreateStack, UpdateStack and DeleteStack.

use serde::{Deserialize, Serialize};

use super::error::{check_length, constraint, invalid, no_stack_named, not_updatable, too_many};
use super::input::{Deployment, DeploymentConfig, check_role, new_name, stack_name};
use super::place::Place;
use super::prepare::{check_expansion, prepare};
use super::record::{Definition, Execution, OnFailure, Stack, Status};
use super::source::policy_text;
use super::store;
use super::{compare, plan, run};
use crate::request::Context;
use template::{MAX_LOGICAL_ID, MAX_RESOURCES};
use wire::AwsError;

/// An answer that names a stack by its ARN.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StackIdOutput {
    pub stack_id: String,
}

/// The same of an operation that began.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StackOperationOutput {
    pub stack_id: String,
    pub operation_id: Option<String>,
}

/// A stack that isn't deployed yet.
pub(super) fn new_stack(cx: &Context, name: &str) -> Stack {
    let core = &cx.cloud.core;
    let uuid = core.uuid();
    Stack {
        id: format!("arn:aws:cloudformation:{}:{}:stack/{name}/{uuid}", cx.region, cx.account),
        uuid,
        name: name.to_owned(),
        account: cx.account.to_string(),
        region: cx.region.to_string(),
        host: cx.host.to_string(),
        port: cx.cloud.port(),
        status: Status::ReviewInProgress,
        reason: None,
        created: core.now(),
        updated: None,
        deleted: None,
        now: Definition::default(),
        before: None,
        on_failure: OnFailure::Rollback,
        timeout_minutes: None,
        protected: false,
        change_set: None,
        policy: None,
        policy_during_update: None,
        events: 0,
        last_event: 0,
        token: None,
        retain: Vec::new(),
        cancelled: false,
        operations: Vec::new(),
    }
}

/// The document for a new template of a stack.
pub(super) fn new_template_key(cx: &Context, stack: &Stack) -> String {
    store::template_key(&stack.uuid, &cx.cloud.core.uuid())
}

/// CreateStack: begins to create a stack.
pub(super) async fn create_stack(cx: &Context, mut input: Deployment) -> Result<StackOperationOutput, AwsError> {
    let name = new_name(input.stack_name.take())?;
    let place = Place::of(cx);
    let existing = cx.cloud.core.read(|engine, _| store::find_stack(engine, &place, &name))?;
    let taken = || AwsError::bad("AlreadyExistsException", format!("Stack [{name}] already exists"));
    let mut stack = match existing {
        // A stack that only change sets know becomes one; they are obsolete then.
        Some(stack) if stack.status == Status::ReviewInProgress => stack,
        Some(_) => return Err(taken()),
        None => new_stack(cx, &name),
    };
    let on_failure = input.on_failure(true)?;
    let policy = policy_text(cx, input.stack_policy_body.take(), input.stack_policy_url.take()).await?;
    let (key, may_expand) = (new_template_key(cx, &stack), input.may_expand());
    let prepared = prepare(cx, &mut input, &stack, false, key).await?;
    check_expansion(&prepared.plan.template, may_expand)?;
    stack.now = prepared.definition;
    stack.addressed(cx);
    stack.on_failure = on_failure;
    stack.timeout_minutes = input.timeout_in_minutes;
    stack.protected = input.enable_termination_protection == Some(true);
    stack.policy = policy;
    stack.token = input.client_request_token;
    let uuid = stack.uuid.clone();
    let old = store::expired_stacks(cx);
    cx.cloud
        .core
        .execute(|tx| {
            let holder = store::find_stack(tx.engine(), &place, &stack.name)?;
            match holder {
                Some(holder) if holder.uuid != stack.uuid || holder.status != Status::ReviewInProgress => {
                    return Err(taken());
                }
                Some(_) => {}
                None => store::check_stack_quota(tx.engine(), &place)?,
            }
            store::forget_stacks(tx, &old);
            stack.created = tx.now;
            store::put_template(tx, &stack.now.template, &prepared.text, prepared.original.as_deref());
            for mut set in store::change_sets(tx.engine(), &stack.uuid) {
                set.execution = Execution::Obsolete;
                store::put_change_set(tx, &stack.uuid, &set);
            }
            run::set_status(tx, cx, &mut stack, Status::CreateInProgress, Some("User Initiated"));
            store::put_stack(tx, &stack);
            Ok(())
        })
        .await?;
    run::start(cx, &uuid, Some((stack.now.template.clone(), prepared.plan)));
    Ok(StackOperationOutput { operation_id: stack.operation_id(), stack_id: stack.id })
}

/// Refuses an update of a stack that can't take one now.
pub(super) fn check_updatable(stack: &Stack) -> Result<(), AwsError> {
    let ready = matches!(
        stack.status,
        Status::CreateComplete
            | Status::UpdateComplete
            | Status::UpdateRollbackComplete
            | Status::CreateFailed
            | Status::UpdateFailed
    );
    if ready { Ok(()) } else { Err(not_updatable(&stack.id, stack.status)) }
}

/// UpdateStack: begins to update a stack.
pub(super) async fn update_stack(cx: &Context, mut input: Deployment) -> Result<StackOperationOutput, AwsError> {
    let name = stack_name(input.stack_name.take())?;
    let place = Place::of(cx);
    let stack = cx.cloud.core.read(|engine, _| store::find_stack(engine, &place, &name))?;
    let stack = stack.filter(|stack| stack.deleted.is_none()).ok_or_else(|| no_stack_named(&name))?;
    let on_failure = input.on_failure(false)?;
    let policy = policy_text(cx, input.stack_policy_body.take(), input.stack_policy_url.take()).await?;
    let during =
        policy_text(cx, input.stack_policy_during_update_body.take(), input.stack_policy_during_update_url.take())
            .await?;
    let (key, may_expand) = (new_template_key(cx, &stack), input.may_expand());
    let prepared = prepare(cx, &mut input, &stack, true, key).await?;
    check_expansion(&prepared.plan.template, may_expand)?;
    check_updatable(&stack)?;
    let stored = compare::stored(cx, &stack, &prepared).await?;
    let changes = compare::changes(cx, &stack, &prepared.plan, &stored).await?;
    // What a transform makes of a template is known only afterwards: with one AWS never says that there is nothing to do
    // (recorded on AWS).
    let plain = prepared.plan.template.transforms.is_empty();
    let same = || !compare::differs(cx, &stack, &prepared.definition, &prepared.plan, &stored);
    if plain && changes.changes.is_empty() && same() {
        return Err(invalid("No updates are to be performed."));
    }
    let (token, planned) = (input.client_request_token, (prepared.definition.template.clone(), prepared.plan));
    let update = Update {
        definition: prepared.definition,
        text: Some((prepared.text, prepared.original)),
        on_failure,
        token,
        change_set: None,
    };
    let operation_id = cx
        .cloud
        .core
        .execute(|tx| {
            let mut stack = store::stack(tx.engine(), &place, &stack.uuid).ok_or_else(|| no_stack_named(&name))?;
            check_updatable(&stack)?;
            if policy.is_some() {
                stack.policy = policy;
            }
            stack.policy_during_update = during;
            begin_update(tx, cx, &mut stack, update);
            Ok(stack.operation_id())
        })
        .await?;
    run::start(cx, &stack.uuid, Some(planned));
    Ok(StackOperationOutput { stack_id: stack.id, operation_id })
}

/// What an update begins with.
pub(super) struct Update {
    pub definition: Definition,
    /// The template's text, if it isn't kept yet; and how it was written, if that is another.
    pub text: Option<(String, Option<String>)>,
    pub on_failure: OnFailure,
    pub token: Option<String>,
    pub change_set: Option<String>,
}

/// Gives a stack its new definition and sets it to be updated.
pub(super) fn begin_update(
    tx: &mut crate::core::transaction::Transaction<'_>,
    cx: &Context,
    stack: &mut Stack,
    update: Update,
) {
    if let Some((text, original)) = &update.text {
        store::put_template(tx, &update.definition.template, text, original.as_deref());
    }
    stack.before = Some(std::mem::replace(&mut stack.now, update.definition));
    stack.addressed(cx);
    stack.on_failure = update.on_failure;
    stack.token = update.token;
    stack.updated = Some(tx.now);
    stack.change_set = update.change_set;
    run::set_status(tx, cx, stack, Status::UpdateInProgress, Some("User Initiated"));
    store::put_stack(tx, stack);
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct DeleteStackInput {
    stack_name: Option<String>,
    retain_resources: Option<Vec<String>>,
    client_request_token: Option<String>,
    deletion_mode: Option<String>,
    deployment_config: Option<DeploymentConfig>,
    #[serde(rename = "RoleARN")]
    role_arn: Option<String>,
}

/// DeleteStack: begins to delete a stack.
pub(super) async fn delete_stack(cx: &Context, input: DeleteStackInput) -> Result<(), AwsError> {
    let name = stack_name(input.stack_name)?;
    let force = match input.deletion_mode.as_deref() {
        None | Some("STANDARD") => false,
        Some("FORCE_DELETE_STACK") => true,
        Some(other) => {
            return Err(constraint(other, "deletionMode", "satisfy enum value set: [STANDARD, FORCE_DELETE_STACK]"));
        }
    };
    if let Some(config) = &input.deployment_config {
        config.check()?;
    }
    check_role(cx, &name, input.role_arn.as_deref())?;
    let place = Place::of(cx);
    check_length(input.client_request_token.as_deref(), "clientRequestToken", 128)?;
    let retain = input.retain_resources.unwrap_or_default();
    if retain.len() > MAX_RESOURCES {
        return Err(too_many("retainResources", 500));
    }
    for name in &retain {
        check_length(Some(name), "retainResources", MAX_LOGICAL_ID)?;
    }
    let started = cx
        .cloud
        .core
        .execute_freeing(|tx| {
            // Deleting what isn't there is no error.
            let Some(mut stack) = store::find_stack(tx.engine(), &place, &name)? else { return Ok(None) };
            if stack.deleted.is_some() || stack.status == Status::DeleteInProgress {
                return Ok(None);
            }
            if stack.protected {
                return Err(invalid(format!("Stack [{}] cannot be deleted while TerminationProtection is enabled", stack.name)));
            }
            if !retain.is_empty() && stack.status != Status::DeleteFailed {
                return Err(invalid("Invalid operation on stack: specify resources to retain only when the stack is in DELETE_FAILED state."));
            }
            if stack.status.running() {
                return Err(invalid(format!("Stack [{}] is in {} state and can not be deleted now.", stack.id, stack.status)));
            }
            let stacks = store::stacks(tx.engine(), &place);
            let in_use = stack.now.outputs.iter().filter_map(|o| o.export.as_ref()).find_map(|export| {
                let importers = plan::importers(&stacks, export);
                (!importers.is_empty()).then(|| (export.clone(), importers.join(", ")))
            });
            if let Some((export, importers)) = in_use {
                let reason = format!("Export {export} cannot be deleted as it is in use by {importers}");
                let status = stack.status;
                run::set_status(tx, cx, &mut stack, status, Some(&reason));
                store::put_stack(tx, &stack);
                return Ok(None);
            }
            stack.token = input.client_request_token;
            stack.retain = retain;
            if force {
                stack.retain = store::resources(tx.engine(), &stack.uuid)
                    .into_values()
                    .filter(|resource| resource.status == Status::DeleteFailed)
                    .map(|resource| resource.logical_id)
                    .collect();
            }
            stack.addressed(cx);
            run::set_status(tx, cx, &mut stack, Status::DeleteInProgress, Some("User Initiated"));
            store::put_stack(tx, &stack);
            Ok(Some(stack.uuid))
        })
        .await?;
    if let Some(uuid) = started {
        run::start(cx, &uuid, None);
    }
    Ok(())
}
