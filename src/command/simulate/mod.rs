//! `messaging simulate`: the whole fan-out in one process, and the ledger that says whether anything was lost.

pub(super) mod architecture;
mod clocks;
mod fan_out;
mod hints;
mod kills;
mod outcome;
mod page;
mod stepped;
mod subscriptions;
#[cfg(feature = "scenarios")]
mod system;
mod view;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::Client;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use self::clocks::compare_clocks;
use self::outcome::{count_dead_letters, cut_short, exit, held, looked, outcome};
use self::view::View;
use super::chaos::flags::ChaosArgs;
#[cfg(feature = "scenarios")]
use super::choice::Choice;
use super::handling::HandlingArgs;
use super::metrics::{Metrics, MetricsArgs, Telling};
use super::page::PageFile;
use super::shape::ShapeArgs;
use super::{Context, dead_letters, value};
use crate::aws::{CallError, Target, TargetArgs, TargetKind, local_region};
use crate::clock;
use crate::deploy::{self, Deployer, Template};
use crate::embedded::{self, ClockMode, DATA_DIR, Durability, Embedded};
use crate::exit::{Exit, Failure};
use crate::report::evidence::{Circumstances, judge};
use crate::report::hlog::HistogramLog;
use crate::report::metrics::of_run;
use crate::report::progress::{Complaints, with_ticks_every};
use crate::traffic::consumer;
use crate::traffic::depths;
use crate::traffic::load::{Asked, Load};
use crate::traffic::new_run_id;
use crate::traffic::publisher::{MAX_BATCH, Plan, publishers_for};
use crate::traffic::run::{FanOut, Run};
use crate::ui::Ui;
use crate::units::plural;

/// Run a whole system at once, the fan-out or another, and prove that nothing is lost
#[derive(Debug, Clone, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_value_name = "SCENARIO",
    subcommand_help_heading = "Scenarios",
    long_about = "Run a whole system at once, and prove that nothing is lost: without the name of another scenario the \
        fan-out. Deploy, publish, consume, land in S3.\n\n\
        Starts an embedded cloud inside this process (unless an address or --target aws is given), deploys infra.yaml of \
        this folder into it, or the built-in template where there is none, publishes a story, drains both queues as the \
        APIs would, waits until the delivery stream has landed everything, and prints the ledger. Without --clock the \
        stream's buffering is shortened for the run, if the template has the parameter BufferingSeconds. On another cloud a stack that \
        exists already is used as it is, unless --template, --parameter or --buffering-seconds changes it.\n\n\
        Any other template or stack does as well: what is subscribed to its topics, queues and delivery streams, are the \
        ledger's legs, and its filter policies say what is to come where.\n\n\
        The exit code is 0 only if nothing is lost, 3 if something is, and 5 if nobody can say.",
    after_long_help = "Examples:
  messaging simulate
  messaging simulate --count 50000 --rate max --batch 10
  messaging simulate --load 100/s..2000/s:20s,100/s:10s
  messaging simulate --template my.yaml           any topics, queues, streams
  messaging simulate --template my.yaml --topic OrderEvents
  messaging simulate --load day --report run.html
  messaging simulate --seed 42 --json             `messaging report` reads it
  messaging simulate --cost --hlog run.hlog       on AWS; latencies in a file
  messaging simulate --crash-rate 1% --visibility-timeout 2s
  messaging simulate --target aws --delete-after  on AWS, and away with it then
  messaging simulate tasks                        another system; its own --help"
)]
pub(crate) struct Line {
    #[command(flatten)]
    fan_out: Args,
    #[cfg(feature = "scenarios")]
    #[command(subcommand)]
    scenario: Option<Chosen>,
}

/// Which scenario.
#[cfg(feature = "scenarios")]
#[derive(Debug, Clone, clap::Subcommand)]
enum Chosen {
    /// An e-commerce's events, broadcast to two queues and a bucket; the same as without a name
    Fanout(Box<Args>),
    #[command(flatten)]
    Other(Choice<system::Common>),
}

impl Line {
    /// Whether stdout is for a program.
    pub(crate) fn json(&self) -> bool {
        #[cfg(feature = "scenarios")]
        match &self.scenario {
            Some(Chosen::Fanout(args)) => return args.json,
            Some(Chosen::Other(choice)) => return choice.args.json,
            None => {}
        }
        self.fan_out.json
    }
}

