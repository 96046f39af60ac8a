//! Deleting: whole stacks, what a failed creation made, and what an update leaves over.

use super::event::{self, ResourceEvent};
use super::state::{Run, Step};
use crate::cloudformation::record::{Live, OnFailure, Resource, Resources, Stack, Status};
use crate::cloudformation::store;
use crate::cloudformation::types;
use template::Policy;
use wire::AwsError;

impl Run {
    /// Deletes what a failed creation has made.
    pub(super) async fn roll_back_creation(&self, stack: Stack) -> Result<(), AwsError> {
        let failed = self.delete_all(&stack, true).await?;
        match (failed.is_empty(), stack.on_failure) {
            (true, OnFailure::Delete) => self.set_status(Status::DeleteInProgress, None).await,
            (true, _) => {
                self.change_stack(|_, stack| stack.now.outputs.clear()).await?;
                self.finish(Status::RollbackComplete).await
            }
            (false, _) => {
                let reason = format!("The following resource(s) failed to delete: [{}]. ", failed.join(", "));
                self.set_status(Status::RollbackFailed, Some(&reason)).await
            }
        }
    }

    /// Deletes the stack.
    pub(super) async fn delete(&self, stack: Stack) -> Result<(), AwsError> {
        let failed = self.delete_all(&stack, false).await?;
        if !failed.is_empty() {
            let reason = format!("The following resource(s) failed to delete: [{}]. ", failed.join(", "));
            return self.set_status(Status::DeleteFailed, Some(&reason)).await;
        }
        self.change_stack(|tx, stack| {
            for set in store::change_sets(tx.engine(), &stack.uuid) {
                store::drop_change_set(tx, &stack.uuid, &set.id);
            }
            stack.deleted = Some(tx.now);
            stack.before = None;
            store::drop_unneeded_templates(tx, stack);
            stack.now.outputs.clear();
            stack.now.imports.clear();
            event::set_status(tx, &self.cx, stack, Status::DeleteComplete, None);
        })
        .await
    }

    /// Deletes every resource, dependents first; gives the logical ids of those that couldn't be. `creating` tells that a failed
    /// creation is rolled back.
    async fn delete_all(&self, stack: &Stack, creating: bool) -> Result<Vec<String>, AwsError> {
        for level in deletion_order(&self.resources()) {
            let mut failed = Vec::new();
            for name in level {
                let Some(mut resource) = self.resource(&name) else { continue };
                if let Step::Failed(_) = self.delete_resource(stack, &mut resource, creating).await? {
                    failed.push(name);
                }
            }
            if !failed.is_empty() {
                return Ok(failed);
            }
        }
        Ok(Vec::new())
    }

    /// Deletes one resource, unless it is to be retained. When that is done it is no longer the stack's.
    async fn delete_resource(&self, stack: &Stack, resource: &mut Resource, creating: bool) -> Result<Step, AwsError> {
        let Some(live) = resource.live.clone() else { return self.delete_uncreated(stack, resource).await };
        let id = &live.physical_id;
        if is_retained(&live, creating) || (!creating && stack.retain.contains(&resource.logical_id)) {
            resource.live = None;
            self.set_resource_status(resource, ResourceEvent::new(Status::DeleteSkipped).of(id)).await?;
            return Ok(Step::Done(()));
        }
        // What a deleted stack had is told once more; not so what a failed creation leaves (recorded on AWS).
        let told = |status| {
            let event = ResourceEvent::new(status).of(id);
            if creating { event } else { event.with(&live) }
        };
        self.set_resource_status(resource, told(Status::DeleteInProgress)).await?;
        for old in std::mem::take(&mut resource.retired) {
            // A replaced resource that an interrupted update left.
            if let Err(reason) = self.delete_physical(stack, resource, &old).await {
                self.cx.cloud.notice(&format!("{}: {reason}", old.physical_id));
            }
        }
        match self.delete_physical(stack, resource, &live).await {
            Ok(()) => {
                resource.live = None;
                self.set_resource_status(resource, told(Status::DeleteComplete)).await?;
                Ok(Step::Done(()))
            }
            Err(reason) => {
                let event = ResourceEvent::new(Status::DeleteFailed).of(id).because(&reason).with(&live);
                self.set_resource_status(resource, event).await?;
                Ok(Step::Failed(reason))
            }
        }
    }

