//! Taking an update back: every resource that it touched becomes what it was.

use super::{Run, Said, deletion_order};
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
            if resource.touched && !self.put_back(&stack, &mut resource).await? {
                failed.push(name);
            }
        }
        if !failed.is_empty() {
            let reason = format!("The following resource(s) failed to update: [{}]. ", failed.join(", "));
            return self.turn(Status::UpdateRollbackFailed, Some(&reason)).await;
        }
        self.write(|transaction, stack| {
            stack.retain.clear();
            if let Some(before) = stack.before.take() {
                stack.now = before;
            }
            super::turn(transaction, &self.cx, stack, Status::UpdateRollbackCleanup, None);
        })
        .await
    }

    async fn put_back(&self, stack: &Stack, resource: &mut Resource) -> Result<bool, AwsError> {
        let now = resource.live.take();
        match (resource.before.take(), now) {
            // It is new: the clean-up deletes it.
            (None, now) => {
                resource.retired.extend(now);
                resource.touched = false;
                self.keep(resource).await?;
                Ok(true)
            }
            (Some(before), Some(now)) if now.physical_id != before.physical_id => {
                resource.retired.retain(|old| old.physical_id != before.physical_id);
                resource.retired.push(now);
                self.restored(resource, before).await
            }
            (Some(before), Some(now)) if now.properties != before.properties => {
                self.change_back(stack, resource, before, now).await
            }
            (Some(before), _) => {
                let quiet = resource.status == Status::UpdateFailed || resource.status == Status::UpdateInProgress;
                if quiet {
                    return self.restored(resource, before).await;
                }
                resource.live = Some(before);
                resource.touched = false;
                self.keep(resource).await?;
                Ok(true)
            }
        }
    }

    async fn change_back(
        &self,
        stack: &Stack,
        resource: &mut Resource,
        before: Live,
        now: Live,
    ) -> Result<bool, AwsError> {
        resource.before = Some(before.clone());
        resource.live = Some(now.clone());
        let said = |status, reason| Said {
            status,
            reason,
            physical_id: &before.physical_id,
            properties: Some(&before.properties),
        };
        self.tell(resource, said(Status::UpdateInProgress, None)).await?;
        let Some(kind) = types::find(&resource.kind) else { return Ok(false) };
        let mut work = self.work(stack, resource, "");
        // Backwards: the stack's new tags are those that go.
        std::mem::swap(&mut work.tags, &mut work.tags_before);
        let done = kind.update(&work, &before.physical_id, &now.properties, &before.properties).await;
        match done {
            Ok(()) => {
                resource.before = None;
                self.restored(resource, before).await
            }
            Err(failure) => {
                self.tell(resource, said(Status::UpdateFailed, Some(&failure.reason))).await?;
                Ok(false)
            }
        }
    }

    async fn restored(&self, resource: &mut Resource, before: Live) -> Result<bool, AwsError> {
        resource.live = Some(before.clone());
        resource.touched = false;
        let said = Said {
            status: Status::UpdateComplete,
            reason: None,
            physical_id: &before.physical_id,
            properties: Some(&before.properties),
        };
        self.tell(resource, said).await?;
        Ok(true)
    }
}
