//! `messaging simulate SCENARIO`: deploys a scenario, serves it, makes its clients' traffic, and proves what came of it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;
use scenario::{Ledger, Progress, Role, Settings, Setup, Traffic};
use service::metrics::Metrics as Figures;
use service::record::{Record, Tell};
use tokio::time::Instant;

use crate::aws::{Target, TargetArgs, TargetKind, local_region};
use crate::clock;
use crate::command::chaos::flags::ChaosArgs;
use crate::command::choice::{Choice, Parent};
use crate::command::metrics::{Metrics, MetricsArgs, Telling};
use crate::command::page::{PageFile, sha256};
use crate::command::refused::NoTrace;
use crate::command::running::{self, Running};
use crate::command::serve::processors;
use crate::command::{Context, value};
use crate::deploy::{self, Deployer, Template};
use crate::embedded::{self, ClockMode, DATA_DIR, Durability, Embedded};
use crate::exit::{Exit, Failure};
use crate::report::html::{self, system::Progressed};
use crate::report::metrics::of_clients;
use crate::report::progress::{PLAIN_EVERY, with_ticks};
use crate::report::system::{System, Verdict};
use crate::traffic::depths;
use crate::traffic::load::Load;
use crate::ui::Bar;
use crate::units::{count, duration, plural};

/// The flags that every scenario has.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Common {
    /// How many requests the clients make.
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = value::count)]
    count: u64,
    /// How fast, like 50/s; max is as fast as the answers come.
    #[arg(long, value_name = "RATE", default_value = "max", value_parser = value::rate)]
    rate: Load,
    /// Make the same traffic again [default: new traffic each time].
    #[arg(long, value_name = "N", value_parser = value::within::<u64>(0, u64::MAX))]
    seed: Option<u64>,
    /// Clients side by side.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = value::within::<u16>(1, 1024))]
    concurrency: u16,
    /// How many jobs are worked on at once [default: as many as there are processors].
    #[arg(long, value_name = "N", value_parser = value::within::<u16>(1, 1024))]
    workers: Option<u16>,
    /// How long to wait for what hasn't had its effect, once nothing moves any more.
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = value::interval)]
    patience: Duration,
    /// The folder that keeps the embedded cloud's data, as of `local`, and what the service keeps; it stays afterwards.
    /// Default: .messaging/simulate
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// What of the embedded cloud survives a crash.
    #[arg(long, value_parser = value::durability(), default_value = "process")]
    durability: Durability,
    /// Delete the stack at the end, with what lies in its buckets.
    #[arg(long)]
    delete_after: bool,
    /// The stack's name [default: messaging-SCENARIO].
    #[arg(long, value_name = "NAME")]
    stack: Option<String>,
    /// Newline-delimited JSON on stdout: the report.
    #[arg(long)]
    pub json: bool,
    /// Write the run as one HTML file: how it went, the ledger, and the data of both.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten)]
    metrics: MetricsArgs,
    #[command(flatten)]
    no_trace: NoTrace,
    #[command(flatten)]
    chaos: ChaosArgs,
    #[command(flatten)]
    target: TargetArgs,
}

impl Parent for Common {
    const MAKES_TRAFFIC: bool = true;

    fn examples(scenario: &str) -> String {
        format!(
            "Examples:\n  messaging simulate {scenario}\n  messaging simulate {scenario} --count 1000 --seed 42 --json"
        )
    }
}

/// Runs the command.
pub(super) async fn run(context: &Context, choice: Choice<Common>) -> Result<Exit, Failure> {
    let settings = choice.settings(&context.env);
    let args = &choice.args;
    args.no_trace.check()?;
    let chaos = args.chaos.load()?;
    let page = PageFile::claim(args.report.as_deref())?;
    let outlets = (page, args.metrics.listen().await?);
    if args.target.target == TargetKind::Local && args.target.endpoint(&context.env)?.is_none() {
        let region = local_region(args.target.region.as_deref())?;
        let data_dir = embedded::data_dir(args.data_dir.clone(), &[DATA_DIR, "simulate"])?;
        let embedded = embedded::start(data_dir.clone(), args.durability, ClockMode::Wall, chaos, &context.ui).await?;
        let target = Target::local(embedded.endpoint.clone(), region).stopped_by(&context.stop);
        let folder = data_dir.join(choice.scenario.name());
        let ended = simulate(context, &choice, (settings, outlets), &target, &folder, Some(&embedded)).await;
        embedded.shutdown().await?;
        return ended;
    }
    args.chaos.refuse_elsewhere()?;
    let target = Target::connect(&args.target, &context.env, &context.stop).await?;
    let folder = embedded::data_dir(args.data_dir.clone(), &[".messaging-serve", "simulate"])?;
    let folder = folder.join(choice.scenario.name());
    simulate(context, &choice, (settings, outlets), &target, &folder, None).await
}

