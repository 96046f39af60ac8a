//! `messaging simulate`: the whole fan-out in one process, and the ledger that says whether anything was lost.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use console::Style;
use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::time::{Instant, sleep};

use super::deploy::{self, Deployer, Template};
use super::local::{self, Durability, Embedded};
use super::publish::{Tally, publishers_for, with_ticks};
use super::stack::{self, Outputs};
use super::{Complaints, Context, value};
use crate::aws::{CallError, Cloud, Kind as Trouble, Target, TargetArgs, local_region};
use crate::event::envelope::Arrived;
use crate::exit::{Exit, Failure, Stop};
use crate::report::{self, Outcome, Verdict};
use crate::traffic::api::Api;
use crate::traffic::consumer::{self, Queue, SHORT_POLL};
use crate::traffic::landed::{Found, Landing};
use crate::traffic::ledger::{Leg, Published};
use crate::traffic::new_run_id;
use crate::traffic::pace::Pace;
use crate::traffic::publisher::{self, MAX_BATCH, Plan};
use crate::traffic::stats::Requests;
use crate::ui::{paint, plural};

mod view;

use view::View;

/// The template's parameter for how long the stream buffers, and what the template says without it.
const BUFFERING: &str = "BufferingSeconds";
/// An event that takes longer than this to a queue is late.
const LATE: Duration = Duration::from_secs(5);
/// Beyond its buffering, the stream may take so long to land an event.
const LATE_LANDING: Duration = Duration::from_secs(15);
/// How often the bucket is looked at.
const LOOK: Duration = Duration::from_millis(250);
const LOOK_AWS: Duration = Duration::from_secs(2);

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
pub struct Args {
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
    #[arg(long, value_enum, default_value = "process")]
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

pub async fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    if args.target.target == Target::Local && args.target.endpoint(&context.env)?.is_none() {
        let region = local_region(args.target.region.as_deref())?;
        let data_dir = local::data_dir(args.data_dir.clone(), &[local::DATA_DIR, "simulate"])?;
        let embedded = local::start_embedded(data_dir, args.durability, &context.ui).await?;
        let cloud = Cloud::local(embedded.endpoint.clone(), region).stopped_by(&context.stop);
        let ended = simulate(context, &args, &cloud, Some(&embedded)).await;
        embedded.shutdown().await?;
        return ended;
    }
    let cloud = Cloud::connect(&args.target, &context.env, &context.stop).await?;
    simulate(context, &args, &cloud, None).await
}

/// What the run needs of the stack.
struct Places {
    topic_arn: String,
    queues: Vec<(Api, String, Queue)>,
    bucket: String,
    buffering: Duration,
}

async fn simulate(context: &Context, args: &Args, cloud: &Cloud, embedded: Option<&Embedded>) -> Result<Exit, Failure> {
    let quiet = context.ui.without_lines();
    let told = &context.telling(cloud);
    let deployer = Deployer { cloud: told, ui: &quiet, stop: &context.stop, stack: &args.stack };
    let (outputs, buffering) = deploy(context, args, &deployer, embedded.is_some()).await?;
    let places = places(told, &args.stack, &outputs, buffering).await?;
    let plan = Plan {
        topic_arn: places.topic_arn.clone(),
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
        places.buffering.as_secs()
    ));

    let run = Arc::new(Run {
        ledger: Mutex::new(Ledger::new(&places)),
        run: plan.run.clone(),
        stop: context.stop.child(),
        patience: args.patience,
        complaints: Complaints::new(&context.ui),
    });
    let view = View::new(&context.ui, args.count, &places);
    let started = Instant::now();
    let since = crate::traffic::now();
    let ended = with_ticks(run.all(cloud, told, &places, plan.clone(), since), || view.tick(&run.ledger.lock())).await;
    view.finish();
    let ended = ended.map_err(|error| (error.to_string(), error.failure_after_answers(cloud, "finish the run")));

    let mut outcome = outcome(cloud, &places, &plan, &run.ledger.lock(), started.elapsed(), embedded);
    let all_published = run.ledger.lock().tally.sent >= args.count;
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
    } else if embedded.is_none() && cloud.target == Target::Aws {
        context.ui.note("The stack stays: `messaging deploy --target aws --delete --empty-bucket` deletes it.");
    }
    Ok(match verdict {
        Verdict::NothingLost => Exit::Ok,
        Verdict::Lost => Exit::Lost,
        Verdict::NotAllPublished => Exit::Failed,
        Verdict::Interrupted => Exit::Interrupted,
    })
}

