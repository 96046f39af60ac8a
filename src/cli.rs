//! The command line.

use std::error::Error as _;

use clap::builder::Resettable;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser, Subcommand};

use crate::command::{
    Context, chaos, clock, completions, consume, deploy, env, health, local, man, objects, peek, publish, redrive,
    report, reset, simulate, state, status, tail, top, verify, wait,
};
#[cfg(feature = "scenarios")]
use crate::command::{serve, token};
use crate::config::Env;
use crate::exit::{Exit, Failure};
use crate::stop::Stop;
use crate::ui::Ui;

/// Event-driven systems over AWS's queues, simulated on AWS or on an embedded cloud: an e-commerce's fan-out, and four more
#[derive(Debug, Parser)]
#[command(
    name = "messaging",
    version = env!("MESSAGING_VERSION"),
    arg_required_else_help = true,
    max_term_width = 120,
    after_long_help = "See it all at once:
  messaging simulate

Or step by step, the cloud in a terminal of its own:
  messaging local     the embedded cloud, on 127.0.0.1:4566
  messaging deploy    the topic, the queues, the stream, the bucket
  messaging publish   an event every 5 s
  messaging consume   drains both queues
  messaging status    how full the queues are; peek shows the messages

Another system than the fan-out, as archive, tasks, workflows or jobs:
  messaging simulate tasks
  messaging serve tasks

The same on AWS: --target aws. Nothing is sent to AWS without that.

A setting is the first of: its flag, its environment variable, .env in this
folder, its default.

Exit codes:
  0    done; so is an endless run that was stopped with Ctrl-C
  1    something failed, or a report is worse than it may be
  2    the command line, the environment or .env doesn't make sense
  3    the run finished, but something was lost
  4    nothing answers at the endpoint
  5    the run finished, and nobody can say whether something was lost
  130  stopped before it was done"
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Local(local::Args),
    Deploy(deploy::Args),
    Publish(Box<publish::Args>),
    Consume(consume::Args),
    Status(status::Args),
    Peek(peek::Args),
    Top(top::Args),
    Tail(tail::Args),
    Objects(objects::Args),
    Redrive(redrive::Args),
    Wait(wait::Args),
    Reset(reset::Args),
    State(state::Args),
    Env(env::Args),
    Clock(clock::Args),
    Simulate(Box<simulate::Line>),
    Report(report::Args),
    Verify(verify::Args),
    Chaos(chaos::Args),
    #[cfg(feature = "scenarios")]
    Serve(serve::Args),
    #[cfg(feature = "scenarios")]
    Token(token::Args),
    Health(health::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// The settings of all scenarios, by the names that they have in the environment and in `.env`.
pub fn scenario_settings() -> Vec<&'static str> {
    #[cfg(feature = "scenarios")]
    return crate::command::choice::setting_names();
    #[cfg(not(feature = "scenarios"))]
    Vec::new()
}

/// Why nothing can be run.
#[derive(Debug)]
pub enum Refused {
    /// The command line is wrong, or only asks for help.
    CommandLine(clap::Error),
    /// A setting of the environment or of `.env` is wrong.
    Setting(Failure),
}

impl Cli {
    /// Reads the command line, and of `env` what stands behind it.
    ///
    /// # Errors
    /// What is wrong, said of where it stands: a setting of a file is no flag that somebody typed.
    pub fn read(env: Option<&Env>) -> Result<Self, Box<Refused>> {
        let mut error = match Self::try_parse() {
            Ok(cli) => return Ok(cli),
            Err(error) => error,
        };
        tell_order(&mut error);
        if !error.use_stderr() {
            return Err(Box::new(Refused::CommandLine(error)));
        }
        // Without the environment what is wrong is the command line's own, and its usage names only what was typed.
        let typed = without_environment(Self::command());
        Err(Box::new(match (typed.try_get_matches(), setting(&error)) {
            (Err(mut error), _) => {
                tell_order(&mut error);
                Refused::CommandLine(error)
            }
            (Ok(_), Some(name)) => Refused::Setting(wrong_setting(&error, &name, env)),
            (Ok(_), None) => Refused::CommandLine(error),
        }))
    }