/// Deploys, serves, makes traffic, reports.
async fn simulate(
    context: &Context,
    choice: &Choice<Common>,
    (settings, (page, metrics)): (Settings, (Option<PageFile>, Option<Metrics>)),
    target: &Target,
    folder: &Path,
    embedded: Option<&Embedded>,
) -> Result<Exit, Failure> {
    let Choice { scenario, args, .. } = choice;
    let watched = &context.with_complaints(target);
    let stack = running::stack_name(args.stack.as_deref(), scenario.name());
    let quiet = context.ui.without_lines();
    let deployer = Deployer { target: watched, ui: &quiet, stop: &context.stop, stack: &stack };
    let template = running::template(*scenario);
    context.ui.note(format!("Deploying {} as the stack {stack} on {}.", template.name, target.describe()));
    let deployed = deployer.apply(&template, &[]).await?;

    let clients = running::clients(watched);
    scenario::make_folder(folder).map_err(running::failure)?;
    let setup = |address, stop| Setup {
        clients: clients.clone(),
        outputs: deployed.outputs.clone(),
        role: Role::All,
        workers: args.workers.map_or_else(processors, usize::from),
        settings: settings.clone(),
        folder: folder.to_owned(),
        address,
        tell: complaints(context),
        stop,
    };
    let figures = OnceLock::new();
    let failure = |error| choice.failure(error, &context.env);
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let running = Running::start(any, async |address, stop| {
        let system = scenario.open(setup(address, stop)).await.map_err(failure);
        // What the service tells at its own /metrics.
        system.inspect(|system| _ = figures.set(system.face.metrics.clone()))
    })
    .await?;
    let seed = args.seed.unwrap_or_else(|| rand::random::<u32>().into());
    let (progress, stop) = (Arc::new(Progress::default()), context.stop.child());
    let traffic = Traffic {
        api: format!("http://{}", running.address),
        clients: clients.clone(),
        outputs: deployed.outputs.clone(),
        count: args.count,
        rate: Some(args.rate.peak()).filter(|rate| rate.is_finite()),
        concurrency: args.concurrency.into(),
        seed,
        patience: args.patience,
        settings,
        folder: folder.to_owned(),
        progress: progress.clone(),
        stop: stop.token(),
    };
    announce(context, choice, &traffic);
    let _telling = metrics.map(|metrics| tell(metrics, context, &progress, figures.get().cloned()));
    embedded.inspect(|embedded| embedded.begin_chaos(&context.ui));
    let view = View::new(context, args.count);
    let page = page.map(PageFile::begin);
    let (before, at, started) = (depths::struck(target, &context.stop).await, clock::now(), Instant::now());
    let made = scenario.traffic(traffic);
    let ended = tokio::select! {
        ended = with_ticks(made, || view.tick(&progress)) => Some(ended),
        () = running.failed() => None,
    };
    view.bar.finish_and_clear();
    let elapsed = started.elapsed();
    let stopped = running.stop().await;
    let ledger = match ended {
        Some(ledger) => ledger.map_err(failure)?,
        None => return Err(stopped.err().unwrap_or_else(|| Failure::new("The service stopped by itself"))),
    };
    stopped?;
    embedded.inspect(|embedded| embedded.tell_chaos(&context.ui));
    let system = System {
        scenario: scenario.name(),
        target: target.describe(),
        seed,
        elapsed_s: elapsed.as_secs_f64(),
        ledger: &ledger,
        verdict: verdict(&ledger, context.stop.is_signalled()),
        data_dir: embedded.and_then(|embedded| Some(embedded.data_dir.as_ref()?.display().to_string())),
        faults: depths::faults(target, &before, at, clock::now()).await,
    };
    let exit = report(context, &system, page.as_ref(), &template, &view);
    put_away(context, args, &deployer).await?;
    Ok(exit)
}