/// Deploys the built-in template; a stack that is on a cloud of someone else already is taken as it is, unless it is said
/// how long it is to buffer. Its outputs, and how long the stream buffers.
async fn deploy(
    context: &Context,
    args: &Args,
    deployer: &Deployer<'_>,
    own: bool,
) -> Result<(Outputs, Option<u32>), Failure> {
    let bold = Style::new().for_stderr().bold();
    let found = stack::describe(deployer.cloud, &args.stack).await;
    let found = found.map_err(|error| error.failure(deployer.cloud, "look the stack up"))?;
    let there = found.filter(|stack| ["CREATE_COMPLETE", "UPDATE_COMPLETE"].contains(&stack.status.as_str()));
    let Some(stack) = there.filter(|_| !own && args.buffering_seconds.is_none()) else {
        let seconds = args.buffering_seconds.unwrap_or(DEFAULT_BUFFERING);
        context.ui.note(format!(
            "Deploying {} into {}, with {BUFFERING}={seconds} instead of 60, so that you needn't wait.",
            paint(&bold, "infra.yaml"),
            deployer.cloud.describe()
        ));
        let parameters = [(BUFFERING.to_owned(), seconds.to_string())];
        let outputs = deployer.apply(&Template::built_in(), &parameters).await?;
        return Ok((outputs, Some(seconds)));
    };
    context.ui.note(format!(
        "Using the stack {} on {} as it is deployed.",
        paint(&bold, &args.stack),
        deployer.cloud.describe()
    ));
    Ok((stack.outputs, stack.parameters.get(BUFFERING).and_then(|seconds| seconds.parse().ok())))
}

/// How long the stream buffers in a simulation, unless it is told.
const DEFAULT_BUFFERING: u32 = 5;
/// What the template says when nobody says anything.
const TEMPLATE_BUFFERING: u32 = 60;

async fn places(cloud: &Cloud, stack: &str, outputs: &Outputs, buffering: Option<u32>) -> Result<Places, Failure> {
    let output = |name: &str| {
        outputs.get(name).cloned().ok_or_else(|| {
            Failure::new(format!("The stack {stack} has no output {name}"))
                .help("A simulation needs the outputs of infra.yaml. Name another stack with --stack.")
        })
    };
    let client = cloud.sqs();
    let mut queues = Vec::new();
    for (api, name) in [(Api::Orders, stack::ORDERS_QUEUE_URL), (Api::Payments, stack::PAYMENTS_QUEUE_URL)] {
        let url = output(name)?;
        let queue = consumer::describe(&client, &url).await;
        let queue = queue.map_err(|error| error.failure(cloud, &format!("look at the queue {url}")))?;
        queues.push((api, url, queue));
    }
    let buffering = Duration::from_secs(buffering.unwrap_or(TEMPLATE_BUFFERING).into());
    Ok(Places { topic_arn: output(stack::TOPIC_ARN)?, queues, bucket: output(stack::BUCKET_NAME)?, buffering })
}

/// Everything that is known of the run, by leg.
pub struct Ledger {
    tally: Tally,
    published: Published,
    publishing: bool,
    queues: BTreeMap<Api, QueueLeg>,
    landing: Leg,
    landed: Found,
    /// When something arrived last, anywhere.
    moved: Instant,
}

pub struct QueueLeg {
    leg: Leg,
    handled: u64,
    failed: u64,
    unreadable: u64,
    not_deleted: u64,
    requests: Requests,
}

