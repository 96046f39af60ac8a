//! `messaging deploy`: brings a stack to what a template says, through change sets.

use std::path::{Path, PathBuf};

#[cfg(feature = "scenarios")]
use clap::builder::PossibleValuesParser;
use console::Style;

use super::{Context, value};
use crate::aws::{Target, TargetArgs, TargetKind};
use crate::deploy::{Deployer, EnvFile, Template, await_streams, delete, show_deletion};
use crate::exit::{Exit, Failure};
use crate::stack::Outputs;
use crate::ui::{Ui, paint};

/// Deploy a stack: the fan-out's topic, queues, stream, bucket and roles, or another scenario's
#[derive(Debug, Clone, clap::Args)]
#[command(
    long_about = "Deploy a stack: the fan-out's topic, queues, delivery stream, bucket and roles, or with --scenario another system's.\n\n\
        Goes through a change set, as `aws cloudformation deploy` does: creates the stack or updates it, shows each \
        resource as it happens, waits until its delivery streams take records, and prints the outputs. No change is a \
        success. A creation that fails is rolled back, and the first reason is shown. Parameters that aren't given keep \
        the value that the stack has.",
    after_long_help = "Examples:
  messaging deploy                          to the cloud of `messaging local`
  messaging deploy --write-env              and let .env say where all of it is
  messaging deploy --parameter MaxReceiveCount=1
  messaging deploy --dry-run                what would change, before and after
  messaging deploy --target aws             the same on AWS
  messaging deploy --scenario tasks         another system's stack
  messaging deploy --delete --dry-run       what would go, and what would stay
  messaging deploy --delete --empty-bucket  away with it, landed data included"
)]
pub(crate) struct Args {
    /// The template [default: infra.yaml of this folder, else the built-in template].
    #[arg(long, value_name = "FILE")]
    pub template: Option<PathBuf>,
    /// The scenario whose template it is: archive, tasks, workflows or jobs; fanout is the one without it.
    #[cfg(feature = "scenarios")]
    #[arg(long, value_name = "NAME", value_parser = scenarios(), conflicts_with_all = ["template", "write_env"])]
    scenario: Option<String>,
    /// The stack's name [default: messaging-SCENARIO; of the fan-out MESSAGING_STACK, or messaging].
    #[arg(long, value_name = "NAME")]
    stack: Option<String>,
    /// A parameter of the template; may be repeated.
    #[arg(long = "parameter", value_name = "KEY=VALUE", value_parser = value::key_value)]
    pub parameters: Vec<(String, String)>,
    /// Show what would change, and change nothing. With --delete: what would go, and what would stay.
    #[arg(long, conflicts_with = "write_env")]
    pub dry_run: bool,
    /// Write what the next command needs into a .env file: the target, its address and region, the stack, the topic and the
    /// queues. What else is in it stays.
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

impl Args {
    /// Which template is meant.
    fn template(&self) -> Result<Template, Failure> {
        #[cfg(feature = "scenarios")]
        if let Some(scenario) = self.scenario() {
            return Ok(super::running::template(scenario));
        }
        Template::load(self.template.as_deref())
    }

    /// Which stack is meant. What the environment says of it is about the fan-out.
    fn stack_name(&self, context: &Context) -> String {
        #[cfg(feature = "scenarios")]
        if let Some(scenario) = self.scenario() {
            return super::running::stack_name(self.stack.as_deref(), scenario.name());
        }
        let known = || context.env.find(&["MESSAGING_STACK"]).map(|found| found.value);
        self.stack.clone().or_else(known).unwrap_or_else(|| "messaging".to_owned())
    }

    /// The scenario that is meant, if it isn't the fan-out.
    #[cfg(feature = "scenarios")]
    fn scenario(&self) -> Option<&'static dyn scenario::Scenario> {
        let name = self.scenario.as_deref()?;
        scenario::ALL.iter().copied().find(|scenario| scenario.name() == name)
    }
}

/// The scenarios' names.
#[cfg(feature = "scenarios")]
fn scenarios() -> PossibleValuesParser {
    std::iter::once("fanout").chain(scenario::ALL.iter().map(|scenario| scenario.name())).collect::<Vec<_>>().into()
}

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    let template = if args.delete { None } else { Some(args.template()?) };
    let stack = &args.stack_name(context);
    let target = context.with_complaints(&Target::connect(&args.target, &context.env, &context.stop).await?);
    let deployer = Deployer { target: &target, ui: &context.ui, stop: &context.stop, stack };
    let Some(template) = template else {
        if args.dry_run {
            show_deletion(&deployer, args.empty_bucket).await?;
            return Ok(Exit::Ok);
        }
        delete(&deployer, args.empty_bucket).await?;
        return Ok(Exit::Ok);
    };
    context.ui.note(format!(
        "{} the stack {} on {}.",
        match args.dry_run {
            true => format!("Comparing {} with", template.name),
            false => format!("Deploying {} as", template.name),
        },
        paint(&Style::new().for_stderr().bold(), stack),
        target.describe()
    ));
    if args.dry_run {
        deployer.dry_run(&template, &args.parameters).await?;
        return Ok(Exit::Ok);
    }
    if let Some(path) = &args.write_env {
        EnvFile::check(path)?;
    }
    let deployed = deployer.apply(&template, &args.parameters).await?;
    for stream in await_streams(&deployer, &deployed).await? {
        context.ui.note(format!("The delivery stream {} lands a batch {}.", stream.name, stream.buffering));
    }
    print_outputs(&context.ui, &deployed.outputs);
    if let Some(path) = &args.write_env {
        write_env(context, &target, stack, path, &deployed.outputs)?;
    }
    Ok(Exit::Ok)
}

/// Writes where all of it is into a `.env` file.
fn write_env(context: &Context, target: &Target, stack: &str, path: &Path, outputs: &Outputs) -> Result<(), Failure> {
    let address = target.endpoint.clone().map(|endpoint| ("AWS_ENDPOINT_URL", endpoint));
    // The target's own address needs no word, unless the file names another.
    let (address, defaults) = match address {
        Some(address) if target.is_elsewhere() => (Some(address), None),
        other => (None, other),
    };
    let kind = match target.kind {
        TargetKind::Local => "local",
        TargetKind::Aws => "aws",
    };
    let mut settings = vec![("MESSAGING_TARGET", kind.to_owned())];
    settings.extend(address.clone());
    settings.push(("AWS_REGION", target.region.clone()));
    settings.push(("MESSAGING_STACK", stack.to_owned()));
    // On AWS itself there is no address at all: an empty one is as good as none.
    let defaults = defaults.or_else(|| address.is_none().then(|| ("AWS_ENDPOINT_URL", String::new())));
    let file = EnvFile { path, settings, defaults: defaults.into_iter().collect() };
    let names = file.write(outputs)?;
    if !names.iter().any(|name| ["TOPIC_ARN", "URL_ORDERS", "URL_PAYMENTS"].contains(name)) {
        context.ui.warn("The stack's outputs name neither the topic nor a queue: publish and consume need them.");
    }
    context.ui.note(format!("Wrote {} to {}.", names.join(", "), path.display()));
    if target.kind == TargetKind::Aws && address.is_some() {
        context.ui.note("An address that only .env names gets no keys but those of .env: export it for your own.");
    }
    Ok(())
}

fn print_outputs(ui: &Ui, outputs: &Outputs) {
    let width = outputs.keys().map(String::len).max().unwrap_or(0);
    let bold = Style::new().bold();
    for (key, value) in outputs {
        ui.line(format!("{}  {value}", paint(&bold, format!("{key:<width$}"))));
    }
}
