//! What the user sees while `publish` runs: events one by one, or how it goes.

use parking_lot::Mutex;
use serde::Serialize;
use tokio::time::Instant;

use crate::event::envelope::Event;
use crate::report::progress::{Complaints, PLAIN_EVERY, SHOWN_PER_SECOND};
use crate::report::text::{event_line, ms};
use crate::traffic::pace::Pace;
use crate::traffic::publisher::Notice;
use crate::traffic::stats::RecentRate;
use crate::traffic::tally::PublishTally;
use crate::ui::{Bar, Ui};
use crate::units::{count, duration, plural};

/// What the user sees meanwhile.
pub(super) struct View {
    ui: Ui,
    /// Each event is shown: the pace is slow enough to read.
    each: bool,
    pub(super) bar: Bar,
    pub(super) tally: Mutex<PublishTally>,
    complaints: Complaints,
    rate: Mutex<RecentRate>,
    /// When the last plain line was printed.
    last_line: Mutex<Instant>,
}

impl View {
    /// The view of a run at a pace; `total` events if there is an end to it.
    pub(super) fn new(ui: &Ui, pace: Pace, total: Option<u64>) -> Self {
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
            rate: Mutex::default(),
            last_line: Mutex::new(Instant::now()),
        }
    }

    /// Counts what happened, and shows it.
    pub(super) fn hear(&self, notice: Notice<'_>) {
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
                self.tally.lock().count_failure(unsure);
                self.complaints.say(&format!("a request failed: {why}"));
            }
        }
    }

    /// Shows how it goes.
    pub(super) fn tick(&self, started: Instant) {
        if self.each {
            return;
        }
        let tally = self.tally.lock();
        let rate = self.rate.lock().update(tally.sent);
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
        let mut last_line = self.last_line.lock();
        if !self.ui.is_live() && last_line.elapsed() >= PLAIN_EVERY {
            *last_line = Instant::now();
            self.ui.line(format!("{:>7}  {} published, {text}", duration(started.elapsed()), count(tally.sent)));
        }
    }
}

/// An event in `--json` mode.
#[derive(Serialize)]
struct Record<'a> {
    record: &'static str,
    event_id: &'a str,
    event_type: &'a str,
    message_id: &'a str,
    latency_ms: f64,
    event: &'a Event,
}
