//! Deleting: whole stacks, what a failed creation made, and what an update leaves over.

use super::{Run, Said, deletion_order, kept};
use crate::cloudformation::record::{Live, OnFailure, Resource, Stack, Status};
use crate::cloudformation::store;
use crate::cloudformation::types;
use wire::AwsError;

impl Run {
    /// Deletes what a failed creation has made.
    pub(super) async fn roll_back_creation(&self, stack: Stack) -> Result<(), AwsError> {
        let failed = self.delete_all(&stack, true).await?;
        match (failed.is_empty(), stack.on_failure) {
            (true, OnFailure::Delete) => self.turn(Status::DeleteInProgress, None).await,
            (true, _) => {
                self.write(|_, stack| stack.now.outputs.clear()).await?;
                self.settle(Status::RollbackComplete).await
            }
            (false, _) => {
                let reason = format!("The following resource(s) failed to delete: [{}]. ", failed.join(", "));
                self.turn(Status::RollbackFailed, Some(&reason)).await
            }
        }
    }

    /// Deletes the stack.
    pub(super) async fn delete(&self, stack: Stack) -> Result<(), AwsError> {
        let failed = self.delete_all(&stack, false).await?;
        if !failed.is_empty() {
            let reason = format!("The following resource(s) failed to delete: [{}]. ", failed.join(", "));
            return self.turn(Status::DeleteFailed, Some(&reason)).await;
        }
        self.write(|transaction, stack| {
            for set in store::change_sets(transaction.engine, &stack.uuid) {
                store::drop_change_set(transaction, &stack.uuid, &set.id);
            }
            stack.deleted = Some(transaction.now);
            stack.before = None;
            store::drop_templates(transaction, stack);
            stack.now.outputs.clear();
            stack.now.imports.clear();
            super::turn(transaction, &self.cx, stack, Status::DeleteComplete, None);
        })
        .await
    }

    /// Deletes every resource, dependents first; gives the names of those that couldn't be.
    async fn delete_all(&self, stack: &Stack, creating: bool) -> Result<Vec<String>, AwsError> {
        for level in deletion_order(&self.resources()) {
            let mut failed = Vec::new();
            for name in level {
                let Some(mut resource) = self.resource(&name) else { continue };
                if !self.remove(stack, &mut resource, creating).await? {
                    failed.push(name);
                }
            }
            if !failed.is_empty() {
                return Ok(failed);
            }
        }
        Ok(Vec::new())
    }

    /// Deletes one resource, unless it is to be kept; says whether it is no longer the stack's.
    async fn remove(&self, stack: &Stack, resource: &mut Resource, creating: bool) -> Result<bool, AwsError> {
        let gone = |status: Status| Said { status, reason: None, physical_id: "", properties: None };
        let Some(live) = resource.live.clone() else {
            return self.remove_unborn(stack, resource).await;
        };
        let keep = kept(&live, creating) || (!creating && stack.retain.contains(&resource.logical_id));
        if keep {
            resource.live = None;
            self.tell(resource, Said { physical_id: &live.physical_id, ..gone(Status::DeleteSkipped) }).await?;
            return Ok(true);
        }
        self.tell(resource, Said { physical_id: &live.physical_id, ..gone(Status::DeleteInProgress) }).await?;
        for old in std::mem::take(&mut resource.retired) {
            // A replaced resource that an interrupted update left.
            if let Err(reason) = self.destroy(stack, resource, &old).await {
                self.cx.cloud.notice(&format!("{} of stack {}: {reason}", old.physical_id, stack.name));
            }
        }
        match self.destroy(stack, resource, &live).await {
            Ok(()) => {
                resource.live = None;
                self.tell(resource, Said { physical_id: &live.physical_id, ..gone(Status::DeleteComplete) }).await?;
                Ok(true)
            }
            Err(reason) => {
                let said = Said {
                    physical_id: &live.physical_id,
                    reason: Some(&reason),
                    properties: Some(&live.properties),
                    ..gone(Status::DeleteFailed)
                };
                self.tell(resource, said).await?;
                Ok(false)
            }
        }
    }

