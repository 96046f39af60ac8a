//! `messaging consume`: drains the queues as the APIs behind them would.

mod record;
mod view;

use std::sync::Arc;

use clap::ValueEnum;
use console::Style;
use tokio::time::Instant;

use self::view::View;
use super::handling::HandlingArgs;
use super::metrics::MetricsArgs;
use super::{Context, dead_letters, value};
use crate::aws::{CallError, ErrorKind, Target, TargetArgs};
use crate::config::Found;
use crate::exit::{Exit, Failure};
use crate::report::progress::with_ticks;
use crate::report::{self, Outcome};
use crate::stack::{self, Resolver, Wanted};
use crate::stop::Stop;
use crate::traffic::PATIENCE;
use crate::traffic::api::Api;
use crate::traffic::consumer::{self, Budget, LONG_POLL, Notice, Plan, QueueSettings, SHORT_POLL};
use crate::ui::paint;
use crate::units::duration;

const ORDERS: Wanted = Wanted {
    what: "queue of the orders API",
    flag: "--orders-url",
    variables: &["URL_ORDERS"],
    output: stack::ORDERS_QUEUE_URL,
};
const PAYMENTS: Wanted = Wanted {
    what: "queue of the payments API",
    flag: "--payments-url",
    variables: &["URL_PAYMENTS"],
    output: stack::PAYMENTS_QUEUE_URL,
};

/// Whose queues to drain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Apis {
    Orders,
    Payments,
    All,
}

impl Apis {
    fn list(self) -> &'static [Api] {
        match self {
            Self::Orders => &[Api::Orders],
            Self::Payments => &[Api::Payments],
            Self::All => &Api::ALL,
        }
    }
}

/// Consume the queues as the orders and payments APIs would
#[derive(Debug, Clone, clap::Args)]
#[command(
    long_about = "Consume the queues as the orders and payments APIs would.\n\n\
        Long polls, takes up to ten messages at once, handles each, and deletes what was handled and only that. What is being \
        handled, or waits for it, stays hidden: its visibility is extended in time. A message that fails or can't be read is \
        left alone: it comes back after its visibility timeout, and ends in the dead-letter queue; with --retry it comes back \
        later and later, and its dead letter says why. JSON of your own, without the envelope of the built-in events, is shown as it is and handled.",
    after_long_help = "Examples:
  messaging consume                       both queues, until Ctrl-C
  messaging consume --until-empty         drain what is there
  messaging consume --api payments --work 20ms --concurrency 8
  messaging consume --fail-rate 1% --visibility-timeout 1s --until-empty
                                          some end in the dead-letter queue, within seconds
  messaging consume --retry exponential:1s..5m
                                          what fails comes back later and later
  messaging consume --work lognormal(20ms,2) --crash-rate 1%
                                          slow work, and workers that die of it
  messaging consume --count 100 --json    for a program

A queue is the first of: --orders-url or --payments-url; URL_ORDERS or URL_PAYMENTS in the
environment; the same in .env; the output OrdersQueueUrl or PaymentsQueueUrl of the stack."
)]
pub(crate) struct Args {
    /// Whose queue.
    #[arg(long, value_enum, default_value = "all")]
    pub api: Apis,
    /// Stop when the queues are empty: nothing visible, in flight or delayed.
    #[arg(long)]
    pub until_empty: bool,
    /// Stop after taking so many messages, of all queues together, handled or not, like 500 or 1k.
    #[arg(long, value_name = "N", value_parser = value::count)]
    pub count: Option<u64>,
    /// Receivers a queue, side by side, each handling a message at a time.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = value::within::<u32>(1, 256))]
    pub concurrency: u32,
    /// Chooses which events fail, how long the work takes, and when a worker dies.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// The URL of the orders API's queue.
    #[arg(long, value_name = "URL")]
    pub orders_url: Option<String>,
    /// The URL of the payments API's queue.
    #[arg(long, value_name = "URL")]
    pub payments_url: Option<String>,
    /// The stack whose outputs name the queues.
    #[arg(long, value_name = "NAME", default_value = "messaging", env = "MESSAGING_STACK", hide_env_values = true)]
    pub stack: String,
    /// Ask each message for the trace that it belongs to, `traceparent` and `AWSTraceHeader`, which --json tells.
    #[arg(long)]
    pub trace: bool,
    /// Newline-delimited JSON on stdout: a record for each message, and a report at the end.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub handling: HandlingArgs,
    #[command(flatten)]
    pub metrics: MetricsArgs,
    #[command(flatten)]
    pub target: TargetArgs,
}

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    let metrics = args.metrics.listen().await?;
    let target = Target::connect(&args.target, &context.env, &context.stop).await?.called("messaging-consume");
    let client = target.sqs();
    let queues = find_queues(context, &args, &target).await?;
    let endless = !args.until_empty && args.count.is_none();
    if endless {
        context.ui.note("Ctrl-C ends it.");
    }

    let dead_letters = dead_letters::look(&client, queues.iter().map(|(.., settings)| settings)).await;
    let visible_again = |settings: &QueueSettings| args.handling.visibility_timeout.unwrap_or(settings.visibility);
    let apis = queues.iter().map(|(api, _, settings)| (*api, visible_again(settings)));
    let view = Arc::new(View::new(&context.ui, apis));
    let _telling = metrics.map(|metrics| {
        let (view, urls) = (view.clone(), queues.iter().map(|(api, url, _)| (*api, url.value.clone())).collect());
        metrics.tell(&context.ui, move || view.figures(&urls))
    });
    let started = Instant::now();
    let consuming = consume_all(&client, &args, &queues, &context.stop, &view);
    let ended = with_ticks(consuming, || view.tick(started)).await;
    view.finish();

    let mut reported = Vec::new();
    for ((api, url, _), before) in queues.iter().zip(dead_letters) {
        let dead_letters = dead_letters::look_again(&client, before).await;
        reported.push(report::Queue { dead_letters, ..view.outcome(*api, url.value.clone()) });
    }
    context.report(&Outcome {
        command: "consume",
        template: None,
        target: target.describe(),
        run: None,
        seed: None,
        elapsed_s: started.elapsed().as_secs_f64(),
        published: None,
        queues: reported,
        landed: Vec::new(),
        not_followed: Vec::new(),
        verdict: None,
        evidence: None,
        error: ended.as_ref().map(|(.., error)| error.to_string()),
        data_dir: None,
        killed: Vec::new(),
        hints: Vec::new(),
        faults: Vec::new(),
        cost: None,
        merge: None,
    });
    if let Some((api, url, error)) = ended {
        return Err(describe_failure(&error, &target, api, url));
    }
    Ok(if context.stop.is_signalled() && !endless { Exit::Interrupted } else { Exit::Ok })
}

