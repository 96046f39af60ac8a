//! One resource of a creation or an update: created, changed in place, or replaced.

use serde_json::{Map, Value};

use super::event::ResourceEvent;
use super::state::{Run, Step};
use crate::cloudformation::plan::{self, Known, Plan, conformed};
use crate::cloudformation::record::{Intent, Live, Resource, Stack, Status};
use crate::cloudformation::stack_policy;
use crate::cloudformation::stored::{self, Met};
use crate::cloudformation::types::{self, Conformed, ResourceType};
use template::{Budget, Policy};
use wire::AwsError;

impl Run {
    /// Brings a resource to what the template says.
    pub(super) async fn apply_resource(
        &self,
        stack: &Stack,
        plan: &Plan,
        name: &str,
        known: &Known<'_>,
        budget: &Budget,
    ) -> Result<Step, AwsError> {
        let declared = &plan.template.resources[name];
        let mut resource = known
            .resources
            .get(name)
            .cloned()
            .filter(|resource| resource.kind == declared.kind)
            .unwrap_or_else(|| Resource::new(name, &declared.kind, self.cx.cloud.core.now()));
        let Some(kind) = types::find(&declared.kind) else {
            return Ok(Step::Failed(format!("Unrecognized resource type {}", declared.kind)));
        };
        let wanted = match self.properties(plan, name, known, budget).await? {
            Ok((conformed, hidden, metadata)) => {
                if resource.live.as_ref().is_none_or(|live| live.properties != conformed.properties) {
                    let stands_in = kind.stands_in(&conformed.properties);
                    self.told.lock().note(name, &declared.kind, &conformed, stands_in);
                }
                Live {
                    physical_id: String::new(),
                    properties: conformed.properties,
                    hidden,
                    attributes: Map::new(),
                    metadata,
                    deletion_policy: declared.deletion_policy,
                    update_replace_policy: declared.update_replace_policy,
                    needs: plan.needs.get(name).into_iter().flatten().cloned().collect(),
                }
            }
            Err(reason) => return self.fail_resource(&mut resource, None, reason).await,
        };
        match resource.live.clone() {
            None => self.create_resource(stack, kind, &mut resource, wanted).await,
            // Before a restart.
            Some(live) if is_complete(&resource, &live, &wanted) => Ok(Step::Done(())),
            Some(live) if is_created(&resource, &live, &wanted) => self.complete_creation(&mut resource, &wanted).await,
            Some(live) => self.update_resource(stack, kind, &mut resource, live, wanted).await,
        }
    }

    /// The properties of a resource, where secrets are in them, and its metadata; or why it can't have them. Dynamic references get
    /// what the Parameter Store has now.
    async fn properties(
        &self,
        plan: &Plan,
        name: &str,
        known: &Known<'_>,
        budget: &Budget,
    ) -> Result<Result<(Conformed, Map<String, Value>, Option<Value>), String>, AwsError> {
        let met = Met::default();
        let mut evaluated = plan::evaluated(plan, name, known, &|reference| met.note(reference), budget);
        let references = met.all();
        if evaluated.is_ok() && !references.is_empty() {
            let values = match stored::resolve(&self.cx, &references).await? {
                Ok(values) => values,
                Err(reason) => return Ok(Err(reason)),
            };
            evaluated = plan::evaluated(plan, name, known, &|reference| values.get(reference).cloned(), budget);
            self.stored.lock().extend(values);
        }
        let evaluated = evaluated.map_err(|invalid| invalid.message);
        Ok(evaluated.and_then(|it| Ok((conformed(plan, name, &it.properties)?, it.hidden, it.metadata))))
    }

    async fn create_resource(
        &self,
        stack: &Stack,
        kind: &dyn ResourceType,
        resource: &mut Resource,
        wanted: Live,
    ) -> Result<Step, AwsError> {
        resource.touched = true;
        if resource.intent.is_none() {
            let event = ResourceEvent::new(Status::CreateInProgress).with(&wanted);
            self.set_resource_status(resource, event).await?;
        }
        self.create_physical(stack, kind, resource, wanted, Status::CreateInProgress).await
    }

