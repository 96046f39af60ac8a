//! What the user sees while `consume` runs: messages one by one, or how it goes.

use std::collections::BTreeMap;
use std::time::Duration;

use console::{Style, pad_str};
use parking_lot::Mutex;
use serde::Serialize;
use tokio::time::Instant;

use super::record::Record;
use crate::event::envelope::Arrived;
use crate::report;
use crate::report::metrics::{Consumed, Exposition, of_consumers};
use crate::report::progress::{Complaints, PLAIN_EVERY, SHOWN_PER_SECOND};
use crate::report::text::{kind_style, ms};
use crate::traffic::api::Api;
use crate::traffic::consumer::Notice;
use crate::traffic::runs::Runs;
use crate::traffic::stats::RecentRate;
use crate::traffic::tally::QueueTally;
use crate::ui::{self, Bar, Ui, paint};
use crate::units::{count, duration, plural};

/// What one queue came to.
#[derive(Debug, Default)]
struct QueueState {
    tally: QueueTally,
    runs: Runs,
    /// Messages left, when that was asked for.
    left: Option<Left>,
    /// When one was taken last.
    taken_at: Option<Instant>,
    rate: RecentRate,
}

/// What is left in a queue, and why it isn't received.
#[derive(Debug, Clone, Copy)]
struct Left {
    visible: i64,
    in_flight: i64,
    delayed: i64,
}

impl Left {
    fn total(self) -> i64 {
        self.visible + self.in_flight + self.delayed
    }

    /// What is waited for; nothing while there is something to receive.
    fn waits_for(self, visible_again: Option<Duration>) -> Option<String> {
        if self.visible > 0 || self.total() == 0 {
            return None;
        }
        let mut parts = Vec::new();
        if self.in_flight > 0 {
            parts.push(match visible_again {
                Some(within) => {
                    format!("{} in flight, visible again within {} s", self.in_flight, within.as_secs() + 1)
                }
                None => format!("{} in flight, held by another consumer", self.in_flight),
            });
        }
        if self.delayed > 0 {
            parts.push(format!("{} delayed", self.delayed));
        }
        Some(parts.join(", "))
    }
}

impl QueueState {
    /// How it goes, in a line.
    fn describe(&self, rate: f64, wait: Option<&str>) -> String {
        let tally = self.tally;
        let mut text = format!("{} handled, {}/s", count(tally.handled), count(rate.round() as u64));
        let bad = tally.failed + tally.unreadable;
        if bad > 0 {
            text += &format!(", {} failed", plural(bad, "attempt"));
        }
        match (wait, self.left.map_or(0, Left::total)) {
            (Some(wait), _) => text += &format!(", {wait}"),
            (None, 0) => {}
            (None, left) => text += &format!(", {left} to go"),
        }
        if tally.requests.failed_requests > 0 {
            text += &format!(", {} failed", plural(tally.requests.failed_requests, "request"));
        }
        text
    }

    /// Within which time what this consumer took and left is visible again; none if that has passed, or it took nothing.
    fn visible_again(&self, visibility: Duration) -> Option<Duration> {
        self.taken_at.and_then(|at| (at + visibility).checked_duration_since(Instant::now()))
    }
}

/// What the user sees meanwhile.
pub(super) struct View {
    ui: Ui,
    queues: BTreeMap<Api, QueueView>,
    lines: Mutex<LineLimit>,
    complaints: Complaints,
    /// When the last plain line was printed, and how many messages had been taken by then.
    last_line: Mutex<(Instant, u64)>,
}

/// One queue's part of the view.
struct QueueView {
    state: Mutex<QueueState>,
    bar: Bar,
    /// For how long what is received is hidden.
    visibility: Duration,
}

/// Lets through as many lines a second as people can read, and counts the rest.
struct LineLimit {
    /// How many may be shown at once by now.
    allowed: f64,
    at: Instant,
    hidden: u64,
}

impl LineLimit {
    /// Whether one more line may be shown now.
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
    /// The view of the queues of these APIs, each with how long what is received there is hidden.
    pub(super) fn new(ui: &Ui, apis: impl Iterator<Item = (Api, Duration)>) -> Self {
        let bar = |api: Api| ui.bar(None, &format!("{{spinner:.green}} {:<8} {{msg}}", api.name()));
        Self {
            ui: ui.clone(),
            complaints: Complaints::new(ui),
            queues: apis
                .map(|(api, visibility)| (api, QueueView { state: Mutex::default(), bar: bar(api), visibility }))
                .collect(),
            lines: Mutex::new(LineLimit { allowed: 2.0 * SHOWN_PER_SECOND, at: Instant::now(), hidden: 0 }),
            last_line: Mutex::new((Instant::now(), 0)),
        }
    }

