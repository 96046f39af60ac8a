//! The ledger of a whole run, for people: the fan-out as a table, where the data lies, and the verdict.

use std::time::Duration;

use console::Style;

use super::aligned::aligned;
use super::evidence::{lost_line, unpublished};
use super::text::{head, milliseconds};
use super::trouble::{publishing_trouble, receiving_trouble};
use super::{Killed, Outcome, Published, Queue, Verdict, cost, load};
use crate::traffic::account::Account;
use crate::traffic::name::S3;
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
    lines.extend(load.chain(trouble).chain(killed_line(&outcome.killed)).chain(cost).map(|line| format!("  {line}")));
    lines.push(String::new());
    lines.extend(place_lines(outcome));
    lines.push(conclusion(outcome, verdict));
    lines.extend(outcome.hints.iter().map(|hint| format!("  perhaps: {hint}")));
    if verdict == Verdict::Lost && outcome.hints.is_empty() {
        let hint = "Another consumer may have taken them; `messaging local --explain` says what each subscription did.";
        lines.push(paint(&dim, hint));
    }
    lines
}

/// What is counted of each leg, one column each.
const MEASURES: [&str; 8] = ["events", MISSING, "duplicated", "out of order", "late", "p50", "p99", "max"];
/// The measure of what was acknowledged and not seen: lost, once the run has waited for it.
const MISSING: &str = "lost";
/// So many partitions of what landed are shown.
const SHOWN_PARTITIONS: usize = 10;
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
    short: String,
    cells: [String; 8],
}

