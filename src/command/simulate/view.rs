//! The fan-out, live: a line for the topic and one for each leg; what the queues hold, what rules of chaos did, and the verdict so far.

use std::time::Duration;

use console::{Style, measure_text_width};
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::clock;
use crate::report::progress::lateness;
use crate::traffic::ledger::Ledger;
use crate::traffic::load::Load;
use crate::traffic::name::S3;
use crate::traffic::run::FanOut;
use crate::traffic::stats::{Latencies, RecentRate};
use crate::ui::{Bar, Ui, paint};
use crate::units::{count, duration, plural};

/// How often a plain line is printed when nobody watches.
const PLAIN_EVERY: Duration = Duration::from_secs(2);

/// What a line shows, as far as the terminal is wide enough for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shape {
    /// Columns of the name.
    name: usize,
    /// Columns of the bar; none if there is no room for one.
    bar: usize,
    rate: bool,
    p50: bool,
    p99: bool,
}

impl Shape {
    const LONGEST_NAME: usize = 26;
    const BAR: std::ops::RangeInclusive<usize> = 8..=28;
    /// Two spaces, the longest usual rate or latency with its label.
    const RATE: usize = 2 + "123,456/s".len();
    const LATENCY: usize = 2 + "p50 12.34 ms".len();

    /// What fits into so many columns beside names of so many: the count always, then the rate, p50, a bar and p99.
    fn fit(columns: usize, longest_name: usize) -> Self {
        // Indent, name, gap, count; the last column stays free.
        let beside = 2 + 1 + "1,000,000".len() + 1;
        let name = longest_name.clamp(4, Self::LONGEST_NAME).min(columns.saturating_sub(beside).max(4));
        let mut room = columns.saturating_sub(beside + name);
        let mut take = |columns: usize| {
            let fits = room >= columns;
            room -= if fits { columns } else { 0 };
            fits
        };
        let (rate, p50) = (take(Self::RATE), take(Self::LATENCY));
        let has_bar = take(1 + Self::BAR.start());
        let p99 = take(Self::LATENCY);
        let bar = if has_bar { (Self::BAR.start() + room).min(*Self::BAR.end()) } else { 0 };
        Self { name, bar, rate, p50: p50 && rate, p99: p99 && p50 }
    }

    fn template(self, colour: &str) -> String {
        let bar = if self.bar == 0 { String::new() } else { format!(" {{bar:{}.{colour}/dim}}", self.bar) };
        format!("  {{prefix:<{}!}}{bar} {{human_pos:>9}}{{msg}}", self.name)
    }
}

/// A run in stepped time has so many plain lines, about, while it publishes.
const LINES: u32 = 20;
/// Of so many rules of chaos it is shown what they did.
const RULES: usize = 4;
const TOPIC_COLOUR: &str = "blue";
const QUEUE_COLOUR: &str = "cyan";
const LANDED_COLOUR: &str = "magenta";

/// The bars of the topics, the queues and the buckets.
pub(super) struct View {
    ui: Ui,
    title: Bar,
    load: Load,
    total: u64,
    topic: (Bar, Mutex<RecentRate>),
    /// In the order of the ledger's.
    queues: Vec<(Bar, Mutex<RecentRate>)>,
    landings: Vec<(Bar, Mutex<RecentRate>)>,
    /// What the queues hold, the faults, and the verdict so far.
    depths: Bar,
    faults: Vec<Bar>,
    so_far: Bar,
    /// What the lines show by now, and how long the longest name is.
    shape: Mutex<Shape>,
    longest_name: usize,
    started: Instant,
    /// How often a plain line is printed, and when the last was.
    line_every: Duration,
    last_line: Mutex<Instant>,
}

