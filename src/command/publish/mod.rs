//! `messaging publish`: tells the story, or events of the user's own, to a topic.

mod file;
mod help;
mod view;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use console::Style;
use jiff::Timestamp;
use tokio::time::Instant;

use self::help::help;
use self::view::View;
use super::metrics::{Metrics, MetricsArgs, Telling};
use super::page::PageFile;
use super::shape::ShapeArgs;
use super::{Context, value};
use crate::aws::{CallError, ErrorKind, Target, TargetArgs, TargetKind};
use crate::clock;
use crate::config::Found;
use crate::cost::Usage;
use crate::event::EventKind;
use crate::exit::{Exit, Failure};
use crate::report::html::{Curve, Recorded};
use crate::report::merge::{Merge, VERSION, month_of};
use crate::report::metrics::{Exposition, of_publishers};
use crate::report::progress::with_ticks;
use crate::report::{Outcome, Published};
use crate::stack::{self, Resolver, Wanted};
use crate::traffic::PATIENCE;
use crate::traffic::depths;
use crate::traffic::load::{Asked, Load};
use crate::traffic::new_run_id;
use crate::traffic::publisher::{self, MAX_BATCH, Notice, Plan, publishers_for};
use crate::traffic::tally::PublishTally;
use crate::traffic::timeline::PUBLISHED;
use crate::ui::{Ui, paint};

const TOPIC: Wanted = Wanted {
    what: "topic to publish to",
    flag: "--topic-arn",
    variables: &["TOPIC_ARN", "ARN"],
    output: stack::TOPIC_ARN,
};

/// Publish events: consumers, orders and payments that belong together
#[derive(Debug, Clone, clap::Args)]
#[command(
    long_about = "Publish events: consumers, orders and payments that belong together.\n\n\
        One event every 5 s until Ctrl-C, unless told otherwise. An order belongs to a consumer created before, a payment \
        to an order placed before, and equals its total. The same --seed, --count and --concurrency give the same events, \
        ids included; the run's id and the times are new each time.\n\n\
        With --file, events of your own: a JSON value in each line, published as the line stands there. A line that is an \
        object of \"message\" and at least one of \"attributes\", \"subject\", \"group\", \"dedup\", and of nothing else, \
        says what stands beside its message. Every line is read before the first is sent; those of stdin (-) or of a pipe \
        are read as they come. The end of the lines is the end.",
    after_long_help = help()
)]
pub(crate) struct Args {
    /// One event in so long, like 5s or 500ms; a number alone is seconds [default: 5s].
    #[arg(long, value_name = "DURATION", value_parser = value::interval, conflicts_with = "rate")]
    pub every: Option<Duration>,
    /// So many events, like 200/s or 30/m; max is as fast as the answers come.
    #[arg(long, value_name = "RATE", value_parser = value::rate)]
    pub rate: Option<Load>,
    /// A rate that changes: steps, ramps, waves, bursts, a file, or a name; see below.
    #[arg(long, value_name = "PROFILE", value_parser = value::load, conflicts_with_all = ["rate", "every"])]
    pub load: Option<Asked>,
    /// Stop after so many events, like 500, 1k or 2M.
    #[arg(long, value_name = "N", value_parser = value::count)]
    pub count: Option<u64>,
    /// Stop after so long, like 10m; a number alone is seconds.
    #[arg(long = "for", value_name = "DURATION", value_parser = value::interval)]
    pub lasting: Option<Duration>,
    /// Your own events instead of the story: a file with a JSON value in each line; - is stdin.
    #[arg(long, value_name = "FILE", conflicts_with_all = OF_THE_STORY)]
    pub file: Option<PathBuf>,
    /// Show each event, also when they come faster than 20 in a second.
    #[arg(long)]
    pub show_events: bool,
    /// Only these kinds; the others still happen in the story, but nobody is told.
    #[arg(long, value_enum, value_name = "KIND", value_delimiter = ',', conflicts_with = "mix")]
    pub kind: Vec<EventKind>,
    /// Tell the same story again [default: a new one each time].
    #[arg(long, value_name = "N", value_parser = value::within::<u64>(0, u64::MAX))]
    pub seed: Option<u64>,
    /// Events a request, 1 to 10; a batch leaves when its last event is due.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = value::within::<u64>(1, MAX_BATCH))]
    pub batch: u64,
    /// Publishers side by side, each with a story of its own; of a file only one keeps the order of the lines [default: as
    /// many as the rate needs, 1 with --file].
    #[arg(long, value_name = "N", value_parser = value::within::<u32>(1, 1024))]
    pub concurrency: Option<u32>,
    /// The topic's ARN.
    #[arg(long, value_name = "ARN")]
    pub topic_arn: Option<String>,
    /// The stack whose outputs name the topic.
    #[arg(long, value_name = "NAME", default_value = "messaging", env = "MESSAGING_STACK", hide_env_values = true)]
    pub stack: String,
    /// Begin a trace with each event: a message attribute `traceparent` (W3C Trace Context), which --json tells.
    #[arg(long)]
    pub trace: bool,
    /// Write the latencies of each second to a file, as HdrHistogram's interval log.
    #[arg(long, value_name = "FILE")]
    pub hlog: Option<PathBuf>,
    /// Newline-delimited JSON on stdout: a record for each event, and a report at the end.
    #[arg(long)]
    pub json: bool,
    /// Write the run as one HTML file: how it went over time, and the data of that.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    #[command(flatten)]
    pub metrics: MetricsArgs,
    #[command(flatten)]
    pub shape: ShapeArgs,
    #[command(flatten)]
    pub target: TargetArgs,
}