    /// A resource that failed to be made; what a failed or interrupted creation left of it goes as well.
    async fn remove_unborn(&self, stack: &Stack, resource: &mut Resource) -> Result<bool, AwsError> {
        self.abandon(stack, resource).await;
        if matches!(resource.status, Status::DeleteComplete | Status::DeleteSkipped) {
            return Ok(true);
        }
        let said = Said { status: Status::DeleteComplete, reason: None, physical_id: "", properties: None };
        self.tell(resource, said).await?;
        Ok(true)
    }

    /// Deletes what a creation that didn't end may have left.
    async fn abandon(&self, stack: &Stack, resource: &mut Resource) {
        let (Some(intent), Some(kind)) = (resource.intent.take(), types::find(&resource.kind)) else { return };
        if intent.name.is_empty() {
            // A subscription has no name; one that may have been made goes with its topic.
            return;
        }
        let work = self.work(stack, resource, "");
        let physical_id = kind.physical_id(&work, &intent.name, &intent.properties);
        if let Err(failure) = kind.delete(&work, &physical_id, &intent.properties).await {
            self.cx.cloud.notice(&format!("{physical_id} of stack {}: {}", stack.name, failure.reason));
        }
    }

    async fn destroy(&self, stack: &Stack, resource: &Resource, live: &Live) -> Result<(), String> {
        let Some(kind) = types::find(&resource.kind) else {
            return Err(format!("Unrecognized resource type {}", resource.kind));
        };
        let work = self.work(stack, resource, "");
        kind.delete(&work, &live.physical_id, &live.properties).await.map_err(|failure| failure.reason)
    }

    /// Deletes what an update (or its rollback) has replaced or left out. What can't be deleted is left and told of.
    pub(super) async fn clean_up(&self, stack: Stack) -> Result<(), AwsError> {
        let wanted = match self.plan(&stack, &stack.now).await? {
            Ok(plan) => Some(plan.needs),
            Err(reason) => {
                // Nobody knows what the update left out: all of it stays.
                self.cx.cloud.notice(&format!("stack {} keeps what it no longer needs: {reason}", stack.name));
                None
            }
        };
        let resources = self.resources();
        for name in deletion_order(&resources).into_iter().flatten() {
            let Some(mut resource) = self.resource(&name) else { continue };
            self.abandon(&stack, &mut resource).await;
            while let Some(old) = resource.retired.last().cloned() {
                self.discard(&stack, &resource, &old).await?;
                resource.retired.pop();
                self.keep(&resource).await?;
            }
            if wanted.as_ref().is_none_or(|wanted| wanted.contains_key(&name)) {
                continue;
            }
            if resource.live.is_some() {
                self.remove(&stack, &mut resource, false).await?;
            }
            self.write(|transaction, _| store::drop_resource(transaction, &self.uuid, &name)).await?;
        }
        let done = match stack.status {
            Status::UpdateCleanup => Status::UpdateComplete,
            _ => Status::UpdateRollbackComplete,
        };
        self.settle(done).await
    }

    /// Deletes a physical resource that its logical one no longer is. The events are about the old one, the state is not.
    async fn discard(&self, stack: &Stack, resource: &Resource, old: &Live) -> Result<(), AwsError> {
        let said = |status| Said { status, reason: None, physical_id: &old.physical_id, properties: None };
        self.mention(resource, said(Status::DeleteInProgress)).await?;
        match self.destroy(stack, resource, old).await {
            Ok(()) => self.mention(resource, said(Status::DeleteComplete)).await,
            Err(reason) => self.mention(resource, Said { reason: Some(&reason), ..said(Status::DeleteFailed) }).await,
        }
    }
}