impl View {
    /// The view of a run of `total` events that last so long, on a cloud with so many rules of chaos.
    pub(super) fn new(ui: &Ui, load: Load, (total, lasts): (u64, Duration), fan_out: &FanOut, rules: usize) -> Self {
        let topic = match &fan_out.topics[..] {
            [topic] => topic.rsplit(':').next().unwrap_or("topic").to_owned(),
            several => plural(several.len() as u64, "topic"),
        };
        let queues: Vec<_> = fan_out.queues.iter().map(|queue| format!("├─ {} queue", queue.name)).collect();
        let landings: Vec<_> = fan_out
            .landings
            .iter()
            .enumerate()
            .map(|(n, landing)| {
                let branch = if n + 1 == fan_out.landings.len() { "└" } else { "├" };
                match landing.name.name() {
                    S3 => format!("{branch}─ landed in {S3}"),
                    name => format!("{branch}─ {name} in {S3}"),
                }
            })
            .collect();
        let names = queues.iter().chain(&landings).map(String::as_str).chain([topic.as_str()]);
        let longest_name = names.map(measure_text_width).max().unwrap_or(0);
        let shape = Shape::fit(ui.live_columns(), longest_name);
        let bar = |name: &str, colour: &str| ui.bar(Some(total), &shape.template(colour)).named(name);
        let title = ui.bar(None, "{spinner:.green} {msg}");
        let topic = bar(&topic, TOPIC_COLOUR);
        let queues = queues.iter().map(|name| (bar(name, QUEUE_COLOUR), Mutex::default())).collect();
        let landings = landings.iter().map(|name| (bar(name, LANDED_COLOUR), Mutex::default())).collect();
        Self {
            ui: ui.clone(),
            title,
            load,
            total,
            topic: (topic, Mutex::default()),
            queues,
            landings,
            depths: ui.bar(None, "  {msg}"),
            faults: (0..rules.min(RULES)).map(|_| ui.bar(None, "  {msg}")).collect(),
            so_far: ui.bar(None, "  {msg}"),
            shape: Mutex::new(shape),
            longest_name,
            started: Instant::now(),
            line_every: if clock::is_stepped() { PLAIN_EVERY.max(lasts / LINES) } else { PLAIN_EVERY },
            last_line: Mutex::new(Instant::now()),
        }
    }

    /// Shows how it goes; `struck` is what each rule of chaos did.
    pub(super) fn tick(&self, ledger: &Ledger, struck: &[String]) {
        let sent = ledger.published.sent;
        let shape = self.shape();
        show(shape, &self.topic.0, &self.topic.1, sent, &ledger.published.latencies);
        let queues = self.queues.iter().zip(ledger.queues.iter().map(|queue| &queue.leg));
        let landings = self.landings.iter().zip(ledger.landings.iter().map(|landing| &landing.leg));
        for ((bar, rate), leg) in queues.chain(landings) {
            show(shape, bar, rate, leg.distinct(), &leg.latencies);
        }
        let (depths, so_far) = (told_depths(ledger), told_so_far(ledger));
        self.depths.set_message(&depths);
        for (bar, told) in self.faults.iter().zip(struck) {
            bar.set_message(told);
        }
        self.so_far.set_message(&so_far);
        let trouble = match ledger.failed_requests() {
            0 => String::new(),
            failed => format!("  {} failed", plural(failed, "request")),
        };
        let late = lateness(&self.load, Some(self.total), ledger.published.left, self.started.elapsed());
        let trouble = trouble + &late.filter(|_| ledger.is_publishing()).unwrap_or_default();
        self.title.set_message(&format!(
            "{} {}{trouble}",
            duration(self.started.elapsed()),
            paint(
                &Style::new().for_stderr().dim(),
                match (ledger.is_publishing(), ledger.has_landed()) {
                    _ if self.landings.is_empty() && !ledger.is_publishing() =>
                        "published; the queues aren't empty yet",
                    (true, _) if self.landings.is_empty() => "publishing, consuming",
                    (true, _) => "publishing, consuming, landing",
                    (false, false) => "published; the last batch hasn't landed yet",
                    (false, true) => "landed",
                }
            )
        ));
        let mut last_line = self.last_line.lock();
        if !self.ui.is_live() && last_line.elapsed() >= self.line_every {
            *last_line = Instant::now();
            let queues = ledger.queues.iter().map(|it| format!(", {} {}", it.name, count(it.leg.distinct())));
            let landings = ledger.landings.iter().map(|it| match it.name.name() {
                S3 => format!(", landed {}", count(it.leg.distinct())),
                name => format!(", {name} landed {}", count(it.leg.distinct())),
            });
            let legs: String = queues.chain(landings).collect();
            let elapsed = duration(self.started.elapsed());
            let told = [depths, struck.join("; "), so_far].into_iter().filter(|told| !told.is_empty());
            let told: String = told.map(|told| format!("; {told}")).collect();
            self.ui.line(format!("{elapsed:>7}  published {}{legs}{trouble}{told}", count(sent)));
        }
    }