/// Finds the queues to drain, says which they are, and warns of what their settings lead to.
async fn find_queues(
    context: &Context,
    args: &Args,
    target: &Target,
) -> Result<Vec<(Api, Found, QueueSettings)>, Failure> {
    let watched = context.with_complaints(target);
    let mut resolver = Resolver::new(&watched, &context.env, &args.stack);
    let client = watched.sqs();
    let mut queues = Vec::new();
    for &api in args.api.list() {
        let url = match api {
            // The flags name no other.
            Api::Orders | Api::Any => resolver.find(ORDERS, args.orders_url.as_deref()).await?,
            Api::Payments => resolver.find(PAYMENTS, args.payments_url.as_deref()).await?,
        };
        target.check_region(&url)?;
        let settings = consumer::describe(&client, &url.value).await;
        let settings = settings.map_err(|error| describe_failure(&error, target, api, &url))?;
        if settings.dead_letter_queue.is_none() {
            context.ui.warn(format!(
                "{} has no dead-letter queue: a message that fails comes back until it expires.",
                url.value
            ));
        }
        let visibility = args.handling.visibility_timeout.unwrap_or(settings.visibility);
        let work = args.handling.work.usually_at_most();
        if work > visibility && args.handling.no_heartbeat {
            context.ui.warn(format!(
                "--work {} is longer than the visibility timeout of {} ({}): messages come again before they are done.",
                duration(work),
                url.value,
                duration(visibility)
            ));
        }
        queues.push((api, url, settings));
    }
    for (api, url, _) in &queues {
        let bold = Style::new().for_stderr().bold();
        context.ui.note(format!("Consuming {} for the {} API.", paint(&bold, &url.value), api.name()));
    }
    Ok(queues)
}

/// Consumes all queues side by side; the first error ends them all.
async fn consume_all<'a>(
    client: &aws_sdk_sqs::Client,
    args: &Args,
    queues: &'a [(Api, Found, QueueSettings)],
    stop: &Stop,
    view: &Arc<View>,
) -> Option<(Api, &'a Found, CallError)> {
    let receivers = args.concurrency * queues.len() as u32;
    let budget = args.count.map(|count| Arc::new(Budget::new(count.try_into().unwrap_or(i64::MAX), receivers)));
    let stop = stop.child();
    let consumers = queues.iter().map(|(api, url, queue)| {
        let plan = Plan {
            api: *api,
            queue_url: url.value.clone(),
            handling: args.handling.handling(args.concurrency, args.seed),
            until_empty: args.until_empty,
            poll: if args.until_empty || args.count.is_some() { SHORT_POLL } else { LONG_POLL },
            budget: budget.clone(),
            trace: args.trace,
            patience: PATIENCE,
        };
        let view = view.clone();
        let listener = Arc::new(move |api: Api, notice: Notice<'_>| view.hear(api, notice));
        let stop = &stop;
        async move {
            let ended = consumer::consume(client, plan, queue, stop, listener).await;
            ended.err().map(|error| {
                stop.request();
                (*api, url, error)
            })
        }
    });
    futures::future::join_all(consumers).await.into_iter().flatten().next()
}

/// The error as the command line shows it, with advice on the queue if it isn't there.
fn describe_failure(error: &CallError, target: &Target, api: Api, url: &Found) -> Failure {
    let failure = error.failure_after_answers(target, &format!("consume {} for the {} API", url.value, api.name()));
    if error.kind == ErrorKind::NotFound {
        return failure.help(format!(
            "The URL comes from {}; the target is {}. {}Deploy the stack there with `messaging deploy`, or name another queue.",
            url.origin,
            target.describe(),
            target.foreign_account(&url.value).map(|told| told + " ").unwrap_or_default()
        ));
    }
    failure
}