/// Runs the command.
pub(crate) async fn run(context: &Context, line: Line) -> Result<Exit, Failure> {
    #[cfg(feature = "scenarios")]
    match line.scenario {
        Some(Chosen::Fanout(args)) => return simulate_fan_out(context, *args).await,
        Some(Chosen::Other(choice)) => return system::run(context, choice).await,
        None => {}
    }
    simulate_fan_out(context, line.fan_out).await
}

/// The flags of the fan-out's simulation.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// How many events [default: all that --load has, else 1000].
    #[arg(long, value_name = "N", value_parser = value::count)]
    pub count: Option<u64>,
    /// How fast, like 200/s; max is as fast as the answers come.
    #[arg(long, value_name = "RATE", default_value = "100/s", value_parser = value::rate)]
    pub rate: Load,
    /// A rate that changes: steps, ramps, waves, bursts, a file, or a name; `publish --help` has them all.
    #[arg(long, value_name = "PROFILE", value_parser = value::load, conflicts_with = "rate")]
    pub load: Option<Asked>,
    /// Tell the same story again [default: a new one each time].
    #[arg(long, value_name = "N", value_parser = value::within::<u64>(0, u64::MAX))]
    pub seed: Option<u64>,
    /// Events a request, 1 to 10.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = value::within::<u64>(1, MAX_BATCH))]
    pub batch: u64,
    /// Publishers side by side [default: as many as the rate needs].
    #[arg(long, value_name = "N", value_parser = value::within::<u32>(1, 1024))]
    pub concurrency: Option<u32>,
    /// The template [default: infra.yaml of this folder, else the built-in template].
    #[arg(long, value_name = "FILE")]
    pub template: Option<PathBuf>,
    /// A parameter of the template; may be repeated.
    #[arg(long = "parameter", value_name = "KEY=VALUE", value_parser = value::key_value)]
    pub parameters: Vec<(String, String)>,
    /// How long the delivery stream buffers, 0 to 900 s: the template's parameter BufferingSeconds [default: 5, or less if
    /// the template's own default is less; with --clock the template's].
    #[arg(long, value_name = "SECONDS", value_parser = value::within::<u32>(0, 900))]
    pub buffering_seconds: Option<u32>,
    /// How long to wait for what hasn't arrived, once nothing more arrives: beyond the buffering of the stream and the
    /// visibility timeout of the queues.
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = value::interval)]
    pub patience: Duration,
    /// The folder that keeps the embedded cloud's data, as of `local`; it stays afterwards. Default: .messaging/simulate
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// What of the embedded cloud survives a crash.
    #[arg(long, value_parser = value::durability(), default_value = "process")]
    pub durability: Durability,
    /// How the embedded cloud's clock runs: wall, x600 for so many times as fast, or frozen: it goes on when nothing is left to do, and
    /// the same --seed gives the same run to the byte.
    #[arg(long, value_name = "CLOCK", default_value = "wall", value_parser = value::clock)]
    pub clock: ClockMode,
    /// Delete the stack at the end, with what landed.
    #[arg(long)]
    pub delete_after: bool,
    /// Publish to this topic of the stack alone, by its name or logical id; may be repeated [default: all that feed a queue or a
    /// stream].
    #[arg(long, value_name = "NAME")]
    pub topic: Vec<String>,
    /// The stack's name.
    #[arg(long, value_name = "NAME", default_value = "messaging", env = "MESSAGING_STACK", hide_env_values = true)]
    pub stack: String,
    /// What it costs on AWS as a table, dimension by dimension.
    #[arg(long)]
    pub cost: bool,
    /// Begin a trace with each event: a message attribute `traceparent` (W3C Trace Context).
    #[arg(long)]
    pub trace: bool,
    /// Write the latencies of each second and leg to a file, as HdrHistogram's interval log.
    #[arg(long, value_name = "FILE")]
    pub hlog: Option<PathBuf>,
    /// Newline-delimited JSON on stdout: the report.
    #[arg(long)]
    pub json: bool,
    /// Write the run as one HTML file: how it went over time, the ledger, and the data of both.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    #[command(flatten)]
    pub metrics: MetricsArgs,
    #[command(flatten)]
    pub shape: ShapeArgs,
    /// Receivers a queue, side by side, each handling a message at a time.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = value::within::<u32>(1, 256), help_heading = "Consumers")]
    pub receivers: u32,
    #[command(flatten)]
    pub handling: HandlingArgs,
    /// Kill the embedded cloud so long after each start, as by a crash, and start it again on the same data; at least 500ms.
    ///
    /// It runs as a process of its own then, by the wall clock and without --chaos, and keeps its data.
    #[arg(long, value_name = "DURATION", value_parser = kills::every)]
    pub kill_every: Option<Duration>,
    #[command(flatten)]
    pub chaos: ChaosArgs,
    #[command(flatten)]
    pub target: TargetArgs,
}

