//! The command line.

use clap::{Parser, Subcommand};

use crate::command::{Context, completions, consume, deploy, local, man, publish, simulate};
use crate::config::Env;
use crate::exit::{Exit, Failure};
use crate::stop::Stop;
use crate::ui::Ui;

/// An e-commerce's event fan-out, simulated: SNS to SQS, Firehose and S3, on AWS or on an embedded cloud
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

The same on AWS: --target aws. Nothing is sent to AWS without that.

A setting is the first of: its flag, its environment variable, .env in this
folder, its default.

Exit codes:
  0    done; so is an endless run that was stopped with Ctrl-C
  1    something failed
  2    the command line, the environment or .env doesn't make sense
  3    the run finished, but something was lost
  4    nothing answers at the endpoint
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
    Publish(publish::Args),
    Consume(consume::Args),
    Simulate(Box<simulate::Args>),
    Completions(completions::Args),
    Man(man::Args),
}

impl Cli {
    /// Runs the command; must be called inside the runtime.
    pub async fn run(self, env: Env) -> Result<Exit, Failure> {
        let ui = Ui::new(self.json());
        let stop = Stop::on_signals(&ui);
        let context = Context { ui, env, stop };
        // These commands read no setting: they need no warning.
        if !matches!(self.command, Command::Local(_) | Command::Completions(_) | Command::Man(_))
            && let Some(remark) = context.env.remark()
        {
            context.ui.warn(remark);
        }
        match self.command {
            Command::Local(args) => local::run(&context, args).await,
            Command::Deploy(args) => deploy::run(&context, args).await,
            Command::Publish(args) => publish::run(&context, args).await,
            Command::Consume(args) => consume::run(&context, args).await,
            Command::Simulate(args) => simulate::run(&context, *args).await,
            Command::Completions(args) => completions::run::<Self>(&args),
            Command::Man(args) => man::run::<Self>(&args),
        }
    }

    fn json(&self) -> bool {
        match &self.command {
            Command::Publish(args) => args.json,
            Command::Consume(args) => args.json,
            Command::Simulate(args) => args.json,
            Command::Local(_) | Command::Deploy(_) | Command::Completions(_) | Command::Man(_) => false,
        }
    }
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
