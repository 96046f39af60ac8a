//! `messaging publish`: tells the story to a topic.

mod view;

use std::sync::Arc;
use std::time::Duration;

use console::Style;
use tokio::time::Instant;

use self::view::View;
use super::{Context, value};
use crate::aws::{CallError, ErrorKind, Target, TargetArgs};
use crate::config::Found;
use crate::event::EventKind;
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
        ids included; the run's id and the times are new each time.",
    after_long_help = "Examples:
  messaging publish                              one event every 5 s, until Ctrl-C
  messaging publish --rate 200/s --for 10m       a steady load
  messaging publish --count 1000 --rate max      as fast as the answers come
  messaging publish --kind order,payment --every 500ms
  messaging publish --seed 42 --count 20 --json  the same twenty events each time, for a program

The topic is the first of: --topic-arn; TOPIC_ARN or ARN in the environment; the same in .env;
the output TopicArn of the stack."
)]
pub(crate) struct Args {
    /// One event in so long, like 5s or 500ms [default: 5s].
    #[arg(long, value_name = "DURATION", value_parser = value::interval, conflicts_with = "rate")]
    pub every: Option<Duration>,
    /// So many events, like 200/s or 30/m; max is as fast as the answers come.
    #[arg(long, value_name = "RATE", value_parser = value::rate)]
    pub rate: Option<Pace>,
    /// Stop after so many events.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// Stop after so long, like 10m.
    #[arg(long = "for", value_name = "DURATION", value_parser = value::interval)]
    pub lasting: Option<Duration>,
    /// Only these kinds; the others still happen in the story, but nobody is told.
    #[arg(long, value_enum, value_name = "KIND", value_delimiter = ',')]
    pub kind: Vec<EventKind>,
    /// Tell the same story again [default: a new one each time].
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Events a request, 1 to 10; a batch leaves when its last event is due.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=MAX_BATCH))]
    pub batch: u64,
    /// Publishers side by side, each with a story of its own [default: as many as the rate needs].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
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

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    let target = Target::connect(&args.target, &context.env, &context.stop).await?;
    let watched = context.with_complaints(&target);
    let topic = Resolver::new(&watched, &context.env, &args.stack).find(TOPIC, args.topic_arn.as_deref()).await?;
    check_arn(&topic)?;
    let pace = args.rate.unwrap_or(Pace::Every(args.every.unwrap_or(Duration::from_secs(5))));
    let plan = Plan {
        topic_arn: topic.value.clone(),
        run: new_run_id(),
        seed: args.seed.unwrap_or_else(|| rand::random::<u32>().into()),
        kinds: args.kind.clone(),
        pace,
        count: args.count,
        lasting: args.lasting,
        batch: args.batch as usize,
        publishers: args.concurrency.unwrap_or_else(|| publishers_for(pace, args.batch, args.count)),
    };
    context.ui.note(format!(
        "Publishing to {} on {}:",
        paint(&Style::new().for_stderr().bold(), &topic.value),
        target.describe()
    ));
    context.ui.note(format!(
        "{pace}; run {}, seed {}.{}",
        plan.run,
        plan.seed,
        if args.count.is_none() && args.lasting.is_none() { " Ctrl-C ends it." } else { "" }
    ));

    let view = Arc::new(View::new(&context.ui, pace, args.count));
    let started = Instant::now();
    let listener = {
        let view = view.clone();
        Arc::new(move |notice: Notice<'_>| view.hear(notice))
    };
    let client = target.sns();
    let publishing = publisher::publish(&client, plan.clone(), &context.stop, listener);
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
        seed: Some(plan.seed),
        elapsed_s: elapsed,
        published: Some(Published::new(&tally, topic.value.clone(), elapsed, pace)),
        queues: Vec::new(),
        landed: None,
        verdict: None,
        error: ended.as_ref().err().map(ToString::to_string),
        data_dir: None,
    });
    ended.map_err(|error| with_advice(&error, &target, &topic, error.failure_after_answers(&target, &doing)))?;
    let done = args.count.is_none_or(|count| tally.sent + tally.refused >= count);
    let endless = args.count.is_none() && args.lasting.is_none();
    Ok(if tally.refused > 0 {
        Exit::Failed
    } else if context.stop.is_signalled() && !endless && !(done && args.lasting.is_none()) {
        Exit::Interrupted
    } else {
        Exit::Ok
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
            "The ARN comes from {}; the target is {}. Deploy the stack there with `messaging deploy`, or name another topic.",
            topic.origin,
            target.describe()
        ));
    }
    failure
}
