//! `messaging serve`: a scenario's API and workers as a service.

mod fan_out;
mod printer;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::ValueEnum;
use scenario::{Role, Setup, System};
use serde_json::json;
use service::record::Record;

use self::printer::Printer;
use super::choice::{Choice, Parent};
use super::refused::{NoMetrics, NoTrace};
use super::running::{self, Running};
use super::{Context, value};
use crate::aws::{Target, TargetArgs};
use crate::embedded;
use crate::exit::{Exit, Failure};
use crate::stack;

/// Where services keep what they keep, unless somebody says where.
pub(super) const FOLDER: &str = ".messaging-serve";

/// Serve a scenario's API and workers
#[derive(Debug, Clone, clap::Args)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    subcommand_value_name = "SCENARIO",
    subcommand_help_heading = "Scenarios",
    long_about = "Serve a scenario's API and workers, against the cloud of `messaging local`, AWS, or any emulator.\n\n\
        Its stack must be there: `messaging deploy --scenario NAME`. Each service has /health, /metrics, /openapi.json and its \
        documentation at /apidocs. SIGTERM or Ctrl-C finishes what is in hand, or hands it back.",
    after_long_help = "Examples:
  messaging deploy --scenario tasks
  messaging serve tasks
  messaging serve tasks --role worker --workers 8 --addr 127.0.0.1:0
  messaging serve workflows --database-url postgres://localhost/workflows"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    scenario: Chosen,
}

/// Which scenario.
#[derive(Debug, Clone, clap::Subcommand)]
enum Chosen {
    /// An e-commerce's events: both APIs drain their queues, and POST /events publishes
    #[command(after_help = "The cloud must run, and the stack be deployed:\n  messaging local\n  messaging deploy")]
    Fanout(Base),
    #[command(flatten)]
    Other(Choice<Common>),
}

impl Args {
    /// Whether stdout is for a program.
    pub(crate) fn json(&self) -> bool {
        match &self.scenario {
            Chosen::Fanout(base) => base.json,
            Chosen::Other(choice) => choice.args.base.json,
        }
    }
}

/// Which part runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The API.
    Api,
    /// The workers, with /health and /metrics.
    Worker,
    /// Both.
    All,
}

impl From<Part> for Role {
    fn from(part: Part) -> Self {
        match part {
            Part::Api => Self::Api,
            Part::Worker => Self::Worker,
            Part::All => Self::All,
        }
    }
}

/// The flags that every scenario has.
#[derive(Debug, Clone, clap::Args)]
struct Base {
    /// The address to listen on: HOST:PORT, a HOST, or a PORT of 127.0.0.1. Port 0 is a free one, which the ready line names.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080", value_parser = address)]
    addr: SocketAddr,
    /// Which part to run: they scale apart.
    #[arg(long, value_enum, default_value = "all")]
    role: Part,
    /// How many jobs are worked on at once [default: as many as there are processors].
    #[arg(long, value_name = "N", value_parser = value::within::<u16>(1, 1024))]
    workers: Option<u16>,
    /// The stack whose outputs say where everything is [default: messaging-SCENARIO; of the fan-out MESSAGING_STACK, or messaging].
    #[arg(long, value_name = "NAME")]
    stack: Option<String>,
    /// Newline-delimited JSON on stdout: ready, requests, jobs, and metrics in CloudWatch's Embedded Metric Format.
    #[arg(long)]
    json: bool,
    /// A host name that the service is called by where it listens on loopback, beside localhost and IP addresses; may be repeated.
    /// Requests to any other name are refused there: a web page may have bound it to this machine.
    #[arg(long = "name", value_name = "HOST", value_parser = value::host)]
    names: Vec<String>,
    #[command(flatten)]
    no_trace: NoTrace,
    #[command(flatten)]
    no_metrics: NoMetrics,
    #[command(flatten)]
    target: TargetArgs,
}

/// The flags of those that keep something.
#[derive(Debug, Clone, clap::Args)]
struct Common {
    /// The folder for what the service itself keeps, as a database's file. Default: .messaging-serve/SCENARIO
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    #[command(flatten)]
    base: Base,
}

impl Parent for Common {
    const MAKES_TRAFFIC: bool = false;

    fn examples(scenario: &str) -> String {
        format!(
            "The cloud must run, and the stack be deployed:\n  messaging local\n  messaging deploy --scenario {scenario}"
        )
    }
}

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    let base = match &args.scenario {
        Chosen::Fanout(base) => base,
        Chosen::Other(choice) => &choice.args.base,
    };
    base.no_trace.check()?;
    base.no_metrics.check()?;
    match args.scenario {
        Chosen::Fanout(base) => serve_fan_out(context, base).await,
        Chosen::Other(choice) => serve_other(context, choice).await,
    }
}

