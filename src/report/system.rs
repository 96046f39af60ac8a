//! What a simulated scenario came to, for people and for programs.

use std::time::Duration;

use console::Style;
use scenario::Ledger;
use scenario::ledger::{Check, Latencies, Leg};
use serde::Serialize;

use super::aligned::aligned;
use crate::traffic::depths::Fault;
use crate::ui::{paint, short};
use crate::units::{count, duration};

/// What the ledger says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// Nothing lost, nothing twice, and all results are right.
    Balanced,
    /// Something is wrong.
    Unbalanced,
    /// Ended before everything could have its effect.
    Interrupted,
}

/// A simulation of a scenario.
pub(crate) struct System<'a> {
    pub scenario: &'static str,
    /// As `local (http://127.0.0.1:4566, us-east-1)`.
    pub target: String,
    pub seed: u64,
    pub elapsed_s: f64,
    pub ledger: &'a Ledger,
    pub verdict: Verdict,
    /// The folder that holds the embedded cloud's data.
    pub data_dir: Option<String>,
    /// What the rules of chaos did.
    pub faults: Vec<Fault>,
}

impl System<'_> {
    /// For programs.
    pub(crate) fn record(&self) -> impl Serialize {
        serde_json::json!({
            "record": "report",
            "command": "simulate",
            "scenario": self.scenario,
            "target": self.target,
            "seed": self.seed,
            "elapsed_s": self.elapsed_s,
            "legs": self.ledger.legs,
            "checks": self.ledger.checks,
            "tenants": self.ledger.tenants,
            "notes": self.ledger.notes,
            "verdict": self.verdict,
            "data_dir": self.data_dir,
            "faults": self.faults,
        })
    }

    /// For people, as wide as the terminal, if there is one.
    pub(crate) fn lines(&self, columns: Option<usize>) -> Vec<String> {
        let elapsed = duration(Duration::from_secs_f64(self.elapsed_s));
        let dim = Style::new().dim();
        let head = format!("{} on {}", paint(&Style::new().bold(), self.scenario), self.target);
        let mut lines = vec![String::new(), head, paint(&dim, format!("seed {}, {elapsed}", self.seed)), String::new()];
        lines.extend(self.counts(columns));
        lines.push(String::new());
        lines.extend(self.times(columns));
        lines.extend(self.named());
        if !self.ledger.checks.is_empty() {
            lines.push(String::new());
            lines.extend(self.ledger.checks.iter().flat_map(check_lines));
        }
        if !self.ledger.notes.is_empty() {
            lines.push(String::new());
            lines.extend(self.ledger.notes.iter().map(|note| format!("  {note}")));
        }
        if let Some(dir) = &self.data_dir {
            lines.extend([String::new(), format!("  Its cloud has stopped, and all of it is kept in {dir}.")]);
        }
        lines.extend([String::new(), self.conclusion()]);
        lines
    }

    /// How many requests became what.
    fn counts(&self, columns: Option<usize>) -> Vec<String> {
        let head = ["", "asked", "refused", "done", "dead", "lost", "twice", "failed"].map(str::to_owned);
        let row = |leg: &Leg| {
            let numbers = [leg.asked, leg.refused, leg.done, leg.dead, leg.lost, leg.twice, leg.failed];
            [vec![leg.name.clone()], numbers.map(count).to_vec()].concat()
        };
        let rows: Vec<_> = std::iter::once(head.to_vec()).chain(self.ledger.legs.iter().map(row)).collect();
        let (lines, width) = aligned(&rows, |row, column| row > 0 && column > 4 && rows[row][column] != "0");
        if columns.is_none_or(|columns| width <= columns) {
            return lines;
        }
        self.ledger
            .legs
            .iter()
            .map(|leg| {
                let cells = row(leg).into_iter().skip(1).zip(&head[1..]).map(|(n, what)| format!("{what} {n}"));
                format!("  {}: {}", leg.name, cells.collect::<Vec<_>>().join(", "))
            })
            .collect()
    }

    /// How long it took.
    fn times(&self, columns: Option<usize>) -> Vec<String> {
        let head = ["", "p50", "p99", "max"].map(str::to_owned).to_vec();
        let mut rows = vec![head];
        let mut row = |name: String, times: &Latencies| {
            if times.count() > 0 {
                let cells = [0.5, 0.99, 1.0].map(|q| duration(times.quantile(q)));
                rows.push([vec![name], cells.to_vec()].concat());
            }
        };
        for leg in &self.ledger.legs {
            row(format!("{}, lead time", leg.name), &leg.lead);
            row(format!("{}, execution", leg.name), &leg.execution);
        }
        for tenant in &self.ledger.tenants {
            row(format!("{}, wait ({} asked)", tenant.name, count(tenant.asked)), &tenant.wait);
        }
        let (lines, width) = aligned(&rows, |_, _| false);
        if columns.is_none_or(|columns| width <= columns) {
            return lines;
        }
        rows[1..].iter().map(|row| format!("  {}: p50 {}, p99 {}, max {}", row[0], row[1], row[2], row[3])).collect()
    }

    /// Some of those that went wrong.
    fn named(&self) -> Vec<String> {
        let legs = self.ledger.legs.iter().filter(|leg| !leg.named.is_empty());
        legs.map(|leg| format!("  {}: {}", leg.name, leg.named.join(", "))).collect()
    }

    /// The names of the legs and checks that aren't right.
    pub(super) fn wrong(&self) -> Vec<&str> {
        let legs = self.ledger.legs.iter().filter(|leg| !leg.is_balanced()).map(|leg| leg.name.as_str());
        let checks = self.ledger.checks.iter().filter(|check| !check.is_right()).map(|check| check.name.as_str());
        legs.chain(checks).collect()
    }

    /// The last line: what it comes to.
    fn conclusion(&self) -> String {
        let (green, red) = (Style::new().green().bold(), Style::new().red().bold());
        let dead: u64 = self.ledger.legs.iter().map(|leg| leg.dead).sum();
        match self.verdict {
            Verdict::Balanced => {
                let dead = match dead {
                    0 => String::new(),
                    dead => format!(" {} in the dead-letter queue, each with its reason, as meant.", count(dead)),
                };
                let what = "every accepted request had its effect once, and every result is right.";
                format!("{} {what}{dead}", paint(&green, "✔ Nothing lost:"))
            }
            Verdict::Unbalanced => {
                format!("{} {}.", paint(&red, "✘ Not right:"), self.wrong().join("; "))
            }
            Verdict::Interrupted => "Stopped early; what is above is what had happened until then.".into(),
        }
    }
}

/// A check, and what is wrong with some.
fn check_lines(check: &Check) -> Vec<String> {
    let (sign, style) = match check.is_right() {
        true => ("✔", Style::new().green()),
        false => ("✘", Style::new().red()),
    };
    let first = format!("  {} {}: {} of {}", paint(&style, sign), check.name, count(check.right), count(check.of));
    std::iter::once(first).chain(check.wrong.iter().map(|why| format!("      {}", short(why)))).collect()
}
