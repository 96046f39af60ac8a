//! Making and changing resources: the way forward of a creation or an update.

use serde_json::{Map, Value};

use super::{Run, Said, after_failure, fresh, policy};
use crate::cloudformation::plan::{Known, Plan, properties};
use crate::cloudformation::record::{Intent, Live, Resource, Stack, Status};
use crate::cloudformation::store;
use crate::cloudformation::types::{self, ResourceType};
use template::{Budget, Policy};
use wire::AwsError;

/// A resource that could not be made or changed: its name and why.
type Failed = Option<String>;

impl Run {
    /// Brings every resource to what the template says, then the outputs.
    pub(super) async fn apply(&self, stack: Stack) -> Result<(), AwsError> {
        let creating = stack.status == Status::CreateInProgress;
        let plan = match self.plan(&stack, &stack.now).await? {
            Ok(plan) => plan,
            Err(reason) => return self.give_up(&stack, &format!("{reason}. Rollback requested by user.")).await,
        };
        if let Some(reason) = plan.unsupported_attribute() {
            return self.give_up(&stack, &format!("{reason}. Rollback requested by user.")).await;
        }
        let mut resources = self.resources();
        let (exports, budget) = (self.exports(), Budget::default());
        for level in &plan.order {
            let mut failed = Vec::new();
            for name in level {
                if self.stack().is_some_and(|stack| stack.cancelled) {
                    return self.give_up(&stack, "User Initiated").await;
                }
                let known = Known::new(&resources, &exports);
                if self.bring(&stack, &plan, name, &known, &budget).await?.is_some() {
                    failed.push(name.as_str());
                }
                if let Some(brought) = self.resource(name) {
                    resources.insert(name.clone(), brought);
                }
            }
            if !failed.is_empty() {
                let verb = if creating { "create" } else { "update" };
                let names = failed.join(", ");
                let mut reason = format!("The following resource(s) failed to {verb}: [{names}]. ");
                if creating && after_failure(&stack) == Status::RollbackInProgress {
                    reason.push_str("Rollback requested by user.");
                }
                return self.give_up(&stack, &reason).await;
            }
        }
        match self.outputs(&stack, &plan).await? {
            Ok(()) if creating => self.settle(Status::CreateComplete).await,
            Ok(()) => self.turn(Status::UpdateCleanup, None).await,
            Err(reason) => self.give_up(&stack, &format!("{reason} Rollback requested by user.")).await,
        }
    }

    async fn give_up(&self, stack: &Stack, reason: &str) -> Result<(), AwsError> {
        let next = after_failure(stack);
        self.write(|transaction, stack| {
            stack.cancelled = false;
            super::turn(transaction, &self.cx, stack, next, Some(reason));
        })
        .await
    }

    async fn bring(
        &self,
        stack: &Stack,
        plan: &Plan,
        name: &str,
        known: &Known<'_>,
        budget: &Budget,
    ) -> Result<Failed, AwsError> {
        let declared = &plan.template.resources[name];
        let mut resource = known
            .resources
            .get(name)
            .cloned()
            .filter(|resource| resource.kind == declared.kind)
            .unwrap_or_else(|| fresh(name, &declared.kind, self.cx.cloud.core.now()));
        let Some(kind) = types::find(&declared.kind) else {
            return Ok(Some(format!("Unrecognized resource type {}", declared.kind)));
        };
        let wanted = match properties(plan, name, known, budget) {
            Ok(properties) => Live {
                physical_id: String::new(),
                properties,
                attributes: Map::new(),
                metadata: declared.metadata.clone(),
                deletion_policy: declared.deletion_policy,
                update_replace_policy: declared.update_replace_policy,
                needs: plan.needs.get(name).into_iter().flatten().cloned().collect(),
            },
            Err(reason) => return self.fail(&mut resource, None, reason).await,
        };
        match resource.live.clone() {
            None => self.create(stack, kind, &mut resource, wanted).await,
            // Done, before a restart.
            Some(live) if done(&resource, &live, &wanted) => Ok(None),
            Some(live) if born(&resource, &live, &wanted) => self.brought(&mut resource, &wanted).await,
            Some(live) => self.change(stack, kind, &mut resource, live, wanted).await,
        }
    }

