//! Creations and updates: every resource becomes what the template says, then come the outputs.

use super::event;
use super::failure::after_failure;
use super::outputs;
use super::state::{Run, Step};
use super::told::Told;
use crate::cloudformation::plan::{self, Known, Plan};
use crate::cloudformation::record::{Stack, Status};
use crate::cloudformation::{store, stored};
use template::Budget;
use wire::AwsError;

impl Run {
    /// Brings every resource to what the template says, then the outputs.
    pub(super) async fn apply(&self, stack: Stack) -> Result<(), AwsError> {
        let creating = stack.status == Status::CreateInProgress;
        let planned = self.planned.lock().take().filter(|(template, _)| *template == stack.now.template);
        let plan = match planned {
            Some((_, plan)) => plan,
            None => match self.plan(&stack).await? {
                Step::Done(plan) => plan,
                Step::Failed(reason) => {
                    return self.fail_operation(&stack, &format!("{reason}. Rollback requested by user.")).await;
                }
            },
        };
        if let Some(reason) = plan.unsupported_attribute() {
            return self.fail_operation(&stack, &format!("{reason}. Rollback requested by user.")).await;
        }
        *self.told.lock() = Told::default();
        self.stored.lock().clear();
        let mut resources = self.resources();
        let (exports, budget) = (self.exports(), Budget::default());
        for level in &plan.order {
            let mut failed = Vec::new();
            for name in level {
                if self.stack().is_some_and(|stack| stack.cancelled) {
                    return self.fail_operation(&stack, "User Initiated").await;
                }
                let known = Known::new(&resources, &exports);
                if let Step::Failed(_) = self.apply_resource(&stack, &plan, name, &known, &budget).await? {
                    failed.push(name.as_str());
                }
                if let Some(resource) = self.resource(name) {
                    resources.insert(name.clone(), resource);
                }
            }
            if !failed.is_empty() {
                let verb = if creating { "create" } else { "update" };
                let names = failed.join(", ");
                let mut reason = format!("The following resource(s) failed to {verb}: [{names}]. ");
                if creating && after_failure(&stack) == Status::RollbackInProgress {
                    reason.push_str("Rollback requested by user.");
                }
                return self.fail_operation(&stack, &reason).await;
            }
        }
        for notice in self.told.lock().notices() {
            self.cx.cloud.notice(&notice);
        }
        match self.save_outputs(&stack, &plan).await? {
            Step::Done(()) if creating => self.finish(Status::CreateComplete).await,
            Step::Done(()) => self.set_status(Status::UpdateCleanup, None).await,
            Step::Failed(reason) => self.fail_operation(&stack, &format!("{reason} Rollback requested by user.")).await,
        }
    }

    /// Ends a creation or an update that failed or was cancelled; what follows is a rollback, or nothing.
    async fn fail_operation(&self, stack: &Stack, reason: &str) -> Result<(), AwsError> {
        let next = after_failure(stack);
        self.change_stack(|tx, stack| {
            stack.cancelled = false;
            event::set_status(tx, &self.cx, stack, next, Some(reason));
        })
        .await
    }

    /// Works out the outputs and writes them.
    async fn save_outputs(&self, stack: &Stack, plan: &Plan) -> Result<Step, AwsError> {
        let (stacks, resources, exports) = (store::all_stacks(&self.cx), self.resources(), self.exports());
        let references = plan::references(plan, &Known::new(&resources, &exports));
        let met = self.stored.lock().clone();
        let others = references.into_iter().filter(|reference| !met.contains_key(reference)).collect();
        let mut values = match stored::resolve(&self.cx, &others).await? {
            Ok(values) => values,
            Err(reason) => return Ok(Step::Failed(reason)),
        };
        values.extend(met);
        match outputs::evaluate(&stacks, stack, plan, &resources, &|reference| values.get(reference).cloned()) {
            Ok((outputs, imports)) => {
                self.change_stack(|_, stack| {
                    stack.now.dynamic = values;
                    stack.now.outputs = outputs;
                    stack.now.imports = imports;
                })
                .await?;
                Ok(Step::Done(()))
            }
            Err(reason) => Ok(Step::Failed(reason)),
        }
    }
}
