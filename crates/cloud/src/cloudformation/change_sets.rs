//! CreateChangeSet, ExecuteChangeSet, DeleteChangeSet and ListChangeSets.

use serde::{Deserialize, Serialize};

use super::input::{Deployment, at_most, constraint, new_name, stack_name};
use super::record::{ChangeSet, Execution, OnFailure, Stack, Status};
use super::stacks::{Begin, begin_update, blank, new_template, updatable};
use super::store::{self, Place, last};
use super::{compare, run};
use crate::gateway::Context;
use engine::Engine;
use wire::{AwsError, Timestamp};

/// Change sets of a page.
const PAGE: usize = 100;
/// "CreateChangeSet": characters of a change set's name.
const MAX_NAME: usize = 128;

const NOTHING: &str =
    "The submitted information didn't contain changes. Submit different information to create a change set.";

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::bad("ValidationError", message)
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateChangeSetOutput {
    id: String,
    stack_id: String,
}

fn change_set_name(name: Option<String>) -> Result<String, AwsError> {
    let name = name.ok_or_else(|| constraint(None, "changeSetName", "not be null"))?;
    let fits = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && name.len() <= MAX_NAME;
    if fits {
        return Ok(name);
    }
    Err(constraint(Some(&name), "changeSetName", "satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"))
}

pub async fn create_change_set(cx: &Context, mut input: Deployment) -> Result<CreateChangeSetOutput, AwsError> {
    let name = stack_name(input.stack_name.take())?;
    let set_name = change_set_name(input.change_set_name.take())?;
    let creates = match input.change_set_type.as_deref() {
        Some("CREATE") => true,
        None | Some("UPDATE") => false,
        Some("IMPORT") => return Err(invalid("Importing resources is not supported by this cloud.")),
        Some(other) => {
            return Err(constraint(Some(other), "changeSetType", "satisfy enum value set: [IMPORT, UPDATE, CREATE]"));
        }
    };
    if input.include_nested_stacks == Some(true) {
        return Err(invalid("Nested stacks are not supported by this cloud."));
    }
    let place = Place::of(cx);
    let existing = cx.cloud.core.read(|engine, _| store::find(engine, &place, &name))?.filter(|s| s.deleted.is_none());
    let mut stack = match existing {
        Some(stack) if !creates && stack.status != Status::ReviewInProgress => stack,
        Some(stack) if creates && stack.status == Status::ReviewInProgress => stack,
        Some(_) if creates => {
            return Err(invalid(format!(
                "Stack [{name}] already exists and cannot be created again with the changeSet [{set_name}]."
            )));
        }
        Some(stack) => return Err(not_updatable(&stack)),
        None if creates => blank(cx, &new_name(Some(name.clone()))?),
        None => return Err(store::no_such_stack(&name)),
    };
    let on_failure = input.on_failure(creates)?;
    let key = new_template(cx, &stack);
    let prepared = input.prepare(cx, &stack, !creates, key).await?;
    if !creates {
        updatable(&stack)?;
    }
    let (changes, failed) = match compare::changes(cx, &stack, &prepared.plan).await {
        Ok(changes) => {
            let nothing = !creates
                && changes.changes.is_empty()
                && !compare::differs(cx, &stack, &prepared.definition, &prepared.plan);
            (changes, nothing.then(|| NOTHING.to_owned()))
        }
        Err(error) => (Default::default(), Some(error.message)),
    };
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
    };
    let old = store::old(cx);
    core.execute(|transaction| {
        store::check_change_sets(transaction.engine, &stack)?;
        let same = store::change_sets(transaction.engine, &stack.uuid).into_iter().find(|other| other.name == set.name);
        // One that was executed gives its name away.
        if let Some(old) = same.as_ref().filter(|old| old.execution == Execution::Complete) {
            store::drop_change_set(transaction, &stack.uuid, &old.id);
        } else if same.is_some() {
            return Err(AwsError::bad(
                "AlreadyExistsException",
                format!("ChangeSet {} cannot be created due to a mismatch with existing attribute Name", set.name),
            ));
        }
        if creates && store::stack(transaction.engine, &place, &stack.uuid).is_none() {
            if store::find(transaction.engine, &place, &stack.name)?.is_some() {
                return Err(invalid(format!(
                    "Stack [{name}] already exists and cannot be created again with the changeSet [{}].",
                    set.name
                )));
            }
            store::check_quota(transaction.engine, &place)?;
            store::forget(transaction, &old);
            run::turn(transaction, cx, &mut stack, Status::ReviewInProgress, Some("User Initiated"));
            store::put_stack(transaction, &stack);
        }
        store::put_template(transaction, &set.definition.template, &prepared.text);
        store::put_change_set(transaction, &stack.uuid, &set);
        Ok(())
    })
    .await?;
    Ok(CreateChangeSetOutput { id: set.id, stack_id: stack.id })
}

