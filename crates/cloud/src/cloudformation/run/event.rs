//! The events of stacks and of their resources: how they are written, with the status that they tell.

use serde_json::Value;

use super::notify::notify;
use crate::cloudformation::record::{Event, Live, OperationKind, Resource, Stack, Status};
use crate::cloudformation::store;
use crate::core::transaction::Transaction;
use crate::request::Context;
use engine::Millis;
use template::diff::shown;
use template::hidden::told;
use text::time::iso_millis;

/// The resource type that a stack's own events have.
const STACK: &str = "AWS::CloudFormation::Stack";

/// What an event says of a resource.
pub(super) struct ResourceEvent<'a> {
    pub status: Status,
    pub reason: Option<&'a str>,
    pub physical_id: &'a str,
    /// The resource with the properties that it has, or should get.
    pub live: Option<&'a Live>,
}

impl<'a> ResourceEvent<'a> {
    /// An event that says no more than a status.
    pub(super) fn new(status: Status) -> Self {
        Self { status, reason: None, physical_id: "", live: None }
    }

    /// Of the physical resource with this id.
    pub(super) fn of(self, physical_id: &'a str) -> Self {
        Self { physical_id, ..self }
    }

    /// With a reason.
    pub(super) fn because(self, reason: &'a str) -> Self {
        Self { reason: Some(reason), ..self }
    }

    /// With the resource's properties, as they are told.
    pub(super) fn with(self, live: &'a Live) -> Self {
        Self { live: Some(live), ..self }
    }
}

/// Gives a stack a status, with an event. The caller writes the stack.
pub(crate) fn set_status(
    tx: &mut Transaction<'_>,
    cx: &Context,
    stack: &mut Stack,
    status: Status,
    reason: Option<&str>,
) {
    if let Some(kind) = begins(stack.status, status) {
        stack.begin(cx.cloud.core.uuid(), kind);
    }
    stack.status = status;
    stack.reason = reason.map(str::to_owned);
    let event = Event {
        id: cx.cloud.core.uuid(),
        logical_id: stack.name.clone(),
        physical_id: stack.id.clone(),
        kind: STACK.to_owned(),
        at: next_event_time(tx, stack),
        status,
        reason: reason.map(str::to_owned),
        properties: None,
        token: stack.token.clone(),
        operation: stack.operations.first().cloned(),
    };
    store::put_event(tx, stack, &event);
    notify(tx, cx, stack, &event);
}

/// The operation that begins when a stack's status changes, if one does. A rollback that a failure brings is one of its own.
fn begins(old: Status, new: Status) -> Option<OperationKind> {
    match new {
        _ if old == new => None,
        Status::CreateInProgress => Some(OperationKind::CreateStack),
        Status::UpdateInProgress => Some(OperationKind::UpdateStack),
        Status::DeleteInProgress => Some(OperationKind::DeleteStack),
        Status::RollbackInProgress => Some(OperationKind::Rollback),
        Status::UpdateRollbackInProgress if old == Status::UpdateRollbackFailed => {
            Some(OperationKind::ContinueRollback)
        }
        Status::UpdateRollbackInProgress => Some(OperationKind::Rollback),
        _ => None,
    }
}

/// Writes an event of a resource. The caller writes the stack, which counts its events.
pub(super) fn record(
    tx: &mut Transaction<'_>,
    cx: &Context,
    stack: &mut Stack,
    resource: &Resource,
    event: &ResourceEvent<'_>,
) {
    let at = next_event_time(tx, stack);
    let logical_id = &resource.logical_id;
    let deletes = event.status.as_str().starts_with("DELETE");
    let id = if deletes {
        format!("{logical_id}-{}", cx.cloud.core.uuid())
    } else {
        format!("{logical_id}-{}-{}", event.status, iso_millis(at))
    };
    let event = Event {
        id,
        logical_id: logical_id.clone(),
        physical_id: event.physical_id.to_owned(),
        kind: resource.kind.clone(),
        at,
        status: event.status,
        reason: event.reason.map(str::to_owned),
        properties: event.live.map(|live| shown(&Value::Object(told(&live.properties, &live.hidden))).to_string()),
        token: stack.token.clone(),
        operation: stack.operations.first().cloned(),
    };
    store::put_event(tx, stack, &event);
    notify(tx, cx, stack, &event);
}

/// The time of the stack's next event, in milliseconds since 1970: later than that of its last.
fn next_event_time(tx: &Transaction<'_>, stack: &mut Stack) -> Millis {
    stack.last_event = tx.now.max(stack.last_event + 1);
    stack.last_event
}