    /// Runs the command; must be called inside the runtime.
    pub async fn run(self, env: Env) -> Result<Exit, Failure> {
        let ui = Ui::new(self.json());
        let stop = Stop::on_signals(&ui, !self.only_looks());
        let context = Context { ui, env, stop };
        // These commands read no setting: they need no warning.
        let reads_none = matches!(
            self.command,
            Command::Local(_) | Command::Report(_) | Command::Health(_) | Command::Completions(_) | Command::Man(_)
        );
        if !reads_none && let Some(remark) = context.env.remark() {
            context.ui.warn(remark);
        }
        match self.command {
            Command::Local(args) => local::run(&context, args).await,
            Command::Deploy(args) => deploy::run(&context, args).await,
            Command::Publish(args) => publish::run(&context, *args).await,
            Command::Consume(args) => consume::run(&context, args).await,
            Command::Status(args) => status::run(&context, args).await,
            Command::Peek(args) => peek::run(&context, args).await,
            Command::Top(args) => top::run(&context, args).await,
            Command::Tail(args) => tail::run(&context, args).await,
            Command::Objects(args) => objects::run(&context, args).await,
            Command::Redrive(args) => redrive::run(&context, args).await,
            Command::Wait(args) => wait::run(&context, args).await,
            Command::Reset(args) => reset::run(&context, args).await,
            Command::State(args) => state::run(&context, args).await,
            Command::Env(args) => env::run(&context, args).await,
            Command::Clock(args) => clock::run(&context, args).await,
            Command::Simulate(args) => simulate::run(&context, *args).await,
            Command::Report(args) => report::run(&context, &args),
            Command::Verify(args) => verify::run(&context, args).await,
            Command::Chaos(args) => chaos::run(&context, args).await,
            #[cfg(feature = "scenarios")]
            Command::Serve(args) => serve::run(&context, args).await,
            #[cfg(feature = "scenarios")]
            Command::Token(args) => token::run(&context, args).await,
            Command::Health(args) => health::run(&context, args).await,
            Command::Completions(args) => completions::run::<Self>(&context, &args).await,
            Command::Man(args) => man::run::<Self>(&args),
        }
    }

    /// Whether there is nothing that it would have to finish before it ends.
    fn only_looks(&self) -> bool {
        use Command::{Objects, Peek, Status, Tail, Top, Wait};
        matches!(self.command, Status(_) | Peek(_) | Top(_) | Tail(_) | Objects(_) | Wait(_))
    }

    fn json(&self) -> bool {
        match &self.command {
            Command::Publish(args) => args.json,
            Command::Consume(args) => args.json,
            Command::Status(args) => args.json,
            Command::Peek(args) => args.json,
            Command::Top(args) => args.json,
            Command::Tail(args) => args.json,
            Command::Objects(args) => args.json,
            Command::Redrive(args) => args.json,
            Command::Wait(args) => args.json,
            Command::Reset(args) => args.json,
            Command::State(args) => args.json(),
            Command::Env(args) => args.json,
            Command::Clock(args) => args.json(),
            Command::Simulate(args) => args.json(),
            Command::Report(args) => args.json,
            Command::Verify(args) => args.json,
            Command::Chaos(args) => args.json(),
            #[cfg(feature = "scenarios")]
            Command::Serve(args) => args.json(),
            #[cfg(feature = "scenarios")]
            Command::Token(_) => false,
            Command::Local(_) | Command::Deploy(_) | Command::Health(_) | Command::Completions(_) | Command::Man(_) => {
                false
            }
        }
    }
}

/// A scenario's flags stand behind its name: whoever put one before it is told where it belongs.
fn tell_order(error: &mut clap::Error) {
    if error.kind() != ErrorKind::ArgumentConflict {
        return;
    }
    let Some(ContextValue::String(name)) = error.get(ContextKind::InvalidSubcommand) else { return };
    let is_one = |command: &clap::Command| command.find_subcommand(name).is_some();
    if !Cli::command().get_subcommands().any(is_one) {
        return;
    }
    let tip = format!("the flags of '{name}' stand behind its name; its own --help names them");
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
}

/// The variable behind the flag that an error is about.
fn setting(error: &clap::Error) -> Option<String> {
    let ContextValue::String(flag) = error.get(ContextKind::InvalidArg)? else { return None };
    let flag = flag.split_whitespace().next()?.strip_prefix("--")?;
    let mut command = Cli::command();
    command.build();
    variable(&command, flag)
}

/// The variable behind a flag of a command's commands, or of theirs.
fn variable(command: &clap::Command, flag: &str) -> Option<String> {
    command.get_subcommands().find_map(|sub| {
        let mut arguments = sub.get_arguments();
        let found = arguments.find(|it| it.get_long() == Some(flag) && it.get_env().is_some());
        let name = found.and_then(|found| Some(found.get_env()?.to_str()?.to_owned()));
        name.or_else(|| variable(sub, flag))
    })
}

/// The same command, and those within it, which ask no environment.
fn without_environment(command: clap::Command) -> clap::Command {
    command.mut_args(|arg| arg.env(Resettable::Reset)).mut_subcommands(without_environment)
}

/// What is wrong with a setting that nobody typed, and where it stands.
fn wrong_setting(error: &clap::Error, name: &str, env: Option<&Env>) -> Failure {
    let value = match error.get(ContextKind::InvalidValue) {
        Some(ContextValue::String(value)) => value.as_str(),
        _ => "",
    };
    let needed = match (error.get(ContextKind::ValidValue), error.source()) {
        (Some(ContextValue::Strings(all)), _) if !all.is_empty() => format!("{} is needed", all.join(" or ")),
        (_, Some(source)) => source.to_string(),
        _ => "it can't be that".to_owned(),
    };
    let origin = env.and_then(|env| env.find(&[name])).map(|found| found.origin.to_string());
    let origin = origin.unwrap_or_else(|| format!("the environment variable {name}"));
    Failure::usage(format!("{name} is {value:?}: {needed}")).why(format!("it comes from {origin}"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