    /// Notes that a resource failed.
    async fn fail(
        &self,
        resource: &mut Resource,
        properties: Option<&Map<String, Value>>,
        reason: String,
    ) -> Result<Failed, AwsError> {
        let status = if resource.live.is_some() { Status::UpdateFailed } else { Status::CreateFailed };
        let physical_id = resource.live.as_ref().map(|live| live.physical_id.clone()).unwrap_or_default();
        let said = Said { status, reason: Some(&reason), physical_id: &physical_id, properties };
        self.tell(resource, said).await?;
        Ok(Some(reason))
    }

    /// Makes a resource, by the name settled on before. What has that name already is another's, and stays so.
    async fn make(
        &self,
        stack: &Stack,
        kind: &dyn ResourceType,
        resource: &mut Resource,
        wanted: &mut Live,
        status: Status,
    ) -> Result<Result<(), String>, AwsError> {
        if resource.intent.is_none() {
            let random = self.random();
            let work = self.work(stack, resource, &random);
            let name = kind.choose_name(&work, &wanted.properties);
            if let Err(failure) = kind.check_name_is_free(&work, &name, &wanted.properties).await {
                return Ok(Err(failure.reason));
            }
            resource.intent = Some(Intent { name, properties: wanted.properties.clone() });
            self.keep(resource).await?;
        }
        let name = resource.intent.as_ref().map(|intent| intent.name.clone()).unwrap_or_default();
        let work = self.work(stack, resource, "");
        let made = kind.create(&work, &name, &wanted.properties).await;
        match made {
            Ok(made) => {
                resource.intent = None;
                wanted.physical_id = made.physical_id;
                wanted.attributes = made.attributes;
                let said = Said {
                    status,
                    reason: Some("Resource creation Initiated"),
                    physical_id: &wanted.physical_id,
                    properties: Some(&wanted.properties),
                };
                resource.live = Some(wanted.clone());
                self.tell(resource, said).await?;
                Ok(Ok(()))
            }
            Err(failure) => Ok(Err(failure.reason)),
        }
    }

    async fn create(
        &self,
        stack: &Stack,
        kind: &dyn ResourceType,
        resource: &mut Resource,
        mut wanted: Live,
    ) -> Result<Failed, AwsError> {
        resource.touched = true;
        if resource.intent.is_none() {
            let said = Said {
                status: Status::CreateInProgress,
                reason: None,
                physical_id: "",
                properties: Some(&wanted.properties),
            };
            self.tell(resource, said).await?;
        }
        match self.make(stack, kind, resource, &mut wanted, Status::CreateInProgress).await? {
            Ok(()) => self.brought(resource, &wanted).await,
            Err(reason) => self.fail(resource, Some(&wanted.properties), reason).await,
        }
    }

    /// Notes that a new resource is there, and what it replaces goes.
    async fn brought(&self, resource: &mut Resource, wanted: &Live) -> Result<Failed, AwsError> {
        let Some(old) = resource.before.clone() else { return self.complete(resource, Status::CreateComplete).await };
        if wanted.update_replace_policy != Some(Policy::Retain) {
            resource.retired.push(old);
        }
        self.complete(resource, Status::UpdateComplete).await
    }

    async fn complete(&self, resource: &mut Resource, status: Status) -> Result<Failed, AwsError> {
        let Some(live) = resource.live.clone() else { return Ok(None) };
        let said = Said { status, reason: None, physical_id: &live.physical_id, properties: Some(&live.properties) };
        self.tell(resource, said).await?;
        Ok(None)
    }

    /// Changes a resource, in place or by a new one.
    async fn change(
        &self,
        stack: &Stack,
        kind: &dyn ResourceType,
        resource: &mut Resource,
        live: Live,
        mut wanted: Live,
    ) -> Result<Failed, AwsError> {
        let interrupted = resource.touched && resource.before.is_some();
        let old = resource.before.clone().filter(|_| interrupted).unwrap_or_else(|| live.clone());
        let retagged =
            kind.schema().has_tags() && stack.before.as_ref().is_some_and(|before| before.tags != stack.now.tags);
        if !interrupted && old.properties == wanted.properties && !retagged {
            // Nothing of the resource itself; what CloudFormation keeps of it may differ.
            let changed = (&live.metadata, live.deletion_policy, live.update_replace_policy, &live.needs)
                != (&wanted.metadata, wanted.deletion_policy, wanted.update_replace_policy, &wanted.needs);
            if changed {
                resource.before = Some(old);
                resource.touched = true;
                resource.live = Some(Live { physical_id: live.physical_id, attributes: live.attributes, ..wanted });
                self.keep(resource).await?;
            }
            return Ok(None);
        }
        let replaced = kind.schema().replaces(&old.properties, &wanted.properties);
        let action = if replaced { policy::Action::Replace } else { policy::Action::Modify };
        let policy = stack.policy_during_update.as_deref().or(stack.policy.as_deref());
        if let Some(reason) = policy::denied(policy, action, &resource.logical_id, &resource.kind) {
            return self.fail(resource, Some(&wanted.properties), reason).await;
        }
        resource.before = Some(old.clone());
        resource.touched = true;
        if replaced {
            return self.replace(stack, kind, resource, old, wanted).await;
        }
        wanted.physical_id = old.physical_id.clone();
        wanted.attributes = old.attributes.clone();
        resource.live = Some(wanted.clone());
        let said = Said {
            status: Status::UpdateInProgress,
            reason: None,
            physical_id: &wanted.physical_id,
            properties: Some(&wanted.properties),
        };
        self.tell(resource, said).await?;
        let random = self.random();
        let work = self.work(stack, resource, &random);
        match kind.update(&work, &wanted.physical_id, &old.properties, &wanted.properties).await {
            Ok(()) => self.complete(resource, Status::UpdateComplete).await,
            Err(failure) => self.fail(resource, Some(&wanted.properties), failure.reason).await,
        }
    }

