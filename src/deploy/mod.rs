//! Deploying: brings a stack to what a template says, through change sets, and deletes it.

mod change_set;
mod changes;
mod defaults;
mod delete;
mod env_file;
mod streams;
mod template;
mod validation;
mod watch;

use std::time::Duration;

use console::Style;

use self::change_set::Prepared;
pub(crate) use self::delete::{delete, show_deletion};
pub(crate) use self::env_file::EnvFile;
pub(crate) use self::streams::{Stream, await_streams, await_streams_of};
pub(crate) use self::template::Template;
use crate::aws::{Target, TargetKind};
use crate::exit::Failure;
use crate::stack::{self, Stack};
use crate::stop::Stop;
use crate::ui::{Ui, paint};

/// A stack on a cloud, to be brought to what a template says.
#[derive(Clone, Copy)]
pub(crate) struct Deployer<'a> {
    /// Where the stack is.
    pub target: &'a Target,
    /// Who shows what happens.
    pub ui: &'a Ui,
    pub stop: &'a Stop,
    /// The stack's name.
    pub stack: &'a str,
}

impl Deployer<'_> {
    /// Creates or updates the stack and waits for it. Parameters that aren't given keep the values that the stack has.
    pub(crate) async fn apply(&self, template: &Template, parameters: &[(String, String)]) -> Result<Stack, Failure> {
        let existing = self.existing().await?;
        let kept = defaults::kept(self, existing.as_ref(), template, parameters).await;
        let stack = self.bring(existing.as_ref(), existing.as_ref(), template, parameters).await?;
        for line in kept {
            self.ui.note(line);
        }
        Ok(stack)
    }

    /// The same, but parameters that aren't given get the template's defaults.
    pub(crate) async fn apply_afresh(
        &self,
        template: &Template,
        parameters: &[(String, String)],
    ) -> Result<Stack, Failure> {
        let existing = self.existing().await?;
        self.bring(existing.as_ref(), None, template, parameters).await
    }

    /// Creates or updates the stack, which keeps the values of `kept`, if that is given.
    async fn bring(
        &self,
        existing: Option<&Stack>,
        kept: Option<&Stack>,
        template: &Template,
        parameters: &[(String, String)],
    ) -> Result<Stack, Failure> {
        let merged = change_set::merge_parameters(kept, template, parameters);
        match change_set::prepare(self, existing, template, merged).await? {
            Prepared::NoChanges => {
                self.ui.note(format!("The stack {} is up to date: nothing to change.", self.stack));
                existing.cloned().ok_or_else(|| Failure::new(format!("The stack {} is gone", self.stack)))
            }
            Prepared::Ready(change_set) => {
                let before = watch::newest_event(self, &change_set.stack_id).await?;
                change_set.execute(self).await?;
                let stack = watch::until_done(self, &change_set.stack_id, before).await?;
                if stack.outputs.is_empty() && !template.names("Outputs").is_empty() {
                    self.ui
                        .warn("The template has outputs, but this cloud shows none: name topic and queues yourself.");
                }
                self.ui.note(format!(
                    "{} The stack {} is {}.",
                    paint(&Style::new().for_stderr().green().bold(), "✔"),
                    self.stack,
                    if change_set.creates { "created" } else { "updated" }
                ));
                Ok(stack)
            }
        }
    }

    /// Shows what would change.
    pub(crate) async fn dry_run(&self, template: &Template, parameters: &[(String, String)]) -> Result<(), Failure> {
        let existing = self.existing().await?;
        let kept = defaults::kept(self, existing.as_ref(), template, parameters).await;
        let merged = change_set::merge_parameters(existing.as_ref(), template, parameters);
        match change_set::prepare(self, existing.as_ref(), template, merged).await? {
            Prepared::NoChanges => self.ui.line("No changes."),
            Prepared::Ready(change_set) => {
                for line in change_set.lines() {
                    self.ui.line(line);
                }
                change_set.discard(self).await?;
            }
        }
        for line in kept {
            self.ui.note(line);
        }
        Ok(())
    }

    /// The stack as it is, in a state that can be deployed into; one whose creation was rolled back is deleted first.
    async fn existing(&self) -> Result<Option<Stack>, Failure> {
        let Some(stack) = self.describe().await? else { return Ok(None) };
        match stack.status.as_str() {
            // A stack of which only a change set exists.
            "REVIEW_IN_PROGRESS" => Ok(None),
            "ROLLBACK_COMPLETE" => {
                self.ui.note(format!(
                    "The stack {} is left over from a creation that failed and was rolled back: it is deleted first.",
                    self.stack
                ));
                delete::delete_stack(self, &stack).await?;
                Ok(None)
            }
            status if status.ends_with("_IN_PROGRESS") => {
                Err(Failure::new(format!("The stack {} is busy: {status}", self.stack))
                    .help("Wait until that has ended, then deploy again."))
            }
            "ROLLBACK_FAILED" | "DELETE_FAILED" => {
                Err(Failure::new(format!("The stack {} can't be updated: it is {}", self.stack, stack.status))
                    .why(stack.reason.as_deref().unwrap_or("AWS gives no reason"))
                    .help("Delete it with `messaging deploy --delete`, then deploy again."))
            }
            _ => Ok(Some(stack)),
        }
    }

    async fn describe(&self) -> Result<Option<Stack>, Failure> {
        let doing = format!("look the stack {} up", self.stack);
        stack::describe(self.target, self.stack).await.map_err(|error| error.failure(self.target, &doing))
    }

    /// How long to wait between two looks.
    fn pause(&self) -> Duration {
        match self.target.kind {
            TargetKind::Local => Duration::from_millis(150),
            TargetKind::Aws => Duration::from_secs(2),
        }
    }
}
