//! What the user sees while `publish` runs: events one by one, or how it goes.

use std::borrow::Cow;
use std::time::Duration;

use console::Style;
use parking_lot::Mutex;
use serde::{Serialize, Serializer};
use tokio::time::Instant;

use crate::event::envelope::{Attribute, Event};
use crate::report::progress::{Complaints, FEW, PLAIN_EVERY, SHOWN_PER_SECOND, lateness};
use crate::report::text::{event_line, ms};
use crate::traffic::load::Load;
use crate::traffic::publisher::{Notice, Outgoing, Plan};
use crate::traffic::stats::RecentRate;
use crate::traffic::tally::PublishTally;
use crate::traffic::timeline::{Happened, PUBLISHED, Timeline};
use crate::ui::{Bar, Ui, paint};
use crate::units::{count, duration, plural};

/// What the user sees meanwhile.
pub(super) struct View {
    ui: Ui,
    /// Each event is shown: the pace is slow enough to read.
    each: bool,
    pub(super) bar: Bar,
    /// When events are due, and how many there are.
    load: Option<(Load, Option<u64>)>,
    pub(super) tally: Mutex<PublishTally>,
    /// How it goes over time, if that is noted.
    pub(super) timeline: Mutex<Option<Timeline>>,
    complaints: Complaints,
    rate: Mutex<RecentRate>,
    /// When the last plain line was printed.
    last_line: Mutex<Instant>,
}

impl View {
    /// The view of a run of a story or of lines.
    pub(super) fn new(ui: &Ui, plan: &Plan, of_lines: bool, show_events: bool) -> Self {
        let (load, total) = (&plan.load, plan.count);
        let each = show_events || load.peak() <= SHOWN_PER_SECOND || total.is_some_and(|total| total <= FEW);
        let template = match total {
            Some(_) => "{bar:30.green/dim} {human_pos}/{human_len} {msg}",
            None => "{spinner:.green} {msg}",
        };
        let bar = if each { Bar::hidden() } else { ui.bar(total, template) };
        Self {
            ui: ui.clone(),
            each,
            bar,
            // Whoever waits for lines isn't late.
            load: (!of_lines).then(|| (load.clone(), total)),
            tally: Mutex::default(),
            timeline: Mutex::new(None),
            complaints: Complaints::new(ui),
            rate: Mutex::default(),
            last_line: Mutex::new(Instant::now()),
        }
    }

    /// The same, which notes from now on how it goes over time.
    pub(super) fn recorded(self) -> Self {
        Self { timeline: Mutex::new(Some(Timeline::new(&[], &[]))), ..self }
    }

    /// Notes what happened, if that is noted.
    fn note(&self, what: Happened<'_>) {
        if let Some(timeline) = &mut *self.timeline.lock() {
            timeline.note(what);
        }
    }

    /// Why no events are shown, if none are.
    pub(super) fn hidden_note(&self) -> Option<String> {
        (!self.each && !self.ui.is_json())
            .then(|| format!("Above {SHOWN_PER_SECOND:.0}/s events aren't shown one by one; --show-events shows them."))
    }

    /// Counts what happened, and shows it.
    pub(super) fn hear(&self, notice: Notice<'_>) {
        match notice {
            Notice::Leaves { events, late } => {
                self.tally.lock().count_left(events, late);
                self.note(Happened::Left { events, late });
            }
            Notice::NotSent { events, late } => self.tally.lock().count_not_sent(events, late),
            Notice::Request { bytes } => self.tally.lock().billed.count_request(bytes),
            Notice::Sent { event, message_id, latency, bytes: _, traceparent } => {
                let told = match event {
                    Outgoing::Story(event) => Some(event),
                    Outgoing::Own(_) => None,
                };
                self.tally.lock().count_sent(told, latency);
                self.note(Happened::Arrived { leg: PUBLISHED, place: None, latency: Some(latency) });
                if self.each {
                    self.ui.line(line(event, latency));
                }
                self.ui.record(&Record { traceparent, ..Record::new(event, message_id, latency) });
            }
            Notice::Refused { event, why } => {
                self.tally.lock().refused += 1;
                self.note(Happened::Failed { who: "an event refused", why });
                self.complaints.say(&format!("{} was not published: {why}", event.name()));
            }
            Notice::BadLine { line, why } => {
                self.tally.lock().refused += 1;
                self.note(Happened::Failed { who: "a line that is no event", why });
                match line {
                    Some(line) => self.complaints.say(&format!("line {line} was not published: {why}")),
                    None => self.complaints.say(&format!("no more lines can be read: {why}")),
                }
            }
            Notice::Again => self.tally.lock().requests.retries += 1,
            Notice::Trouble { why, unsure } => {
                self.tally.lock().count_failure(unsure);
                self.note(Happened::Failed { who: "publishing", why });
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
        let late = self.load.as_ref().and_then(|(load, total)| lateness(load, *total, tally.left, started.elapsed()));
        let text = format!(
            "{}/s, {} and {} failed, p50 {}, p99 {}{}",
            count(rate.round() as u64),
            plural(tally.refused, "event"),
            plural(tally.requests.failed_requests, "request"),
            duration(tally.latencies.quantile(0.5)),
            duration(tally.latencies.quantile(0.99)),
            late.unwrap_or_default()
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

/// An event in a line.
fn line(event: &Outgoing, latency: Duration) -> String {
    match event {
        Outgoing::Story(event) => event_line(event, latency),
        Outgoing::Own(own) => {
            let number = paint(&Style::new().cyan(), format!("line {:<6}", own.line));
            let shown: String = own.message.chars().take(OWN_SHOWN).collect();
            let more = if shown.len() < own.message.len() { ".." } else { "" };
            format!("{number}  {shown}{more}  {}", paint(&Style::new().dim(), duration(latency)))
        }
    }
}

/// So many characters of an event of the user's own are shown.
const OWN_SHOWN: usize = 40;

/// An event in `--json` mode.
#[derive(Serialize)]
struct Record<'a> {
    record: &'static str,
    #[serde(flatten)]
    what: What<'a>,
    message_id: &'a str,
    latency_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum What<'a> {
    Story { event_id: &'a str, event_type: &'a str, event: &'a Event, attributes: Attributes<'a> },
    Own { line: u64, message: &'a str, attributes: Attributes<'a> },
}

/// Message attributes, as a line of `--file` may have them.
enum Attributes<'a> {
    Story(&'a Event),
    Own(&'a [Attribute]),
}

impl Serialize for Attributes<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let all: Cow<'_, [Attribute]> = match self {
            Self::Story(event) => event.attributes().into(),
            Self::Own(attributes) => (*attributes).into(),
        };
        out.collect_map(all.iter().map(|attribute| {
            let value = match attribute.data_type.as_ref() {
                "String" => serde_json::Value::from(attribute.value.as_str()),
                data_type => serde_json::json!({ "type": data_type, "value": attribute.value }),
            };
            (attribute.name.to_string(), value)
        }))
    }
}

impl<'a> Record<'a> {
    fn new(event: &'a Outgoing, message_id: &'a str, latency: Duration) -> Self {
        let what = match event {
            Outgoing::Story(event) => What::Story {
                event_id: &event.id,
                event_type: event.event_type(),
                event,
                attributes: Attributes::Story(event),
            },
            Outgoing::Own(own) => {
                What::Own { line: own.line, message: &own.message, attributes: Attributes::Own(&own.attributes) }
            }
        };
        Self { record: "published", what, message_id, latency_ms: ms(latency), traceparent: None }
    }
}
