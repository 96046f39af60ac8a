//! The fan-out, live: a line for the topic and one for each leg.

use std::time::Duration;

use console::Style;
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::traffic::api::Api;
use crate::traffic::ledger::Ledger;
use crate::traffic::run::FanOut;
use crate::traffic::stats::{Latencies, RecentRate};
use crate::ui::{Bar, Ui, paint};
use crate::units::{count, duration, plural};

/// How often a plain line is printed when nobody watches.
const PLAIN_EVERY: Duration = Duration::from_secs(2);

/// The bars of the topic, the queues and the bucket.
pub(super) struct View {
    ui: Ui,
    title: Bar,
    topic: (Bar, Mutex<RecentRate>),
    queues: Vec<(Api, Bar, Mutex<RecentRate>)>,
    landed: (Bar, Mutex<RecentRate>),
    started: Instant,
    /// When the last plain line was printed.
    last_line: Mutex<Instant>,
}

impl View {
    /// The view of a run of `total` events.
    pub(super) fn new(ui: &Ui, total: u64, fan_out: &FanOut) -> Self {
        let bar = |name: &str, colour: &str| {
            ui.bar(Some(total), &format!("  {{prefix:<26}} {{bar:28.{colour}/dim}} {{human_pos:>9}}  {{msg}}"))
                .named(name)
        };
        let topic = fan_out.topic_arn.rsplit(':').next().unwrap_or("topic");
        let title = ui.bar(None, "{spinner:.green} {msg}");
        let topic = bar(topic, "blue");
        let queues = fan_out
            .queues
            .iter()
            .map(|queue| (queue.api, bar(&format!("├─ {} queue", queue.api.name()), "cyan"), Mutex::default()));
        Self {
            ui: ui.clone(),
            title,
            topic: (topic, Mutex::default()),
            queues: queues.collect(),
            landed: (bar("└─ landed in S3", "magenta"), Mutex::default()),
            started: Instant::now(),
            last_line: Mutex::new(Instant::now()),
        }
    }

    /// Shows how it goes.
    pub(super) fn tick(&self, ledger: &Ledger) {
        let sent = ledger.published.sent;
        show(&self.topic.0, &self.topic.1, sent, &ledger.published.latencies);
        for (api, bar, rate) in &self.queues {
            let leg = &ledger.queues[api].leg;
            show(bar, rate, leg.distinct(), &leg.latencies);
        }
        show(&self.landed.0, &self.landed.1, ledger.landing.distinct(), &ledger.landing.latencies);
        let trouble = match ledger.failed_requests() {
            0 => String::new(),
            failed => format!("  {} failed", plural(failed, "request")),
        };
        self.title.set_message(&format!(
            "{} {}{trouble}",
            duration(self.started.elapsed()),
            paint(
                &Style::new().for_stderr().dim(),
                match (ledger.is_publishing(), ledger.has_landed()) {
                    (true, _) => "publishing, consuming, landing",
                    (false, false) => "published; waiting for the delivery stream to land the last batch",
                    (false, true) => "landed",
                }
            )
        ));
        let mut last_line = self.last_line.lock();
        if !self.ui.is_live() && last_line.elapsed() >= PLAIN_EVERY {
            *last_line = Instant::now();
            let queues: Vec<_> = self
                .queues
                .iter()
                .map(|(api, ..)| format!("{} {}", api.name(), count(ledger.queues[api].leg.distinct())))
                .collect();
            self.ui.line(format!(
                "{:>7}  published {}, {}, landed {}{trouble}",
                duration(self.started.elapsed()),
                count(sent),
                queues.join(", "),
                count(ledger.landing.distinct())
            ));
        }
    }

    /// Takes the bars away.
    pub(super) fn finish(&self) {
        for bar in self.queues.iter().map(|(_, bar, _)| bar).chain([&self.topic.0, &self.landed.0, &self.title]) {
            bar.finish_and_clear();
        }
    }
}

/// Shows on a bar how many events there are, how fast they come, and how long they take.
fn show(bar: &Bar, rate: &Mutex<RecentRate>, n: u64, latencies: &Latencies) {
    bar.set_position(n);
    let per_second = rate.lock().update(n);
    bar.set_message(&format!(
        "{:>7}/s  p50 {:>8}  p99 {:>8}",
        count(per_second.round() as u64),
        duration(latencies.quantile(0.5)),
        duration(latencies.quantile(0.99))
    ));
}
