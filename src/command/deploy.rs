//! `messaging deploy`: brings a stack to what a template says, through change sets.

mod change_set;
mod delete;
mod env_file;
mod template;
mod watch;

use std::path::PathBuf;
use std::time::Duration;

use console::Style;

use self::change_set::Prepared;
pub use self::delete::delete;
pub use self::template::Template;
use super::stack::{self, Outputs, Stack};
use super::{Context, value};
use crate::aws::{Cloud, Target, TargetArgs};
use crate::exit::{Exit, Failure, Stop};
use crate::ui::{Ui, paint};

/// Deploy the stack: topic, queues, delivery stream, bucket, roles
#[derive(Debug, Clone, clap::Args)]
#[command(
    long_about = "Deploy the stack: topic, queues, delivery stream, bucket, roles.\n\n\
        Goes through a change set, as `aws cloudformation deploy` does: creates the stack or updates it, shows each \
        resource as it happens, and prints the outputs. No change is a success. A creation that fails is rolled back, and \
        the first reason is shown. Parameters that aren't given keep the value that the stack has.",
    after_long_help = "Examples:
  messaging deploy                                  into the embedded cloud of `messaging local`
  messaging deploy --write-env                      and keep its topic and queues in .env
  messaging deploy --parameter BufferingSeconds=0 --parameter MaxReceiveCount=3
  messaging deploy --dry-run                        what would change
  messaging deploy --target aws                     the same on AWS
  messaging deploy --delete --empty-bucket          and away with it, landed data included"
)]
pub struct Args {
    /// The template [default: infra.yaml here, else the built-in one].
    #[arg(long, value_name = "FILE")]
    pub template: Option<PathBuf>,
    /// The stack's name.
    #[arg(long, value_name = "NAME", default_value = "messaging", env = "MESSAGING_STACK", hide_env_values = true)]
    pub stack: String,
    /// A parameter of the template; may be repeated.
    #[arg(long = "parameter", value_name = "KEY=VALUE", value_parser = value::key_value)]
    pub parameters: Vec<(String, String)>,
    /// Show what would change, and change nothing.
    #[arg(long, conflicts_with_all = ["delete", "write_env"])]
    pub dry_run: bool,
    /// Write the topic and the queues among the outputs into a .env file; what else is in it stays.
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = ".env", conflicts_with = "delete")]
    pub write_env: Option<PathBuf>,
    /// Delete the stack.
    #[arg(long, conflicts_with_all = ["template", "parameters"])]
    pub delete: bool,
    /// With --delete: delete its buckets too, and all that landed in them. Without it a bucket stays if the template
    /// says so, and one that isn't empty stands in the way.
    #[arg(long, requires = "delete")]
    pub empty_bucket: bool,
    #[command(flatten)]
    pub target: TargetArgs,
}

pub async fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    let template = if args.delete { None } else { Some(Template::load(args.template.as_deref())?) };
    let cloud = context.telling(&Cloud::connect(&args.target, &context.env, &context.stop).await?);
    let deployer = Deployer { cloud: &cloud, ui: &context.ui, stop: &context.stop, stack: &args.stack };
    let Some(template) = template else {
        delete(&deployer, args.empty_bucket).await?;
        return Ok(Exit::Ok);
    };
    context.ui.note(format!(
        "{} {} into the stack {} on {}.",
        if args.dry_run { "Comparing" } else { "Deploying" },
        template.name,
        paint(&Style::new().for_stderr().bold(), &args.stack),
        cloud.describe()
    ));
    if args.dry_run {
        deployer.dry_run(&template, &args.parameters).await?;
        return Ok(Exit::Ok);
    }
    let outputs = deployer.apply(&template, &args.parameters).await?;
    print_outputs(&context.ui, &outputs);
    if let Some(path) = &args.write_env {
        let names = env_file::write(path, &outputs)?;
        if names.is_empty() {
            context.ui.warn(format!(
                "The stack's outputs name neither the topic nor a queue: nothing is written to {}.",
                path.display()
            ));
        } else {
            context.ui.note(format!("Wrote {} to {}.", names.join(", "), path.display()));
        }
    }
    Ok(Exit::Ok)
}

/// A stack on a cloud, to be brought to what a template says.
#[derive(Clone, Copy)]
pub struct Deployer<'a> {
    pub cloud: &'a Cloud,
    pub ui: &'a Ui,
    pub stop: &'a Stop,
    pub stack: &'a str,
}

impl Deployer<'_> {
    /// Creates or updates the stack and waits for it; its outputs.
    pub async fn apply(&self, template: &Template, parameters: &[(String, String)]) -> Result<Outputs, Failure> {
        let existing = self.existing().await?;
        match change_set::prepare(self, existing.as_ref(), template, parameters).await? {
            Prepared::NoChanges => {
                self.ui.note(format!("The stack {} is up to date: nothing to change.", self.stack));
                Ok(existing.map(|stack| stack.outputs).unwrap_or_default())
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
                Ok(stack.outputs)
            }
        }
    }

    /// Shows what would change.
    pub async fn dry_run(&self, template: &Template, parameters: &[(String, String)]) -> Result<(), Failure> {
        let existing = self.existing().await?;
        match change_set::prepare(self, existing.as_ref(), template, parameters).await? {
            Prepared::NoChanges => self.ui.line("No changes."),
            Prepared::Ready(change_set) => {
                for line in change_set.lines() {
                    self.ui.line(line);
                }
                change_set.discard(self).await?;
            }
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
        stack::describe(self.cloud, self.stack).await.map_err(|error| error.failure(self.cloud, &doing))
    }

    /// How long to wait between two looks.
    fn pause(&self) -> Duration {
        match self.cloud.target {
            Target::Local => Duration::from_millis(150),
            Target::Aws => Duration::from_secs(2),
        }
    }
}

fn print_outputs(ui: &Ui, outputs: &Outputs) {
    let width = outputs.keys().map(String::len).max().unwrap_or(0);
    let bold = Style::new().bold();
    for (key, value) in outputs {
        ui.line(format!("{}  {value}", paint(&bold, format!("{key:<width$}"))));
    }
}
