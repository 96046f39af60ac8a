//! What was noted of a run while it went, beside what it came to.

use std::time::Duration;

use serde::Serialize;

use crate::traffic::depths::Fault;
use crate::traffic::load::Load;
use crate::traffic::stats::Latencies;
use crate::traffic::timeline::{OverTime, Timeline};
use crate::traffic::ways::Way;

/// All that was noted.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Recorded {
    pub over_time: OverTime,
    /// How many events a second were due in each slice of time; absent where none has a moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked_per_second: Option<Vec<f64>>,
    /// Whether the rate that was asked for changes.
    pub rate_changes: bool,
    pub curves: Vec<Curve>,
    /// What the rules of chaos did.
    pub faults: Vec<Fault>,
    /// The way of an event that took longer than 99 of 100; absent where none arrived anywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub way: Option<Way>,
}

/// The latencies of a leg, over the whole run.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Curve {
    pub leg: String,
    /// Shares of all, and the milliseconds that each doesn't exceed.
    pub points: Vec<(f64, f64)>,
}

impl Curve {
    /// Of a leg with such latencies.
    pub(crate) fn new(leg: &str, latencies: &Latencies) -> Self {
        Self { leg: leg.to_owned(), points: latencies.curve() }
    }
}

impl Recorded {
    /// Of a run that was asked for a load until so many events or so long.
    pub(crate) fn new(
        timeline: &Timeline,
        load: &Load,
        count: Option<u64>,
        lasting: Option<Duration>,
        curves: Vec<Curve>,
        faults: Vec<Fault>,
    ) -> Self {
        let over_time = timeline.told();
        let width = over_time.slice_s;
        let due = |slice: usize| {
            let t = Duration::from_secs_f64(slice as f64 * width).min(lasting.unwrap_or(Duration::MAX));
            load.due_before(t).min(count.unwrap_or(u64::MAX)) as f64
        };
        let slices = over_time.failed_requests.len();
        let asked = || (0..slices).map(|slice| (due(slice + 1) - due(slice)) / width).collect();
        let whole = Duration::from_secs_f64(slices as f64 * width);
        let rate_changes = load.mean_until(whole).is_some_and(|mean| load.peak() > mean * 1.05);
        let way = timeline.way();
        Self { asked_per_second: load.is_open().then(asked), rate_changes, over_time, curves, faults, way }
    }
}
