//! DescribeEvents: what happened to stacks and change sets, by operation.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::change_sets::{ChangeSetInput, find};
use super::error::{invalid, no_stack_named};
use super::page::page;
use super::place::Place;
use super::record::{ChangeSet, Event, Finding, OperationEntry, OperationKind, Stack};
use super::store;
use crate::request::Context;
use engine::Engine;
use wire::{AwsError, Timestamp};

/// Events of a page.
const PAGE: usize = 100;
/// Bytes of a page, as many as one of DescribeStackEvents has. One event that has more has a page of its own.
const PAGE_BYTES: usize = 1 << 20;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct DescribeEventsInput {
    stack_name: Option<String>,
    change_set_name: Option<String>,
    operation_id: Option<String>,
    filters: Option<Filters>,
    next_token: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Filters {
    failed_events: Option<bool>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeEventsOutput {
    operation_events: Vec<EventView>,
    next_token: Option<String>,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct EventView {
    event_id: String,
    stack_id: String,
    operation_id: Option<String>,
    operation_type: Option<&'static str>,
    operation_status: Option<&'static str>,
    event_type: &'static str,
    logical_resource_id: Option<String>,
    physical_resource_id: Option<String>,
    resource_type: Option<String>,
    timestamp: Option<Timestamp>,
    resource_status: Option<&'static str>,
    resource_status_reason: Option<String>,
    resource_properties: Option<String>,
    client_request_token: Option<String>,
    validation_failure_mode: Option<&'static str>,
    validation_name: Option<String>,
    validation_status: Option<&'static str>,
    validation_status_reason: Option<String>,
    validation_path: Option<String>,
}

impl EventView {
    fn failed(&self) -> bool {
        matches!(self.event_type, "VALIDATION_ERROR" | "PROVISIONING_ERROR") || self.operation_status == Some("FAILED")
    }
}

/// An event of a stack or of one of its resources.
fn view(stack: &Stack, event: Event) -> EventView {
    let status = event.status.as_str();
    let (own, failed) = (event.physical_id == stack.id, status.ends_with("_FAILED"));
    EventView {
        event_id: event.id,
        stack_id: stack.id.clone(),
        operation_type: event.operation.as_ref().map(|operation| operation.kind.as_str()),
        operation_id: event.operation.map(|operation| operation.id),
        operation_status: own.then_some(match () {
            () if failed => "FAILED",
            () if status.ends_with("_IN_PROGRESS") => "IN_PROGRESS",
            () => "SUCCEEDED",
        }),
        event_type: match (own, failed) {
            (true, _) => "STACK_EVENT",
            (false, true) => "PROVISIONING_ERROR",
            (false, false) => "PROGRESS_EVENT",
        },
        logical_resource_id: Some(event.logical_id),
        physical_resource_id: Some(event.physical_id),
        resource_type: Some(event.kind),
        timestamp: Some(Timestamp(event.at)),
        resource_status: Some(status),
        resource_status_reason: event.reason,
        resource_properties: event.properties,
        client_request_token: event.token,
        ..EventView::default()
    }
}

/// The events of a change set: that it is made, and before that what was found to be wrong with it.
fn of_change_set(set: ChangeSet) -> Vec<EventView> {
    let operation = set.operation.unwrap_or_default();
    let event = |id: String, event_type| EventView {
        event_id: id,
        stack_id: set.stack.clone(),
        operation_id: Some(operation.clone()),
        operation_type: Some(OperationKind::CreateChangeSet.as_str()),
        event_type,
        timestamp: Some(Timestamp(set.created)),
        ..EventView::default()
    };
    let made = EventView {
        operation_status: Some(if set.failed.is_some() { "FAILED" } else { "SUCCEEDED" }),
        ..event(operation.clone(), "STACK_EVENT")
    };
    let finding = |finding: Finding| EventView {
        logical_resource_id: Some(finding.logical_id),
        physical_resource_id: Some(String::new()),
        resource_type: Some(finding.kind),
        validation_failure_mode: Some("FAIL"),
        validation_name: Some(finding.validation),
        validation_status: Some("FAILED"),
        validation_status_reason: Some(finding.reason),
        validation_path: Some(finding.path),
        ..event(finding.id, "VALIDATION_ERROR")
    };
    std::iter::once(made).chain(set.findings.into_iter().map(finding)).collect()
}

/// What an operation's events are looked up in.
enum Source {
    Stack(Box<Stack>, Vec<Arc<[u8]>>),
    ChangeSet(Box<ChangeSet>),
}

/// Finds the stack or the change set of an operation.
fn by_operation(engine: &Engine, place: &Place, id: &str) -> Result<Source, AwsError> {
    for stack in store::stacks(engine, place) {
        if stack.operations.iter().any(|operation: &OperationEntry| operation.id == id) {
            let events = store::events(engine, &stack.uuid);
            return Ok(Source::Stack(Box::new(stack), events));
        }
        let mut sets = store::change_sets(engine, &stack.uuid).into_iter();
        if let Some(set) = sets.find(|set| set.operation.as_deref() == Some(id)) {
            return Ok(Source::ChangeSet(Box::new(set)));
        }
    }
    Err(invalid(format!("Operation [{id}] does not exist")))
}

/// How many events the page has that begins at a token.
fn page_size(events: &[EventView], token: Option<&str>) -> usize {
    let start = token.and_then(|token| token.parse().ok()).unwrap_or(0);
    let mut bytes = 0;
    let fit = events.iter().skip(start).take(PAGE).take_while(|event| {
        let texts = [&event.resource_properties, &event.resource_status_reason, &event.validation_status_reason];
        bytes += texts.into_iter().flatten().map(String::len).sum::<usize>();
        bytes <= PAGE_BYTES
    });
    fit.count().max(1)
}

/// DescribeEvents: newest first.
pub(super) async fn describe_events(
    cx: &Context,
    input: DescribeEventsInput,
) -> Result<DescribeEventsOutput, AwsError> {
    let place = Place::of(cx);
    let found =
        cx.cloud.core.read(|engine, _| match (&input.change_set_name, &input.operation_id, &input.stack_name) {
            (Some(name), _, stack_name) if stack_name.is_some() || name.starts_with("arn:") => {
                let named = ChangeSetInput {
                    stack_name: stack_name.clone(),
                    change_set_name: Some(name.clone()),
                    ..ChangeSetInput::default()
                };
                Ok(Source::ChangeSet(Box::new(find(engine, &place, &named)?.1)))
            }
            (_, Some(id), _) => by_operation(engine, &place, id),
            (_, None, Some(name)) => {
                let stack = store::find_stack(engine, &place, name)?.ok_or_else(|| no_stack_named(name))?;
                let events = store::events(engine, &stack.uuid);
                Ok(Source::Stack(Box::new(stack), events))
            }
            // The words are AWS's (aws-cloudformation/cloudformation-cli, issue 1116).
            _ => Err(invalid("One of ChangeSetName, OperationId or StackName must be specified")),
        })?;
    let mut events: Vec<EventView> = match found {
        Source::ChangeSet(set) => of_change_set(*set),
        Source::Stack(stack, events) => {
            let events = events.iter().filter_map(|bytes| store::decode_event(bytes));
            events.map(|event| view(&stack, event)).collect()
        }
    };
    if let Some(id) = &input.operation_id {
        events.retain(|event| event.operation_id.as_ref() == Some(id));
    }
    if input.filters.is_some_and(|filters| filters.failed_events == Some(true)) {
        events.retain(EventView::failed);
    }
    let size = page_size(&events, input.next_token.as_deref());
    let (operation_events, next_token) = page(events, input.next_token.as_deref(), size)?;
    Ok(DescribeEventsOutput { operation_events, next_token })
}
