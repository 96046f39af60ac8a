//! `messaging publish`: tells the story, or events of the user's own, to a topic.

mod file;
mod view;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use console::Style;
use tokio::time::Instant;

use self::view::View;
use super::{Context, value};
use crate::aws::{CallError, ErrorKind, Target, TargetArgs};
use crate::config::Found;
use crate::event::EventKind;
use crate::event::envelope::Attribute;
use crate::event::own;
use crate::exit::{Exit, Failure};
use crate::report::progress::with_ticks;
use crate::report::{Outcome, Published};
use crate::stack::{self, Resolver, Wanted};
use crate::traffic::new_run_id;
use crate::traffic::pace::Pace;
use crate::traffic::publisher::{self, MAX_BATCH, Notice, Plan, publishers_for};
use crate::ui::paint;

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
    after_long_help = "Examples:
  messaging publish                              one event every 5 s, until Ctrl-C
  messaging publish --rate 200/s --for 10m       a steady load
  messaging publish --count 1000 --rate max      as fast as the answers come
  messaging publish --kind order,payment --every 500ms
  messaging publish --seed 42 --count 20 --json  the same twenty events each time, for a program
  messaging publish --file events.jsonl          your own events, in order, as fast as the answers come
  messaging publish --file events.jsonl --attribute kind=order --rate 20/s

Three lines of such a file:
  {\"order\": 7, \"total\": 149.90}
  {\"message\": {\"order\": 8}, \"attributes\": {\"kind\": \"order\", \"amount\": 149.90}}
  {\"message\": \"for a FIFO topic\", \"group\": \"customer-1\", \"dedup\": \"order-9\"}
An attribute is a text, a number, a list (String.Array) or {\"type\": \"Number\", \"value\": \"7\"}.

The topic is the first of: --topic-arn; TOPIC_ARN or ARN in the environment; the same in .env;
the output TopicArn of the stack."
)]
pub(crate) struct Args {
    /// One event in so long, like 5s or 500ms; a number alone is seconds [default: 5s].
    #[arg(long, value_name = "DURATION", value_parser = value::interval, conflicts_with = "rate")]
    pub every: Option<Duration>,
    /// So many events, like 200/s or 30/m; max is as fast as the answers come.
    #[arg(long, value_name = "RATE", value_parser = value::rate)]
    pub rate: Option<Pace>,
    /// Stop after so many events, like 500, 1k or 2M.
    #[arg(long, value_name = "N", value_parser = value::count)]
    pub count: Option<u64>,
    /// Stop after so long, like 10m; a number alone is seconds.
    #[arg(long = "for", value_name = "DURATION", value_parser = value::interval)]
    pub lasting: Option<Duration>,
    /// Your own events instead of the story: a file with a JSON value in each line; - is stdin.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["kind", "seed"])]
    pub file: Option<PathBuf>,
    /// An attribute of every message of the file, like kind=order or amount:Number=7.
    #[arg(long, value_name = "NAME=VALUE", value_parser = own::common_attribute, requires = "file")]
    pub attribute: Vec<Attribute>,
    /// Show each event, also when they come faster than 20 in a second.
    #[arg(long)]
    pub show_events: bool,
    /// Only these kinds; the others still happen in the story, but nobody is told.
    #[arg(long, value_enum, value_name = "KIND", value_delimiter = ',')]
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
    /// Newline-delimited JSON on stdout: a record for each event, and a report at the end.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub target: TargetArgs,
}

/// What the arguments ask for.
fn plan(args: &Args, topic: &str) -> Plan {
    let pace = pace(args);
    Plan {
        topic_arn: topic.to_owned(),
        run: new_run_id(),
        seed: args.seed.unwrap_or_else(|| rand::random::<u32>().into()),
        kinds: args.kind.clone(),
        pace,
        count: args.count,
        lasting: args.lasting,
        batch: args.batch as usize,
        publishers: match args.concurrency {
            Some(publishers) => publishers,
            None if args.file.is_some() => 1,
            None => publishers_for(pace, args.batch, args.count),
        },
    }
}

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    let target = Target::connect(&args.target, &context.env, &context.stop).await?;
    let watched = context.with_complaints(&target);
    let topic = Resolver::new(&watched, &context.env, &args.stack).find(TOPIC, args.topic_arn.as_deref()).await?;
    check_arn(&topic)?;
    target.check_region(&topic)?;
    let lines = match &args.file {
        Some(path) => Some(file::open(path, &args, &topic.value, &context.stop).await?),
        None => None,
    };
    let plan = plan(&args, &topic.value);
    let pace = plan.pace;
    context.ui.note(format!(
        "Publishing to {} on {}:",
        paint(&Style::new().for_stderr().bold(), &topic.value),
        target.describe()
    ));
    let ends = args.count.is_some() || args.lasting.is_some() || args.file.is_some();
    let from = match &args.file {
        Some(path) => format!("from {}", file::name(path)),
        None => format!("seed {}", plan.seed),
    };
    context.ui.note(format!("{pace}; run {}, {from}.{}", plan.run, if ends { "" } else { " Ctrl-C ends it." }));

    let view = Arc::new(View::new(&context.ui, pace, args.count, args.show_events));
    if let Some(note) = view.hidden_note() {
        context.ui.note(note);
    }
    let started = Instant::now();
    let listener = {
        let view = view.clone();
        Arc::new(move |notice: Notice<'_>| view.hear(notice))
    };
    let client = target.sns();
    let publishing = publisher::publish_from(&client, plan.clone(), lines, &context.stop, listener);
    let ended = with_ticks(publishing, || view.tick(started)).await;
    view.bar.finish_and_clear();

    let elapsed = started.elapsed().as_secs_f64();
    let tally = view.tally.lock();
    let doing = format!("publish to {}", topic.value);
    if let Err(error) = &ended
        && tally.sent == 0
    {
        return Err(with_advice(error, &target, &topic, error.failure(&target, &doing)));
    }
    context.report(&Outcome {
        command: "publish",
        template: None,
        target: target.describe(),
        run: Some(plan.run),
        seed: Some(plan.seed).filter(|_| args.file.is_none()),
        elapsed_s: elapsed,
        published: Some(Published::new(&tally, topic.value.clone(), elapsed, pace)),
        queues: Vec::new(),
        landed: None,
        verdict: None,
        error: ended.as_ref().err().map(ToString::to_string),
        data_dir: None,
    });
    ended.map_err(|error| with_advice(&error, &target, &topic, error.failure_after_answers(&target, &doing)))?;
    // The end of a file isn't known.
    let done = args.count.map_or(args.file.is_none(), |count| tally.sent + tally.refused >= count);
    let endless = !ends;
    Ok(if tally.refused > 0 {
        Exit::Failed
    } else if context.stop.is_signalled() && !endless && !(done && args.lasting.is_none()) {
        Exit::Interrupted
    } else {
        Exit::Ok
    })
}

/// How often an event is published: unless told otherwise one every five seconds, and a file's as fast as the answers come.
fn pace(args: &Args) -> Pace {
    match (args.rate, args.every) {
        (Some(rate), _) => rate,
        (None, Some(every)) => Pace::Every(every),
        (None, None) if args.file.is_some() => Pace::Max,
        (None, None) => Pace::Every(Duration::from_secs(5)),
    }
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