/// Says what is about to happen.
fn announce(context: &Context, choice: &Choice<Common>, traffic: &Traffic) {
    let (requests, clients) = (plural(choice.args.count, "request"), choice.args.concurrency);
    let (served, seed) = (format!("{} on {}", choice.scenario.name(), traffic.api), traffic.seed);
    context.ui.note(format!("Serving {served}; up to {requests} by {clients} at a time, seed {seed}."));
}

/// Tells Prometheus how a run goes from now on: what the clients came to, and what the service says of itself.
fn tell(metrics: Metrics, context: &Context, progress: &Arc<Progress>, service: Option<Figures>) -> Telling {
    let progress = progress.clone();
    metrics.tell(&context.ui, move || {
        let of_service = service.as_ref().map(Figures::text).unwrap_or_default();
        of_clients(progress.get()) + &of_service
    })
}

/// Deletes the stack if it is to be, or says how.
async fn put_away(context: &Context, args: &Common, deployer: &Deployer<'_>) -> Result<(), Failure> {
    if args.delete_after {
        deploy::delete(deployer, true).await?;
    } else if deployer.target.kind == TargetKind::Aws {
        let stack = deployer.stack;
        context.ui.note(format!(
            "The stack stays: `messaging deploy --target aws --stack {stack} --delete --empty-bucket` deletes it."
        ));
    }
    Ok(())
}

/// What a ledger says of a run that was stopped or not.
fn verdict(ledger: &Ledger, stopped: bool) -> Verdict {
    match (ledger.is_balanced(), stopped) {
        (true, false) => Verdict::Balanced,
        (_, true) => Verdict::Interrupted,
        (false, false) => Verdict::Unbalanced,
    }
}

/// Prints what it came to, and writes the page if there is to be one.
fn report(
    context: &Context,
    system: &System<'_>,
    page: Option<&PageFile>,
    template: &Template,
    view: &View<'_>,
) -> Exit {
    context.ui.record(&system.record());
    for line in system.lines(context.ui.columns()) {
        context.ui.line(line);
    }
    let written = page.is_none_or(|page| {
        let about = page.about(Some(sha256(&template.text)));
        page.put(context, &html::system::page(system, &about, &view.progressed.lock()))
    });
    match system.verdict {
        Verdict::Balanced if !written => Exit::Failed,
        Verdict::Balanced => Exit::Ok,
        Verdict::Unbalanced => Exit::Lost,
        Verdict::Interrupted => Exit::Interrupted,
    }
}

/// Of what the service says only its notes are shown: its requests and jobs are in the report.
fn complaints(context: &Context) -> Tell {
    let ui = context.ui.clone();
    Tell::new(move |record: Record| {
        if record.json["record"] == "note"
            && let Some(text) = &record.text
        {
            ui.note(text);
        }
    })
}

/// How far it is, live.
struct View<'a> {
    context: &'a Context,
    bar: Bar,
    started: Instant,
    last: Mutex<Instant>,
    progressed: Mutex<Progressed>,
}

impl<'a> View<'a> {
    fn new(context: &'a Context, total: u64) -> Self {
        let bar = context.ui.bar(Some(total), "  {bar:24.cyan/dim} {msg}");
        let last = Mutex::new(Instant::now());
        Self { context, bar, started: Instant::now(), last, progressed: Mutex::default() }
    }

    fn tick(&self, progress: &Progress) {
        let (asked, done) = progress.get();
        self.progressed.lock().tick(self.started.elapsed(), (asked, done));
        let text = format!("{}  asked {}, done {}", duration(self.started.elapsed()), count(asked), count(done));
        self.bar.set_position(done);
        self.bar.set_message(&text);
        let mut last = self.last.lock();
        if !self.context.ui.is_live() && last.elapsed() >= PLAIN_EVERY {
            *last = Instant::now();
            self.context.ui.line(text);
        }
    }
}
