//! DescribeStacks and ListStacks.

use serde::{Deserialize, Serialize};

use super::blocking::run_blocking;
use super::error::{constraint, no_stack_with_id};
use super::page::page;
use super::place::Place;
use super::plan::pseudo_here;
use super::record::{Definition, OnFailure, OperationEntry, OperationKind, Stack, Status, Tag};
use super::store;
use crate::request::Context;
use template::Template;
use template::parameters::{MASK, Texts};
use wire::{AwsError, Timestamp};

/// Stacks of a page.
const PAGE: usize = 100;
/// "DescribeStacks": bytes of a page. One stack that has more has a page of its own.
const PAGE_BYTES: usize = 1 << 20;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct DescribeStacksInput {
    stack_name: Option<String>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeStacksOutput {
    stacks: Vec<StackView>,
    next_token: Option<String>,
}

/// A parameter with its value, which `NoEcho` hides. The resolved value is what the Parameter Store had for it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ParameterView {
    pub parameter_key: String,
    pub parameter_value: String,
    pub resolved_value: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct OutputView {
    output_key: String,
    output_value: String,
    description: Option<String>,
    export_name: Option<String>,
}

/// Always empty: there are no alarms here.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RollbackConfiguration {}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct DriftInformation {
    stack_drift_status: &'static str,
}