/// What the user's own events have nothing of.
const OF_THE_STORY: [&str; 9] = ["kind", "seed", "size", "mix", "tenants", "groups", "duplicates", "poison", "field"];

/// What the arguments ask for.
fn plan(args: &Args, topic: &str, load: Load) -> Result<Plan, Failure> {
    // The end of a profile is the end.
    let count = args.count.into_iter().chain(load.events()).min();
    Ok(Plan {
        topics: vec![topic.to_owned()],
        run: new_run_id(),
        seed: args.seed.unwrap_or_else(|| rand::random::<u32>().into()),
        kinds: args.kind.clone(),
        shape: args.shape.shape(topic)?,
        count,
        lasting: args.lasting.into_iter().chain(load.lasts()).min(),
        batch: args.batch as usize,
        publishers: match args.concurrency {
            Some(publishers) => publishers,
            None if args.file.is_some() => 1,
            None => publishers_for(&load, args.batch, count),
        },
        trace: args.trace,
        patience: PATIENCE,
        load,
    })
}

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    let load = load(&args)?;
    let page = PageFile::claim(args.report.as_deref())?;
    let log = value::histogram_log(args.hlog.as_deref())?;
    let metrics = args.metrics.listen().await?;
    let target = Target::connect(&args.target, &context.env, &context.stop).await?;
    let watched = context.with_complaints(&target);
    let topic = Resolver::new(&watched, &context.env, &args.stack).find(TOPIC, args.topic_arn.as_deref()).await?;
    check_arn(&topic)?;
    target.check_region(&topic)?;
    let lines = match &args.file {
        Some(path) => Some(file::open(path, &args, &topic.value, &context.stop).await?),
        None => None,
    };
    let plan = plan(&args, &topic.value, load)?;
    context.ui.note(format!(
        "Publishing to {} on {}:",
        paint(&Style::new().for_stderr().bold(), &topic.value),
        target.describe()
    ));
    let ends = plan.count.is_some() || plan.lasting.is_some() || args.file.is_some();
    let from = match &args.file {
        Some(path) => format!("from {}", file::name(path)),
        None => format!("seed {}", plan.seed),
    };
    let summary = plan.load.summary().map_or_else(String::new, |summary| format!(": {summary}"));
    let ctrl_c = if ends { "" } else { " Ctrl-C ends it." };
    context.ui.note(format!("{}{summary}; run {}, {from}.{ctrl_c}", plan.load, plan.run));

    let view = View::new(&context.ui, &plan, args.file.is_some(), args.show_events);
    let view = Arc::new(if page.is_some() { view.recorded() } else { view });
    let page = page.map(PageFile::begin);
    if let Some(note) = view.hidden_note() {
        context.ui.note(note);
    }
    let (before, started, at) = (depths::struck(&target, &context.stop).await, Instant::now(), clock::now());
    context.stop.check()?;
    let mut log = log.map(|log| log.start(&plan.run, at.into()));
    let _telling = metrics.map(|metrics| tell(metrics, &context.ui, &view, &plan));
    let listener = {
        let view = view.clone();
        Arc::new(move |notice: Notice<'_>| view.hear(notice))
    };
    let client = target.sns();
    let publishing = publisher::publish_from(&client, plan.clone(), lines, &context.stop, listener);
    let tick = || {
        view.tick(started);
        if let Some(log) = &mut log {
            log.tick(started.elapsed(), || view.tally.lock().histograms());
        }
    };
    let ended = with_ticks(publishing, tick).await;
    view.bar.finish_and_clear();

    let elapsed = started.elapsed();
    let faults = depths::faults(&target, &before, at, clock::now()).await;
    let tally = view.tally.lock();
    if let Some(Err(why)) = log.map(|log| log.finish(elapsed, tally.histograms())) {
        context.ui.warn(format!("The --hlog isn't whole: {why}"));
    }
    let doing = format!("publish to {}", topic.value);
    if let Err(error) = &ended
        && tally.sent == 0
    {
        return Err(with_advice(error, &target, &topic, error.failure(&target, &doing)));
    }
    let error = ended.as_ref().err().map(ToString::to_string);
    let outcome = Outcome { faults, ..outcome(&args, &target, &plan, &tally, (at, elapsed), error) };
    context.report(&outcome);
    let written = write_page(context, page.as_ref(), &view, &tally, &plan, &outcome);
    ended.map_err(|error| with_advice(&error, &target, &topic, error.failure_after_answers(&target, &doing)))?;
    // The end of a file isn't known.
    let done = plan.count.map_or(args.file.is_none(), |count| tally.sent + tally.refused >= count);
    let endless = !ends;
    Ok(if tally.refused > 0 || !written {
        Exit::Failed
    } else if context.stop.is_signalled() && !endless && !(done && args.lasting.is_none()) {
        Exit::Interrupted
    } else {
        Exit::Ok
    })
}