impl Args {
    /// Whether a stack that exists is to be changed.
    fn changes_the_stack(&self) -> bool {
        self.template.is_some() || !self.parameters.is_empty() || self.buffering_seconds.is_some()
    }
}

/// How many events there are unless somebody says.
const COUNT: u64 = 1_000;

/// Where a run is told beside the terminal.
struct Outlets {
    page: Option<PageFile>,
    log: Option<HistogramLog>,
    metrics: Option<Metrics>,
}

/// Simulates the fan-out, on an embedded cloud of its own unless another is named.
async fn simulate_fan_out(context: &Context, args: Args) -> Result<Exit, Failure> {
    kills::check(context, &args)?;
    if let ClockMode::Frozen { from } = args.clock
        && !clock::is_stepped()
    {
        return stepped::simulate(context, args, from).await;
    }
    let template = Template::load(args.template.as_deref())?;
    let load = match &args.load {
        Some(asked) => asked.open().map_err(|why| Failure::usage("--load has no profile").why(why))?,
        None => args.rate.clone(),
    };
    let page = PageFile::claim(args.report.as_deref())?;
    let log = value::histogram_log(args.hlog.as_deref())?;
    let outlets = Outlets { page, log, metrics: args.metrics.listen().await? };
    if args.target.target == TargetKind::Local && args.target.endpoint(&context.env)?.is_none() {
        let region = local_region(args.target.region.as_deref())?;
        fan_out::check_deployable(&args, &template)?;
        let chaos = args.chaos.load()?;
        let data_dir = embedded::data_dir(args.data_dir.clone(), &[DATA_DIR, "simulate"])?;
        let embedded = match args.kill_every {
            Some(_) => embedded::start_apart(data_dir, args.durability, &context.ui).await?,
            None if clock::is_stepped() => stepped::start(&args, chaos, &context.ui).await?,
            None => embedded::start(data_dir, args.durability, args.clock, chaos, &context.ui).await?,
        };
        let target = Target::local(embedded.endpoint.clone(), region).stopped_by(&context.stop);
        let target = embedded.http.iter().fold(target, |target, http| target.through(http.clone()));
        let ended = simulate(context, &args, (load, outlets), &target, &template, Some(&embedded)).await;
        embedded.shutdown().await?;
        return ended;
    }
    args.chaos.refuse_elsewhere()?;
    if args.clock != ClockMode::Wall {
        return Err(Failure::usage("--clock is for the embedded cloud of a simulation")
            .why("the target is another cloud, which has a clock of its own")
            .help("`messaging local --clock x600` runs one that others can use."));
    }
    let target = Target::connect(&args.target, &context.env, &context.stop).await?;
    simulate(context, &args, (load, outlets), &target, &template, None).await
}

