//! `messaging simulate`: the whole fan-out in one process, and the ledger that says whether anything was lost.

mod view;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use console::Style;
use tokio::time::Instant;

use self::view::View;
use super::{Context, value};
use crate::aws::{Target, TargetArgs, TargetKind, local_region};
use crate::clock;
use crate::deploy::{self, Deployer, Template};
use crate::embedded::{self, DATA_DIR, Durability, Embedded};
use crate::exit::{Exit, Failure};
use crate::report::progress::{Complaints, with_ticks};
use crate::report::{Landed, Outcome, Published, Queue, Verdict};
use crate::stack::{self, Outputs};
use crate::traffic::api::Api;
use crate::traffic::consumer;
use crate::traffic::ledger::Ledger;
use crate::traffic::new_run_id;
use crate::traffic::pace::Pace;
use crate::traffic::publisher::{MAX_BATCH, Plan, publishers_for};
use crate::traffic::run::{FanOut, FanOutQueue, Run};
use crate::ui::paint;
use crate::units::plural;

/// The template's parameter for how long the stream buffers.
const BUFFERING: &str = "BufferingSeconds";
/// How many seconds the stream buffers in a simulation, unless the user says otherwise.
const DEFAULT_BUFFERING: u32 = 5;
/// How many seconds the stream buffers when nobody says anything: the template's default.
const TEMPLATE_BUFFERING: u32 = 60;

/// Run everything at once: deploy, publish, consume, land in S3, and prove that nothing is lost
#[derive(Debug, Clone, clap::Args)]
#[command(
    long_about = "Run everything at once: deploy, publish, consume, land in S3, and prove that nothing is lost.\n\n\
        Starts an embedded cloud inside this process (unless an address or --target aws is given), deploys the built-in \
        template into it, publishes a story, drains both queues as the APIs would, waits until the delivery stream has \
        landed everything, and prints the ledger. The stream's buffering is shortened for the run. A stack that exists \
        already is used as it is.\n\nThe exit code is 0 only if nothing is lost, 3 if something is.",
    after_long_help = "Examples:
  messaging simulate
  messaging simulate --count 50000 --rate max --batch 10
  messaging simulate --seed 42 --json
  messaging simulate --target aws --delete-after    the same on AWS, and away with it afterwards"
)]
pub(crate) struct Args {
    /// How many events.
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    pub count: u64,
    /// How fast, like 200/s; max is as fast as the answers come.
    #[arg(long, value_name = "RATE", default_value = "100/s", value_parser = value::rate)]
    pub rate: Pace,
    /// Tell the same story again [default: a new one each time].
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Events a request, 1 to 10.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=MAX_BATCH))]
    pub batch: u64,
    /// Publishers side by side [default: as many as the rate needs].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub concurrency: Option<u32>,
    /// How long the delivery stream buffers, 0 to 900 s; the template's own default is 60.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(0..=900))]
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
    /// Delete the stack at the end, with what landed.
    #[arg(long)]
    pub delete_after: bool,
    /// The stack's name.
    #[arg(long, value_name = "NAME", default_value = "messaging", env = "MESSAGING_STACK", hide_env_values = true)]
    pub stack: String,
    /// Newline-delimited JSON on stdout: the report.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub target: TargetArgs,
}

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    if args.target.target == TargetKind::Local && args.target.endpoint(&context.env)?.is_none() {
        let region = local_region(args.target.region.as_deref())?;
        let data_dir = embedded::data_dir(args.data_dir.clone(), &[DATA_DIR, "simulate"])?;
        let embedded = embedded::start(data_dir, args.durability, &context.ui).await?;
        let target = Target::local(embedded.endpoint.clone(), region).stopped_by(&context.stop);
        let ended = simulate(context, &args, &target, Some(&embedded)).await;
        embedded.shutdown().await?;
        return ended;
    }
    let target = Target::connect(&args.target, &context.env, &context.stop).await?;
    simulate(context, &args, &target, None).await
}

/// Deploys, runs, reports; `embedded` is the cloud of the target if it is our own.
async fn simulate(
    context: &Context,
    args: &Args,
    target: &Target,
    embedded: Option<&Embedded>,
) -> Result<Exit, Failure> {
    let quiet = context.ui.without_lines();
    let watched = &context.with_complaints(target);
    let deployer = Deployer { target: watched, ui: &quiet, stop: &context.stop, stack: &args.stack };
    let (outputs, buffering) = deploy_stack(context, args, &deployer, embedded.is_some()).await?;
    let fan_out = find_fan_out(watched, &args.stack, &outputs, buffering).await?;
    let plan = Plan {
        topic_arn: fan_out.topic_arn.clone(),
        run: new_run_id(),
        seed: args.seed.unwrap_or_else(|| rand::random::<u32>().into()),
        kinds: Vec::new(),
        pace: args.rate,
        count: Some(args.count),
        lasting: None,
        batch: args.batch as usize,
        publishers: args.concurrency.unwrap_or_else(|| publishers_for(args.rate, args.batch, Some(args.count))),
    };
    context.ui.note(format!(
        "Publishing {} at {}, seed {}; the delivery stream lands a batch every {} s.",
        plural(args.count, "event"),
        plan.pace,
        plan.seed,
        fan_out.buffering.as_secs()
    ));

    let complaints = Complaints::new(&context.ui);
    let complain = Box::new(move |text: &str| complaints.say(text));
    let run = Arc::new(Run::new(plan.run.clone(), &fan_out, context.stop.child(), args.patience, complain));
    let view = View::new(&context.ui, args.count, &fan_out);
    let started = Instant::now();
    let running = run.execute(target, watched, &fan_out, plan.clone(), clock::now());
    let ended = with_ticks(running, || view.tick(&run.ledger())).await;
    view.finish();
    let ended = ended.map_err(|error| (error.to_string(), error.failure_after_answers(target, "finish the run")));

    let mut outcome = outcome(target, &fan_out, &plan, &run.ledger(), started.elapsed(), embedded);
    let all_published = run.ledger().published.sent >= args.count;
    let verdict = match outcome.lost() {
        _ if ended.is_err() => Verdict::Interrupted,
        _ if context.stop.is_signalled() && !(all_published && outcome.lost() == 0) => Verdict::Interrupted,
        0 if all_published => Verdict::NothingLost,
        0 => Verdict::NotAllPublished,
        _ => Verdict::Lost,
    };
    outcome.verdict = Some(verdict);
    outcome.error = ended.as_ref().err().map(|(error, _)| error.clone());
    context.report(&outcome);
    ended.map_err(|(_, failure)| failure)?;
    if args.delete_after {
        deploy::delete(&deployer, true).await?;
    } else if embedded.is_none() && target.kind == TargetKind::Aws {
        context.ui.note("The stack stays: `messaging deploy --target aws --delete --empty-bucket` deletes it.");
    }
    Ok(match verdict {
        Verdict::NothingLost => Exit::Ok,
        Verdict::Lost => Exit::Lost,
        Verdict::NotAllPublished => Exit::Failed,
        Verdict::Interrupted => Exit::Interrupted,
    })
}

