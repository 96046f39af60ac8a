//! What a run of traffic comes to: what was asked for, what became of it, how long it took, whether the results are right.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

/// How many of those that went wrong are named.
const NAMED: usize = 5;

/// What a run came to.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Each way from a request to its effect.
    pub legs: Vec<Leg>,
    /// Whether the results are right.
    pub checks: Vec<Check>,
    /// How long each tenant waited, where there are tenants.
    pub tenants: Vec<Tenant>,
    /// What else is to be known, a sentence each.
    pub notes: Vec<String>,
}

impl Ledger {
    /// Whether nothing was lost, nothing done twice, nothing failed unexpectedly, and every result is right.
    pub fn is_balanced(&self) -> bool {
        self.legs.iter().all(Leg::is_balanced) && self.checks.iter().all(Check::is_right)
    }
}

/// A way from a request to its effect.
#[derive(Debug, Clone, Serialize)]
pub struct Leg {
    /// As `randomize`.
    pub name: String,
    /// Requests that were made.
    pub asked: u64,
    /// Requests that were refused on purpose, as wrong ones are to be.
    pub refused: u64,
    /// Requests that had their effect.
    pub done: u64,
    /// Accepted requests that had no effect and stand nowhere.
    pub lost: u64,
    /// Effects that came twice.
    pub twice: u64,
    /// Requests that failed though they should not have.
    pub failed: u64,
    /// Requests that ended in the dead-letter queue with their reason.
    pub dead: u64,
    /// Of those, how many were meant to end there.
    pub dead_expected: u64,
    /// Some of those that were lost, came twice or failed, by their ids.
    pub named: Vec<String>,
    /// From a request to its effect.
    pub lead: Latencies,
    /// How long it was worked on.
    pub execution: Latencies,
}

impl Leg {
    /// One without figures.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            asked: 0,
            refused: 0,
            done: 0,
            lost: 0,
            twice: 0,
            failed: 0,
            dead: 0,
            dead_expected: 0,
            named: Vec::new(),
            lead: Latencies::default(),
            execution: Latencies::default(),
        }
    }

    /// Names one that went wrong; of many only the first are kept.
    pub fn name_one(&mut self, id: impl Into<String>) {
        if self.named.len() < NAMED {
            self.named.push(id.into());
        }
    }

    /// Whether everything became what it should.
    pub fn is_balanced(&self) -> bool {
        self.lost == 0
            && self.twice == 0
            && self.failed == 0
            && self.dead == self.dead_expected
            && self.asked == self.refused + self.done + self.dead
    }
}

/// Whether results are right.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    /// What is right, as `objects equal their messages`.
    pub name: String,
    /// How many were looked at.
    pub of: u64,
    /// How many of them are right.
    pub right: u64,
    /// What is wrong with some of the others.
    pub wrong: Vec<String>,
}

impl Check {
    /// One that has looked at nothing yet.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), of: 0, right: 0, wrong: Vec::new() }
    }

    /// Looked at one more: an error says what is wrong with it.
    pub fn look(&mut self, result: Result<(), String>) {
        self.of += 1;
        match result {
            Ok(()) => self.right += 1,
            Err(why) if self.wrong.len() < NAMED => self.wrong.push(why),
            Err(_) => {}
        }
    }

    /// Whether all were right, and there were some.
    pub fn is_right(&self) -> bool {
        self.of > 0 && self.right == self.of
    }
}

/// How long a tenant waited.
#[derive(Debug, Clone, Serialize)]
pub struct Tenant {
    /// Its name.
    pub name: String,
    /// How many requests it made.
    pub asked: u64,
    /// From a request to the begin of the work on it.
    pub wait: Latencies,
}

/// Latencies, in microseconds up to a day, with three digits.
#[derive(Debug, Clone)]
pub struct Latencies(Histogram<u64>);

impl Default for Latencies {
    fn default() -> Self {
        const DAY: u64 = 86_400_000_000;
        #[expect(clippy::unwrap_used, reason = "these bounds are valid ones")]
        Self(Histogram::new_with_bounds(1, DAY, 3).unwrap())
    }
}

impl Latencies {
    /// Adds one.
    pub fn add(&mut self, latency: Duration) {
        self.0.saturating_record(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX).max(1));
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// The latency that a share of all doesn't exceed; 1.0 is the longest.
    pub fn quantile(&self, q: f64) -> Duration {
        Duration::from_micros(if q >= 1.0 { self.0.max() } else { self.0.value_at_quantile(q) })
    }
}

impl Serialize for Latencies {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry("count", &self.count())?;
        for (name, q) in [("p50_ms", 0.5), ("p99_ms", 0.99), ("max_ms", 1.0)] {
            map.serialize_entry(name, &(self.quantile(q).as_secs_f64() * 1_000.0))?;
        }
        map.end()
    }
}
