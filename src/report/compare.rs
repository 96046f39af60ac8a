//! Two reports beside each other, and whether the new one is worse than it may be.

use std::time::Duration;

use console::Style;
use serde::Serialize;

use super::aligned::aligned;
use super::cost::dollars;
use super::text::milliseconds;
use super::{Outcome, Verdict};
use crate::traffic::stats::Summary;
use crate::ui::paint;
use crate::units::{count, rate};

/// How much worse a number may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Allowed {
    /// By so many percent of the old one.
    Percent(f64),
    /// Never beyond this.
    At(Duration),
}

/// What makes the new report a regression.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Limits {
    /// For the 99th percentile of each leg.
    pub p99: Option<Allowed>,
    /// For what was lost on all legs together.
    pub lost: Option<u64>,
    /// By how many percent the rate of publishing may be below the old one.
    pub slower: Option<f64>,
}

/// Two reports, measure by measure.
#[derive(Debug, Serialize)]
pub(crate) struct Comparison {
    /// Their runs.
    pub old: String,
    pub new: String,
    pub rows: Vec<Row>,
    pub regressed: bool,
}

/// One measure.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub measure: String,
    unit: Unit,
    /// None where a report doesn't have it.
    pub old: Option<f64>,
    pub new: Option<f64>,
    /// What the new one may be at most, or of a rate at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
    pub regressed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
enum Unit {
    #[serde(rename = "1")]
    Count,
    #[serde(rename = "1/s")]
    Rate,
    #[serde(rename = "ms")]
    Ms,
    #[serde(rename = "USD")]
    Usd,
}

impl Unit {
    fn told(self, n: Option<f64>) -> String {
        match (n, self) {
            (None, _) => "unknown".into(),
            (Some(n), Self::Count) => count(n as u64),
            (Some(n), Self::Rate) => rate(n),
            (Some(n), Self::Ms) => milliseconds(n),
            (Some(n), Self::Usd) => dollars(n),
        }
    }
}

impl Row {
    fn new(measure: impl Into<String>, unit: Unit, old: Option<f64>, new: Option<f64>) -> Self {
        Self { measure: measure.into(), unit, old, new, limit: None, regressed: false }
    }

    /// The same with a limit. What a report should have and hasn't is beyond any.
    fn limited(mut self, limit: Option<f64>) -> Self {
        self.limit = limit;
        self.regressed = limit.is_some_and(|limit| match self.unit {
            Unit::Rate => self.new.is_none_or(|new| new < limit),
            _ => self.new.is_none_or(|new| new > limit),
        });
        self
    }

    fn change(&self) -> String {
        match (self.old, self.new) {
            (Some(old), Some(new)) if old > 0.0 && self.unit != Unit::Count => {
                format!("{:+.1}%", (new / old - 1.0) * 100.0)
            }
            (Some(old), Some(new)) if self.unit == Unit::Count => match (new - old) as i64 {
                n @ 1.. => format!("+{}", count(n.unsigned_abs())),
                0 => "0".into(),
                n => format!("-{}", count(n.unsigned_abs())),
            },
            _ => String::new(),
        }
    }
}

/// Two reports beside each other.
pub(crate) fn compare(old: &Outcome, new: &Outcome, limits: Limits) -> Comparison {
    let both = [old, new];
    let events = both.map(|it| it.published.as_ref().map(|published| published.events as f64));
    let rates = both.map(|it| it.published.as_ref().map(|published| published.per_second));
    let slowest = limits.slower.and_then(|percent| Some(rates[0]? * (1.0 - percent / 100.0)));
    let mut rows = vec![
        Row::new("events", Unit::Count, events[0], events[1]),
        Row::new("published a second", Unit::Rate, rates[0], rates[1]).limited(slowest),
    ];
    // Who can't say what became of them doesn't know how many were lost.
    let lost = both.map(|it| it.verdict.filter(|it| *it != Verdict::Unknown).map(|_| it.lost() as f64));
    if lost != [None, None] || limits.lost.is_some() {
        rows.push(Row::new("lost", Unit::Count, lost[0], lost[1]).limited(limits.lost.map(|n| n as f64)));
    }
    let (old_legs, new_legs) = (legs(old), legs(new));
    let only_new = new_legs.iter().filter(|(name, _)| old_legs.iter().all(|(old, _)| old != name));
    for (name, _) in old_legs.iter().chain(only_new) {
        let of = |legs: &[(String, Summary)]| legs.iter().find(|(leg, _)| leg == name).map(|(_, summary)| *summary);
        let (old, new) = (of(&old_legs), of(&new_legs));
        let row =
            |what: &str, of: fn(Summary) -> f64| Row::new(format!("{name} {what}"), Unit::Ms, old.map(of), new.map(of));
        let limit = limits.p99.and_then(|allowed| match allowed {
            Allowed::Percent(percent) => Some(old?.p99_ms * (1.0 + percent / 100.0)),
            Allowed::At(most) => Some(most.as_secs_f64() * 1e3),
        });
        rows.push(row("p50", |it| it.p50_ms));
        rows.push(row("p99", |it| it.p99_ms).limited(limit));
        rows.push(row("max", |it| it.max_ms));
    }
    let costs = both.map(|it| it.cost.as_ref().map(|cost| cost.month_total));
    if costs != [None, None] {
        rows.push(Row::new("cost of 30 days", Unit::Usd, costs[0], costs[1]));
    }
    let run = |outcome: &Outcome| outcome.run.clone().unwrap_or_default();
    let regressed = rows.iter().any(|row| row.regressed);
    Comparison { old: run(old), new: run(new), rows, regressed }
}

/// The latencies of each leg that has some.
fn legs(outcome: &Outcome) -> Vec<(String, Summary)> {
    let published = outcome.published.iter().map(|it| ("publish".to_owned(), it.latency));
    let queues = outcome.queues.iter().map(|it| (it.api.name().to_owned(), it.account.latency));
    let landed = outcome.landed.iter().map(|it| (it.leg.landing_tag(), it.account.latency));
    let all = published.chain(queues).chain(landed);
    all.filter_map(|(name, latency)| Some((name, latency?))).collect()
}

impl Comparison {
    /// For people.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut rows = vec![["", "old", "new", "change", "limit"].map(str::to_owned).to_vec()];
        rows.extend(self.rows.iter().map(|row| {
            let limit = row.limit.map_or_else(String::new, |limit| row.unit.told(Some(limit)));
            vec![row.measure.clone(), row.unit.told(row.old), row.unit.told(row.new), row.change(), limit]
        }));
        let (old, new) = (&self.old, &self.new);
        let mut lines = vec![String::new(), format!("run {old}, and run {new}")];
        lines.extend(aligned(&rows, |row, column| row > 0 && column == 2 && self.rows[row - 1].regressed).0);
        lines.push(String::new());
        let bad: Vec<_> = self.rows.iter().filter(|row| row.regressed).map(|row| row.measure.as_str()).collect();
        let limited = self.rows.iter().any(|row| row.limit.is_some());
        lines.push(match bad.is_empty() {
            false => format!("{} {}.", paint(&Style::new().red().bold(), "✘ Worse than it may be:"), bad.join(", ")),
            true if limited => paint(&Style::new().green().bold(), "✔ Within the limits."),
            true => "No limit was given.".into(),
        });
        lines
    }
}