    /// What the lines show: the terminal may have become another.
    fn shape(&self) -> Shape {
        let mut shape = self.shape.lock();
        let now = Shape::fit(self.ui.live_columns(), self.longest_name);
        if *shape != now {
            *shape = now;
            self.topic.0.set_template(&now.template(TOPIC_COLOUR));
            for (bars, colour) in [(&self.queues, QUEUE_COLOUR), (&self.landings, LANDED_COLOUR)] {
                bars.iter().for_each(|(bar, _)| bar.set_template(&now.template(colour)));
            }
        }
        now
    }

    /// Takes the bars away.
    pub(super) fn finish(&self) {
        let others = self.faults.iter().chain([&self.topic.0, &self.depths, &self.so_far, &self.title]);
        for bar in self.queues.iter().chain(&self.landings).map(|(bar, _)| bar).chain(others) {
            bar.finish_and_clear();
        }
    }
}

/// What the queues held when somebody looked last; nothing if nobody did yet.
fn told_depths(ledger: &Ledger) -> String {
    let told = ledger.depths.iter().map(|(queue, depth)| {
        let mut told = format!("{queue}: {} waiting, {} in flight", count(depth.visible), count(depth.in_flight));
        if depth.delayed > 0 {
            told += &format!(", {} delayed", count(depth.delayed));
        }
        told
    });
    told.collect::<Vec<_>>().join("; ")
}

/// The verdict so far: what was refused, and what is still to arrive where.
fn told_so_far(ledger: &Ledger) -> String {
    let mut told: Vec<_> = match ledger.published.refused {
        0 => Vec::new(),
        refused => vec![format!("{} refused", plural(refused, "event"))],
    };
    let on_the_way = ledger.on_the_way().into_iter().filter(|(_, n)| *n > 0);
    let on_the_way: Vec<_> = on_the_way.map(|(leg, n)| format!("{} to {leg}", count(n))).collect();
    told.push(match on_the_way.is_empty() {
        true => "everything acknowledged has arrived".to_owned(),
        false => format!("on the way: {}", on_the_way.join(", ")),
    });
    format!("so far: {}", told.join("; "))
}

/// Shows on a bar how many events there are, how fast they come, and how long they take.
fn show(shape: Shape, bar: &Bar, rate: &Mutex<RecentRate>, n: u64, latencies: &Latencies) {
    bar.set_position(n);
    let per_second = rate.lock().update(n);
    let mut text = String::new();
    if shape.rate {
        text += &format!("  {:>7}/s", count(per_second.round() as u64));
    }
    for (name, q, is_shown) in [("p50", 0.5, shape.p50), ("p99", 0.99, shape.p99)] {
        if is_shown {
            text += &format!("  {name} {:>8}", duration(latencies.quantile(q)));
        }
    }
    bar.set_message(&text);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each line was 106 columns wide, and took two rows of a terminal with 80.
    #[test]
    fn a_line_shows_what_fits() {
        for (columns, name) in (1..200).flat_map(|columns| [(columns, 17), (columns, 256)]) {
            let Shape { name, bar, rate, p50, p99 } = Shape::fit(columns, name);
            let latency = Shape::LATENCY;
            let parts = [(bar > 0, 1 + bar), (rate, Shape::RATE), (p50, latency), (p99, latency)];
            let width = 2 + name + 1 + 9 + parts.iter().filter(|(on, _)| *on).map(|(_, n)| n).sum::<usize>();
            assert!(width < columns || columns < 18, "{columns}: {width}");
        }
        let at = |columns| Shape::fit(columns, 17);
        assert_eq!(at(120), Shape { name: 17, bar: 28, rate: true, p50: true, p99: true });
        assert_eq!((at(80).p99, at(80).bar), (true, 10));
        assert_eq!((at(60).rate, at(60).p50, at(60).bar), (true, true, 0));
    }
}
