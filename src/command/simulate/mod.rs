//! `messaging simulate`: the whole fan-out in one process, and the ledger that says whether anything was lost.

mod fan_out;
mod outcome;
mod page;
#[cfg(feature = "scenarios")]
mod system;
mod view;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::Client;
use jiff::Timestamp;
use tokio::time::Instant;

use self::outcome::outcome;
use self::view::View;
use super::chaos::flags::ChaosArgs;
#[cfg(feature = "scenarios")]
use super::choice::Choice;
use super::page::PageFile;
use super::shape::ShapeArgs;
use super::{Context, dead_letters, value};
use crate::aws::{CallError, Target, TargetArgs, TargetKind, local_region};
use crate::clock;
use crate::deploy::{self, Deployer, Template};
use crate::embedded::{self, ClockMode, DATA_DIR, Durability, Embedded};
use crate::exit::{Exit, Failure};
use crate::report::Verdict;
use crate::report::hlog::HistogramLog;
use crate::report::progress::{Complaints, with_ticks};
use crate::traffic::consumer;
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
        APIs would, waits until the delivery stream has landed everything, and prints the ledger. The stream's buffering \
        is shortened for the run, if the template has the parameter BufferingSeconds. On another cloud a stack that \
        exists already is used as it is, unless --template, --parameter or --buffering-seconds changes it.\n\n\
        The exit code is 0 only if nothing is lost, 3 if something is.",
    after_long_help = "Examples:
  messaging simulate
  messaging simulate --count 50000 --rate max --batch 10
  messaging simulate --load 100/s..2000/s:20s,100/s:10s
  messaging simulate --template my.yaml --parameter MaxReceiveCount=1
  messaging simulate --load day --report run.html
  messaging simulate --seed 42 --json             `messaging report` reads it
  messaging simulate --cost --hlog run.hlog       on AWS; latencies in a file
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
    /// the template's own default is less].
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
    /// How the embedded cloud's clock runs: wall, or x600 for so many times as fast.
    #[arg(long, value_name = "CLOCK", default_value = "wall", value_parser = value::running_clock)]
    pub clock: ClockMode,
    /// Delete the stack at the end, with what landed.
    #[arg(long)]
    pub delete_after: bool,
    /// The stack's name.
    #[arg(long, value_name = "NAME", default_value = "messaging", env = "MESSAGING_STACK", hide_env_values = true)]
    pub stack: String,
    /// What it costs on AWS as a table, dimension by dimension.
    #[arg(long)]
    pub cost: bool,
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
    pub shape: ShapeArgs,
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