/// Deploys, runs, reports; `embedded` is the cloud of the target if it is our own.
async fn simulate(
    context: &Context,
    args: &Args,
    (load, outlets): (Load, Outlets),
    target: &Target,
    template: &Template,
    embedded: Option<&Embedded>,
) -> Result<Exit, Failure> {
    let quiet = context.ui.without_lines();
    let watched = &context.with_complaints(target);
    let deployer = Deployer { target: watched, ui: &quiet, stop: &context.stop, stack: &args.stack };
    let found = match fan_out::find(context, args, &deployer, template, embedded.is_some()).await {
        // Its cloud ends with it, and the stack with the cloud.
        Err(failure) if embedded.is_some() && failure.exit == Exit::Interrupted => {
            return Err(Failure::new("Stopped before anything was published").exit(Exit::Interrupted));
        }
        found => found?,
    };
    let fan_out = &found.fan_out;
    let sqs = watched.sqs();
    if embedded.is_none() {
        refuse_full(&sqs, watched, fan_out).await?;
    }
    let dead_letters = dead_letters::look(&sqs, fan_out.queues.iter().map(|queue| &queue.settings)).await;
    let (plan, count) = plan(args, &fan_out.topics, load)?;
    let (at, lands) = (if plan.load.is_open() { "at " } else { "" }, found.lands.as_ref());
    let lands = lands.map_or_else(String::new, |lands| format!("; {lands}"));
    context.ui.note(format!("Publishing {} {at}{}, seed {}{lands}.", plural(count, "event"), plan.load, plan.seed));
    let (gap, clocks_apart) = compare_clocks(context, target).await;

    embedded.inspect(|embedded| embedded.begin_chaos(&context.ui));
    let before = depths::struck(target, &context.stop).await;
    context.stop.check()?;
    let complaints = Complaints::new(&context.ui);
    let complain = Box::new(move |text: &str| complaints.say(text));
    let stop = context.stop.child();
    // What rules of ours hold up comes all the same.
    let held_up = embedded.map_or(Duration::ZERO, |embedded| embedded.holds_up(args.clock.speed()));
    let run = Run::new(plan.run.clone(), fan_out, stop.clone(), args.patience + held_up, complain);
    let run = run.handled(args.handling.handling(args.receivers, plan.seed));
    let lasts = plan.load.moment(count.saturating_sub(1)).unwrap_or_default();
    let whole = lasts + args.patience + held_up + buffers(fan_out);
    let run = stepped::pace(run, whole);
    let Outlets { page, log, metrics } = outlets;
    let run = Arc::new(if page.is_some() { run.recorded() } else { run.looking() });
    let page = page.map(PageFile::begin);
    let _telling = metrics.map(|metrics| tell(metrics, &context.ui, &run, fan_out, &plan.load));
    let struck = || embedded.map(Embedded::struck).unwrap_or_default();
    let view = View::new(&context.ui, plan.load.clone(), (count, lasts), fan_out, struck().len());
    let at = clock::now();
    let log = log.map(|log| log.start(&plan.run, at.into()));
    // Where the cloud's time isn't the wall's, what lands is of its time.
    let there = embedded.and_then(|embedded| Timestamp::from_millisecond(embedded.now()? as i64).ok());
    // What a cloud wrote whose clock is behind seems to be older than the run.
    let since = there.unwrap_or(at).saturating_add(gap.min(SignedDuration::ZERO)).unwrap_or(at);
    let running = run.execute(target, watched, fan_out, plan.clone(), since);
    let ticks = stepped::ticks(whole, log.is_some());
    let running = watch(&run, (&view, struck), (log, ticks), &context.ui, running);
    let ((ended, elapsed), kills) = kills::while_killed(embedded, args.kill_every, &stop, running).await;
    let ended = ended.map_err(|error| (error.to_string(), error.failure_after_answers(target, "finish the run")));
    let unread = run.settle_dead(&sqs, fan_out).await;
    unread.iter().for_each(|unread| context.ui.warn(unread));
    let mut outcome = outcome(target, &found, &plan, &run.ledger(), (at, elapsed), embedded);
    count_dead_letters(&context.ui, &sqs, fan_out, dead_letters, &mut outcome).await;
    let all_published = run.ledger().published.sent >= count;
    outcome.killed = kills.told();
    let gone = kills.gone.as_ref().map(|_| "the cloud didn't come back");
    let failed = ended.as_ref().err().map(|(why, _)| why.as_str()).or(gone);
    let cut_short = cut_short(failed, context.stop.is_signalled());
    let all_published = failed.is_none() && all_published;
    let held = held(target, fan_out, &run).await;
    outcome.faults = depths::faults(target, &before, at, clock::now()).await;
    let legs = looked(&run.ledger(), &held);
    let circumstances = Circumstances { cut_short, all_published, legs, clocks_apart, unread };
    let (verdict, evidence) = judge(&outcome, &circumstances);
    (outcome.verdict, outcome.evidence) = (Some(verdict), Some(evidence));
    outcome.error = failed.map(str::to_owned);
    outcome.hints = hints::hints(target, fan_out, (&plan.shape, &circumstances.legs), &outcome, since).await;
    outcome.faults.extend(kills::faults(&outcome.killed));
    let outcome = outcome.priced(args.cost);
    context.report(&outcome);
    let written = page::write(context, page.as_ref(), &found, &plan, &run, &outcome);
    embedded.inspect(|embedded| embedded.tell_chaos(&context.ui));
    kills.gone.map_or(Ok(()), Err)?;
    ended.map_err(|(_, failure)| failure)?;
    if args.delete_after {
        deploy::delete(&deployer, true).await?;
    } else if embedded.is_none() && target.kind == TargetKind::Aws {
        context.ui.note("The stack stays: `messaging deploy --target aws --delete --empty-bucket` deletes it.");
    }
    Ok(exit(verdict, written, context.stop.is_signalled()))
}

