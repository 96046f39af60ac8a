//! How a stack runs: from the status it has to the one that ends its operation, a document at a time.
//!
//! Every step reads where the stack stands and writes what it did, so a run that a restart interrupted goes on where it was.
//! A creation settles the new resource's name, which nobody has, before it makes it; after a restart what has that name is
//! known to be ours.
//!
//! ```text
//! CREATE_IN_PROGRESS --create--> CREATE_COMPLETE
//!                    `-failed--> ROLLBACK_IN_PROGRESS --delete--> ROLLBACK_COMPLETE (or the stack is deleted)
//! UPDATE_IN_PROGRESS --update--> UPDATE_COMPLETE_CLEANUP_IN_PROGRESS --delete what is left over--> UPDATE_COMPLETE
//!                    `-failed--> UPDATE_ROLLBACK_IN_PROGRESS --restore--> .._CLEANUP_IN_PROGRESS --> UPDATE_ROLLBACK_COMPLETE
//! DELETE_IN_PROGRESS --delete--> DELETE_COMPLETE
//! ```

mod apply;
mod clean;
mod notify;
mod outputs;
mod policy;
mod restore;

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use serde_json::{Map, Value};

use super::aside::aside;
use super::plan::{self, Export, Plan};
use super::record::{Definition, Event, Live, OnFailure, Resource, Resources, Stack, Status};
use super::store::{self, Place};
use super::types::{GeneratedName, Work};
use crate::core::Cloud;
use crate::core::transaction::Transaction;
use crate::request::{Context, Origin, RequestIds, Services, intern};
use engine::Millis;
use template::Policy;
use template::diff::shown;
use wire::{AwsError, Protocol};

pub use policy::check as check_policy;

/// An operation on a stack under way.
struct Run {
    cx: Context,
    place: Place,
    uuid: String,
}

/// Goes on with every stack at which something ran when the server stopped.
pub async fn resume(cloud: Arc<Cloud>, services: &'static Services) {
    let stacks = cloud.core.read(|engine, _| store::running(engine));
    let ids = RequestIds::default();
    for stack in stacks {
        cloud.notice(&format!("the stack {} goes on from {}", stack.name, stack.status));
        let cx = Context {
            cloud: cloud.clone(),
            account: intern(&stack.account),
            region: intern(&stack.region),
            access_key: None,
            session: None,
            proven: false,
            host: intern(&stack.host),
            protocol: Protocol::Query,
            request_id: ids.next(),
            trace: None,
            service: Some(&crate::cloudformation::SERVICE),
            services,
            origin: Origin::default(),
        };
        run(cx, stack.uuid).await;
    }
}

/// Runs a stack's operation in the background.
pub fn start(cx: &Context, uuid: &str) {
    let cx = Context { service: Some(&crate::cloudformation::SERVICE), ..cx.clone() };
    tokio::spawn(run(cx, uuid.to_owned()));
}

/// Bytes of the reason for which a stack can't go on.
const LONGEST_REASON: usize = 1_024;
/// How long a stack waits for a log that takes no writes.
const PAUSE: Millis = 1_000;

async fn run(cx: Context, uuid: String) {
    let cloud = cx.cloud.clone();
    let place = Place::of(&cx);
    let run = Run { cx, place, uuid };
    while let Some(stack) = run.stack().filter(|stack| stack.status.running()) {
        let (name, status) = (stack.name.clone(), stack.status);
        // A fault of this server in one stack is that stack's failure, and nobody else's.
        let step = AssertUnwindSafe(run.step(stack)).catch_unwind().await;
        let Err(mut error) = step.unwrap_or_else(|_| Err(AwsError::internal("Internal Failure"))) else { continue };
        if error.status != 503 {
            cloud.notice(&format!("the operation on stack {name} failed in {status}: {}", error.message));
            match run.end(status, &error.message).await {
                Ok(()) => continue,
                Err(worse) if worse.status == 503 => error = worse,
                Err(worse) => return cloud.notice(&format!("stack {name} stays in {status}: {}", worse.message)),
            }
        }
        cloud.notice(&format!("the operation on stack {name} waits in {status}: {}", error.message));
        cloud.core.clock().sleep_until(cloud.core.now() + PAUSE).await;
    }
}

