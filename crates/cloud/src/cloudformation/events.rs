//! DescribeStackEvents.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::error::no_stack_named;
use super::input::stack_name;
use super::page::page;
use super::place::Place;
use super::record::Event;
use super::store;
use crate::request::Context;
use wire::{AwsError, Timestamp};

/// Events of a page.
const PAGE: usize = 100;
/// "DescribeStackEvents": bytes of a page. One event that has more has a page of its own.
const PAGE_BYTES: usize = 1 << 20;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct DescribeStackEventsInput {
    stack_name: Option<String>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeStackEventsOutput {
    stack_events: Vec<EventView>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct EventView {
    stack_id: String,
    event_id: String,
    stack_name: String,
    logical_resource_id: String,
    physical_resource_id: String,
    resource_type: String,
    timestamp: Timestamp,
    resource_status: &'static str,
    resource_status_reason: Option<String>,
    resource_properties: Option<String>,
    client_request_token: Option<String>,
    operation_id: Option<String>,
}

/// How many events the page has that begins at a token.
fn page_size(events: &[Arc<[u8]>], token: Option<&str>) -> usize {
    let start = token.and_then(|token| token.parse().ok()).unwrap_or(0);
    let mut bytes = 0;
    let fit = events.iter().skip(start).take(PAGE).take_while(|event| {
        bytes += event.len();
        bytes <= PAGE_BYTES
    });
    fit.count().max(1)
}

/// DescribeStackEvents: newest first.
pub(super) async fn describe_stack_events(
    cx: &Context,
    input: DescribeStackEventsInput,
) -> Result<DescribeStackEventsOutput, AwsError> {
    let name = stack_name(input.stack_name)?;
    let place = Place::of(cx);
    let found = cx.cloud.core.read(|engine, _| {
        let stack = store::find_stack(engine, &place, &name)?.ok_or_else(|| no_stack_named(&name))?;
        let events = store::events(engine, &stack.uuid);
        Ok::<_, AwsError>((stack, events))
    });
    let (stack, events) = found?;
    let size = page_size(&events, input.next_token.as_deref());
    let (events, next_token) = page(events, input.next_token.as_deref(), size)?;
    let events = events.iter().filter_map(|bytes| store::decode_event(bytes));
    let view = |event: Event| EventView {
        stack_id: stack.id.clone(),
        event_id: event.id,
        stack_name: stack.name.clone(),
        logical_resource_id: event.logical_id,
        physical_resource_id: event.physical_id,
        resource_type: event.kind,
        timestamp: Timestamp(event.at),
        resource_status: event.status.as_str(),
        resource_status_reason: event.reason,
        resource_properties: event.properties,
        client_request_token: event.token,
        operation_id: event.operation.map(|operation| operation.id),
    };
    Ok(DescribeStackEventsOutput { stack_events: events.map(view).collect(), next_token })
}