/// Deploys the built-in template. A stack that exists already, on a cloud that isn't `own`, is taken as it is, unless the
/// user says how long it is to buffer. The stack's outputs, and how many seconds its stream buffers, if that is known.
async fn deploy_stack(
    context: &Context,
    args: &Args,
    deployer: &Deployer<'_>,
    own: bool,
) -> Result<(Outputs, Option<u32>), Failure> {
    let bold = Style::new().for_stderr().bold();
    let found = stack::describe(deployer.target, &args.stack).await;
    let found = found.map_err(|error| error.failure(deployer.target, "look the stack up"))?;
    let there = found.filter(|stack| ["CREATE_COMPLETE", "UPDATE_COMPLETE"].contains(&stack.status.as_str()));
    let Some(stack) = there.filter(|_| !own && args.buffering_seconds.is_none()) else {
        let seconds = args.buffering_seconds.unwrap_or(DEFAULT_BUFFERING);
        context.ui.note(format!(
            "Deploying {} into {}, with {BUFFERING}={seconds} instead of 60, so that you needn't wait.",
            paint(&bold, "infra.yaml"),
            deployer.target.describe()
        ));
        let parameters = [(BUFFERING.to_owned(), seconds.to_string())];
        let outputs = deployer.apply(&Template::built_in(), &parameters).await?;
        return Ok((outputs, Some(seconds)));
    };
    context.ui.note(format!(
        "Using the stack {} on {} as it is deployed.",
        paint(&bold, &args.stack),
        deployer.target.describe()
    ));
    Ok((stack.outputs, stack.parameters.get(BUFFERING).and_then(|seconds| seconds.parse().ok())))
}

/// Finds the parts of a stack by its outputs, and asks its queues for their settings.
async fn find_fan_out(
    target: &Target,
    stack: &str,
    outputs: &Outputs,
    buffering: Option<u32>,
) -> Result<FanOut, Failure> {
    let output = |name: &str| {
        outputs.get(name).cloned().ok_or_else(|| {
            Failure::new(format!("The stack {stack} has no output {name}"))
                .help("A simulation needs the outputs of infra.yaml. Name another stack with --stack.")
        })
    };
    let client = target.sqs();
    let mut queues = Vec::new();
    for (api, name) in [(Api::Orders, stack::ORDERS_QUEUE_URL), (Api::Payments, stack::PAYMENTS_QUEUE_URL)] {
        let url = output(name)?;
        let settings = consumer::describe(&client, &url).await;
        let settings = settings.map_err(|error| error.failure(target, &format!("look at the queue {url}")))?;
        queues.push(FanOutQueue { api, url, settings });
    }
    let buffering = Duration::from_secs(buffering.unwrap_or(TEMPLATE_BUFFERING).into());
    Ok(FanOut { topic_arn: output(stack::TOPIC_ARN)?, queues, bucket: output(stack::BUCKET_NAME)?, buffering })
}

/// What the run came to, as far as the ledger knows it.
fn outcome(
    target: &Target,
    fan_out: &FanOut,
    plan: &Plan,
    ledger: &Ledger,
    elapsed: Duration,
    embedded: Option<&Embedded>,
) -> Outcome {
    let queue = |drained: &FanOutQueue| {
        let queue = &ledger.queues[&drained.api];
        Queue::new(drained.api, drained.url.clone(), queue.tally, ledger.balance(&queue.leg))
    };
    let landed = Landed {
        bucket: fan_out.bucket.clone(),
        partitions: ledger.landed.partitions.keys().cloned().collect(),
        objects: ledger.landed.objects,
        bytes: ledger.landed.bytes,
        unreadable: ledger.landed.unreadable,
        account: ledger.balance(&ledger.landing),
    };
    let elapsed_s = elapsed.as_secs_f64();
    Outcome {
        command: "simulate",
        target: target.describe(),
        run: Some(plan.run.clone()),
        seed: Some(plan.seed),
        elapsed_s,
        published: Some(Published::new(&ledger.published, fan_out.topic_arn.clone(), elapsed_s, plan.pace)),
        queues: fan_out.queues.iter().map(queue).collect(),
        landed: Some(landed),
        verdict: None,
        error: None,
        data_dir: embedded.and_then(|embedded| Some(embedded.data_dir.as_ref()?.display().to_string())),
    }
}
