//! The ledger of a whole run, for people: the fan-out as a table, where the data lies, and the verdict.

use std::time::Duration;

use console::Style;

use super::aligned::aligned;
use super::text::milliseconds;
use super::trouble::{publishing_trouble, receiving_trouble};
use super::{Landed, Outcome, Published, Queue, Verdict, cost, load};
use crate::traffic::leg::Account;
use crate::traffic::stats::Summary;
use crate::ui::paint;
use crate::units::{bytes, count, duration, plural};

/// After `simulate`.
pub(super) fn lines(outcome: &Outcome, verdict: Verdict, columns: Option<usize>) -> Vec<String> {
    let (bold, dim) = (Style::new().bold(), Style::new().dim());
    let mut lines = vec![format!(
        "{}  {}",
        paint(&bold, "The ledger"),
        paint(
            &dim,
            format!(
                "run {}{} · {} · {}",
                outcome.run.as_deref().unwrap_or_default(),
                outcome.seed.map_or_else(String::new, |seed| format!(" · seed {seed}")),
                duration(Duration::from_secs_f64(outcome.elapsed_s)),
                outcome.target
            )
        )
    )];
    lines.extend(Table::new(outcome, verdict).fit(columns));
    lines.push(String::new());
    let published = outcome.published.iter();
    let load = published.clone().flat_map(|published| load::lines(published, outcome));
    let trouble = published.filter_map(publishing_trouble).chain(outcome.queues.iter().filter_map(receiving_trouble));
    let cost = outcome.cost.iter().flat_map(cost::lines);
    lines.extend(load.chain(trouble).chain(cost).map(|line| format!("  {line}")));
    lines.push(String::new());
    lines.extend(place_lines(outcome));
    lines.push(conclusion(outcome, verdict));
    if verdict == Verdict::Lost {
        let hint = "Another consumer may have taken them; `messaging local --explain` says what each subscription did.";
        lines.push(paint(&dim, hint));
    }
    lines
}

/// What is counted of each leg, one column each.
const MEASURES: [&str; 8] = ["events", MISSING, "duplicated", "out of order", "late", "p50", "p99", "max"];
/// The measure of what was acknowledged and not seen: lost, once the run has waited for it.
const MISSING: &str = "lost";
/// What is dropped where there is no room for it, the last first.
const DISPENSABLE: [usize; 2] = [6, 7];

/// The legs with all that is counted of them.
struct Table {
    measures: [&'static str; 8],
    legs: Vec<Leg>,
}

struct Leg {
    /// With its branch of the tree.
    name: String,
    short: &'static str,
    cells: [String; 8],
}

impl Table {
    fn new(outcome: &Outcome, verdict: Verdict) -> Self {
        let mut legs = Vec::new();
        if let Some(Published { events, latency, .. }) = &outcome.published {
            let mut cells = MEASURES.map(|_| String::new());
            cells[0] = count(*events);
            put_latencies(&mut cells, *latency);
            legs.push(Leg { name: "published".into(), short: "published", cells });
        }
        for Queue { api, account, .. } in &outcome.queues {
            let is_last = outcome.landed.is_none() && Some(*api) == outcome.queues.last().map(|q| q.api);
            let branch = if is_last { "└" } else { "├" };
            legs.push(Leg {
                name: format!("{branch}─ {} queue", api.name()),
                short: api.name(),
                cells: cells(account),
            });
        }
        if let Some(Landed { account, .. }) = &outcome.landed {
            legs.push(Leg { name: "└─ landed in S3".into(), short: "S3", cells: cells(account) });
        }
        let mut measures = MEASURES;
        if verdict == Verdict::Interrupted {
            measures[1] = "on the way";
        }
        Self { measures, legs }
    }