/// Tells Prometheus how it goes from now on.
fn tell(metrics: Metrics, ui: &Ui, view: &Arc<View>, plan: &Plan) -> Telling {
    let (view, topics, load, started) = (view.clone(), plan.topics.clone(), plan.load.clone(), Instant::now());
    metrics.tell(ui, move || {
        let mut out = Exposition::default();
        of_publishers(&mut out, &topics, &view.tally.lock(), &load, started.elapsed());
        out.finish()
    })
}

/// Writes the page of a run, if there is to be one; false if it can't.
fn write_page(
    context: &Context,
    page: Option<&PageFile>,
    view: &View,
    tally: &PublishTally,
    plan: &Plan,
    outcome: &Outcome,
) -> bool {
    let timeline = view.timeline.lock();
    let (Some(page), Some(timeline)) = (page, timeline.as_ref()) else { return true };
    let curves = vec![Curve::new(PUBLISHED, &tally.latencies)];
    let recorded = Recorded::new(timeline, &plan.load, plan.count, plan.lasting, curves, outcome.faults.clone());
    page.write(context, outcome, None, &recorded)
}

/// What the publishers came to.
fn outcome(
    args: &Args,
    target: &Target,
    plan: &Plan,
    tally: &PublishTally,
    (at, elapsed): (Timestamp, Duration),
    error: Option<String>,
) -> Outcome {
    let elapsed_s = elapsed.as_secs_f64();
    let mut usage = Usage::default();
    *(if plan.is_fifo() { &mut usage.fifo_topic } else { &mut usage.topic }) = tally.billed;
    let (month, period_s) = month_of(&plan.load, tally.sent, elapsed_s);
    let merge = Merge {
        version: VERSION,
        runs: vec![plan.run.clone()],
        started_ms: at.as_millisecond(),
        published_for_s: elapsed_s,
        month,
        period_s,
        region: Some(target.region.clone()),
        on_aws: target.kind == TargetKind::Aws,
        usage,
        histograms: Merge::pack(tally.histograms()),
    };
    let outcome = Outcome {
        command: "publish",
        template: None,
        target: target.describe(),
        run: Some(plan.run.clone()),
        seed: Some(plan.seed).filter(|_| args.file.is_none()),
        elapsed_s,
        published: Some(Published::new(tally, plan.told_topics(), elapsed_s, &plan.load)),
        queues: Vec::new(),
        landed: Vec::new(),
        verdict: None,
        evidence: None,
        not_followed: Vec::new(),
        error,
        data_dir: None,
        killed: Vec::new(),
        hints: Vec::new(),
        faults: Vec::new(),
        cost: None,
        merge: None,
    };
    outcome.mergeable(merge)
}

/// When events are published: unless told otherwise one every five seconds, and a file's as fast as the answers come.
fn load(args: &Args) -> Result<Load, Failure> {
    if let Some(asked) = &args.load {
        return asked.open().map_err(|why| Failure::usage("--load has no profile").why(why));
    }
    Ok(match (&args.rate, args.every) {
        (Some(rate), _) => rate.clone(),
        (None, Some(every)) => Load::every(every),
        (None, None) if args.file.is_some() => Load::max(),
        (None, None) => Load::every(Duration::from_secs(5)),
    })
}

/// Refuses what isn't the ARN of a topic.
fn check_arn(topic: &Found) -> Result<(), Failure> {
    let parts: Vec<&str> = topic.value.split(':').collect();
    if parts.len() == 6 && parts[0] == "arn" && parts[2] == "sns" {
        return Ok(());
    }
    Err(Failure::usage(format!("{:?} isn't the ARN of a topic", topic.value))
        .why(format!("it comes from {}", topic.origin))
        .help("An ARN looks like arn:aws:sns:us-east-1:123456789012:created-consumer."))
}

/// `failure`, which tells of `error`, with advice on the topic if it isn't there.
fn with_advice(error: &CallError, target: &Target, topic: &Found, failure: Failure) -> Failure {
    if error.kind == ErrorKind::NotFound {
        return failure.help(format!(
            "The ARN comes from {}; the target is {}. {}Deploy the stack there with `messaging deploy`, or name another topic.",
            topic.origin,
            target.describe(),
            target.foreign_account(&topic.value).map(|told| told + " ").unwrap_or_default()
        ));
    }
    failure
}
