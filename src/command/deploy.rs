//! `messaging deploy`: brings a stack to what a template says, through change sets.

use std::path::PathBuf;

use console::Style;

use super::{Context, value};
use crate::aws::{Target, TargetArgs};
use crate::deploy::{Deployer, Template, delete, write_env_file};
use crate::exit::{Exit, Failure};
use crate::stack::Outputs;
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
pub(crate) struct Args {
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

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    let template = if args.delete { None } else { Some(Template::load(args.template.as_deref())?) };
    let target = context.with_complaints(&Target::connect(&args.target, &context.env, &context.stop).await?);
    let deployer = Deployer { target: &target, ui: &context.ui, stop: &context.stop, stack: &args.stack };
    let Some(template) = template else {
        delete(&deployer, args.empty_bucket).await?;
        return Ok(Exit::Ok);
    };
    context.ui.note(format!(
        "{} {} into the stack {} on {}.",
        if args.dry_run { "Comparing" } else { "Deploying" },
        template.name,
        paint(&Style::new().for_stderr().bold(), &args.stack),
        target.describe()
    ));
    if args.dry_run {
        deployer.dry_run(&template, &args.parameters).await?;
        return Ok(Exit::Ok);
    }
    let outputs = deployer.apply(&template, &args.parameters).await?;
    print_outputs(&context.ui, &outputs);
    if let Some(path) = &args.write_env {
        let names = write_env_file(path, &outputs)?;
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

fn print_outputs(ui: &Ui, outputs: &Outputs) {
    let width = outputs.keys().map(String::len).max().unwrap_or(0);
    let bold = Style::new().bold();
    for (key, value) in outputs {
        ui.line(format!("{}  {value}", paint(&bold, format!("{key:<width$}"))));
    }
}