/// The status of a stack whose operation can't go on: from it the stack can be deleted, or taken back.
fn failure_of(stack: &Stack) -> Status {
    match stack.status {
        Status::RollbackInProgress => Status::RollbackFailed,
        Status::UpdateCleanup => Status::UpdateComplete,
        Status::UpdateRollbackInProgress => Status::UpdateRollbackFailed,
        Status::UpdateRollbackCleanup => Status::UpdateRollbackComplete,
        Status::DeleteInProgress => Status::DeleteFailed,
        _ => after_failure(stack),
    }
}

/// What an event says of a resource.
struct Said<'a> {
    status: Status,
    reason: Option<&'a str>,
    physical_id: &'a str,
    properties: Option<&'a Map<String, Value>>,
}

impl Run {
    /// Does what the stack's status asks for.
    async fn step(&self, stack: Stack) -> Result<(), AwsError> {
        match stack.status {
            Status::CreateInProgress | Status::UpdateInProgress => self.apply(stack).await,
            Status::RollbackInProgress => self.roll_back_creation(stack).await,
            Status::UpdateCleanup | Status::UpdateRollbackCleanup => self.clean_up(stack).await,
            Status::UpdateRollbackInProgress => self.restore(stack).await,
            Status::DeleteInProgress => self.delete(stack).await,
            _ => Ok(()),
        }
    }

    /// Ends what can't go on, if the stack still stands where it did.
    async fn end(&self, status: Status, reason: &str) -> Result<(), AwsError> {
        self.write(|transaction, stack| {
            if stack.status == status {
                stack.cancelled = false;
                let reason = &reason[..reason.floor_char_boundary(LONGEST_REASON)];
                turn(transaction, &self.cx, stack, failure_of(stack), Some(reason));
            }
        })
        .await
    }

    fn stack(&self) -> Option<Stack> {
        self.cx.cloud.core.read(|engine, _| store::stack(engine, &self.place, &self.uuid))
    }

    fn resources(&self) -> Resources {
        store::all_resources(&self.cx, &self.uuid)
    }

    fn resource(&self, logical_id: &str) -> Option<Resource> {
        self.cx.cloud.core.read(|engine, _| store::resource(engine, &self.uuid, logical_id))
    }

    fn exports(&self) -> BTreeMap<String, Export> {
        plan::exports(&store::all_stacks(&self.cx))
    }

    /// What a definition comes to, or why it can't be.
    async fn plan(&self, stack: &Stack, definition: &Definition) -> Result<Result<Plan, String>, AwsError> {
        let text = self.cx.cloud.core.read(|engine, _| store::template(engine, &definition.template));
        let Some(text) = text else { return Ok(Err("the template is gone".to_owned())) };
        let (pseudo, parameters) = (plan::pseudo(stack, &definition.notifications), definition.parameters.clone());
        aside(move || Plan::new(&text, &parameters, pseudo).map_err(|invalid| invalid.message)).await
    }

    /// Changes the stack and what belongs to it, in one go.
    async fn write<R>(&self, change: impl FnOnce(&mut Transaction<'_>, &mut Stack) -> R) -> Result<R, AwsError> {
        let core = &self.cx.cloud.core;
        let deletes = self.stack().is_some_and(|stack| stack.status == Status::DeleteInProgress);
        let write = |transaction: &mut Transaction<'_>| {
            let stack = store::stack(transaction.engine, &self.place, &self.uuid);
            let mut stack = stack.ok_or_else(|| store::no_stack(&self.uuid))?;
            let result = change(transaction, &mut stack);
            store::put_stack(transaction, &stack);
            Ok(result)
        };
        core.execute_as(deletes, write).await
    }