fn not_updatable(stack: &Stack) -> AwsError {
    invalid(format!("Stack:{} is in {} state and can not be updated.", stack.id, stack.status))
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ChangeSetInput {
    pub stack_name: Option<String>,
    pub change_set_name: Option<String>,
    pub next_token: Option<String>,
    pub client_request_token: Option<String>,
    pub disable_rollback: Option<bool>,
    pub include_property_values: Option<bool>,
}

/// The change set that a request names, by its ARN, or by its name and its stack's.
pub fn find(engine: &Engine, place: &Place, input: &ChangeSetInput) -> Result<(Stack, ChangeSet), AwsError> {
    let name = input.change_set_name.as_deref().ok_or_else(|| constraint(None, "changeSetName", "not be null"))?;
    let absent = || store::no_change_set(name);
    if name.starts_with("arn:") {
        place.owns(name)?;
        let stacks = store::stacks(engine, place).into_iter();
        let mut sets = stacks
            .flat_map(|stack| store::change_sets(engine, &stack.uuid).into_iter().map(move |set| (stack.clone(), set)));
        return sets.find(|(_, set)| set.id == name).ok_or_else(absent);
    }
    let stack_name = input
        .stack_name
        .as_deref()
        .ok_or_else(|| invalid("StackName must be specified if ChangeSetName is not specified as an ARN."))?;
    let stack = store::find(engine, place, stack_name)?.ok_or_else(|| store::no_such_stack(stack_name))?;
    let set = store::change_sets(engine, &stack.uuid).into_iter().find(|set| set.name == name);
    Ok((stack, set.ok_or_else(absent)?))
}

#[derive(Debug, Serialize)]
pub struct Nothing {}

pub async fn execute_change_set(cx: &Context, input: ChangeSetInput) -> Result<Nothing, AwsError> {
    let place = Place::of(cx);
    at_most(input.client_request_token.as_deref(), "clientRequestToken", 128)?;
    let uuid = cx
        .cloud
        .core
        .execute(|transaction| {
            let (mut stack, mut set) = find(transaction.engine, &place, &input)?;
            if set.execution != Execution::Available {
                let status = execution(&set);
                return Err(AwsError::bad(
                    "InvalidChangeSetStatus",
                    format!("ChangeSet [{}] cannot be executed in its current status of [{status}]", set.id),
                ));
            }
            let on_failure = match input.disable_rollback {
                Some(true) => OnFailure::Nothing,
                _ => set.on_failure,
            };
            for other in store::change_sets(transaction.engine, &stack.uuid) {
                if other.id != set.id {
                    store::drop_change_set(transaction, &stack.uuid, &other.id);
                }
            }
            set.execution = Execution::Complete;
            let begin = Begin {
                definition: set.definition.clone(),
                text: None,
                on_failure,
                token: input.client_request_token.clone(),
                change_set: Some(set.id.clone()),
            };
            if set.creates {
                stack.now = begin.definition;
                stack.host = cx.host.to_string();
                stack.on_failure = begin.on_failure;
                stack.token = begin.token;
                stack.change_set = begin.change_set;
                stack.updated = Some(transaction.now);
                run::turn(transaction, cx, &mut stack, Status::CreateInProgress, Some("User Initiated"));
                store::put_stack(transaction, &stack);
            } else {
                updatable(&stack)?;
                begin_update(transaction, cx, &mut stack, begin);
            }
            store::put_change_set(transaction, &stack.uuid, &set);
            Ok(stack.uuid)
        })
        .await?;
    run::start(cx, &uuid);
    Ok(Nothing {})
}

pub async fn delete_change_set(cx: &Context, input: ChangeSetInput) -> Result<Nothing, AwsError> {
    let place = Place::of(cx);
    cx.cloud
        .core
        .execute(|transaction| {
            match find(transaction.engine, &place, &input) {
                Ok((stack, set)) => {
                    store::drop_change_set(transaction, &stack.uuid, &set.id);
                    store::drop_templates(transaction, &stack);
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
pub fn status(set: &ChangeSet) -> &'static str {
    if set.failed.is_some() { "FAILED" } else { "CREATE_COMPLETE" }
}

/// AWS's name of an execution status.
pub fn execution(set: &ChangeSet) -> &'static str {
    match set.execution {
        Execution::Available => "AVAILABLE",
        Execution::Unavailable => "UNAVAILABLE",
        Execution::Complete => "EXECUTE_COMPLETE",
        Execution::Obsolete => "OBSOLETE",
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListChangeSetsOutput {
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
    import_existing_resources: bool,
}

pub async fn list_change_sets(cx: &Context, input: ChangeSetInput) -> Result<ListChangeSetsOutput, AwsError> {
    let name = stack_name(input.stack_name)?;
    let place = Place::of(cx);
    let sets = cx.cloud.core.read(|engine, _| {
        let stack = store::find(engine, &place, &name)?.ok_or_else(|| store::no_such_stack(last(&name)))?;
        Ok::<_, AwsError>(store::change_sets(engine, &stack.uuid))
    })?;
    let (sets, next_token) = store::page(sets, input.next_token.as_deref(), PAGE)?;
    let summary = |set: ChangeSet| Summary {
        execution_status: execution(&set),
        status: status(&set),
        stack_id: set.stack,
        stack_name: set.stack_name,
        change_set_id: set.id,
        change_set_name: set.name,
        status_reason: set.failed,
        creation_time: Timestamp(set.created),
        description: set.description,
        include_nested_stacks: false,
        import_existing_resources: false,
    };
    Ok(ListChangeSetsOutput { summaries: sets.into_iter().map(summary).collect(), next_token })
}
