//! CreateChangeSet, ExecuteChangeSet, DeleteChangeSet and ListChangeSets.

use serde::{Deserialize, Serialize};

use super::error::{check_length, constraint, invalid, missing, no_change_set, no_stack_named, not_updatable};
use super::input::{Deployment, new_name, stack_name};
use super::page::page;
use super::place::Place;
use super::prepare::{Prepared, prepare};
use super::record::{ChangeSet, Execution, Finding, OnFailure, OperationKind, Stack, Status};
use super::stacks::{Update, begin_update, check_updatable, new_stack, new_template_key};
use super::store::{self, last_part};
use super::{compare, early, run};
use crate::request::Context;
use engine::Engine;
use template::parameters::Texts;
use wire::{AwsError, Timestamp};

/// Change sets of a page.
const PAGE: usize = 100;
/// "CreateChangeSet": characters of a change set's name.
const MAX_NAME: usize = 128;

const NOTHING: &str =
    "The submitted information didn't contain changes. Submit different information to create a change set.";

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateChangeSetOutput {
    id: String,
    stack_id: String,
}

fn change_set_name(name: Option<String>) -> Result<String, AwsError> {
    let name = name.ok_or_else(|| missing("changeSetName"))?;
    let fits = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && name.len() <= MAX_NAME;
    if fits {
        return Ok(name);
    }
    Err(constraint(&name, "changeSetName", "satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"))
}

/// CreateChangeSet: works out what would change, and keeps it.
pub(super) async fn create_change_set(cx: &Context, mut input: Deployment) -> Result<CreateChangeSetOutput, AwsError> {
    let name = stack_name(input.stack_name.take())?;
    let set_name = change_set_name(input.change_set_name.take())?;
    let creates = creates_stack(&input)?;
    let stack = stack_of_new_set(cx, &name, &set_name, creates)?;
    let on_failure = input.on_failure(creates)?;
    let key = new_template_key(cx, &stack);
    let prepared = prepare(cx, &mut input, &stack, !creates, key).await?;
    if !creates {
        check_updatable(&stack)?;
    }
    let stored = compare::stored(cx, &stack, &prepared).await?;
    let (changes, failed) = match compare::changes(cx, &stack, &prepared.plan, &stored).await {
        Ok(changes) => {
            let nothing = !creates
                && changes.changes.is_empty()
                && !compare::differs(cx, &stack, &prepared.definition, &prepared.plan, &stored);
            (changes, nothing.then(|| NOTHING.to_owned()))
        }
        Err(error) => (Default::default(), Some(error.message)),
    };
    let imports = input.import_existing_resources == Some(true);
    let findings = findings(cx, &input, &stack, &prepared, &stored, failed.is_some()).await?;
    let failed = if findings.is_empty() { failed } else { Some(early::reason(&findings)) };
    let core = &cx.cloud.core;
    let set = ChangeSet {
        id: format!("arn:aws:cloudformation:{}:{}:changeSet/{set_name}/{}", cx.region, cx.account, core.uuid()),
        name: set_name,
        stack: stack.id.clone(),
        stack_name: stack.name.clone(),
        description: input.description.take(),
        created: core.now(),
        creates,
        execution: if failed.is_some() { Execution::Unavailable } else { Execution::Available },
        failed,
        definition: prepared.definition,
        changes,
        on_failure,
        include_nested: input.include_nested_stacks == Some(true),
        import_existing: imports,
        operation: Some(core.uuid()),
        findings,
    };
    keep_change_set(cx, &stack, &set, (&prepared.text, prepared.original.as_deref())).await?;
    Ok(CreateChangeSetOutput { id: set.id, stack_id: stack.id })
}

/// What can be seen to be wrong with a change set, unless it failed already.
///
/// # Errors
/// `ValidationError` where `ImportExistingResources` asks for what this cloud doesn't do.
async fn findings(
    cx: &Context,
    input: &Deployment,
    stack: &Stack,
    prepared: &Prepared,
    stored: &Texts,
    failed: bool,
) -> Result<Vec<Finding>, AwsError> {
    let (imports, unchecked) = (input.import_existing_resources == Some(true), input.disable_validation == Some(true));
    if failed || (unchecked && !imports) {
        return Ok(Vec::new());
    }
    let findings = early::findings(cx, stack, &prepared.plan, stored).await;
    if let Some(there) = findings.iter().find(|finding| imports && early::is_conflict(finding)) {
        let (name, why) = (&there.logical_id, &there.reason);
        return Err(invalid(format!("Importing resources is not supported by this cloud: {name}. {why}")));
    }
    Ok(if unchecked { Vec::new() } else { findings })
}

