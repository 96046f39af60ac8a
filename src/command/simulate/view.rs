//! The fan-out, live: a line for the topic and one for each leg.

use std::time::Duration;

use console::Style;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::{Ledger, Places};
use crate::traffic::api::Api;
use crate::traffic::stats::{Latencies, Recent};
use crate::ui::{Bar, Ui, count, duration, paint, plural};

/// How often a plain line is printed when nobody watches.
const PLAIN_EVERY: Duration = Duration::from_secs(2);

pub struct View {
    ui: Ui,
    title: Bar,
    topic: (Bar, Mutex<Recent>),
    queues: Vec<(Api, Bar, Mutex<Recent>)>,
    landed: (Bar, Mutex<Recent>),
    started: Instant,
    told: Mutex<Instant>,
}

impl View {
    pub fn new(ui: &Ui, total: u64, places: &Places) -> Self {
        let bar = |name: &str, colour: &str| {
            ui.bar(Some(total), &format!("  {{prefix:<26}} {{bar:28.{colour}/dim}} {{human_pos:>9}}  {{msg}}"))
                .named(name)
        };
        let topic = places.topic_arn.rsplit(':').next().unwrap_or("topic");
        let title = ui.bar(None, "{spinner:.green} {msg}");
        let topic = bar(topic, "blue");
        let queues = places
            .queues
            .iter()
            .map(|(api, ..)| (*api, bar(&format!("├─ {} queue", api.name()), "cyan"), Mutex::default()));
        Self {
            ui: ui.clone(),
            title,
            topic: (topic, Mutex::default()),
            queues: queues.collect(),
            landed: (bar("└─ landed in S3", "magenta"), Mutex::default()),
            started: Instant::now(),
            told: Mutex::new(Instant::now()),
        }
    }

    pub fn tick(&self, ledger: &Ledger) {
        let sent = ledger.tally.sent;
        show(&self.topic.0, &self.topic.1, sent, &ledger.tally.latencies);
        for (api, bar, recent) in &self.queues {
            let leg = &ledger.queues[api].leg;
            show(bar, recent, leg.distinct(), &leg.latencies);
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
                match (ledger.publishing, ledger.landing.is_complete(&ledger.published)) {
                    (true, _) => "publishing, consuming, landing",
                    (false, false) => "published; waiting for the delivery stream to land the last batch",
                    (false, true) => "landed",
                }
            )
        ));
        let mut told = self.told.lock();
        if !self.ui.is_live() && told.elapsed() >= PLAIN_EVERY {
            *told = Instant::now();
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

    pub fn finish(&self) {
        for bar in self.queues.iter().map(|(_, bar, _)| bar).chain([&self.topic.0, &self.landed.0, &self.title]) {
            bar.finish_and_clear();
        }
    }
}

fn show(bar: &Bar, recent: &Mutex<Recent>, n: u64, latencies: &Latencies) {
    bar.set_position(n);
    let rate = recent.lock().rate(n);
    bar.set_message(&format!(
        "{:>7}/s  p50 {:>8}  p99 {:>8}",
        count(rate.round() as u64),
        duration(latencies.quantile(0.5)),
        duration(latencies.quantile(0.99))
    ));
}