    /// Gives the stack a new status, with its event.
    async fn turn(&self, status: Status, reason: Option<&str>) -> Result<(), AwsError> {
        self.write(|transaction, stack| turn(transaction, &self.cx, stack, status, reason)).await
    }

    /// Writes a resource's new state, with its event.
    async fn tell(&self, resource: &mut Resource, said: Said<'_>) -> Result<(), AwsError> {
        resource.status = said.status;
        resource.reason = said.reason.map(str::to_owned);
        self.write(|transaction, stack| {
            resource.updated = transaction.now;
            tell(transaction, &self.cx, stack, &resource.logical_id, &resource.kind, &said);
            store::put_resource(transaction, &self.uuid, resource);
        })
        .await
    }

    /// Writes an event without a new state.
    async fn mention(&self, resource: &Resource, said: Said<'_>) -> Result<(), AwsError> {
        self.write(|transaction, stack| {
            tell(transaction, &self.cx, stack, &resource.logical_id, &resource.kind, &said);
        })
        .await
    }

    /// Writes a resource's new state without an event.
    async fn keep(&self, resource: &Resource) -> Result<(), AwsError> {
        self.write(|transaction, _| store::put_resource(transaction, &self.uuid, resource)).await
    }

    fn work<'a>(&'a self, stack: &'a Stack, resource: &'a Resource, random: &'a str) -> Work<'a> {
        let before = stack.before.as_ref().unwrap_or(&stack.now);
        Work {
            cx: &self.cx,
            generated: GeneratedName { stack: &stack.name, logical_id: &resource.logical_id, random },
            stack_id: &stack.id,
            tags: &stack.now.tags,
            tags_before: &before.tags,
        }
    }

    /// Twelve letters and digits.
    fn random(&self) -> String {
        random(&self.cx.cloud.core.uuid())
    }
}

/// Twelve letters and digits out of a UUID.
fn random(uuid: &str) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits =
        uuid.bytes().filter_map(|b| (b as char).to_digit(16)).fold(0u128, |bits, digit| bits << 4 | u128::from(digit));
    // Folded, since some digits of a UUID are fixed.
    let bits = bits ^ bits >> 67;
    (0..12).map(|i| LETTERS[(bits >> (5 * i)) as usize & 31] as char).collect()
}

/// A stack as an event's resource.
const STACK: &str = "AWS::CloudFormation::Stack";

/// Gives a stack a status, with its event.
pub fn turn(transaction: &mut Transaction<'_>, cx: &Context, stack: &mut Stack, status: Status, reason: Option<&str>) {
    stack.status = status;
    stack.reason = reason.map(str::to_owned);
    let (name, id) = (stack.name.clone(), stack.id.clone());
    let event = Event {
        id: cx.cloud.core.uuid(),
        logical_id: name,
        physical_id: id,
        kind: STACK.to_owned(),
        at: moment(transaction, stack),
        status,
        reason: reason.map(str::to_owned),
        properties: None,
        token: stack.token.clone(),
    };
    store::put_event(transaction, stack, &event);
    notify::notify(transaction, cx, stack, &event);
}

/// The time of the next event: later than that of the last.
fn moment(transaction: &Transaction<'_>, stack: &mut Stack) -> u64 {
    stack.last_event = transaction.now.max(stack.last_event + 1);
    stack.last_event
}

fn tell(
    transaction: &mut Transaction<'_>,
    cx: &Context,
    stack: &mut Stack,
    logical_id: &str,
    kind: &str,
    said: &Said<'_>,
) {
    let at = moment(transaction, stack);
    let deletes = said.status.as_str().starts_with("DELETE");
    let id = if deletes {
        format!("{logical_id}-{}", cx.cloud.core.uuid())
    } else {
        format!("{logical_id}-{}-{}", said.status, iso(at))
    };
    let event = Event {
        id,
        logical_id: logical_id.to_owned(),
        physical_id: said.physical_id.to_owned(),
        kind: kind.to_owned(),
        at,
        status: said.status,
        reason: said.reason.map(str::to_owned),
        properties: said.properties.map(|properties| shown(&Value::Object(properties.clone())).to_string()),
        token: stack.token.clone(),
    };
    store::put_event(transaction, stack, &event);
    notify::notify(transaction, cx, stack, &event);
}