/// For how long the slowest delivery stream buffers.
fn buffers(fan_out: &FanOut) -> Duration {
    fan_out.landings.iter().map(|landing| landing.buffering).max().unwrap_or_default()
}

/// Tells Prometheus how a run goes from now on.
fn tell(metrics: Metrics, ui: &Ui, run: &Arc<Run>, fan_out: &FanOut, load: &Load) -> Telling {
    let (run, load, topics, started) = (run.clone(), load.clone(), fan_out.topics.clone(), Instant::now());
    let urls: Vec<_> = fan_out.queues.iter().map(|queue| queue.url.clone()).collect();
    metrics.tell(ui, move || of_run(&run.ledger(), &topics, &urls, &load, started.elapsed()))
}

/// Runs to the end while the user sees how it goes and the log, if there is one, is written; and how long that took.
async fn watch<T>(
    run: &Run,
    (view, struck): (&View, impl Fn() -> Vec<String>),
    (mut log, ticks): (Option<HistogramLog>, Duration),
    ui: &Ui,
    running: impl Future<Output = T>,
) -> (T, Duration) {
    let started = Instant::now();
    let tick = || {
        view.tick(&run.ledger(), &struck());
        if let Some(log) = &mut log {
            log.tick(started.elapsed(), || run.ledger().histograms());
        }
    };
    let ended = with_ticks_every(ticks, running, tick).await;
    view.finish();
    let elapsed = started.elapsed();
    if let Some(Err(why)) = log.map(|log| log.finish(elapsed, run.ledger().histograms())) {
        ui.warn(format!("The --hlog isn't whole: {why}"));
    }
    (ended, elapsed)
}

/// What to publish, and how many events that are.
fn plan(args: &Args, topics: &[String], load: Load) -> Result<(Plan, u64), Failure> {
    let load = load.at_speed(args.clock.speed());
    let count = args.count.or_else(|| load.events().is_none().then_some(COUNT));
    let count = count.into_iter().chain(load.events()).min().unwrap_or(COUNT);
    let plan = Plan {
        topics: topics.to_vec(),
        run: new_run_id(),
        seed: args.seed.unwrap_or_else(|| rand::random::<u32>().into()),
        kinds: Vec::new(),
        shape: args.shape.shape(topics.first().map_or("", String::as_str))?,
        count: Some(count),
        lasting: load.lasts(),
        batch: args.batch as usize,
        trace: args.trace,
        patience: kills::patience(args.kill_every),
        // Each topic has a publisher, as long as there are events for it.
        publishers: args
            .concurrency
            .unwrap_or_else(|| publishers_for(&load, args.batch, Some(count)))
            .max(topics.len() as u32),
        load,
    };
    Ok((plan, count))
}

/// Refuses to drain what others sent: on a cloud that isn't our own a queue's messages may be somebody's.
async fn refuse_full(sqs: &Client, target: &Target, fan_out: &FanOut) -> Result<(), Failure> {
    for queue in &fan_out.queues {
        let cant = |error: CallError| error.failure(target, &format!("look at the queue {}", queue.url));
        let held = consumer::held(sqs, &queue.url).await.map_err(cant)?;
        if held > 0 {
            let name = &queue.name;
            return Err(Failure::usage(format!("The {name} queue holds {} already", plural(held, "message")))
                .why("a simulation drains the queues as the APIs would, and would take these too")
                .help(format!(
                    "`messaging peek {name}` shows them, `messaging consume --until-empty` handles them first; --stack names \
                     another stack."
                )));
        }
    }
    Ok(())
}