/// Whether the change set is to create its stack; else it updates it.
fn creates_stack(input: &Deployment) -> Result<bool, AwsError> {
    match input.change_set_type.as_deref() {
        Some("CREATE") => Ok(true),
        None | Some("UPDATE") => Ok(false),
        Some("IMPORT") => Err(invalid("Importing resources is not supported by this cloud.")),
        Some(other) => Err(constraint(other, "changeSetType", "satisfy enum value set: [IMPORT, UPDATE, CREATE]")),
    }
}

/// The stack that a new change set is for; a new one, not kept yet, if the set is to create it and is its first.
fn stack_of_new_set(cx: &Context, name: &str, set_name: &str, creates: bool) -> Result<Stack, AwsError> {
    let place = Place::of(cx);
    let found = cx.cloud.core.read(|engine, _| store::find_stack(engine, &place, name))?;
    match found.filter(|stack| stack.deleted.is_none()) {
        Some(stack) if creates == (stack.status == Status::ReviewInProgress) => Ok(stack),
        Some(_) if creates => Err(stack_exists(name, set_name)),
        Some(stack) => Err(not_updatable(&stack.id, stack.status)),
        None if creates => Ok(new_stack(cx, &new_name(Some(name.to_owned()))?)),
        None => Err(no_stack_named(name)),
    }
}

fn stack_exists(name: &str, set_name: &str) -> AwsError {
    invalid(format!("Stack [{name}] already exists and cannot be created again with the changeSet [{set_name}]."))
}

/// Writes a change set with its template's text, and its stack if that is new.
async fn keep_change_set(
    cx: &Context,
    stack: &Stack,
    set: &ChangeSet,
    (text, original): (&str, Option<&str>),
) -> Result<(), AwsError> {
    let place = Place::of(cx);
    let expired = store::expired_stacks(cx);
    let mut stack = stack.clone();
    cx.cloud
        .core
        .execute(|tx| {
            store::check_change_set_quota(tx.engine(), &stack)?;
            let same = store::change_sets(tx.engine(), &stack.uuid).into_iter().find(|other| other.name == set.name);
            // One that was executed gives its name away.
            if let Some(old) = same.as_ref().filter(|old| old.execution == Execution::Complete) {
                store::drop_change_set(tx, &stack.uuid, &old.id);
            } else if same.is_some() {
                return Err(AwsError::bad(
                    "AlreadyExistsException",
                    format!("ChangeSet {} cannot be created due to a mismatch with existing attribute Name", set.name),
                ));
            }
            if set.creates && store::stack(tx.engine(), &place, &stack.uuid).is_none() {
                if store::find_stack(tx.engine(), &place, &stack.name)?.is_some() {
                    return Err(stack_exists(&stack.name, &set.name));
                }
                store::check_stack_quota(tx.engine(), &place)?;
                store::forget_stacks(tx, &expired);
                stack.begin(set.operation.clone().unwrap_or_default(), OperationKind::CreateChangeSet);
                run::set_status(tx, cx, &mut stack, Status::ReviewInProgress, Some("User Initiated"));
                store::put_stack(tx, &stack);
            }
            store::put_template(tx, &set.definition.template, text, original);
            store::put_change_set(tx, &stack.uuid, set);
            Ok(())
        })
        .await
}

/// The input of the operations on one change set, or on those of one stack.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ChangeSetInput {
    pub stack_name: Option<String>,
    pub change_set_name: Option<String>,
    pub next_token: Option<String>,
    pub client_request_token: Option<String>,
    pub disable_rollback: Option<bool>,
    pub include_property_values: Option<bool>,
}

/// The change set that a request names, by its ARN, or by its name and its stack's.
pub(super) fn find(engine: &Engine, place: &Place, input: &ChangeSetInput) -> Result<(Stack, ChangeSet), AwsError> {
    let name = input.change_set_name.as_deref().ok_or_else(|| missing("changeSetName"))?;
    let absent = || no_change_set(name);
    if name.starts_with("arn:") {
        place.check_owner(name)?;
        let stacks = store::stacks(engine, place).into_iter();
        let mut sets = stacks
            .flat_map(|stack| store::change_sets(engine, &stack.uuid).into_iter().map(move |set| (stack.clone(), set)));
        return sets.find(|(_, set)| set.id == name).ok_or_else(absent);
    }
    let stack_name = input
        .stack_name
        .as_deref()
        .ok_or_else(|| invalid("StackName must be specified if ChangeSetName is not specified as an ARN."))?;
    let stack = store::find_stack(engine, place, stack_name)?.ok_or_else(|| no_stack_named(stack_name))?;
    let set = store::change_sets(engine, &stack.uuid).into_iter().find(|set| set.name == name);
    Ok((stack, set.ok_or_else(absent)?))
}

/// An answer without members.
#[derive(Debug, Serialize)]
pub(super) struct Nothing {}