/// A time as AWS writes it into event ids: `2026-01-02T03:04:05.678Z`.
fn iso(millis: u64) -> String {
    let time = i64::try_from(millis).ok().and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok());
    time.map(|time| format!("{time:.3}")).unwrap_or_default()
}

/// A resource that has not been seen before.
fn fresh(logical_id: &str, kind: &str, now: u64) -> Resource {
    Resource {
        logical_id: logical_id.to_owned(),
        kind: kind.to_owned(),
        status: Status::CreateInProgress,
        reason: None,
        updated: now,
        live: None,
        intent: None,
        before: None,
        touched: false,
        retired: Vec::new(),
    }
}

/// Levels of resources in the order of deletion: whoever needs another goes first.
fn deletion_order(resources: &Resources) -> Vec<Vec<String>> {
    let needs = resources
        .iter()
        .map(|(name, resource)| {
            let live = resource.live.as_ref();
            (name.clone(), live.into_iter().flat_map(|live| live.needs.iter().cloned()).collect())
        })
        .collect();
    // What is deployed was in order when it was deployed; were it not, any order would have to do.
    let mut levels = template::graph::order(&needs).unwrap_or_else(|_| vec![resources.keys().cloned().collect()]);
    levels.reverse();
    levels
}

fn kept(live: &Live, creating: bool) -> bool {
    match live.deletion_policy.unwrap_or(Policy::Delete) {
        Policy::Delete => false,
        Policy::Retain => true,
        Policy::RetainExceptOnCreate => !creating,
    }
}

/// What a failed creation leads to.
fn after_failure(stack: &Stack) -> Status {
    match (stack.status, stack.on_failure) {
        (Status::CreateInProgress, OnFailure::Nothing) => Status::CreateFailed,
        (Status::CreateInProgress, _) => Status::RollbackInProgress,
        (_, OnFailure::Nothing) => Status::UpdateFailed,
        _ => Status::UpdateRollbackInProgress,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(status: Status, on_failure: OnFailure) -> Stack {
        serde_json::from_value(serde_json::json!({
            "id": "", "uuid": "", "name": "", "account": "", "region": "", "host": "", "status": status, "created": 0,
            "now": Definition::default(), "on_failure": on_failure, "protected": false, "events": 0, "last_event": 0,
            "retain": [], "cancelled": false,
        }))
        .unwrap()
    }

    /// Whatever a stack can't go on from, it comes to a status from which it can be deleted.
    #[test]
    fn every_operation_can_fail() {
        for status in Status::ALL.iter().copied().filter(|status| status.running()) {
            for on_failure in [OnFailure::Nothing, OnFailure::Rollback, OnFailure::Delete] {
                let mut stack = stack(status, on_failure);
                let mut steps = 0;
                while stack.status.running() && steps < 3 {
                    (stack.status, steps) = (failure_of(&stack), steps + 1);
                }
                assert!(steps < 3, "{status} goes on in {}", stack.status);
            }
        }
    }

    #[test]
    fn random_names() {
        assert_eq!(random("00000000-0000-4000-8000-000000000000").len(), 12);
        assert_ne!(random("00000000-0000-4000-8000-000000000001"), random("00000000-0000-4000-8000-000000000000"));
    }

    #[test]
    fn times_in_event_ids() {
        assert_eq!(iso(1_767_323_045_678), "2026-01-02T03:04:05.678Z");
        assert_eq!(iso(1_767_323_045_000), "2026-01-02T03:04:05.000Z");
    }
}