    /// Brings a resource from what it is to what is wanted, in place or by a new physical one.
    async fn update_resource(
        &self,
        stack: &Stack,
        kind: &dyn ResourceType,
        resource: &mut Resource,
        live: Live,
        mut wanted: Live,
    ) -> Result<Step, AwsError> {
        let schema = kind.schema();
        let interrupted = resource.touched && resource.before.is_some();
        let old = resource.before.clone().filter(|_| interrupted).unwrap_or_else(|| live.clone());
        let retagged = schema.has_tags() && stack.before.as_ref().is_some_and(|before| before.tags != stack.now.tags);
        if !interrupted && old.properties == wanted.properties && !retagged {
            return self.update_declaration(resource, live, wanted).await;
        }
        let replaces = schema.replaces(&old.properties, &wanted.properties);
        let action = if replaces { stack_policy::Action::Replace } else { stack_policy::Action::Modify };
        let policy = stack.policy_during_update.as_deref().or(stack.policy.as_deref());
        if let Some(reason) = stack_policy::denial(policy, action, &resource.logical_id, &resource.kind) {
            return self.fail_resource(resource, Some(&wanted), reason).await;
        }
        resource.before = Some(old.clone());
        resource.touched = true;
        if replaces {
            return self.replace_resource(stack, kind, resource, old, wanted).await;
        }
        wanted.physical_id = old.physical_id.clone();
        wanted.attributes = old.attributes.clone();
        resource.live = Some(wanted.clone());
        let event = ResourceEvent::new(Status::UpdateInProgress).of(&wanted.physical_id).with(&wanted);
        self.set_resource_status(resource, event).await?;
        let random = self.random();
        let work = self.work(stack, resource, &random);
        let updated = match kind.update(&work, &wanted.physical_id, &old.properties, &wanted.properties).await {
            Ok(()) => kind.refreshed(&work, &wanted.physical_id, &wanted.properties).await,
            Err(error) => Err(error),
        };
        match updated {
            Ok(refreshed) => {
                if let Some(live) = &mut resource.live {
                    live.attributes.extend(refreshed);
                }
                self.complete(resource, Status::UpdateComplete).await
            }
            Err(error) => self.fail_resource(resource, Some(&wanted), error.reason).await,
        }
    }

    /// Writes what the template says of a resource beside its properties, if that differs. The physical resource stays as it
    /// is.
    async fn update_declaration(&self, resource: &mut Resource, live: Live, wanted: Live) -> Result<Step, AwsError> {
        let changed = (&live.metadata, live.deletion_policy, live.update_replace_policy, &live.needs, &live.hidden)
            != (&wanted.metadata, wanted.deletion_policy, wanted.update_replace_policy, &wanted.needs, &wanted.hidden);
        if changed {
            let (physical_id, attributes) = (live.physical_id.clone(), live.attributes.clone());
            resource.before = Some(live);
            resource.touched = true;
            resource.live = Some(Live { physical_id, attributes, ..wanted });
            self.save_resource(resource).await?;
        }
        Ok(Step::Done(()))
    }

    async fn replace_resource(
        &self,
        stack: &Stack,
        kind: &dyn ResourceType,
        resource: &mut Resource,
        old: Live,
        wanted: Live,
    ) -> Result<Step, AwsError> {
        if resource.intent.is_none() {
            let (one, two) = (self.random(), self.random());
            let name_of = |random: &str, properties| kind.choose_name(&self.work(stack, resource, random), properties);
            let (before, after) = (name_of(&one, &old.properties), name_of(&two, &wanted.properties));
            // Names that were generated differ; equal ones were given.
            if before == after && !after.is_empty() {
                let reason = format!(
                    "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename {after} and update the stack again."
                );
                return self.fail_resource(resource, Some(&wanted), reason).await;
            }
            let event = ResourceEvent::new(Status::UpdateInProgress)
                .because("Requested update requires the creation of a new physical resource; hence creating one.")
                .of(&old.physical_id)
                .with(&wanted);
            self.set_resource_status(resource, event).await?;
        }
        self.create_physical(stack, kind, resource, wanted, Status::UpdateInProgress).await
    }