/// Simulates the fan-out, on an embedded cloud of its own unless another is named.
async fn simulate_fan_out(context: &Context, args: Args) -> Result<Exit, Failure> {
    let template = Template::load(args.template.as_deref())?;
    let load = match &args.load {
        Some(asked) => asked.open().map_err(|why| Failure::usage("--load has no profile").why(why))?,
        None => args.rate.clone(),
    };
    let page = PageFile::claim(args.report.as_deref())?;
    let log = value::histogram_log(args.hlog.as_deref())?;
    if args.target.target == TargetKind::Local && args.target.endpoint(&context.env)?.is_none() {
        let region = local_region(args.target.region.as_deref())?;
        fan_out::check_deployable(&args, &template)?;
        let chaos = args.chaos.load()?;
        let data_dir = embedded::data_dir(args.data_dir.clone(), &[DATA_DIR, "simulate"])?;
        let embedded = embedded::start(data_dir, args.durability, args.clock, chaos, &context.ui).await?;
        let target = Target::local(embedded.endpoint.clone(), region).stopped_by(&context.stop);
        let ended = simulate(context, &args, (load, log, page), &target, &template, Some(&embedded)).await;
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
    simulate(context, &args, (load, log, page), &target, &template, None).await
}

/// Deploys, runs, reports; `embedded` is the cloud of the target if it is our own.
async fn simulate(
    context: &Context,
    args: &Args,
    (load, log, page): (Load, Option<HistogramLog>, Option<PageFile>),
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
    let (plan, count) = plan(args, &fan_out.topic_arn, load)?;
    context.ui.note(format!(
        "Publishing {} {}{}, seed {}; the delivery stream {}.",
        plural(count, "event"),
        if plan.load.is_open() { "at " } else { "" },
        plan.load,
        plan.seed,
        found.lands
    ));

    embedded.inspect(|embedded| embedded.begin_chaos(&context.ui));
    let complaints = Complaints::new(&context.ui);
    let complain = Box::new(move |text: &str| complaints.say(text));
    let run = Run::new(plan.run.clone(), fan_out, context.stop.child(), args.patience, complain);
    let run = Arc::new(if page.is_some() { run.recorded() } else { run });
    let page = page.map(PageFile::begin);
    let view = View::new(&context.ui, plan.load.clone(), count, fan_out);
    let at = clock::now();
    let log = log.map(|log| log.start(&plan.run, at.into()));
    // Where the cloud's time isn't the wall's, what lands is of its time.
    let there = embedded.and_then(|embedded| Timestamp::from_millisecond(embedded.now() as i64).ok());
    let running = run.execute(target, watched, fan_out, plan.clone(), there.unwrap_or(at));
    let (ended, elapsed) = watch(&run, &view, log, &context.ui, running).await;
    let ended = ended.map_err(|error| (error.to_string(), error.failure_after_answers(target, "finish the run")));
    let mut outcome = outcome(target, &found, &plan, &run.ledger(), (at, elapsed), embedded);
    for (queue, before) in fan_out.queues.iter().zip(dead_letters) {
        let Some(found) = dead_letters::look_again(&sqs, before).await else { continue };
        if let Some(why) = &found.unknown {
            context.ui.warn(format!("The dead letters of the {} queue aren't counted: {why}", queue.api.name()));
        }
        outcome.put_dead_letters(queue.api, found);
    }
    let all_published = run.ledger().published.sent >= count;
    let verdict = verdict(ended.is_err(), context.stop.is_signalled(), all_published, outcome.lost());
    outcome.verdict = Some(verdict);
    outcome.error = ended.as_ref().err().map(|(error, _)| error.clone());
    let outcome = outcome.priced(args.cost);
    context.report(&outcome);
    let written = page::write(context, page.as_ref(), target, &found, &plan, &run, &outcome).await;
    embedded.inspect(|embedded| embedded.tell_chaos(&context.ui));
    ended.map_err(|(_, failure)| failure)?;
    if args.delete_after {
        deploy::delete(&deployer, true).await?;
    } else if embedded.is_none() && target.kind == TargetKind::Aws {
        context.ui.note("The stack stays: `messaging deploy --target aws --delete --empty-bucket` deletes it.");
    }
    Ok(match verdict {
        Verdict::NothingLost if !written => Exit::Failed,
        Verdict::NothingLost => Exit::Ok,
        Verdict::Lost => Exit::Lost,
        Verdict::NotAllPublished => Exit::Failed,
        Verdict::Interrupted => Exit::Interrupted,
    })
}

/// What a run comes to that failed or not, was stopped or not, and lost so much.
fn verdict(failed: bool, stopped: bool, all_published: bool, lost: u64) -> Verdict {
    match lost {
        _ if failed => Verdict::Interrupted,
        _ if stopped && !(all_published && lost == 0) => Verdict::Interrupted,
        0 if all_published => Verdict::NothingLost,
        0 => Verdict::NotAllPublished,
        _ => Verdict::Lost,
    }
}

/// Runs to the end while the user sees how it goes and the log, if there is one, is written; and how long that took.
async fn watch<T>(
    run: &Run,
    view: &View,
    mut log: Option<HistogramLog>,
    ui: &Ui,
    running: impl Future<Output = T>,
) -> (T, Duration) {
    let started = Instant::now();
    let tick = || {
        view.tick(&run.ledger());
        if let Some(log) = &mut log {
            log.tick(started.elapsed(), || run.ledger().histograms());
        }
    };
    let ended = with_ticks(running, tick).await;
    view.finish();
    let elapsed = started.elapsed();
    if let Some(Err(why)) = log.map(|log| log.finish(elapsed, run.ledger().histograms())) {
        ui.warn(format!("The --hlog isn't whole: {why}"));
    }
    (ended, elapsed)
}

/// What to publish, and how many events that are.
fn plan(args: &Args, topic_arn: &str, load: Load) -> Result<(Plan, u64), Failure> {
    let load = load.at_speed(args.clock.speed());
    let count = args.count.or_else(|| load.events().is_none().then_some(COUNT));
    let count = count.into_iter().chain(load.events()).min().unwrap_or(COUNT);
    let plan = Plan {
        topic_arn: topic_arn.to_owned(),
        run: new_run_id(),
        seed: args.seed.unwrap_or_else(|| rand::random::<u32>().into()),
        kinds: Vec::new(),
        shape: args.shape.shape(topic_arn)?,
        count: Some(count),
        lasting: load.lasts(),
        batch: args.batch as usize,
        publishers: args.concurrency.unwrap_or_else(|| publishers_for(&load, args.batch, Some(count))),
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
            let api = queue.api.name();
            return Err(Failure::usage(format!("The {api} queue holds {} already", plural(held, "message")))
                .why("a simulation drains the queues as the APIs would, and would take these too")
                .help(format!(
                    "`messaging peek {api}` shows them, `messaging consume --until-empty` handles them first; --stack names \
                     another stack."
                )));
        }
    }
    Ok(())
}