    /// The table in so many columns: a row a leg; without what is dispensable; turned around; or a line a measure.
    fn fit(&self, columns: Option<usize>) -> Vec<String> {
        for dropped in 0..=DISPENSABLE.len() {
            let kept: Vec<usize> =
                (0..MEASURES.len()).filter(|m| !DISPENSABLE[DISPENSABLE.len() - dropped..].contains(m)).collect();
            let (rows, width) = self.row_a_leg(&kept);
            if columns.is_none_or(|columns| width <= columns) {
                return rows;
            }
        }
        let (rows, width) = self.row_a_measure();
        if columns.is_none_or(|columns| width <= columns) {
            return rows;
        }
        let told =
            |leg: &Leg, m: usize| Some(format!("{} {}", leg.short, leg.cells[m])).filter(|_| !leg.cells[m].is_empty());
        let line = |m: usize| {
            let legs: Vec<_> = self.legs.iter().filter_map(|leg| told(leg, m)).collect();
            format!("  {}: {}", self.measures[m], legs.join(", "))
        };
        (0..MEASURES.len()).map(line).collect()
    }

    fn row_a_leg(&self, kept: &[usize]) -> (Vec<String>, usize) {
        let pick = |cells: &[String]| kept.iter().map(|m| cells[*m].clone()).collect::<Vec<_>>();
        let head = pick(&self.measures.map(str::to_owned));
        let mut rows = vec![[vec![String::new()], head].concat()];
        rows.extend(self.legs.iter().map(|leg| [vec![leg.name.clone()], pick(&leg.cells)].concat()));
        aligned(&rows, |row, column| row > 0 && column == 2 && self.is_bad(&rows[row][column]))
    }

    fn row_a_measure(&self) -> (Vec<String>, usize) {
        let head: Vec<_> = self.legs.iter().map(|leg| leg.short.to_owned()).collect();
        let mut rows = vec![[vec![String::new()], head].concat()];
        rows.extend((0..MEASURES.len()).map(|m| {
            let cells: Vec<_> = self.legs.iter().map(|leg| leg.cells[m].clone()).collect();
            [vec![self.measures[m].to_owned()], cells].concat()
        }));
        aligned(&rows, |row, column| row == 2 && column > 0 && self.is_bad(&rows[row][column]))
    }

