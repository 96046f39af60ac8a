//! Taking an update back: every resource that it touched becomes what it was.

use super::delete::deletion_order;
use super::event::{self, ResourceEvent};
use super::state::{Run, Step};
use crate::cloudformation::record::{Live, Resource, Stack, Status};
use crate::cloudformation::types;
use wire::AwsError;

impl Run {
    /// Restores what was touched, those first that need others, then leaves the rest to the clean-up.
    pub(super) async fn restore(&self, stack: Stack) -> Result<(), AwsError> {
        let mut failed = Vec::new();
        for name in deletion_order(&self.resources()).into_iter().flatten() {
            let Some(mut resource) = self.resource(&name) else { continue };
            if stack.retain.contains(&name) {
                // ContinueUpdateRollback was told to skip it.
                continue;
            }
            if !resource.touched {
                continue;
            }
            if let Step::Failed(_) = self.restore_resource(&stack, &mut resource).await? {
                failed.push(name);
            }
        }
        if !failed.is_empty() {
            let reason = format!("The following resource(s) failed to update: [{}]. ", failed.join(", "));
            return self.set_status(Status::UpdateRollbackFailed, Some(&reason)).await;
        }
        self.change_stack(|tx, stack| {
            stack.retain.clear();
            if let Some(before) = stack.before.take() {
                stack.now = before;
            }
            event::set_status(tx, &self.cx, stack, Status::UpdateRollbackCleanup, None);
        })
        .await
    }

    /// Makes a resource what it was before the update.
    async fn restore_resource(&self, stack: &Stack, resource: &mut Resource) -> Result<Step, AwsError> {
        let now = resource.live.take();
        match (resource.before.take(), now) {
            // It is new: the clean-up deletes it.
            (None, now) => {
                resource.retired.extend(now);
                resource.touched = false;
                self.save_resource(resource).await?;
                Ok(Step::Done(()))
            }
            (Some(before), Some(now)) if now.physical_id != before.physical_id => {
                resource.retired.retain(|old| old.physical_id != before.physical_id);
                resource.retired.push(now);
                self.complete_restore(resource, before).await
            }
            (Some(before), Some(now)) if now.properties != before.properties => {
                self.undo_update(stack, resource, before, now).await
            }
            (Some(before), _) => {
                if matches!(resource.status, Status::UpdateFailed | Status::UpdateInProgress) {
                    return self.complete_restore(resource, before).await;
                }
                resource.live = Some(before);
                resource.touched = false;
                self.save_resource(resource).await?;
                Ok(Step::Done(()))
            }
        }
    }

    /// Changes a resource in place back to what it was.
    async fn undo_update(
        &self,
        stack: &Stack,
        resource: &mut Resource,
        before: Live,
        now: Live,
    ) -> Result<Step, AwsError> {
        resource.before = Some(before.clone());
        resource.live = Some(now.clone());
        let event = |status| ResourceEvent::new(status).of(&before.physical_id).with(&before);
        self.set_resource_status(resource, event(Status::UpdateInProgress)).await?;
        let Some(kind) = types::find(&resource.kind) else {
            return Ok(Step::Failed(format!("Unrecognized resource type {}", resource.kind)));
        };
        let mut work = self.work(stack, resource, "");
        // Backwards: the stack's new tags are those that go.
        std::mem::swap(&mut work.tags, &mut work.tags_before);
        let updated = kind.update(&work, &before.physical_id, &now.properties, &before.properties).await;
        match updated {
            Ok(()) => {
                resource.before = None;
                self.complete_restore(resource, before).await
            }
            Err(error) => {
                self.set_resource_status(resource, event(Status::UpdateFailed).because(&error.reason)).await?;
                Ok(Step::Failed(error.reason))
            }
        }
    }

    /// Writes that a resource is what it was.
    async fn complete_restore(&self, resource: &mut Resource, before: Live) -> Result<Step, AwsError> {
        resource.live = Some(before.clone());
        resource.touched = false;
        let event = ResourceEvent::new(Status::UpdateComplete).of(&before.physical_id).with(&before);
        self.set_resource_status(resource, event).await?;
        Ok(Step::Done(()))
    }
}
