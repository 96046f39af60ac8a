//! `messaging token`: a token for the API of a scenario that this machine serves.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use scenario::Scenario;

use super::running::failure;
use super::serve::FOLDER;
use super::{Context, choice, value};
use crate::embedded;
use crate::exit::{Exit, Failure};
use crate::ui::write_stdout;

/// A token ends after this long at most: whoever has it may call until then.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// A caller's name has at most so many bytes.
const MAX_CALLER: usize = 128;

/// Print a token for a scenario's API that runs on this machine
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Print a token for a scenario's API that runs on this machine.\n\n\
        It is signed by a key in the folder that the service keeps its own in, which is made if there is none. Only a \
        service that this machine alone reaches trusts that key.",
    after_help = "Examples:
  messaging token jobs
  curl -H \"Authorization: Bearer $(messaging token jobs)\" -d '{\"days\": 1}' http://127.0.0.1:8080/submit-job"
)]
pub(crate) struct Args {
    /// Whose API.
    #[arg(value_name = "SCENARIO", value_parser = PossibleValuesParser::new(with_tokens().map(|it| it.name())))]
    scenario: String,
    /// The folder that `serve` was given. Default: .messaging-serve/SCENARIO
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// How long it is good.
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = lifetime)]
    ttl: Duration,
    /// The caller that it names: each sees its own jobs only.
    #[arg(long, value_name = "NAME", default_value = "local", value_parser = caller)]
    caller: String,
}

/// The scenarios whose API takes tokens.
fn with_tokens() -> impl Iterator<Item = &'static dyn Scenario> {
    scenario::ALL.iter().copied().filter(|it| it.takes_tokens())
}

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    let none = || Failure::usage(format!("The API of {} takes no tokens", args.scenario)).help("Call it without one.");
    let scenario = with_tokens().find(|it| it.name() == args.scenario).ok_or_else(none)?;
    let settings = choice::settings(scenario, &context.env);
    let folder = embedded::data_dir(args.data_dir, &[FOLDER, scenario.name()])?;
    let token = scenario.token(&settings, &folder, &args.caller, args.ttl).ok_or_else(none)?;
    write_stdout(&token.map_err(failure)?);
    Ok(Exit::Ok)
}

fn lifetime(text: &str) -> Result<Duration, String> {
    match value::duration(text)? {
        ttl if ttl > LONGEST => Err("a token is good for 30 days at most, which are 720h".into()),
        ttl if ttl < Duration::from_secs(1) => Err("a token is good for a second at least".into()),
        ttl => Ok(ttl),
    }
}

fn caller(text: &str) -> Result<String, String> {
    match text.len() {
        1..=MAX_CALLER => Ok(text.to_owned()),
        _ => Err(format!("a name has 1 to {MAX_CALLER} bytes")),
    }
}
