//! `messaging publish`: tells the story to a topic.

use std::sync::Arc;
use std::time::Duration;

use console::Style;
use jiff::tz::TimeZone;
use parking_lot::Mutex;
use serde::Serialize;
use tokio::time::Instant;

use super::stack::{self, Resolver, Wanted};
use super::{Complaints, Context, kind_style, value};
use crate::aws::{CallError, Cloud, Kind as Trouble, TargetArgs};
use crate::config::Found;
use crate::event::Kind;
use crate::event::data::{Data, cents};
use crate::event::envelope::Event;
use crate::exit::{Exit, Failure};
use crate::report::{Outcome, Published};
use crate::traffic::new_run_id;
use crate::traffic::pace::Pace;
use crate::traffic::publisher::{self, MAX_BATCH, Notice, Plan};
use crate::traffic::stats::{Latencies, Recent, Requests};
use crate::ui::{Bar, Ui, count, duration, paint, plural};

/// Up to so many events a second are shown one by one.
pub const SHOWN_PER_SECOND: f64 = 20.0;
/// How often a plain line tells how it goes, when nobody watches a bar.
pub const PLAIN_EVERY: Duration = Duration::from_secs(5);

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
pub struct Args {
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
    pub kind: Vec<Kind>,
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

/// As many publishers as a rate needs when a request takes 100 ms, and 16 at full speed; each has a batch to send.
pub fn publishers_for(pace: Pace, batch: u64, count: Option<u64>) -> u32 {
    let needed = match pace.per_second() {
        rate if rate.is_infinite() => 16,
        rate => (rate / (10.0 * batch as f64)).ceil().clamp(1.0, 64.0) as u32,
    };
    let batches = count.map_or(u64::MAX, |count| count.div_ceil(batch));
    needed.min(u32::try_from(batches).unwrap_or(u32::MAX)).max(1)
}

pub async fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    let cloud = Cloud::connect(&args.target, &context.env, &context.stop).await?;
    let told = context.telling(&cloud);
    let topic = Resolver::new(&told, &context.env, &args.stack).find(TOPIC, args.topic_arn.as_deref()).await?;
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
        cloud.describe()
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
    let client = cloud.sns();
    let publishing = publisher::publish(&client, plan.clone(), &context.stop, listener);
    let ended = with_ticks(publishing, || view.tick(started)).await;
    view.bar.finish_and_clear();

    let elapsed = started.elapsed().as_secs_f64();
    let tally = view.tally.lock();
    let doing = format!("publish to {}", topic.value);
    if let Err(error) = &ended
        && tally.sent == 0
    {
        return Err(failure(error, &cloud, &topic, error.failure(&cloud, &doing)));
    }
    context.report(&Outcome {
        command: "publish",
        target: cloud.describe(),
        run: Some(plan.run),
        seed: Some(plan.seed),
        elapsed_s: elapsed,
        published: Some(tally.published(topic.value.clone(), elapsed, pace)),
        queues: Vec::new(),
        landed: None,
        verdict: None,
        error: ended.as_ref().err().map(ToString::to_string),
        data_dir: None,
    });
    ended.map_err(|error| failure(&error, &cloud, &topic, error.failure_after_answers(&cloud, &doing)))?;
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
fn failure(error: &CallError, cloud: &Cloud, topic: &Found, failure: Failure) -> Failure {
    if error.kind == Trouble::NotFound {
        return failure.help(format!(
            "The ARN comes from {}; the target is {}. Deploy the stack there with `messaging deploy`, or name another topic.",
            topic.origin,
            cloud.describe()
        ));
    }
    failure
}

/// Runs something to its end, and `tick` five times a second meanwhile.
pub async fn with_ticks<T>(work: impl Future<Output = T>, mut tick: impl FnMut()) -> T {
    let mut work = std::pin::pin!(work);
    let mut ticks = tokio::time::interval(Duration::from_millis(200));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            done = &mut work => return done,
            _ = ticks.tick() => tick(),
        }
    }
}

/// What has been published so far.
#[derive(Debug, Default)]
pub struct Tally {
    pub sent: u64,
    pub refused: u64,
    pub requests: Requests,
    pub maybe_twice: u64,
    pub latencies: Latencies,
}

impl Tally {
    /// Notes a request that failed, and how many events may be there all the same.
    pub fn trouble(&mut self, unsure: Option<u64>) {
        self.requests.trouble(unsure.is_some());
        self.maybe_twice += unsure.unwrap_or(0);
    }

    pub fn published(&self, topic_arn: String, elapsed: f64, pace: Pace) -> Published {
        let intended_per_second = Some(pace.per_second()).filter(|rate| rate.is_finite());
        Published {
            topic_arn,
            intended_per_second,
            events: self.sent,
            refused: self.refused,
            requests: self.requests,
            maybe_twice: self.maybe_twice,
            per_second: self.sent as f64 / elapsed.max(1e-9),
            latency: self.latencies.summary(),
        }
    }
}

