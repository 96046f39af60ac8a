//! The command line: the harness's own arguments, and those that `cargo test` and `cargo nextest` give to every test target.

use clap::Parser;
use log::Durability;

/// The one test of this target, as filters and lists know it.
const NAME: &str = "crash";

#[derive(Parser, Debug)]
#[command(name = "cargo test --test crash --", about = "Kills the server at random moments and checks what is left")]
pub(crate) struct Args {
    /// Kills at random moments, each with a restart on the same data: of the cloud, or of the scenarios that are named.
    #[arg(long)]
    pub rounds: Option<u32>,
    /// Only this scenario: its cloud, API and workers are killed. May be repeated; `all` means each. Without it the cloud
    /// alone is killed first, then each scenario a few times.
    #[arg(long = "scenario", value_name = "NAME")]
    pub scenarios: Vec<String>,
    /// PostgreSQL for the scenarios with a database, as postgres://USER:PASSWORD@HOST/NAME: API and workers are processes of
    /// their own then. It must be the run's own: the schemas `workflows` and `jobs` in it are dropped first.
    #[arg(long, value_name = "URL")]
    pub database_url: Option<String>,
    /// Repeats a run's moments and choices; the machine's timing stays its own.
    #[arg(long)]
    pub seed: Option<u64>,
    /// What the server promises: memory, process or power.
    #[arg(long, default_value = "process", value_parser = durability)]
    pub durability: Durability,
    /// Leave the data folder where it is. After a fault it stays anyway.
    #[arg(long)]
    pub keep: bool,
    /// Cut so many bytes off the log's end after the last kill: proves that the checks can fail.
    #[arg(long, value_name = "BYTES")]
    pub sabotage: Option<u64>,

    /// Run only if the test's name contains one of these.
    #[arg(hide = true)]
    filters: Vec<String>,
    #[arg(long, hide = true)]
    list: bool,
    #[arg(long, hide = true)]
    exact: bool,
    #[arg(long, hide = true)]
    ignored: bool,
    #[arg(long, hide = true)]
    skip: Vec<String>,
    /// What else the standard harness takes has no meaning for a single test whose table is its output.
    #[command(flatten)]
    _rest: Rest,
}

#[derive(clap::Args, Debug)]
struct Rest {
    #[arg(long, hide = true)]
    include_ignored: bool,
    #[arg(long, hide = true, alias = "no-capture")]
    nocapture: bool,
    #[arg(long, hide = true)]
    show_output: bool,
    #[arg(long, short, hide = true)]
    quiet: bool,
    #[arg(long, hide = true)]
    test_threads: Option<u32>,
    #[arg(long, hide = true)]
    color: Option<String>,
    #[arg(long, hide = true)]
    format: Option<String>,
    #[arg(short = 'Z', hide = true)]
    unstable: Vec<String>,
    #[arg(long, hide = true)]
    report_time: bool,
}

fn durability(name: &str) -> Result<Durability, String> {
    let all = [Durability::Memory, Durability::Process, Durability::Power];
    all.into_iter().find(|it| it.to_string() == name).ok_or_else(|| "memory, process or power is needed".into())
}

impl Args {
    /// Prints the list of tests where that is all that was asked for.
    pub(crate) fn listed(&self) -> bool {
        if self.list && !self.ignored {
            println!("{NAME}: test");
        }
        self.list
    }

    /// Whether the filters choose the test.
    pub(crate) fn chosen(&self) -> bool {
        let matches = |filter: &String| if self.exact { filter == NAME } else { NAME.contains(filter.as_str()) };
        let wanted = self.filters.is_empty() || self.filters.iter().any(matches);
        wanted && !self.ignored && !self.skip.iter().any(matches)
    }
}