/// Drift isn't looked for here.
const NO_DRIFT: DriftInformation = DriftInformation { stack_drift_status: "NOT_CHECKED" };

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct StackView {
    stack_id: String,
    stack_name: String,
    change_set_id: Option<String>,
    description: Option<String>,
    parameters: Option<Vec<ParameterView>>,
    creation_time: Timestamp,
    deletion_time: Option<Timestamp>,
    last_updated_time: Option<Timestamp>,
    rollback_configuration: RollbackConfiguration,
    stack_status: &'static str,
    stack_status_reason: Option<String>,
    disable_rollback: bool,
    #[serde(rename = "NotificationARNs")]
    notification_arns: Vec<String>,
    timeout_in_minutes: Option<u32>,
    capabilities: Option<Vec<String>>,
    outputs: Option<Vec<OutputView>>,
    #[serde(rename = "RoleARN")]
    role_arn: Option<String>,
    tags: Vec<Tag>,
    enable_termination_protection: Option<bool>,
    drift_information: DriftInformation,
    last_operations: Option<Vec<OperationView>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct OperationView {
    operation_type: &'static str,
    operation_id: String,
}

/// The parameters of a template, those that are `NoEcho` masked, in the template's order.
fn parameters(template: Option<&Template>, texts: &Texts, resolved: &Texts) -> Option<Vec<ParameterView>> {
    let view = |key: &str, no_echo: bool| {
        let value = if no_echo { MASK } else { texts.get(key)? };
        let resolved = resolved.get(key).map(|value| if no_echo { MASK } else { value });
        Some(ParameterView {
            parameter_key: key.to_owned(),
            parameter_value: value.to_owned(),
            resolved_value: resolved.map(str::to_owned),
        })
    };
    let views: Vec<ParameterView> = match template {
        Some(template) => template.parameters.iter().filter_map(|p| view(&p.name, p.no_echo)).collect(),
        // Whether they may be shown isn't known.
        None => texts.keys().filter_map(|key| view(key, true)).collect(),
    };
    (!views.is_empty()).then_some(views)
}

/// The parameters of a definition as its template lets them be shown.
pub(super) async fn shown(cx: &Context, definition: &Definition) -> Result<Option<Vec<ParameterView>>, AwsError> {
    if definition.parameters.is_empty() {
        return Ok(None);
    }
    let text = cx.cloud.core.read(|engine, _| store::template(engine, &definition.template));
    let (texts, resolved) = (definition.parameters.clone(), definition.resolved.clone());
    let (all, here) = (definition.texts(), pseudo_here(cx));
    let read = move || {
        let template = text.and_then(|text| Template::read_given(&text, &all, &here).ok());
        parameters(template.as_ref(), &texts, &resolved)
    };
    run_blocking(read).await
}

fn some<T>(items: Vec<T>) -> Option<Vec<T>> {
    (!items.is_empty()).then_some(items)
}

/// Why a stack has its status. That its user began what ended since, or runs, AWS doesn't tell; of a stack in review it does
/// (recorded on AWS).
fn reason(status: Status, reason: Option<String>) -> Option<String> {
    reason.filter(|reason| reason != "User Initiated" || status == Status::ReviewInProgress)
}

/// Of the operations that a stack remembers AWS shows the last (recorded on AWS, February 2026); here a rollback stands beside what
/// it takes back.
fn last(operations: Vec<OperationEntry>) -> Vec<OperationView> {
    let begun = operations.iter().position(|entry| entry.kind != OperationKind::Rollback);
    let shown = begun.map_or(operations.len(), |at| at + 1);
    operations.into_iter().take(shown).map(operation).collect()
}

fn operation(entry: OperationEntry) -> OperationView {
    OperationView { operation_type: entry.kind.as_str(), operation_id: entry.id }
}

async fn view(cx: &Context, stack: Stack) -> Result<StackView, AwsError> {
    let parameters = shown(cx, &stack.now).await?;
    let outputs = stack.now.outputs.into_iter().map(|output| OutputView {
        output_key: output.key,
        output_value: output.value,
        description: output.description,
        export_name: output.export,
    });
    let deleted = stack.deleted.is_some();
    Ok(StackView {
        parameters,
        outputs: some(outputs.collect()),
        change_set_id: stack.change_set.filter(|_| !deleted),
        description: stack.now.description,
        creation_time: Timestamp(stack.created),
        deletion_time: stack.deleted.map(Timestamp),
        last_updated_time: stack.updated.map(Timestamp),
        rollback_configuration: RollbackConfiguration::default(),
        stack_status: stack.status.as_str(),
        stack_status_reason: reason(stack.status, stack.reason),
        disable_rollback: stack.on_failure == OnFailure::Nothing,
        notification_arns: stack.now.notifications,
        timeout_in_minutes: stack.timeout_minutes,
        capabilities: some(stack.now.capabilities),
        role_arn: stack.now.role,
        tags: stack.now.tags,
        enable_termination_protection: (!deleted).then_some(stack.protected),
        drift_information: NO_DRIFT,
        last_operations: some(last(stack.operations)),
        stack_id: stack.id,
        stack_name: stack.name,
    })
}

/// How many stacks the page has that begins at a token.
fn page_size(stacks: &[Stack], token: Option<&str>) -> usize {
    let start = token.and_then(|token| token.parse().ok()).unwrap_or(0);
    let mut bytes = 0;
    let fit = stacks.iter().skip(start).take(PAGE).take_while(|stack| {
        let now = &stack.now;
        let texts = now.parameters.iter().chain(&now.resolved).map(|(name, text)| name.len() + text.len());
        let outputs = now.outputs.iter().map(|output| output.key.len() + output.value.len());
        bytes += texts.chain(outputs).sum::<usize>();
        bytes <= PAGE_BYTES
    });
    fit.count().max(1)
}

/// DescribeStacks: one stack, also a deleted one by its ARN; or all that aren't deleted.
pub(super) async fn describe_stacks(
    cx: &Context,
    input: DescribeStacksInput,
) -> Result<DescribeStacksOutput, AwsError> {
    let place = Place::of(cx);
    if input.stack_name.as_deref() == Some("") {
        return Err(constraint("", "stackName", "have length greater than or equal to 1"));
    }
    let (stacks, next_token) = match input.stack_name {
        Some(name) => {
            let stack = cx.cloud.core.read(|engine, _| store::find_stack(engine, &place, &name))?;
            (vec![stack.ok_or_else(|| no_stack_with_id(&name))?], None)
        }
        None => {
            let alive = store::all_stacks(cx).into_iter().filter(|stack| stack.deleted.is_none());
            let alive: Vec<Stack> = alive.collect();
            let size = page_size(&alive, input.next_token.as_deref());
            page(alive, input.next_token.as_deref(), size)?
        }
    };
    let mut views = Vec::with_capacity(stacks.len());
    for stack in stacks {
        views.push(view(cx, stack).await?);
    }
    Ok(DescribeStacksOutput { stacks: views, next_token })
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ListStacksInput {
    next_token: Option<String>,
    stack_status_filter: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListStacksOutput {
    stack_summaries: Vec<Summary>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Summary {
    stack_id: String,
    stack_name: String,
    template_description: Option<String>,
    creation_time: Timestamp,
    last_updated_time: Option<Timestamp>,
    deletion_time: Option<Timestamp>,
    stack_status: &'static str,
    stack_status_reason: Option<String>,
    drift_information: DriftInformation,
}

/// ListStacks: also the deleted ones.
pub(super) async fn list_stacks(cx: &Context, input: ListStacksInput) -> Result<ListStacksOutput, AwsError> {
    let filter = input.stack_status_filter.unwrap_or_default();
    if let Some(wrong) = filter.iter().find(|f| !Status::ALL.iter().any(|status| status.as_str() == f.as_str())) {
        // IMPORT_* are statuses that no stack has here.
        if !wrong.starts_with("IMPORT_") {
            return Err(constraint(wrong, "stackStatusFilter", "satisfy enum value set of stack statuses"));
        }
    }
    let stacks = store::all_stacks(cx);
    let wanted = stacks.into_iter().filter(|s| filter.is_empty() || filter.iter().any(|f| f == s.status.as_str()));
    let (stacks, next_token) = page(wanted.collect(), input.next_token.as_deref(), PAGE)?;
    let stack_summaries = stacks
        .into_iter()
        .map(|stack| Summary {
            stack_id: stack.id,
            stack_name: stack.name,
            template_description: stack.now.description,
            creation_time: Timestamp(stack.created),
            last_updated_time: stack.updated.map(Timestamp),
            deletion_time: stack.deleted.map(Timestamp),
            stack_status: stack.status.as_str(),
            stack_status_reason: reason(stack.status, stack.reason),
            drift_information: NO_DRIFT,
        })
        .collect();
    Ok(ListStacksOutput { stack_summaries, next_token })
}
