//! `messaging consume`: drains the queues as the APIs behind them would.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use console::{Style, pad_str};
use parking_lot::Mutex;
use serde::Serialize;
use tokio::time::Instant;

use super::publish::{PLAIN_EVERY, SHOWN_PER_SECOND, ms, with_ticks};
use super::stack::{self, Resolver, Wanted};
use super::{Complaints, Context, kind_style, value};
use crate::aws::{CallError, Cloud, Kind as Trouble, TargetArgs};
use crate::config::Found;
use crate::exit::{Exit, Failure, Stop};
use crate::report::{self, Outcome};
use crate::traffic::api::Api;
use crate::traffic::consumer::{self, Budget, LONG_POLL, Notice, Plan, Queue, SHORT_POLL};
use crate::traffic::ledger::Runs;
use crate::traffic::stats::{Recent, Requests};
use crate::ui::{self, Bar, Ui, count, duration, paint, plural};

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

/// Which queues to drain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Which {
    Orders,
    Payments,
    All,
}

impl Which {
    fn apis(self) -> &'static [Api] {
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
        Long polls, takes up to ten messages at once, handles each, and deletes what was handled and only that. A message \
        that fails or can't be read is left alone: it comes back after its visibility timeout, and ends in the \
        dead-letter queue.",
    after_long_help = "Examples:
  messaging consume                       both queues, until Ctrl-C
  messaging consume --until-empty         drain what is there
  messaging consume --api payments --work 20ms --concurrency 8
  messaging consume --fail-rate 1%        some end in the dead-letter queue
  messaging consume --count 100 --json    for a program

A queue is the first of: --orders-url or --payments-url; URL_ORDERS or URL_PAYMENTS in the
environment; the same in .env; the output OrdersQueueUrl or PaymentsQueueUrl of the stack."
)]
pub struct Args {
    /// Whose queue.
    #[arg(long, value_enum, default_value = "all")]
    pub api: Which,
    /// Stop when the queues are empty: nothing visible, in flight or delayed.
    #[arg(long)]
    pub until_empty: bool,
    /// Stop after taking so many messages, of all queues together, handled or not.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..))]
    pub count: Option<i64>,
    /// Receivers a queue, side by side.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=256))]
    pub concurrency: u32,
    /// How long the API works on a message.
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = value::duration)]
    pub work: Duration,
    /// The share of events on which the API fails, like 0.01 or 1%; such an event fails each time it comes.
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = value::share)]
    pub fail_rate: f64,
    /// Chooses which events fail.
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
    /// Newline-delimited JSON on stdout: a record for each message, and a report at the end.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub target: TargetArgs,
}

pub async fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    let cloud = Cloud::connect(&args.target, &context.env, &context.stop).await?;
    let told = context.telling(&cloud);
    let mut resolver = Resolver::new(&told, &context.env, &args.stack);
    let client = cloud.sqs();
    let mut queues = Vec::new();
    for &api in args.api.apis() {
        let url = match api {
            Api::Orders => resolver.find(ORDERS, args.orders_url.as_deref()).await?,
            Api::Payments => resolver.find(PAYMENTS, args.payments_url.as_deref()).await?,
        };
        let queue = consumer::describe(&told.sqs(), &url.value).await.map_err(|e| failure(&e, &cloud, api, &url))?;
        if !queue.has_dead_letter_queue {
            context.ui.warn(format!(
                "{} has no dead-letter queue: a message that fails comes back until it expires.",
                url.value
            ));
        }
        if args.work > queue.visibility {
            context.ui.warn(format!(
                "--work {} is longer than the visibility timeout of {} ({}): messages come again before they are done.",
                duration(args.work),
                url.value,
                duration(queue.visibility)
            ));
        }
        queues.push((api, url, queue));
    }
    for (api, url, _) in &queues {
        let bold = Style::new().for_stderr().bold();
        context.ui.note(format!("Consuming {} for the {} API.", paint(&bold, &url.value), api.name()));
    }
    let endless = !args.until_empty && args.count.is_none();
    if endless {
        context.ui.note("Ctrl-C ends it.");
    }

    let view = Arc::new(View::new(&context.ui, queues.iter().map(|(api, ..)| *api)));
    let started = Instant::now();
    let consuming = consume_all(&client, &args, &queues, &context.stop, &view);
    let ended = with_ticks(consuming, || view.tick(started)).await;
    view.finish();

    context.report(&Outcome {
        command: "consume",
        target: cloud.describe(),
        run: None,
        seed: None,
        elapsed_s: started.elapsed().as_secs_f64(),
        published: None,
        queues: queues.iter().map(|(api, url, _)| view.queue(*api, url.value.clone())).collect(),
        landed: None,
        verdict: None,
        error: ended.as_ref().map(|(.., error)| error.to_string()),
        data_dir: None,
    });
    if let Some((api, url, error)) = ended {
        return Err(failure(&error, &cloud, api, url));
    }
    Ok(if context.stop.is_signalled() && !endless { Exit::Interrupted } else { Exit::Ok })
}