/// What the user sees meanwhile.
struct View {
    ui: Ui,
    /// Each event is shown: the pace is slow enough to read.
    each: bool,
    bar: Bar,
    tally: Mutex<Tally>,
    complaints: Complaints,
    recent: Mutex<Recent>,
    told: Mutex<Instant>,
}

impl View {
    fn new(ui: &Ui, pace: Pace, total: Option<u64>) -> Self {
        let each = pace.per_second() <= SHOWN_PER_SECOND;
        let template = match total {
            Some(_) => "{bar:30.green/dim} {human_pos}/{human_len} {msg}",
            None => "{spinner:.green} {msg}",
        };
        let bar = if each { Bar::hidden() } else { ui.bar(total, template) };
        Self {
            ui: ui.clone(),
            each,
            bar,
            tally: Mutex::default(),
            complaints: Complaints::new(ui),
            recent: Mutex::default(),
            told: Mutex::new(Instant::now()),
        }
    }

    fn hear(&self, notice: Notice<'_>) {
        match notice {
            Notice::Sent { event, message_id, latency } => {
                {
                    let mut tally = self.tally.lock();
                    tally.sent += 1;
                    tally.latencies.record(latency);
                }
                if self.each {
                    self.ui.line(event_line(event, latency));
                }
                if self.ui.is_json() {
                    self.ui.record(&Record {
                        record: "published",
                        event_id: &event.id,
                        event_type: event.kind().event_type(),
                        message_id,
                        latency_ms: ms(latency),
                        event,
                    });
                }
            }
            Notice::Refused { event, why } => {
                self.tally.lock().refused += 1;
                self.complaints.say(&format!("{} {} was not published: {why}", event.kind().event_type(), event.id));
            }
            Notice::Again => self.tally.lock().requests.retries += 1,
            Notice::Trouble { why, unsure } => {
                self.tally.lock().trouble(unsure);
                self.complaints.say(&format!("a request failed: {why}"));
            }
        }
    }

    fn tick(&self, started: Instant) {
        if self.each {
            return;
        }
        let tally = self.tally.lock();
        let rate = self.recent.lock().rate(tally.sent);
        let text = format!(
            "{}/s, {} and {} failed, p50 {}, p99 {}",
            count(rate.round() as u64),
            plural(tally.refused, "event"),
            plural(tally.requests.failed_requests, "request"),
            duration(tally.latencies.quantile(0.5)),
            duration(tally.latencies.quantile(0.99))
        );
        self.bar.set_position(tally.sent);
        if self.bar.has_total() {
            self.bar.set_message(&text);
        } else {
            self.bar.set_message(&format!("{} published, {text}", count(tally.sent)));
        }
        let mut told = self.told.lock();
        if !self.ui.is_live() && told.elapsed() >= PLAIN_EVERY {
            *told = Instant::now();
            self.ui.line(format!("{:>7}  {} published, {text}", duration(started.elapsed()), count(tally.sent)));
        }
    }
}

#[derive(Serialize)]
struct Record<'a> {
    record: &'static str,
    event_id: &'a str,
    event_type: &'a str,
    message_id: &'a str,
    latency_ms: f64,
    event: &'a Event,
}

pub fn ms(latency: Duration) -> f64 {
    latency.as_micros() as f64 / 1e3
}

/// An event in a line: when, what, of whom, and how long it took to be acknowledged.
fn event_line(event: &Event, latency: Duration) -> String {
    let dim = Style::new().dim();
    let kind = event.kind().event_type();
    let time = event.time.to_zoned(TimeZone::system()).strftime("%H:%M:%S");
    format!(
        "{}  {}  {}  {}  {}",
        paint(&dim, time),
        paint(&kind_style(kind), format!("{kind:<16}")),
        event.data.subject(),
        describe(&event.data),
        paint(&dim, duration(latency))
    )
}

fn describe(data: &Data) -> String {
    match data {
        Data::Consumer(consumer) => {
            format!("{}, {} ({})", consumer.name, consumer.address.city, consumer.address.country)
        }
        Data::Order(order) => {
            let items: u64 = order.items.iter().map(|item| u64::from(item.quantity)).sum();
            let total = cents(order.total_cents);
            format!("{}, {total} {} by {}", plural(items, "item"), order.currency, order.consumer_id)
        }
        Data::Payment(payment) => {
            format!(
                "{} {} by {} for {}",
                cents(payment.amount_cents),
                payment.currency,
                payment.method,
                payment.order_id
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_gets_the_publishers_it_needs() {
        for (pace, batch, count, n) in [
            (Pace::Every(Duration::from_secs(5)), 1, None, 1),
            (Pace::Rate(200.0), 1, None, 20),
            (Pace::Rate(200.0), 10, None, 2),
            (Pace::Rate(1e6), 1, None, 64),
            (Pace::Max, 1, None, 16),
            (Pace::Max, 10, Some(25), 3),
        ] {
            assert_eq!(publishers_for(pace, batch, count), n, "{pace}");
        }
    }
}