    /// Chooses a name that nobody has, if that isn't done yet, creates the physical resource under it, and completes the
    /// logical one.
    async fn create_physical(
        &self,
        stack: &Stack,
        kind: &dyn ResourceType,
        resource: &mut Resource,
        mut wanted: Live,
        status: Status,
    ) -> Result<Step, AwsError> {
        if resource.intent.is_none() {
            let random = self.random();
            let work = self.work(stack, resource, &random);
            let name = kind.choose_name(&work, &wanted.properties);
            let free = kind.check_name_is_free(&work, &name, &wanted.properties).await;
            if let Err(error) = free {
                return self.fail_resource(resource, Some(&wanted), error.reason).await;
            }
            resource.intent = Some(Intent { name, properties: wanted.properties.clone() });
            self.save_resource(resource).await?;
        }
        let name = resource.intent.as_ref().map(|intent| intent.name.clone()).unwrap_or_default();
        let work = self.work(stack, resource, "");
        let created = kind.create(&work, &name, &wanted.properties).await;
        match created {
            Ok(created) => {
                resource.intent = None;
                wanted.physical_id = created.physical_id;
                wanted.attributes = created.attributes;
                resource.live = Some(wanted.clone());
                let event = ResourceEvent::new(status)
                    .because("Resource creation Initiated")
                    .of(&wanted.physical_id)
                    .with(&wanted);
                self.set_resource_status(resource, event).await?;
                self.complete_creation(resource, &wanted).await
            }
            Err(error) => self.fail_resource(resource, Some(&wanted), error.reason).await,
        }
    }

    /// Writes that a physical resource is created; the one that it replaces, if any, is to be deleted.
    async fn complete_creation(&self, resource: &mut Resource, wanted: &Live) -> Result<Step, AwsError> {
        let Some(old) = resource.before.clone() else { return self.complete(resource, Status::CreateComplete).await };
        if wanted.update_replace_policy != Some(Policy::Retain) {
            resource.retired.push(old);
        }
        self.complete(resource, Status::UpdateComplete).await
    }

    /// Writes that a resource is what was wanted.
    async fn complete(&self, resource: &mut Resource, status: Status) -> Result<Step, AwsError> {
        let Some(live) = resource.live.clone() else { return Ok(Step::Done(())) };
        let remark = self.told.lock().remark(&resource.logical_id);
        let event = ResourceEvent::new(status).of(&live.physical_id).with(&live);
        let event = ResourceEvent { reason: remark.as_deref(), ..event };
        self.set_resource_status(resource, event).await?;
        Ok(Step::Done(()))
    }

    /// Writes that a resource failed to become what was wanted, if that is known.
    async fn fail_resource(
        &self,
        resource: &mut Resource,
        wanted: Option<&Live>,
        reason: String,
    ) -> Result<Step, AwsError> {
        let status = if resource.live.is_some() { Status::UpdateFailed } else { Status::CreateFailed };
        let physical_id = resource.live.as_ref().map(|live| live.physical_id.clone()).unwrap_or_default();
        let event = ResourceEvent { status, reason: Some(&reason), physical_id: &physical_id, live: wanted };
        self.set_resource_status(resource, event).await?;
        Ok(Step::Failed(reason))
    }
}

/// Whether a new physical resource was created, and a restart came before that was written.
fn is_created(resource: &Resource, live: &Live, wanted: &Live) -> bool {
    let running = matches!(resource.status, Status::CreateInProgress | Status::UpdateInProgress);
    let new = resource.before.as_ref().is_none_or(|before| before.physical_id != live.physical_id);
    resource.touched && running && new && live.properties == wanted.properties && resource.intent.is_none()
}

/// Whether this run has brought a resource to what is wanted already.
fn is_complete(resource: &Resource, live: &Live, wanted: &Live) -> bool {
    let complete = matches!(resource.status, Status::CreateComplete | Status::UpdateComplete);
    resource.touched && complete && live.properties == wanted.properties && resource.intent.is_none()
}