    /// Counts what happened, and shows it.
    pub(super) fn hear(&self, api: Api, notice: Notice<'_>) {
        let Some(QueueView { state: queue, .. }) = self.queues.get(&api) else { return };
        let mut record = Record { trace: notice.trace(), ..Record::new(api) };
        if notice.is_of_a_message() {
            let mut queue = queue.lock();
            (queue.left, queue.taken_at) = (None, Some(Instant::now()));
        }
        let line = match notice {
            Notice::Handled { event, summary, receives, age, effect, .. } => {
                {
                    let mut queue = queue.lock();
                    queue.tally.handled += 1;
                    let again = queue.runs.handle(event.run.as_ref(), age);
                    queue.tally.effect_twice += u64::from(again && effect);
                }
                record.record = "handled";
                record.of(event);
                record.receives = Some(receives);
                record.summary = Some(summary);
                record.effect = Some(effect);
                record.age_ms = age.map(ms);
                Line { event_type: Some(&event.event_type), text: summary, receives, age, bad: false }
            }
            Notice::Own { message_id, text, receives, .. } => {
                {
                    let mut queue = queue.lock();
                    queue.tally.handled += 1;
                    queue.tally.own += 1;
                    queue.runs.handle(None, None);
                }
                record.record = "handled";
                record.message_id = Some(message_id);
                record.receives = Some(receives);
                record.own = Some(text);
                Line { event_type: Some("own event"), text, receives, age: None, bad: false }
            }
            Notice::Died { event, message_id, handled } => return self.died(api, event, message_id, handled),
            Notice::Failed { event, why, receives, .. } => {
                queue.lock().tally.failed += 1;
                record.record = "failed";
                record.of(event);
                record.receives = Some(receives);
                record.why = Some(why);
                Line { event_type: Some(&event.event_type), text: why, receives, age: None, bad: true }
            }
            Notice::Unreadable { message_id, why, receives } => {
                queue.lock().tally.unreadable += 1;
                record.record = "unreadable";
                record.message_id = Some(message_id);
                record.receives = Some(receives);
                record.why = Some(why);
                Line { event_type: None, text: why, receives, age: None, bad: true }
            }
            Notice::NotDeleted { message_id, why } => {
                queue.lock().tally.not_deleted += 1;
                record.record = "not_deleted";
                return self.comes_again(record, "was handled but not deleted", message_id, why);
            }
            Notice::NotKept { message_id, why } => {
                record.record = "not_kept";
                return self.comes_again(record, "couldn't be kept", message_id, why);
            }
            Notice::Request { .. } | Notice::Received { .. } => return,
            Notice::Again => {
                queue.lock().tally.requests.retries += 1;
                return;
            }
            Notice::Trouble { why, lost } => {
                queue.lock().tally.requests.count_failure(lost);
                self.complaints.say(&format!("{} queue, a request failed: {why}", api.name()));
                return;
            }
            Notice::Left { visible, in_flight, delayed } => {
                queue.lock().left = Some(Left { visible, in_flight, delayed });
                return;
            }
        };
        self.ui.record(&record);
        if !self.ui.is_json() && self.lines.lock().allow() {
            self.ui.line(line.render(api));
        }
    }

    /// Counts and shows that a worker died of a message.
    fn died(&self, api: Api, event: Option<&Arrived>, message_id: &str, handled: bool) {
        let Some(QueueView { state, .. }) = self.queues.get(&api) else { return };
        {
            let mut queue = state.lock();
            queue.tally.deaths += 1;
            if let Some(event) = event.filter(|_| !handled) {
                queue.runs.die(event.run.as_ref());
            }
        }
        let mut record = Record::new(api);
        record.record = "died";
        event.into_iter().for_each(|event| record.of(event));
        (record.message_id, record.handled) = (Some(message_id), Some(handled));
        self.ui.record(&record);
        let what = if handled { "was handled, and its worker died" } else { "wasn't handled: its worker died" };
        self.complaints.say(&format!("{} queue: {message_id} {what}, and it comes again", api.name()));
    }