/// ExecuteChangeSet: begins the creation or the update of the stack, and drops its other change sets.
pub(super) async fn execute_change_set(cx: &Context, input: ChangeSetInput) -> Result<Nothing, AwsError> {
    let place = Place::of(cx);
    check_length(input.client_request_token.as_deref(), "clientRequestToken", 128)?;
    let uuid = cx
        .cloud
        .core
        .execute(|tx| {
            let (mut stack, mut set) = find(tx.engine(), &place, &input)?;
            if set.execution != Execution::Available {
                let status = if set.failed.is_some() { status(&set) } else { execution(&set) };
                return Err(AwsError::bad(
                    "InvalidChangeSetStatus",
                    format!("ChangeSet [{}] cannot be executed in its current status of [{status}]", set.id),
                ));
            }
            let on_failure = match input.disable_rollback {
                Some(true) => OnFailure::Nothing,
                _ => set.on_failure,
            };
            for other in store::change_sets(tx.engine(), &stack.uuid) {
                if other.id != set.id {
                    store::drop_change_set(tx, &stack.uuid, &other.id);
                }
            }
            set.execution = Execution::Complete;
            let update = Update {
                definition: set.definition.clone(),
                text: None,
                on_failure,
                token: input.client_request_token.clone(),
                change_set: Some(set.id.clone()),
            };
            if set.creates {
                stack.now = update.definition;
                stack.addressed(cx);
                stack.on_failure = update.on_failure;
                stack.token = update.token;
                stack.change_set = update.change_set;
                stack.updated = Some(tx.now);
                run::set_status(tx, cx, &mut stack, Status::CreateInProgress, Some("User Initiated"));
                store::put_stack(tx, &stack);
            } else {
                check_updatable(&stack)?;
                begin_update(tx, cx, &mut stack, update);
            }
            store::put_change_set(tx, &stack.uuid, &set);
            Ok(stack.uuid)
        })
        .await?;
    run::start(cx, &uuid, None);
    Ok(Nothing {})
}

/// DeleteChangeSet.
pub(super) async fn delete_change_set(cx: &Context, input: ChangeSetInput) -> Result<Nothing, AwsError> {
    let place = Place::of(cx);
    cx.cloud
        .core
        .execute(|tx| {
            match find(tx.engine(), &place, &input) {
                Ok((stack, set)) => {
                    store::drop_change_set(tx, &stack.uuid, &set.id);
                    store::drop_unneeded_templates(tx, &stack);
                }
                // Deleting what isn't there is no error.
                Err(error) if error.code == "ChangeSetNotFound" => {}
                Err(error) => return Err(error),
            }
            Ok(())
        })
        .await?;
    Ok(Nothing {})
}

/// `CREATE_COMPLETE` or `FAILED`.
pub(super) fn status(set: &ChangeSet) -> &'static str {
    if set.failed.is_some() { "FAILED" } else { "CREATE_COMPLETE" }
}

/// AWS's name of an execution status.
pub(super) fn execution(set: &ChangeSet) -> &'static str {
    match set.execution {
        Execution::Available => "AVAILABLE",
        Execution::Unavailable => "UNAVAILABLE",
        Execution::Complete => "EXECUTE_COMPLETE",
        Execution::Obsolete => "OBSOLETE",
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListChangeSetsOutput {
    summaries: Vec<Summary>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Summary {
    stack_id: String,
    stack_name: String,
    change_set_id: String,
    change_set_name: String,
    execution_status: &'static str,
    status: &'static str,
    status_reason: Option<String>,
    creation_time: Timestamp,
    description: Option<String>,
    include_nested_stacks: bool,
    import_existing_resources: Option<bool>,
}

/// ListChangeSets: those of a stack, newest first.
pub(super) async fn list_change_sets(cx: &Context, input: ChangeSetInput) -> Result<ListChangeSetsOutput, AwsError> {
    let name = stack_name(input.stack_name)?;
    let place = Place::of(cx);
    let sets = cx.cloud.core.read(|engine, _| {
        let stack = store::find_stack(engine, &place, &name)?.ok_or_else(|| no_stack_named(last_part(&name)))?;
        Ok::<_, AwsError>(store::change_sets(engine, &stack.uuid))
    })?;
    let (sets, next_token) = page(sets, input.next_token.as_deref(), PAGE)?;
    let summary = |set: ChangeSet| Summary {
        include_nested_stacks: set.include_nested,
        execution_status: execution(&set),
        status: status(&set),
        stack_id: set.stack,
        stack_name: set.stack_name,
        change_set_id: set.id,
        change_set_name: set.name,
        status_reason: set.failed,
        creation_time: Timestamp(set.created),
        description: set.description,
        import_existing_resources: set.import_existing.then_some(true),
    };
    Ok(ListChangeSetsOutput { summaries: sets.into_iter().map(summary).collect(), next_token })
}
