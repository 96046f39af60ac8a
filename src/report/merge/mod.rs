//! Several reports as one: what they counted is added up, their histograms too, and the verdict is the worst.

mod add;

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use self::add::{add_landed, add_published, add_queue, one_text};
use super::{Outcome, Verdict};
use crate::cost::{Basis, Cost, Span, Usage};
use crate::traffic::load::Load;
use crate::traffic::stats::{Latencies, Summary};
use crate::traffic::tally::{DELAY, PUBLISH};

/// Of the form below; another form has another.
pub(crate) const VERSION: u32 = 1;
/// So many subscriptions that nobody followed are named.
const MAX_NOT_FOLLOWED: usize = 100;
/// The evidence of many runs is cut after so many bytes.
const MAX_EVIDENCE: usize = 2_000;
const AND_MORE: &str = "; and of more runs";
/// No number of seconds in a report is larger.
const LONGEST_S: f64 = 1e10;

/// What a report carries so that it can be merged with others. Its form is told in `docs/lab.md`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Merge {
    pub version: u32,
    /// Whose events these are; several once it is of several reports.
    pub runs: Vec<String>,
    /// Since 1970.
    pub started_ms: i64,
    /// How long publishing took.
    pub published_for_s: f64,
    /// What a month of the load is, and how long the part of it is that was seen.
    pub month: Basis,
    pub period_s: f64,
    /// Where it ran; none if in several regions.
    pub region: Option<String>,
    pub on_aws: bool,
    pub usage: Usage,
    /// By leg, packed.
    pub histograms: BTreeMap<String, String>,
}

/// What a month of a load is, of which so many events were published for so long, and what it repeats: one that ends begins again.
pub(crate) fn month_of(load: &Load, events: u64, published_for_s: f64) -> (Basis, f64) {
    // AWS has no faster clock: what took a second here would take so many there.
    let speed = f64::from(load.speed());
    let span = load.span(events, Duration::try_from_secs_f64(published_for_s).unwrap_or_default()).as_secs_f64();
    match load.lasts() {
        // Who was late at its end doesn't make it longer.
        Some(lasts) => (Basis::Repeated, lasts.as_secs_f64().min(span) * speed),
        None => (Basis::Continued, span * speed),
    }
}

impl Merge {
    /// The histograms of a run, packed.
    pub(crate) fn pack(histograms: impl IntoIterator<Item = (String, Latencies)>) -> BTreeMap<String, String> {
        histograms.into_iter().map(|(name, latencies)| (name, latencies.pack())).collect()
    }

    /// What a run of so many seconds costs; without a region nothing is known of that.
    pub(crate) fn cost(&self, elapsed_s: f64) -> Option<Cost> {
        let span = Span { published_s: self.period_s, elapsed_s, basis: self.month };
        Some(Cost::new(&self.usage, span, self.region.as_deref()?, self.on_aws))
    }
}

/// A report that was read, with its name and its histograms.
#[derive(Debug)]
pub(crate) struct Part {
    name: String,
    outcome: Outcome,
    merge: Merge,
    histograms: BTreeMap<String, Latencies>,
}

impl Part {
    /// A report that may be anybody's; it is of `command`.
    ///
    /// # Errors
    /// Why it can't be merged.
    pub(crate) fn new(name: String, command: &'static str, mut outcome: Outcome) -> Result<Self, String> {
        let merge = outcome.merge.take().ok_or("a report without what reports are merged by")?;
        outcome.command = command;
        let published = outcome.published.as_ref().ok_or("a report of nothing that was published")?;
        let numbers = [outcome.elapsed_s, merge.published_for_s, merge.period_s].map(Some);
        let numbers = numbers.into_iter().chain([published.late_at_most_ms, published.intended_per_second]).flatten();
        if !numbers.into_iter().all(|n| (0.0..LONGEST_S).contains(&n)) || merge.started_ms.unsigned_abs() > 1 << 48 {
            return Err("a report with a time that can't be".into());
        }
        let unpack = |(name, text): (&String, &String)| match Latencies::unpack(text) {
            Ok(latencies) => Ok((name.clone(), latencies)),
            Err(why) => Err(format!("{name}: {why}")),
        };
        let histograms = merge.histograms.iter().map(unpack).collect::<Result<_, _>>()?;
        let mut part = Self { name, outcome, merge, histograms };
        part.summarize();
        Ok(part)
    }

    /// Has the quantiles of the histograms told, whatever was told before.
    fn summarize(&mut self) {
        let summary = |name: &str| -> Option<Summary> { self.histograms.get(name)?.summary() };
        if let Some(published) = &mut self.outcome.published {
            (published.latency, published.delay) = (summary(PUBLISH), summary(DELAY));
            published.per_second = published.events as f64 / self.merge.published_for_s.max(1e-9);
        }
        for queue in &mut self.outcome.queues {
            queue.account.latency = summary(&queue.api.queue_tag());
        }
        for landed in &mut self.outcome.landed {
            landed.account.latency = summary(&landed.leg.landing_tag());
        }
    }

    /// The report, ready to be shown.
    pub(crate) fn into_outcome(mut self) -> Outcome {
        self.merge.histograms = Merge::pack(self.histograms);
        self.outcome.mergeable(self.merge)
    }
}