impl Ledger {
    fn new(places: &Places) -> Self {
        let queue = || QueueLeg {
            leg: Leg::new(LATE),
            handled: 0,
            failed: 0,
            unreadable: 0,
            not_deleted: 0,
            requests: Requests::default(),
        };
        Self {
            tally: Tally::default(),
            published: Published::default(),
            publishing: true,
            queues: places.queues.iter().map(|(api, ..)| (*api, queue())).collect(),
            landing: Leg::new(places.buffering + LATE_LANDING),
            landed: Found::default(),
            moved: Instant::now(),
        }
    }

    fn failed_requests(&self) -> u64 {
        let queues = self.queues.values().map(|queue| queue.requests.failed_requests);
        queues.chain([self.tally.requests.failed_requests]).sum()
    }

    fn is_complete(&self) -> bool {
        !self.publishing
            && self.queues.values().all(|queue| queue.leg.is_complete(&self.published))
            && self.landing.is_complete(&self.published)
    }
}

struct Run {
    ledger: Mutex<Ledger>,
    run: String,
    stop: Stop,
    patience: Duration,
    complaints: Complaints,
}

impl Run {
    /// Publishes, consumes and watches the bucket side by side, until everything has arrived or nothing more does.
    async fn all(
        self: &Arc<Self>,
        cloud: &Cloud,
        told: &Cloud,
        places: &Places,
        plan: Plan,
        since: Timestamp,
    ) -> Result<(), CallError> {
        let finished = self.stop.child();
        let publishing = async {
            let run = self.clone();
            let listener = Arc::new(move |notice: publisher::Notice<'_>| run.published(notice));
            let ended = publisher::publish(&cloud.sns(), plan, &self.stop, listener).await;
            let mut ledger = self.ledger.lock();
            ledger.publishing = false;
            ledger.moved = Instant::now();
            ended
        };
        let (sqs, finished_) = (cloud.sqs(), &finished);
        let consuming = places.queues.iter().map(|(api, url, queue)| {
            let plan = consumer::Plan {
                api: *api,
                queue_url: url.clone(),
                receivers: 4,
                work: Duration::ZERO,
                fail_rate: 0.0,
                seed: 0,
                until_empty: false,
                poll: SHORT_POLL,
                budget: None,
            };
            let run = self.clone();
            let listener = Arc::new(move |api: Api, notice: consumer::Notice<'_>| run.consumed(api, notice));
            let sqs = &sqs;
            async move { consumer::consume(sqs, plan, queue, finished_, listener).await }
        });
        let consuming = async { futures::future::join_all(consuming).await.into_iter().collect::<Result<Vec<_>, _>>() };
        let landing = self.land(told, places, since, &finished);
        // The first error ends them all.
        let end = |result: Result<(), CallError>| {
            if result.is_err() {
                self.stop.request();
                finished.request();
            }
            result
        };
        let (published, consumed, landed) =
            tokio::join!(async { end(publishing.await) }, async { end(consuming.await.map(|_| ())) }, async {
                end(landing.await)
            });
        published.and(consumed).and(landed)
    }

    fn published(&self, notice: publisher::Notice<'_>) {
        let mut ledger = self.ledger.lock();
        match notice {
            publisher::Notice::Sent { event, latency, .. } => {
                ledger.published.acknowledge(event.place);
                ledger.tally.sent += 1;
                ledger.tally.latencies.record(latency);
                ledger.moved = Instant::now();
            }
            publisher::Notice::Refused { event, why } => {
                ledger.tally.refused += 1;
                self.complaints.say(&format!("{} {} was not published: {why}", event.kind().event_type(), event.id));
            }
            publisher::Notice::Again => ledger.tally.requests.retries += 1,
            publisher::Notice::Trouble { why, unsure } => {
                ledger.tally.trouble(unsure);
                self.complaints.say(&format!("publishing: {why}"));
            }
        }
    }

    fn consumed(&self, api: Api, notice: consumer::Notice<'_>) {
        let mut ledger = self.ledger.lock();
        let Some(queue) = ledger.queues.get_mut(&api) else { return };
        match notice {
            consumer::Notice::Handled { event, age, .. } => {
                queue.handled += 1;
                // Messages of earlier runs are handled too, but are not of this ledger.
                if let Some((run, place)) = &event.run
                    && *run == self.run
                {
                    queue.leg.arrive(*place, age);
                    ledger.moved = Instant::now();
                }
            }
            consumer::Notice::Failed { .. } => queue.failed += 1,
            consumer::Notice::Unreadable { .. } => queue.unreadable += 1,
            consumer::Notice::NotDeleted { .. } => queue.not_deleted += 1,
            consumer::Notice::Again => queue.requests.retries += 1,
            consumer::Notice::Trouble { why, lost } => {
                queue.requests.trouble(lost);
                self.complaints.say(&format!("{} queue: {why}", api.name()));
            }
            consumer::Notice::Left { .. } => {}
        }
    }

    /// Looks at the bucket until the ledger is complete, or nothing has moved for too long.
    async fn land(&self, cloud: &Cloud, places: &Places, since: Timestamp, finished: &Stop) -> Result<(), CallError> {
        let client = cloud.s3();
        let look = if cloud.target == Target::Aws { LOOK_AWS } else { LOOK };
        let visibility = places.queues.iter().map(|(.., queue)| queue.visibility).max().unwrap_or_default();
        let patience = self.patience + places.buffering.max(visibility);
        let mut landing = Landing::new(&places.bucket, since);
        loop {
            tokio::select! {
                () = sleep(look) => {}
                () = finished.requested() => return Ok(()),
            }
            let mut arrived = Vec::new();
            let hear = |event: Arrived| arrived.extend(event.run.map(|(run, place)| (run, place, event.time)));
            let looked = tokio::select! {
                looked = landing.look(&client, hear) => looked,
                () = finished.requested() => return Ok(()),
            };
            match looked {
                Err(error) if matches!(error.kind, Trouble::NotFound | Trouble::Denied) => return Err(error),
                // The next look may see more; if none does, the ledger says what is missing.
                Ok(()) | Err(_) => {}
            }
            let mut ledger = self.ledger.lock();
            for (run, place, time) in arrived {
                if run == self.run {
                    ledger.landing.arrive(place, time.map(crate::traffic::since));
                    ledger.moved = Instant::now();
                }
            }
            ledger.landed.clone_from(&landing.found);
            let gone_quiet = !ledger.publishing && ledger.moved.elapsed() > patience;
            if ledger.is_complete() || gone_quiet {
                finished.request();
                return Ok(());
            }
        }
    }
}

fn outcome(
    cloud: &Cloud,
    places: &Places,
    plan: &Plan,
    ledger: &Ledger,
    elapsed: Duration,
    embedded: Option<&Embedded>,
) -> Outcome {
    let queues: Vec<_> = places
        .queues
        .iter()
        .map(|(api, url, _)| {
            let queue = &ledger.queues[api];
            report::Queue {
                api: *api,
                queue_url: url.clone(),
                handled: queue.handled,
                failed: queue.failed,
                unreadable: queue.unreadable,
                not_deleted: queue.not_deleted,
                requests: queue.requests,
                account: queue.leg.settle(&ledger.published),
            }
        })
        .collect();
    let landed = report::Landed {
        bucket: places.bucket.clone(),
        partitions: ledger.landed.partitions.keys().cloned().collect(),
        objects: ledger.landed.objects,
        bytes: ledger.landed.bytes,
        unreadable: ledger.landed.unreadable,
        account: ledger.landing.settle(&ledger.published),
    };
    Outcome {
        command: "simulate",
        target: cloud.describe(),
        run: Some(plan.run.clone()),
        seed: Some(plan.seed),
        elapsed_s: elapsed.as_secs_f64(),
        published: Some(ledger.tally.published(places.topic_arn.clone(), elapsed.as_secs_f64(), plan.pace)),
        queues,
        landed: Some(landed),
        verdict: None,
        error: None,
        data_dir: embedded.and_then(|embedded| Some(embedded.data_dir.as_ref()?.display().to_string())),
    }
}