    /// Whether it is bad that so many are missing: what is on the way isn't lost.
    fn is_bad(&self, missing: &str) -> bool {
        self.measures[1] == MISSING && !missing.is_empty() && missing != "0"
    }
}

fn cells(account: &Account) -> [String; 8] {
    let mut cells = MEASURES.map(|_| String::new());
    cells[0] = count(account.received);
    cells[1] = count(account.lost.unwrap_or(0));
    cells[2] = count(account.duplicated);
    cells[3] = count(account.out_of_order);
    cells[4] = count(account.late.unwrap_or(0));
    put_latencies(&mut cells, account.latency);
    cells
}

fn put_latencies(cells: &mut [String; 8], latency: Option<Summary>) {
    if let Some(latency) = latency {
        cells[5] = milliseconds(latency.p50_ms);
        cells[6] = milliseconds(latency.p99_ms);
        cells[7] = milliseconds(latency.max_ms);
    }
}

/// Where the data lies, and how to look at it.
fn place_lines(outcome: &Outcome) -> Vec<String> {
    let on_purpose = [
        told_line(outcome, "kept out by filter policies", |account| account.filtered),
        told_line(outcome, "seen twice, as they were published", |account| account.duplicated_on_purpose),
        told_line(outcome, "not handled, as nobody can", |account| account.poison),
    ];
    let mut lines: Vec<_> = on_purpose.into_iter().flatten().collect();
    if let Some(landed) = &outcome.landed {
        let mut landed_lines: Vec<String> =
            landed.partitions.iter().map(|partition| format!("s3://{}/{partition}/", landed.bucket)).collect();
        landed_lines.push(match landed.objects {
            0 => format!("nothing yet in s3://{}", landed.bucket),
            objects => format!("{}, {}", plural(objects, "object"), bytes(landed.bytes)),
        });
        for (n, line) in landed_lines.iter().enumerate() {
            lines.push(format!("  {:<9}{line}", if n == 0 { "landed" } else { "" }));
        }
    }
    lines.extend(dead_letter_line(&outcome.queues));
    lines.extend(others_line(&outcome.queues));
    if let Some(dir) = &outcome.data_dir {
        lines.push(format!("  data     {dir}"));
        lines.push(String::new());
        lines.push("  Its cloud has stopped, and all of it is kept. To look at it, start it again:".into());
        lines.push(format!("    messaging local --data-dir {}", shell_word(dir)));
        lines.push("  and in another terminal:".into());
        lines.push("    messaging status".into());
    }
    if !lines.is_empty() {
        lines.push(String::new());
    }
    lines
}

/// What is as it is on purpose, of each leg that has such a count.
fn told_line(outcome: &Outcome, what: &str, n: impl Fn(&Account) -> Option<u64>) -> Option<String> {
    let told: Vec<_> =
        legs(outcome).filter_map(|(leg, account)| Some(format!("{leg} {}", count(n(account)?)))).collect();
    (!told.is_empty()).then(|| format!("  {what}: {}", told.join(", ")))
}

/// Every leg's name, and its account.
fn legs(outcome: &Outcome) -> impl Iterator<Item = (&'static str, &Account)> {
    let queues = outcome.queues.iter().map(|queue| (queue.api.name(), &queue.account));
    queues.chain(outcome.landed.iter().map(|landed| ("S3", &landed.account)))
}

/// How many messages ended in dead-letter queues.
fn dead_letter_line(queues: &[Queue]) -> Option<String> {
    let known = queues.iter().filter_map(|queue| Some((queue.api, queue.dead_letters.as_ref()?)));
    let told: Vec<_> = known
        .filter_map(|(api, dead)| match (dead.messages?, dead.before?) {
            (messages, 0) => Some(format!("{} {}", api.name(), count(messages))),
            (messages, before) => {
                Some(format!("{} {} ({} before the run)", api.name(), count(messages), count(before)))
            }
        })
        .collect();
    (!told.is_empty()).then(|| format!("  dead letters: {}", told.join(", ")))
}

/// Messages that weren't of the run: who drains a queue handles whatever is in it.
fn others_line(queues: &[Queue]) -> Option<String> {
    let others = queues.iter().map(|queue| (queue.api.name(), queue.handled.saturating_sub(queue.account.received)));
    let others: Vec<_> = others.filter(|(_, n)| *n > 0).map(|(api, n)| format!("{api} {}", count(n))).collect();
    (!others.is_empty()).then(|| format!("  messages of others, handled too: {}", others.join(", ")))
}

/// A path as a shell takes it.
fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:,@%".contains(c);
    match text.chars().all(is_plain) && !text.starts_with('-') {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

/// The last line: what it comes to.
fn conclusion(outcome: &Outcome, verdict: Verdict) -> String {
    let missing: Vec<String> = legs(outcome)
        .filter(|(_, account)| account.lost.unwrap_or(0) > 0)
        .map(|(leg, account)| {
            let more = if account.lost > Some(account.missing.len() as u64) { ", .." } else { "" };
            let places = account.missing.join(", ");
            format!("{} on the way to {leg} (publisher:sequence {places}{more})", count(account.lost.unwrap_or(0)))
        })
        .collect();
    let missing = missing.join("; ");
    let published = outcome.published.as_ref();
    let (refused, not_sent) = published.map_or((0, 0), |published| (published.refused, published.not_sent));
    let (green, red) = (Style::new().green().bold(), Style::new().red().bold());
    match verdict {
        Verdict::NothingLost => {
            let what = match legs(outcome).any(|(_, account)| account.filtered.is_some()) {
                _ if outcome.published.as_ref().is_some_and(|published| published.poison > 0) => {
                    "everything that can be handled was received by every queue and landed."
                }
                true => "everything that the filter policies let through was received, and landed.",
                false => "everything published was received by every queue and landed.",
            };
            format!("{} {what}", paint(&green, "✔ Nothing lost:"))
        }
        Verdict::Lost => format!("{} {missing}.", paint(&red, "✘ Lost:")),
        Verdict::NotAllPublished => format!(
            "{} {} refused{}; everything else arrived.",
            paint(&red, "✘ Not all published:"),
            plural(refused, "event"),
            if not_sent > 0 { format!(", {} not sent in time", count(not_sent)) } else { String::new() }
        ),
        Verdict::Interrupted if missing.is_empty() => {
            "Stopped early; what was published until then has arrived.".into()
        }
        Verdict::Interrupted => format!("Stopped early: {missing}."),
    }
}
