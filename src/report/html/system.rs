//! The page of a scenario's simulation: its ledger, what is right and what isn't, and how long everything took.

use std::fmt::Write as _;
use std::time::Duration;

use chart::{Band, Chart, Line, X, Y, escape};
use scenario::ledger::{Latencies, Leg};
use serde::Serialize;

use super::About;
use super::shell::Shell;
use super::tables::{faults, texts};
use crate::report::system::{System, Verdict};
use crate::traffic::stats::shares;
use crate::units::{count, duration, plural};

/// The version of the data in the page.
const FORMAT: u32 = 1;
/// How many points the chart of what was asked and done has at most.
const MOST: usize = 400;

/// How many requests were made and had their effect, over time.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Progressed {
    /// Seconds since the start, asked, done.
    points: Vec<(f64, u64, u64)>,
    /// So many ticks make a point, and so many have come since the last.
    #[serde(skip)]
    every: usize,
    #[serde(skip)]
    ticks: usize,
}

impl Progressed {
    /// So it is now. When there are too many points, every other goes.
    pub(crate) fn tick(&mut self, since: Duration, (asked, done): (u64, u64)) {
        self.ticks += 1;
        if self.ticks >= self.every {
            self.ticks = 0;
            self.points.push((since.as_secs_f64(), asked, done));
        }
        if self.points.len() >= MOST {
            let mut n = 0;
            self.points.retain(|_| {
                n += 1;
                n % 2 == 1
            });
            self.every = self.every.max(1) * 2;
        }
    }
}

/// The data of a page.
#[derive(Serialize)]
struct Data<'a, R> {
    format: u32,
    about: &'a About,
    /// As `--json` prints it.
    report: R,
    /// Seconds since the start, requests asked, requests done.
    progress: &'a Progressed,
}

/// A simulation as a page.
pub(crate) fn page(system: &System<'_>, about: &About, progress: &Progressed) -> String {
    let (class, verdict, why) = match system.verdict {
        Verdict::Balanced => (
            "good",
            "✔ Nothing lost",
            "Every accepted request had its effect once, and every result is right.".to_owned(),
        ),
        Verdict::Unbalanced => ("bad", "✘ Not right", format!("{}.", system.wrong().join("; "))),
        Verdict::Interrupted => ("unsure", "Stopped early", "What is here is what had happened until then.".to_owned()),
    };
    let mut body = facts(system, about);
    body.push_str("<section class=\"charts\">\n");
    for svg in charts(system, progress) {
        // Writing into a String can't fail.
        let _ = writeln!(body, "<figure>{svg}</figure>");
    }
    body.push_str("</section>\n");
    body.push_str(&tables(system));
    let data = Data { format: FORMAT, about, report: system.record(), progress };
    Shell { command: system.scenario, class, verdict, why: &[why], body: &body }.page(&data)
}

fn facts(system: &System<'_>, about: &About) -> String {
    let took = duration(Duration::try_from_secs_f64(system.elapsed_s).unwrap_or_default());
    let mut facts = vec![
        ("Scenario", system.scenario.to_owned()),
        ("Target", system.target.clone()),
        ("Seed", system.seed.to_string()),
        ("Started", format!("{}, took {took}", about.started)),
        ("Version", format!("messaging {}", about.version)),
        ("Machine", format!("{}, {}", plural(about.cores as u64, "core"), about.system)),
    ];
    facts.extend(about.template_sha256.clone().map(|hash| ("SHA-256 of the template", hash)));
    let facts = facts.into_iter().map(|(name, value)| format!("<dt>{name}</dt><dd>{}</dd>\n", escape(&value)));
    format!("<dl>\n{}</dl>\n", facts.collect::<String>())
}

/// All that have something to show.
fn charts(system: &System<'_>, progress: &Progressed) -> Vec<String> {
    let line = |name, of: fn(&(f64, u64, u64)) -> u64| {
        let points = progress.points.iter().map(|point| (point.0, of(point) as f64)).collect();
        Line { name, points }
    };
    let bands = system.faults.iter();
    let bands =
        bands.filter_map(|fault| Some(Band { name: &fault.name, from: fault.from_s?, to: fault.to_s? })).collect();
    let lines = vec![line("asked", |point| point.1), line("done", |point| point.2)];
    let mut charts = vec![Chart { title: "Requests so far", x: X::Time, y: Y::Count, lines, bands }.svg()];
    let ledger = system.ledger;
    let leads = ledger.legs.iter().map(|leg| (leg.name.as_str(), &leg.lead)).collect();
    let executions = ledger.legs.iter().map(|leg| (leg.name.as_str(), &leg.execution)).collect();
    let waits = ledger.tenants.iter().map(|tenant| (tenant.name.as_str(), &tenant.wait)).collect();
    charts.extend(curves("From a request to its effect, by quantile", leads));
    charts.extend(curves("How long it was worked on, by quantile", executions));
    charts.extend(curves("How long tenants waited, by quantile", waits));
    charts
}

fn curves(title: &str, of: Vec<(&str, &Latencies)>) -> Option<String> {
    let ms = |latencies: &Latencies, q: f64| latencies.quantile(q).as_secs_f64() * 1e3;
    let known = of.into_iter().filter(|(_, latencies)| latencies.count() > 0);
    let lines: Vec<_> = known
        .map(|(name, latencies)| Line {
            name,
            points: shares(latencies.count()).map(|q| (q, ms(latencies, q))).collect(),
        })
        .collect();
    let chart = Chart { title, x: X::Quantile, y: Y::Milliseconds, lines, bands: Vec::new() };
    (!chart.lines.is_empty()).then(|| chart.svg())
}