impl Table {
    fn new(outcome: &Outcome, verdict: Verdict) -> Self {
        let mut legs = Vec::new();
        if let Some(Published { events, latency, .. }) = &outcome.published {
            let mut cells = MEASURES.map(|_| String::new());
            cells[0] = count(*events);
            put_latencies(&mut cells, *latency);
            legs.push(Leg { name: "published".into(), short: "published".into(), cells });
        }
        let queues = outcome.queues.iter().map(|it| (format!("{} queue", it.api), it.api.name(), &it.account));
        let landed = outcome.landed.iter().map(|it| (landed_name(it.leg.name()), it.leg.name(), &it.account));
        let last = (outcome.queues.len() + outcome.landed.len()).saturating_sub(1);
        for (n, (name, short, account)) in queues.chain(landed).enumerate() {
            let branch = if n == last { "└" } else { "├" };
            legs.push(Leg { name: format!("{branch}─ {name}"), short: short.to_owned(), cells: cells(account) });
        }
        let mut measures = MEASURES;
        if verdict == Verdict::Unknown {
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
        let head: Vec<_> = self.legs.iter().map(|leg| leg.short.clone()).collect();
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
        told_line(outcome, "not handled, on purpose", |account| account.poison),
        told_line(outcome, "delivered, though a filter policy keeps them out", |account| {
            some(account.wrongly_delivered)
        }),
        told_line(outcome, "behind a later one of their message group", |account| some(account.order_broken)),
        told_line(outcome, "not seen, and nobody can say whether they were to come", |account| account.unjudged),
        told_line(outcome, "not handled, and in a dead-letter queue", |account| account.dead),
    ];
    let mut lines: Vec<_> = on_purpose.into_iter().flatten().chain(twice_line(&outcome.queues)).collect();
    lines.extend(offender_lines(outcome));
    lines.extend(outcome.not_followed.iter().map(|it| format!("  not followed: {it}")));
    for landed in &outcome.landed {
        let told = landed.partitions.iter().take(SHOWN_PARTITIONS);
        let mut landed_lines: Vec<String> = told
            .map(|partition| match partition.as_str() {
                "" => format!("s3://{}", landed.bucket),
                partition => format!("s3://{}/{partition}/", landed.bucket),
            })
            .collect();
        if landed.partitions.len() > SHOWN_PARTITIONS {
            landed_lines.push(format!("and {} more", count((landed.partitions.len() - SHOWN_PARTITIONS) as u64)));
        }
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
        outcome.legs().filter_map(|(leg, account)| Some(format!("{leg} {}", count(n(account)?)))).collect();
    (!told.is_empty()).then(|| format!("  {what}: {}", told.join(", ")))
}

/// How often the cloud was killed, and how fast it was back.
fn killed_line(killed: &[Killed]) -> Option<String> {
    let back = |kill: &Killed| Duration::try_from_secs_f64(kill.back_after_s).unwrap_or_default();
    let (shortest, longest) = (killed.iter().map(back).min()?, killed.iter().map(back).max()?);
    let times = plural(killed.len() as u64, "time");
    Some(format!("the cloud was killed {times}, and was back after {} to {}", duration(shortest), duration(longest)))
}

/// What was delivered twice, and how often its effect was, where a consumer got anything again.
fn twice_line(queues: &[Queue]) -> Option<String> {
    let again = |queue: &Queue| queue.account.duplicated + queue.account.duplicated_on_purpose.unwrap_or(0);
    let any = queues.iter().any(|queue| queue.deaths + again(queue) + queue.effect_twice > 0);
    let told = queues.iter().map(|queue| {
        let died = if queue.deaths > 0 { format!(" ({} died)", plural(queue.deaths, "worker")) } else { String::new() };
        let (again, twice) = (count(again(queue)), count(queue.effect_twice));
        format!("{} {again}, with its effect {twice}{died}", queue.api.name())
    });
    any.then(|| format!("  delivered twice: {}", told.collect::<Vec<_>>().join("; ")))
}

/// What is worth a line: more than none.
fn some(n: Option<u64>) -> Option<u64> {
    n.filter(|n| *n > 0)
}

/// The first events of each kind of fault, leg by leg.
fn offender_lines(outcome: &Outcome) -> impl Iterator<Item = String> {
    outcome.legs().flat_map(|(leg, account)| {
        let kinds = account.offenders.kinds().into_iter().filter(|(_, events)| !events.is_empty());
        kinds.map(move |(kind, events)| format!("  {leg}, first {kind}: {}", events.join(", "))).collect::<Vec<_>>()
    })
}

/// What a stream landed, as a leg.
fn landed_name(leg: &str) -> String {
    match leg {
        S3 => format!("landed in {S3}"),
        stream => format!("{stream} landed in {S3}"),
    }
}

/// How many messages ended in dead-letter queues.
fn dead_letter_line(queues: &[Queue]) -> Option<String> {
    let known = queues.iter().filter_map(|queue| Some((&queue.api, queue.dead_letters.as_ref()?)));
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
    let head = head(verdict);
    match verdict {
        Verdict::NothingLost => {
            let what = match outcome.legs().any(|(_, account)| account.filtered.is_some()) {
                _ if outcome.published.as_ref().is_some_and(|published| published.poison > 0)
                    || outcome.legs().any(|(_, account)| account.poison > Some(0)) =>
                {
                    "everything that can be handled"
                }
                true => "everything that the filter policies let through",
                false => "everything published",
            };
            let by = match (outcome.queues.is_empty(), outcome.landed.is_empty()) {
                (false, true) => "was received by every queue",
                (false, false) => "was received by every queue and landed",
                (true, _) => "landed",
            };
            let is_dead = outcome.legs().any(|(_, account)| account.dead > Some(0));
            format!("{head} {what} {by}{}.", if is_dead { ", or lies in a dead-letter queue" } else { "" })
        }
        Verdict::Lost => format!("{head} {}.", lost_line(outcome)),
        Verdict::NotAllPublished => {
            format!("{head} {}; everything else arrived.", unpublished(outcome))
        }
        Verdict::Unknown => {
            let why = outcome.evidence.as_deref().unwrap_or("it was cut short");
            format!("{head} {why}.")
        }
    }
}