    /// Deletes a resource that failed to be created, with what a failed or interrupted creation may have left of it.
    async fn delete_uncreated(&self, stack: &Stack, resource: &mut Resource) -> Result<Step, AwsError> {
        self.delete_leftovers(stack, resource).await;
        if !matches!(resource.status, Status::DeleteComplete | Status::DeleteSkipped) {
            self.set_resource_status(resource, ResourceEvent::new(Status::DeleteComplete)).await?;
        }
        Ok(Step::Done(()))
    }

    /// Deletes what a creation that didn't end may have left.
    async fn delete_leftovers(&self, stack: &Stack, resource: &mut Resource) {
        let (Some(intent), Some(kind)) = (resource.intent.take(), types::find(&resource.kind)) else { return };
        if intent.name.is_empty() {
            // A subscription has no name; one that may have been created goes with its topic.
            return;
        }
        let work = self.work(stack, resource, "");
        let physical_id = kind.physical_id(&work, &intent.name, &intent.properties);
        if let Err(error) = kind.delete(&work, &physical_id, &intent.properties).await {
            self.cx.cloud.notice(&format!("{physical_id}: {}", error.reason));
        }
    }

    /// Deletes a physical resource, or says why it can't be.
    async fn delete_physical(&self, stack: &Stack, resource: &Resource, live: &Live) -> Result<(), String> {
        let Some(kind) = types::find(&resource.kind) else {
            return Err(format!("Unrecognized resource type {}", resource.kind));
        };
        let work = self.work(stack, resource, "");
        kind.delete(&work, &live.physical_id, &live.properties).await.map_err(|error| error.reason)
    }

    /// Deletes what an update (or its rollback) has replaced or left out. What can't be deleted stays, and an
    /// event tells so.
    pub(super) async fn clean_up(&self, stack: Stack) -> Result<(), AwsError> {
        let wanted = match self.plan(&stack).await? {
            Step::Done(plan) => Some(plan.needs),
            Step::Failed(reason) => {
                // Nobody knows what the update left out: all of it stays.
                self.cx.cloud.notice(&format!("what it no longer needs is kept: {reason}"));
                None
            }
        };
        let resources = self.resources();
        for name in deletion_order(&resources).into_iter().flatten() {
            let Some(mut resource) = self.resource(&name) else { continue };
            self.delete_leftovers(&stack, &mut resource).await;
            while let Some(old) = resource.retired.last().cloned() {
                self.delete_replaced(&stack, &resource, &old).await?;
                resource.retired.pop();
                self.save_resource(&resource).await?;
            }
            if wanted.as_ref().is_none_or(|wanted| wanted.contains_key(&name)) {
                continue;
            }
            if resource.live.is_some() {
                self.delete_resource(&stack, &mut resource, false).await?;
            }
            self.change_stack(|tx, _| store::drop_resource(tx, &self.uuid, &name)).await?;
        }
        let done = match stack.status {
            Status::UpdateCleanup => Status::UpdateComplete,
            _ => Status::UpdateRollbackComplete,
        };
        self.finish(done).await
    }

    /// Deletes a physical resource that another has replaced. The events are about the old one; the logical resource keeps its
    /// status.
    async fn delete_replaced(&self, stack: &Stack, resource: &Resource, old: &Live) -> Result<(), AwsError> {
        let event = |status| ResourceEvent::new(status).of(&old.physical_id);
        self.record_event(resource, event(Status::DeleteInProgress)).await?;
        match self.delete_physical(stack, resource, old).await {
            Ok(()) => self.record_event(resource, event(Status::DeleteComplete)).await,
            Err(reason) => self.record_event(resource, event(Status::DeleteFailed).because(&reason)).await,
        }
    }
}

/// Levels of resources in the order of deletion: those that need others go before these.
pub(super) fn deletion_order(resources: &Resources) -> Vec<Vec<String>> {
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

/// Whether a physical resource stays when its logical one is deleted. `creating` tells that a failed creation is rolled back.
fn is_retained(live: &Live, creating: bool) -> bool {
    match live.deletion_policy.unwrap_or(Policy::Delete) {
        Policy::Delete => false,
        Policy::Retain => true,
        Policy::RetainExceptOnCreate => !creating,
    }
}