/// What is counted of a leg, and whether it is bad if there is any.
type Measure = (&'static str, bool, fn(&Leg) -> u64);

const MEASURES: [Measure; 7] = [
    ("asked", false, |leg| leg.asked),
    ("refused on purpose", false, |leg| leg.refused),
    ("done", false, |leg| leg.done),
    ("dead letters", false, |leg| leg.dead),
    ("lost", true, |leg| leg.lost),
    ("twice", true, |leg| leg.twice),
    ("failed", true, |leg| leg.failed),
];

fn tables(system: &System<'_>) -> String {
    let ledger = system.ledger;
    let stopped = system.verdict == Verdict::Interrupted;
    let head: String = ledger.legs.iter().map(|leg| format!("<th scope=\"col\">{}</th>", escape(&leg.name))).collect();
    let mut html = format!(
        "<h2>The ledger</h2>\n<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"The ledger\"><table>\n\
         <thead><tr><th></th>{head}</tr></thead>\n<tbody>\n"
    );
    for (name, bad, of) in MEASURES {
        let cell = |leg: &Leg| {
            let class = if bad && !stopped && of(leg) > 0 { " class=\"bad\"" } else { "" };
            format!("<td{class}>{}</td>", count(of(leg)))
        };
        let cells: String = ledger.legs.iter().map(cell).collect();
        let _ = writeln!(html, "<tr><th scope=\"row\">{name}</th>{cells}</tr>");
    }
    for (name, q) in [("p50", 0.5), ("p99", 0.99), ("max", 1.0)] {
        let cell = |leg: &Leg| match leg.lead.count() {
            0 => "<td></td>".to_owned(),
            _ => format!("<td>{}</td>", duration(leg.lead.quantile(q))),
        };
        let cells: String = ledger.legs.iter().map(cell).collect();
        let _ = writeln!(html, "<tr><th scope=\"row\">{name}, to the effect</th>{cells}</tr>");
    }
    html.push_str("</tbody>\n</table></div>\n");
    let mut section = |title, head, rows: Vec<[String; 2]>| {
        if !rows.is_empty() {
            html.push_str(&texts(title, head, rows.into_iter()));
        }
    };
    let named = ledger.legs.iter().filter(|leg| !leg.named.is_empty());
    let named = named.map(|leg| [leg.name.clone(), leg.named.join(", ")]).collect();
    section("What went wrong", ["leg", "some of them"], named);
    let checks = ledger.checks.iter().map(|check| {
        let sign = if check.is_right() { "✔" } else { "✘" };
        let wrong = if check.wrong.is_empty() { String::new() } else { format!(": {}", check.wrong.join("; ")) };
        [check.name.clone(), format!("{sign} {} of {}{wrong}", count(check.right), count(check.of))]
    });
    section("Checks", ["what is to hold", "how often it did"], checks.collect());
    html.push_str(&faults(&system.faults));
    let notes: String = ledger.notes.iter().map(|note| format!("<li>{}</li>\n", escape(note))).collect();
    if !notes.is_empty() {
        let _ = write!(html, "<h2>Also to be known</h2>\n<ul>\n{notes}</ul>\n");
    }
    html
}

#[cfg(test)]
mod tests {
    use scenario::Ledger;
    use scenario::ledger::{Check, Tenant};

    use super::*;

    fn ledger(lost: u64, name: &str) -> Ledger {
        let mut leg = Leg { asked: 10, done: 10 - lost, lost, ..Leg::new(name) };
        leg.lead.add(Duration::from_millis(7));
        leg.name_one(name);
        let mut check = Check::new(name);
        check.look(if lost > 0 { Err(name.to_owned()) } else { Ok(()) });
        let tenants = vec![Tenant { name: name.to_owned(), asked: 1, wait: leg.lead.clone() }];
        Ledger { legs: vec![leg], checks: vec![check], tenants, notes: vec![name.to_owned()] }
    }

    fn shown(lost: u64, name: &str) -> String {
        let ledger = ledger(lost, name);
        let verdict = if lost > 0 { Verdict::Unbalanced } else { Verdict::Balanced };
        let system = System {
            scenario: "tasks",
            target: name.to_owned(),
            seed: 7,
            elapsed_s: 1.0,
            ledger: &ledger,
            verdict,
            data_dir: None,
            faults: Vec::new(),
        };
        let about = About { started: "now".into(), version: "0", template_sha256: None, cores: 2, system: "x".into() };
        let mut progress = Progressed::default();
        (0..10_000).for_each(|n| progress.tick(Duration::from_millis(200) * n, (u64::from(n), u64::from(n))));
        assert!((MOST / 4..MOST).contains(&progress.points.len()), "{}", progress.points.len());
        page(&system, &about, &progress)
    }

    #[test]
    fn a_page_tells_what_the_ledger_does() {
        let good = shown(0, "randomize");
        for words in ["✔ Nothing lost", "Requests so far", "by quantile", "✔ 1 of 1", "<td>7.0 ms</td>"] {
            assert!(good.contains(words), "{words}: {good}");
        }
        let bad = shown(2, "randomize");
        assert!(bad.contains("✘ Not right") && bad.contains("<td class=\"bad\">2</td>"), "{bad}");
    }

    #[test]
    fn what_is_hostile_stays_text() {
        let html = shown(1, "</script><script>alert(1)</script><img src=\"x\">");
        assert!(html.matches("<script").count() == 1 && !html.contains("<img"), "{html}");
    }
}