async fn serve_fan_out(context: &Context, base: Base) -> Result<Exit, Failure> {
    let target = Target::connect(&base.target, &context.env, &context.stop).await?.called("messaging-serve");
    let known = || context.env.find(&["MESSAGING_STACK"]).map(|found| found.value);
    let stack = base.stack.clone().or_else(known).unwrap_or_else(|| "messaging".to_owned());
    let found = stack::describe(&target, &stack).await;
    let found = found.map_err(|error| error.failure(&target, &format!("look the stack {stack} up")))?;
    let missing = || Failure::usage(format!("There is no stack {stack} on {}", target.describe()));
    let outputs = found.ok_or_else(|| missing().help("Deploy it with `messaging deploy`."))?.outputs;
    let printer = Printer::start(&context.ui);
    let tell = printer.tell.clone();
    let (role, workers) = (base.role.into(), base.workers());
    let running = Running::start(base.addr, async |_, stop| {
        let system = fan_out::open(&target, &outputs, role, workers, tell.clone(), stop).await;
        system.map(|system| base.named(system))
    });
    base.until_stopped(context, "fanout", &target, running.await?, printer).await
}

async fn serve_other(context: &Context, choice: Choice<Common>) -> Result<Exit, Failure> {
    let settings = choice.settings(&context.env);
    let Choice { scenario, args: Common { data_dir, base }, .. } = &choice;
    let name = scenario.name();
    let target = base.connect(context).await?.called(&format!("messaging-{name}"));
    let clients = running::clients(&target);
    let stack = running::stack_name(base.stack.as_deref(), name);
    let outputs = running::outputs(*scenario, &target, &clients, &stack).await?;
    let folder = embedded::data_dir(data_dir.clone(), &[FOLDER, name])?;
    let printer = Printer::start(&context.ui);
    let tell = printer.tell.clone();
    let (role, workers) = (base.role.into(), base.workers());
    let setup =
        |address, stop| Setup { clients, outputs, role, workers, settings, folder, address, tell: tell.clone(), stop };
    let running = Running::start(base.addr, async |address, stop| {
        let system = scenario.open(setup(address, stop)).await.map_err(|error| choice.failure(error, &context.env));
        system.map(|system| base.named(system))
    });
    base.until_stopped(context, name, &target, running.await?, printer).await
}

impl Base {
    async fn connect(&self, context: &Context) -> Result<Target, Failure> {
        let target = Target::connect(&self.target, &context.env, &context.stop).await?;
        Ok(context.with_complaints(&target))
    }

    /// A system that answers to the names that were given.
    fn named(&self, System { face, work }: System) -> System {
        System { face: face.named(self.names.clone()), work }
    }

    /// How many jobs are worked on at once.
    fn workers(&self) -> usize {
        self.workers.map_or_else(processors, usize::from)
    }

    /// Says that it is ready, and waits until it is to stop.
    async fn until_stopped(
        &self,
        context: &Context,
        name: &str,
        target: &Target,
        running: Running,
        printer: Printer,
    ) -> Result<Exit, Failure> {
        let (address, workers) = (format!("http://{}", running.address), self.workers());
        let parts = match self.role {
            Part::Api => "the API".to_owned(),
            Part::Worker => format!("{workers} at work"),
            Part::All => format!("the API and {workers} at work"),
        };
        printer.tell.tell(Record::new(
            "ready",
            format!("Ready on {address}: {name}, {parts}, on {}.", target.describe()),
            json!({ "address": address, "scenario": name, "target": target.describe(), "workers": workers }),
        ));
        // Nobody can go to all addresses at once.
        let reached = address.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:");
        context.ui.note(format!("Its documentation: {reached}/apidocs/"));
        tokio::select! {
            () = context.stop.requested() => {}
            () = running.failed() => {}
        }
        let ended = running.stop().await;
        printer.finish().await;
        ended.map(|()| Exit::Ok)
    }
}

/// How many processors there are.
pub(super) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// `HOST:PORT`, `HOST` or `PORT`.
fn address(text: &str) -> Result<SocketAddr, String> {
    let wrong = || "an address like 127.0.0.1:8080, 0.0.0.0 or 8080 is needed".to_owned();
    let text = text.replace("localhost", "127.0.0.1");
    if let Ok(port) = text.parse::<u16>() {
        return Ok(SocketAddr::from(([127, 0, 0, 1], port)));
    }
    if let Ok(host) = text.trim_matches(['[', ']']).parse::<IpAddr>() {
        return Ok(SocketAddr::new(host, 8080));
    }
    text.parse().map_err(|_| wrong())
}