    async fn replace(
        &self,
        stack: &Stack,
        kind: &dyn ResourceType,
        resource: &mut Resource,
        old: Live,
        mut wanted: Live,
    ) -> Result<Failed, AwsError> {
        if resource.intent.is_none() {
            let (one, two) = (self.random(), self.random());
            let name_of = |random: &str, properties| kind.choose_name(&self.work(stack, resource, random), properties);
            let (before, after) = (name_of(&one, &old.properties), name_of(&two, &wanted.properties));
            // Names that were generated differ; equal ones were given.
            if before == after && !after.is_empty() {
                let reason = format!(
                    "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename {after} and update the stack again."
                );
                return self.fail(resource, Some(&wanted.properties), reason).await;
            }
            let said = Said {
                status: Status::UpdateInProgress,
                reason: Some("Requested update requires the creation of a new physical resource; hence creating one."),
                physical_id: &old.physical_id,
                properties: Some(&wanted.properties),
            };
            self.tell(resource, said).await?;
        }
        match self.make(stack, kind, resource, &mut wanted, Status::UpdateInProgress).await? {
            Ok(()) => self.brought(resource, &wanted).await,
            Err(reason) => self.fail(resource, Some(&wanted.properties), reason).await,
        }
    }

    /// Works out the outputs and keeps them; or says what is wrong with them.
    async fn outputs(&self, stack: &Stack, plan: &Plan) -> Result<Result<(), String>, AwsError> {
        match super::outputs::evaluate(&store::all_stacks(&self.cx), stack, plan, &self.resources()) {
            Ok((outputs, imports)) => {
                self.write(|_, stack| {
                    stack.now.outputs = outputs;
                    stack.now.imports = imports;
                })
                .await?;
                Ok(Ok(()))
            }
            Err(reason) => Ok(Err(reason)),
        }
    }
}

/// Whether a new resource was made, and a restart came before that was noted.
fn born(resource: &Resource, live: &Live, wanted: &Live) -> bool {
    let running = matches!(resource.status, Status::CreateInProgress | Status::UpdateInProgress);
    let new = resource.before.as_ref().is_none_or(|before| before.physical_id != live.physical_id);
    resource.touched && running && new && live.properties == wanted.properties && resource.intent.is_none()
}

/// Whether this run has brought a resource to what is wanted already.
fn done(resource: &Resource, live: &Live, wanted: &Live) -> bool {
    let complete = matches!(resource.status, Status::CreateComplete | Status::UpdateComplete);
    resource.touched && complete && live.properties == wanted.properties && resource.intent.is_none()
}

impl Run {
    /// Forgets what only the operation that ended had to know.
    pub(super) async fn settle(&self, status: Status) -> Result<(), AwsError> {
        let resources = self.resources();
        self.write(|transaction, stack| {
            for mut resource in resources.into_values() {
                if resource.touched || resource.before.is_some() || !resource.retired.is_empty() {
                    resource.touched = false;
                    resource.before = None;
                    resource.retired.clear();
                    store::put_resource(transaction, &self.uuid, &resource);
                }
            }
            stack.before = None;
            stack.policy_during_update = None;
            stack.cancelled = false;
            store::drop_templates(transaction, stack);
            super::turn(transaction, &self.cx, stack, status, None);
        })
        .await
    }
}