/// Consumes all queues side by side; the first error ends them all.
async fn consume_all<'a>(
    client: &aws_sdk_sqs::Client,
    args: &Args,
    queues: &'a [(Api, Found, Queue)],
    stop: &Stop,
    view: &Arc<View>,
) -> Option<(Api, &'a Found, CallError)> {
    let receivers = args.concurrency * queues.len() as u32;
    let budget = args.count.map(|count| Arc::new(Budget::new(count, receivers)));
    let stop = stop.child();
    let consumers = queues.iter().map(|(api, url, queue)| {
        let plan = Plan {
            api: *api,
            queue_url: url.value.clone(),
            receivers: args.concurrency,
            work: args.work,
            fail_rate: args.fail_rate,
            seed: args.seed,
            until_empty: args.until_empty,
            poll: if args.until_empty || args.count.is_some() { SHORT_POLL } else { LONG_POLL },
            budget: budget.clone(),
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

fn failure(error: &CallError, cloud: &Cloud, api: Api, url: &Found) -> Failure {
    let failure = error.failure_after_answers(cloud, &format!("consume {} for the {} API", url.value, api.name()));
    if error.kind == Trouble::NotFound {
        return failure.help(format!(
            "The URL comes from {}; the target is {}. Deploy the stack there with `messaging deploy`, or name another queue.",
            url.origin,
            cloud.describe()
        ));
    }
    failure
}

/// What one queue came to.
#[derive(Debug, Default)]
struct Tally {
    handled: u64,
    failed: u64,
    unreadable: u64,
    not_deleted: u64,
    requests: Requests,
    runs: Runs,
    /// Messages left, when that was asked for.
    left: Option<i64>,
    recent: Recent,
}

/// What the user sees meanwhile.
struct View {
    ui: Ui,
    queues: BTreeMap<Api, (Mutex<Tally>, Bar)>,
    lines: Mutex<Lines>,
    complaints: Complaints,
    told: Mutex<(Instant, u64)>,
}

/// So many lines a second can be read; the rest is counted.
struct Lines {
    allowed: f64,
    at: Instant,
    hidden: u64,
}

impl Lines {
    fn allow(&mut self) -> bool {
        self.allowed = (self.allowed + self.at.elapsed().as_secs_f64() * SHOWN_PER_SECOND).min(2.0 * SHOWN_PER_SECOND);
        self.at = Instant::now();
        let allowed = self.allowed >= 1.0;
        if allowed {
            self.allowed -= 1.0;
        } else {
            self.hidden += 1;
        }
        allowed
    }
}

impl View {
    fn new(ui: &Ui, apis: impl Iterator<Item = Api>) -> Self {
        let bar = |api: Api| ui.bar(None, &format!("{{spinner:.green}} {:<8} {{msg}}", api.name()));
        Self {
            ui: ui.clone(),
            complaints: Complaints::new(ui),
            queues: apis.map(|api| (api, (Mutex::default(), bar(api)))).collect(),
            lines: Mutex::new(Lines { allowed: 2.0 * SHOWN_PER_SECOND, at: Instant::now(), hidden: 0 }),
            told: Mutex::new((Instant::now(), 0)),
        }
    }

    fn hear(&self, api: Api, notice: Notice<'_>) {
        let Some((tally, _)) = self.queues.get(&api) else { return };
        let mut record = Record::new(api);
        let line = match notice {
            Notice::Handled { event, summary, receives, age } => {
                {
                    let mut tally = tally.lock();
                    tally.handled += 1;
                    tally.runs.arrive(event.run.as_ref(), age);
                }
                record.record = "handled";
                record.event_id = Some(&event.id);
                record.event_type = Some(&event.event_type);
                record.receives = Some(receives);
                record.summary = Some(summary);
                record.age_ms = age.map(ms);
                Line { event_type: Some(&event.event_type), text: summary, receives, age, bad: false }
            }
            Notice::Failed { event, why, receives } => {
                tally.lock().failed += 1;
                record.record = "failed";
                record.event_id = Some(&event.id);
                record.event_type = Some(&event.event_type);
                record.receives = Some(receives);
                record.why = Some(why);
                Line { event_type: Some(&event.event_type), text: why, receives, age: None, bad: true }
            }
            Notice::Unreadable { message_id, why, receives } => {
                tally.lock().unreadable += 1;
                record.record = "unreadable";
                record.message_id = Some(message_id);
                record.receives = Some(receives);
                record.why = Some(why);
                Line { event_type: None, text: why, receives, age: None, bad: true }
            }
            Notice::NotDeleted { message_id, why } => {
                tally.lock().not_deleted += 1;
                self.ui
                    .warn(ui::short(&format!("{message_id} was handled but not deleted, and will come again: {why}")));
                record.record = "not_deleted";
                record.message_id = Some(message_id);
                record.why = Some(why);
                self.ui.record(&record);
                return;
            }
            Notice::Again => {
                tally.lock().requests.retries += 1;
                return;
            }
            Notice::Trouble { why, lost } => {
                tally.lock().requests.trouble(lost);
                self.complaints.say(&format!("{} queue, a request failed: {why}", api.name()));
                return;
            }
            Notice::Left { visible, in_flight, delayed } => {
                tally.lock().left = Some(visible + in_flight + delayed);
                return;
            }
        };
        self.ui.record(&record);
        if !self.ui.is_json() && self.lines.lock().allow() {
            self.ui.line(line.render(api));
        }
    }

    fn tick(&self, started: Instant) {
        let mut total = 0;
        let mut texts = Vec::new();
        for (api, (tally, bar)) in &self.queues {
            let mut tally = tally.lock();
            let taken = tally.handled + tally.failed + tally.unreadable;
            let rate = tally.recent.rate(taken);
            let mut text = format!("{} handled, {}/s", count(tally.handled), count(rate.round() as u64));
            let bad = tally.failed + tally.unreadable;
            if bad > 0 {
                text += &format!(", {} left for redrive", count(bad));
            }
            if let Some(left) = tally.left.filter(|left| *left > 0) {
                text += &format!(", {left} to go");
            }
            if tally.requests.failed_requests > 0 {
                text += &format!(", {} failed", plural(tally.requests.failed_requests, "request"));
            }
            bar.set_message(&text);
            texts.push(format!("{} {text}", api.name()));
            total += taken;
        }
        let mut told = self.told.lock();
        if !self.ui.is_live() && told.0.elapsed() >= PLAIN_EVERY {
            if total != told.1 {
                self.ui.line(format!("{:>7}  {}", duration(started.elapsed()), texts.join("; ")));
            }
            *told = (Instant::now(), total);
        }
    }

    fn finish(&self) {
        for (_, bar) in self.queues.values() {
            bar.finish_and_clear();
        }
        let hidden = self.lines.lock().hidden;
        if hidden > 0 {
            self.ui.line(paint(&Style::new().dim(), format!("({} more not shown)", count(hidden))));
        }
    }

    fn queue(&self, api: Api, queue_url: String) -> report::Queue {
        let tally = self.queues[&api].0.lock();
        report::Queue {
            api,
            queue_url,
            handled: tally.handled,
            failed: tally.failed,
            unreadable: tally.unreadable,
            not_deleted: tally.not_deleted,
            requests: tally.requests,
            account: tally.runs.account(),
        }
    }
}

/// A message in a line.
struct Line<'a> {
    event_type: Option<&'a str>,
    text: &'a str,
    receives: u32,
    age: Option<Duration>,
    bad: bool,
}

impl Line<'_> {
    fn render(&self, api: Api) -> String {
        let (dim, red) = (Style::new().dim(), Style::new().red());
        let api_name = pad_str(api.name(), 8, console::Alignment::Left, None).into_owned();
        let kind = ui::short(self.event_type.unwrap_or("unreadable"));
        let style = if self.event_type.is_some() { kind_style(kind) } else { red.clone() };
        let text = ui::short(self.text);
        let mut line = format!("{}  {}  ", paint(&Style::new().bold(), api_name), paint(&style, format!("{kind:<16}")));
        if self.bad {
            line += &format!("{} {text}; left for redrive", paint(&red, "✘"));
        } else {
            line += text;
        }
        let mut notes = Vec::new();
        if self.receives > 1 {
            notes.push(format!("received {} times", self.receives));
        }
        notes.extend(self.age.map(duration));
        if !notes.is_empty() {
            line += &format!("  {}", paint(&dim, notes.join(", ")));
        }
        line
    }
}

#[derive(Serialize)]
struct Record<'a> {
    record: &'static str,
    api: Api,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    receives: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    age_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
}

impl Record<'_> {
    fn new(api: Api) -> Self {
        Self {
            record: "",
            api,
            message_id: None,
            event_id: None,
            event_type: None,
            receives: None,
            age_ms: None,
            summary: None,
            why: None,
        }
    }
}