/// All of them as one.
///
/// # Errors
/// Why they can't be one, by their names.
pub(crate) fn merge(parts: Vec<Part>) -> Result<Part, String> {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for part in &parts {
        for run in &part.merge.runs {
            if let Some(other) = seen.insert(run.clone(), part.name.clone()) {
                return Err(format!("{other} and {} are both of the run {run}", part.name));
            }
        }
    }
    let mut parts = parts.into_iter().map(|mut part| {
        part.name_the_lost();
        part
    });
    let mut all = parts.next().ok_or("there is no report")?;
    let mut is_several = false;
    for part in parts {
        if part.outcome.command != all.outcome.command {
            let (one, other) = (all.outcome.command, part.outcome.command);
            return Err(format!("{} is of {one}, and {} of {other}", all.name, part.name));
        }
        all.add(part);
        is_several = true;
    }
    if is_several {
        all.outcome.run = Some(told_runs(&all.merge.runs));
        all.outcome.data_dir = None;
    }
    all.summarize();
    Ok(all)
}

fn told_runs(runs: &[String]) -> String {
    match runs {
        few if few.len() <= 3 => few.join(" + "),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
        [] => String::new(),
    }
}

/// The same value of both, or none.
fn same<T: PartialEq>(one: Option<T>, other: Option<T>) -> Option<T> {
    if one == other { one } else { None }
}

/// What two verdicts of a kind rest on.
fn both(one: Option<String>, other: Option<String>) -> Option<String> {
    match (one, other) {
        (Some(one), Some(_)) if one.ends_with(AND_MORE) => Some(one),
        (Some(one), Some(other)) if one.len() + other.len() > MAX_EVIDENCE => Some(one + AND_MORE),
        (Some(one), Some(other)) => Some(format!("{one}; {other}")),
        (one, other) => one.or(other),
    }
}

impl Part {
    /// Numbers of publishers are a run's own.
    fn name_the_lost(&mut self) {
        let [run] = &self.merge.runs[..] else { return };
        self.outcome.evidence.iter_mut().for_each(|evidence| evidence.insert_str(0, &format!("{run}: ")));
        let queues = self.outcome.queues.iter_mut().map(|queue| &mut queue.account);
        for account in queues.chain(self.outcome.landed.iter_mut().map(|landed| &mut landed.account)) {
            let lists = account.offenders.lists().into_iter().chain([&mut account.missing]);
            lists.flatten().for_each(|place| *place = format!("{run}/{place}"));
        }
    }

    fn add(&mut self, other: Self) {
        let (one, two) = (&mut self.merge, other.merge);
        let end = |merge: &Merge, seconds: f64| merge.started_ms as f64 / 1e3 + seconds;
        let start = one.started_ms.min(two.started_ms);
        let until = |of_one: f64, of_two: f64| end(one, of_one).max(end(&two, of_two)) - start as f64 / 1e3;
        let published_for_s = until(one.published_for_s, two.published_for_s);
        let period_s = until(one.period_s, two.period_s);
        let elapsed_s = until(self.outcome.elapsed_s, other.outcome.elapsed_s);
        let due = |outcome: &Outcome, merge: &Merge| {
            Some(outcome.published.as_ref()?.intended_per_second? * merge.published_for_s)
        };
        let due = (due(&self.outcome, one), due(&other.outcome, &two));
        (one.started_ms, one.published_for_s, one.period_s) = (start, published_for_s, period_s);
        self.outcome.elapsed_s = elapsed_s;
        one.runs.extend(two.runs);
        one.month = if one.month == two.month { one.month } else { Basis::Continued };
        one.region = same(one.region.take(), two.region).filter(|_| one.on_aws == two.on_aws);
        one.usage.add(&two.usage);
        for (name, latencies) in other.histograms {
            self.histograms.entry(name).or_default().add(&latencies);
        }

        let (one, two) = (&mut self.outcome, other.outcome);
        one_text(&mut one.target, two.target, "several targets");
        one.template = same(one.template.take(), two.template);
        one.seed = same(one.seed, two.seed);
        one.error = one.error.take().or(two.error);
        one.killed.extend(two.killed);
        one.hints.extend(two.hints);
        one.not_followed.extend(two.not_followed);
        one.not_followed.sort();
        one.not_followed.dedup();
        one.not_followed.truncate(MAX_NOT_FOLLOWED);
        // The evidence is of the worst, of both where they are as bad: each says it of its own run.
        let bad = |verdict: &Option<Verdict>| verdict.as_ref().map(badness);
        (one.verdict, one.evidence) = match bad(&one.verdict).cmp(&bad(&two.verdict)) {
            Ordering::Greater => (one.verdict, one.evidence.take()),
            Ordering::Less => (two.verdict, two.evidence),
            Ordering::Equal => (one.verdict, both(one.evidence.take(), two.evidence)),
        };
        if let (Some(published), Some(more)) = (&mut one.published, two.published) {
            add_published(published, more);
            let due = due.0.zip(due.1).map(|(one, two)| (one + two) / published_for_s.max(1e-9));
            published.intended_per_second = due;
        }
        for queue in two.queues {
            match one.queues.iter_mut().find(|known| known.api == queue.api) {
                Some(known) => add_queue(known, queue),
                None => one.queues.push(queue),
            }
        }
        for landed in two.landed {
            match one.landed.iter_mut().find(|known| known.leg == landed.leg) {
                Some(known) => add_landed(known, landed),
                None => one.landed.push(landed),
            }
        }
    }
}

/// How bad it is: what was lost is worse than what wasn't published, and that than what isn't known.
fn badness(verdict: &Verdict) -> u8 {
    match verdict {
        Verdict::NothingLost => 0,
        Verdict::Unknown => 1,
        Verdict::NotAllPublished => 2,
        Verdict::Lost => 3,
    }
}

#[cfg(test)]
mod tests;