    /// Warns of a message that will come again.
    fn comes_again<'a>(&self, mut record: Record<'a>, what: &str, message_id: &'a str, why: &'a str) {
        self.ui.warn(ui::short(&format!("{message_id} {what}, and will come again: {why}")));
        record.message_id = Some(message_id);
        record.why = Some(why);
        self.ui.record(&record);
    }

    /// Shows how it goes.
    pub(super) fn tick(&self, started: Instant) {
        let (mut total, mut texts, mut waiting) = (0, Vec::new(), Vec::new());
        for (api, QueueView { state, bar, visibility }) in &self.queues {
            let mut queue = state.lock();
            let taken = queue.tally.handled + queue.tally.failed + queue.tally.unreadable;
            let rate = queue.rate.update(taken);
            let again = queue.visible_again(*visibility);
            let wait = queue.left.and_then(|left| Some((left, left.waits_for(again)?)));
            let text = queue.describe(rate, wait.as_ref().map(|(_, text)| text.as_str()));
            bar.set_message(&text);
            texts.push(format!("{} {text}", api.name()));
            waiting.extend(wait.map(|(left, _)| Waiting::new(*api, left, again)));
            total += taken;
        }
        let mut last_line = self.last_line.lock();
        if !self.ui.is_live() && last_line.0.elapsed() >= PLAIN_EVERY {
            if total != last_line.1 || !waiting.is_empty() {
                self.ui.line(format!("{:>7}  {}", duration(started.elapsed()), texts.join("; ")));
            }
            waiting.iter().for_each(|record| self.ui.record(record));
            *last_line = (Instant::now(), total);
        }
    }

    /// Takes the bars away, and says how many lines weren't shown.
    pub(super) fn finish(&self) {
        for queue in self.queues.values() {
            queue.bar.finish_and_clear();
        }
        let hidden = self.lines.lock().hidden;
        if hidden > 0 {
            self.ui.line(paint(&Style::new().dim(), format!("({} more not shown)", count(hidden))));
        }
    }

    /// How it goes, for Prometheus; of the queues with these URLs.
    pub(super) fn figures(&self, urls: &BTreeMap<Api, String>) -> String {
        let states: Vec<_> =
            urls.iter().filter_map(|(api, url)| Some((url, self.queues.get(api)?.state.lock()))).collect();
        let consumed = states.iter().map(|(url, queue)| {
            let account = queue.runs.account();
            Consumed {
                queue_url: url,
                tally: queue.tally,
                received: account.received,
                duplicated: account.duplicated,
                latencies: queue.runs.latencies(),
            }
        });
        let mut out = Exposition::default();
        of_consumers(&mut out, &consumed.collect::<Vec<_>>());
        out.finish()
    }

    /// What a queue came to, for the report.
    pub(super) fn outcome(&self, api: Api, queue_url: String) -> report::Queue {
        let queue = self.queues[&api].state.lock();
        report::Queue::new(api.into(), queue_url, queue.tally, queue.runs.account())
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
            line += &format!("{} {text}; it comes back", paint(&red, "✘"));
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

/// What `--until-empty` waits for, in `--json` mode.
#[derive(Serialize)]
struct Waiting {
    record: &'static str,
    api: Api,
    in_flight: i64,
    delayed: i64,
    /// Absent where another consumer has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    visible_again_within_s: Option<u64>,
}

impl Waiting {
    fn new(api: Api, left: Left, again: Option<Duration>) -> Self {
        let Left { in_flight, delayed, .. } = left;
        let within = again.filter(|_| in_flight > 0).map(|within| within.as_secs() + 1);
        Self { record: "waiting", api, in_flight, delayed, visible_again_within_s: within }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `--until-empty` stood there without a word while messages were in flight.
    #[test]
    fn what_is_waited_for_is_said() {
        let left = |visible, in_flight, delayed| Left { visible, in_flight, delayed };
        let within = Some(Duration::from_millis(29_500));
        for (left, within, told) in [
            (left(0, 6, 0), within, Some("6 in flight, visible again within 30 s")),
            (left(0, 6, 2), None, Some("6 in flight, held by another consumer, 2 delayed")),
            (left(0, 0, 2), within, Some("2 delayed")),
            (left(1, 6, 0), within, None),
            (left(0, 0, 0), within, None),
        ] {
            assert_eq!(left.waits_for(within).as_deref(), told);
        }
        let queue = QueueState { left: Some(left(0, 6, 0)), ..QueueState::default() };
        assert_eq!(queue.describe(0.0, Some("x")), "0 handled, 0/s, x");
        assert_eq!(queue.describe(0.0, None), "0 handled, 0/s, 6 to go");
        assert_eq!(queue.visible_again(Duration::from_secs(30)), None);
    }
}
