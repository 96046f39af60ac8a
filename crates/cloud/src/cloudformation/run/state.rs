//! What a running operation reads and writes of its stack. Each write is a transaction of its own.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::event::{self, ResourceEvent};
use super::told::Told;
use crate::cloudformation::blocking::run_blocking;
use crate::cloudformation::error::no_stack_with_id;
use crate::cloudformation::place::Place;
use crate::cloudformation::plan::{self, Export, Plan};
use crate::cloudformation::record::{Resource, Resources, Stack, Status};
use crate::cloudformation::store;
use crate::cloudformation::types::{GeneratedName, Work};
use crate::core::transaction::Transaction;
use crate::request::Context;
use template::parameters::Texts;
use wire::AwsError;

/// What became of a part of an operation: it is done, or failed for a reason that an event tells. Where this server itself
/// fails, because its log takes no writes for instance, an [`AwsError`] stands instead of either.
pub(super) enum Step<T = ()> {
    Done(T),
    Failed(String),
}

/// A template's document, and what it comes to with the parameters of the stack's definition.
pub(in crate::cloudformation) type Planned = (String, Plan);

/// An operation on a stack under way.
pub(super) struct Run {
    pub cx: Context,
    pub place: Place,
    /// The stack's.
    pub uuid: String,
    /// What the definition comes to that the operation began with, until that is applied.
    pub planned: Mutex<Option<Planned>>,
    /// What there is to say of its resources.
    pub told: Mutex<Told>,
    /// What the dynamic references stood for that were met.
    pub stored: Mutex<Texts>,
    /// The stack is being deleted: what is written frees space.
    pub deletes: AtomicBool,
}

impl Run {
    /// The stack as it is now.
    pub(super) fn stack(&self) -> Option<Stack> {
        self.cx.cloud.core.read(|engine, _| store::stack(engine, &self.place, &self.uuid))
    }

    /// The stack's resources as they are now.
    pub(super) fn resources(&self) -> Resources {
        store::all_resources(&self.cx, &self.uuid)
    }

    /// A resource of the stack as it is now.
    pub(super) fn resource(&self, logical_id: &str) -> Option<Resource> {
        self.cx.cloud.core.read(|engine, _| store::resource(engine, &self.uuid, logical_id))
    }

    /// The exports of all stacks of the place.
    pub(super) fn exports(&self) -> BTreeMap<String, Export> {
        plan::exports(&store::all_stacks(&self.cx))
    }

    /// What the stack's definition comes to, or why it can't be.
    pub(super) async fn plan(&self, stack: &Stack) -> Result<Step<Plan>, AwsError> {
        let text = self.cx.cloud.core.read(|engine, _| store::template(engine, &stack.now.template));
        let Some(text) = text else { return Ok(Step::Failed("the template is gone".to_owned())) };
        let (pseudo, parameters) = (plan::pseudo(stack, &stack.now.notifications), stack.now.texts());
        let placeholders = self.cx.cloud.placeholders;
        let plan = run_blocking(move || Plan::new(&text, &parameters, pseudo, placeholders)).await?;
        Ok(plan.map_or_else(|invalid| Step::Failed(invalid.message), Step::Done))
    }

    /// Changes the stack and what belongs to it, in one transaction.
    pub(super) async fn change_stack<R>(
        &self,
        change: impl FnOnce(&mut Transaction<'_>, &mut Stack) -> R,
    ) -> Result<R, AwsError> {
        let core = &self.cx.cloud.core;
        let deletes = self.deletes.load(Ordering::Relaxed);
        let write = |tx: &mut Transaction<'_>| {
            let stack = store::stack(tx.engine(), &self.place, &self.uuid);
            let mut stack = stack.ok_or_else(|| no_stack_with_id(&self.uuid))?;
            let result = change(tx, &mut stack);
            store::put_stack(tx, &stack);
            Ok(result)
        };
        core.execute_as(deletes, write).await
    }

    /// Gives the stack a status, with an event.
    pub(super) async fn set_status(&self, status: Status, reason: Option<&str>) -> Result<(), AwsError> {
        self.change_stack(|tx, stack| event::set_status(tx, &self.cx, stack, status, reason)).await
    }

    /// Ends the operation with a status, and forgets of the resources what only the operation had to know.
    pub(super) async fn finish(&self, status: Status) -> Result<(), AwsError> {
        let resources = self.resources();
        self.change_stack(|tx, stack| {
            for mut resource in resources.into_values() {
                if resource.touched || resource.before.is_some() || !resource.retired.is_empty() {
                    resource.touched = false;
                    resource.before = None;
                    resource.retired.clear();
                    store::put_resource(tx, &self.uuid, &resource);
                }
            }
            stack.before = None;
            stack.policy_during_update = None;
            stack.cancelled = false;
            store::drop_unneeded_templates(tx, stack);
            event::set_status(tx, &self.cx, stack, status, None);
        })
        .await
    }

    /// Gives a resource the event's status and reason, and writes it, with the event.
    pub(super) async fn set_resource_status(
        &self,
        resource: &mut Resource,
        event: ResourceEvent<'_>,
    ) -> Result<(), AwsError> {
        resource.status = event.status;
        resource.reason = event.reason.map(str::to_owned);
        self.change_stack(|tx, stack| {
            resource.updated = tx.now;
            event::record(tx, &self.cx, stack, resource, &event);
            store::put_resource(tx, &self.uuid, resource);
        })
        .await
    }

    /// Writes an event of a resource, which itself stays as it is.
    pub(super) async fn record_event(&self, resource: &Resource, event: ResourceEvent<'_>) -> Result<(), AwsError> {
        self.change_stack(|tx, stack| event::record(tx, &self.cx, stack, resource, &event)).await
    }

    /// Writes a resource, without an event.
    pub(super) async fn save_resource(&self, resource: &Resource) -> Result<(), AwsError> {
        self.change_stack(|tx, _| store::put_resource(tx, &self.uuid, resource)).await
    }

    /// What a resource's type works with. `random` is a part of the name that it may generate.
    pub(super) fn work<'a>(&'a self, stack: &'a Stack, resource: &'a Resource, random: &'a str) -> Work<'a> {
        let before = stack.before.as_ref().unwrap_or(&stack.now);
        Work {
            cx: &self.cx,
            generated: GeneratedName { stack: &stack.name, logical_id: &resource.logical_id, random },
            stack_id: &stack.id,
            tags: &stack.now.tags,
            tags_before: &before.tags,
        }
    }

    /// Twelve letters and digits for a generated name.
    pub(super) fn random(&self) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_names() {
        assert_eq!(random("00000000-0000-4000-8000-000000000000").len(), 12);
        assert_ne!(random("00000000-0000-4000-8000-000000000001"), random("00000000-0000-4000-8000-000000000000"));
    }
}
