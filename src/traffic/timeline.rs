//! How a run went over time: throughput and latencies of each leg, the publish delay, the queues' depth and what failed, in
//! slices of time.
//!
//! There are [`MOST`] slices at most: when they don't suffice, neighbours become one. So a day takes as much memory as a minute.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;
use tokio::time::Instant;

use super::ways::{On, Way, Ways};
use crate::event::envelope::Place;

/// How many slices there are at most.
const MOST: usize = 240;
/// How long the first slices are.
const SHORTEST: Duration = Duration::from_millis(200);
/// Latencies are told up to here.
const LONGEST: Duration = Duration::from_secs(3_600);
/// How many kinds of errors are told apart, and how long their names are.
const MAX_ERRORS: usize = 50;
const MAX_ERROR: usize = 160;
/// The name of all the others.
const OTHERS: &str = "others";

/// What is told of the publishers stands beside the legs under this name.
pub(crate) const PUBLISHED: &str = "published";

/// What happened.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Happened<'a> {
    /// An event was acknowledged, or arrived on a leg, so long after its moment.
    Arrived { leg: &'a str, place: Option<Place>, latency: Option<Duration> },
    /// Events left in a request, so long after it was due.
    Left { events: u64, late: Duration },
    /// A request failed, in whole or in part.
    Failed { who: &'a str, why: &'a str },
    /// Somebody looked at a queue.
    Looked { queue: &'a str, depth: Depth },
}

/// How many messages a queue holds, about, and how old the oldest is where that is told.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Depth {
    pub visible: u64,
    pub in_flight: u64,
    pub delayed: u64,
    pub oldest: Option<Duration>,
}

/// Notes what happens, by when it does.
#[derive(Debug)]
pub(crate) struct Timeline {
    started: Instant,
    width: Duration,
    slices: Vec<Slice>,
    legs: Vec<String>,
    queues: Vec<String>,
    errors: BTreeMap<String, u64>,
    ways: Ways,
    /// When the last thing happened, since the start.
    until: Duration,
}

#[derive(Debug, Default)]
struct Slice {
    legs: Vec<Cell>,
    delays: Cell,
    depths: Vec<Option<Depth>>,
    failed: u64,
}

/// How many there were in a slice, and how long they took.
#[derive(Debug, Default)]
struct Cell {
    count: u64,
    latencies: Option<Histogram<u32>>,
}

impl Cell {
    fn add(&mut self, n: u64, latency: Option<Duration>) {
        self.count += n;
        let Some(latency) = latency else { return };
        if self.latencies.is_none() {
            // Two digits: a percent is finer than any picture. It grows as far as it must.
            self.latencies = Histogram::new(2).ok();
        }
        if let Some(latencies) = &mut self.latencies {
            let us = latency.min(LONGEST).as_micros() as u64;
            // It resizes itself, and a second hour of a single slice is all that could be too much.
            let _ = latencies.record_n(us.max(1), u32::try_from(n).unwrap_or(u32::MAX));
        }
    }

    fn take_in(&mut self, other: Self) {
        self.count += other.count;
        match (&mut self.latencies, other.latencies) {
            (Some(ours), Some(theirs)) => {
                let _ = ours.add(theirs);
            }
            (None, theirs) => self.latencies = theirs,
            (Some(_), None) => {}
        }
    }
}

impl Slice {
    /// Becomes one with the slice behind it.
    fn take_in(&mut self, next: Self) {
        for (ours, theirs) in self.legs.iter_mut().zip(next.legs) {
            ours.take_in(theirs);
        }
        self.delays.take_in(next.delays);
        for (ours, theirs) in self.depths.iter_mut().zip(next.depths) {
            *ours = theirs.or(*ours);
        }
        self.failed += next.failed;
    }
}

impl Timeline {
    /// Of a run that begins now: of its publishers, its queues, and what its streams land.
    pub(crate) fn new(queues: &[&str], landings: &[&str]) -> Self {
        let legs = [PUBLISHED].into_iter().chain(queues.iter().chain(landings).copied()).map(str::to_owned).collect();
        Self {
            started: Instant::now(),
            width: SHORTEST,
            slices: Vec::new(),
            legs,
            queues: queues.iter().map(|queue| (*queue).to_owned()).collect(),
            errors: BTreeMap::new(),
            ways: Ways::default(),
            until: Duration::ZERO,
        }
    }

    /// Notes what happened just now.
    pub(crate) fn note(&mut self, what: Happened<'_>) {
        self.note_at(self.started.elapsed(), what);
    }

    fn note_at(&mut self, since: Duration, what: Happened<'_>) {
        match what {
            Happened::Arrived { leg, place, latency } => {
                if let Some(place) = place {
                    let on = match leg {
                        PUBLISHED => On::Published,
                        leg if self.queues.iter().any(|queue| queue == leg) => On::Queue(leg),
                        leg => On::Stream(leg),
                    };
                    self.ways.note(place, on, since, latency);
                }
                if let Some(n) = self.legs.iter().position(|known| *known == leg) {
                    self.slice(since).legs[n].add(1, latency);
                }
            }
            Happened::Left { events, late } => self.slice(since).delays.add(events, Some(late)),
            Happened::Failed { who, why } => {
                self.slice(since).failed += 1;
                self.count_error(who, why);
            }
            Happened::Looked { queue, depth } => {
                if let Some(n) = self.queues.iter().position(|known| *known == queue) {
                    self.slice(since).depths[n] = Some(depth);
                }
            }
        }
    }

    /// The slice of a time; makes room for it.
    fn slice(&mut self, since: Duration) -> &mut Slice {
        self.until = self.until.max(since);
        let number = |width: Duration| (since.as_micros() / width.as_micros()) as usize;
        while number(self.width) >= MOST {
            self.width *= 2;
            let mut halved = Vec::with_capacity(MOST);
            let mut slices = std::mem::take(&mut self.slices).into_iter();
            while let Some(mut slice) = slices.next() {
                if let Some(next) = slices.next() {
                    slice.take_in(next);
                }
                halved.push(slice);
            }
            self.slices = halved;
        }
        let at = number(self.width);
        let (legs, queues) = (self.legs.len(), self.queues.len());
        while self.slices.len() <= at {
            let legs = (0..legs).map(|_| Cell::default()).collect();
            self.slices.push(Slice { legs, depths: vec![None; queues], ..Slice::default() });
        }
        &mut self.slices[at]
    }

    fn count_error(&mut self, who: &str, why: &str) {
        let name: String = format!("{who}: {why}").chars().take(MAX_ERROR).collect();
        let known = self.errors.contains_key(&name) || self.errors.len() < MAX_ERRORS;
        *self.errors.entry(if known { name } else { OTHERS.to_owned() }).or_default() += 1;
    }

    /// The way of an event that took longer than most.
    pub(crate) fn way(&self) -> Option<Way> {
        self.ways.slow()
    }

    /// All that was noted.
    pub(crate) fn told(&self) -> OverTime {
        let width = self.width.as_secs_f64();
        // The last slice isn't full.
        let lasted = |n: usize| (self.until.as_secs_f64() - n as f64 * width).clamp(width / 4.0, width);
        let legs = self.legs.iter().enumerate().map(|(leg, name)| {
            let rate = |(n, slice): (usize, &Slice)| rounded(slice.legs[leg].count as f64 / lasted(n));
            LegOverTime {
                leg: name.clone(),
                events: self.slices.iter().map(|slice| slice.legs[leg].count).collect(),
                per_second: self.slices.iter().enumerate().map(rate).collect(),
                latency: Quantiles::of(self.slices.iter().map(|slice| &slice.legs[leg])),
            }
        });
        let queues = self.queues.iter().enumerate().map(|(queue, name)| {
            let looked = |field: fn(Depth) -> Option<f64>| {
                self.slices.iter().map(|slice| slice.depths[queue].and_then(field)).collect()
            };
            QueueOverTime {
                queue: name.clone(),
                visible: looked(|depth| Some(depth.visible as f64)),
                in_flight: looked(|depth| Some(depth.in_flight as f64)),
                delayed: looked(|depth| Some(depth.delayed as f64)),
                oldest_s: looked(|depth| depth.oldest.map(|oldest| oldest.as_secs_f64())),
            }
        });
        OverTime {
            slice_s: width,
            legs: legs.collect(),
            publish_delay: Quantiles::of(self.slices.iter().map(|slice| &slice.delays)),
            queues: queues.collect(),
            failed_requests: self.slices.iter().map(|slice| slice.failed).collect(),
            errors: self.errors.clone(),
        }
    }
}

/// A rate as it is told. A few an hour is a rate, too.
fn rounded(rate: f64) -> f64 {
    (rate * 1e6).round() / 1e6
}

/// What a run came to in each slice of time; each list has one value a slice.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct OverTime {
    /// How long a slice is.
    pub slice_s: f64,
    pub legs: Vec<LegOverTime>,
    pub publish_delay: Quantiles,
    pub queues: Vec<QueueOverTime>,
    pub failed_requests: Vec<u64>,
    /// How often each kind of error came.
    pub errors: BTreeMap<String, u64>,
}

/// A leg in each slice.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct LegOverTime {
    pub leg: String,
    pub events: Vec<u64>,
    pub per_second: Vec<f64>,
    pub latency: Quantiles,
}

/// A queue in each slice; nothing of those in which nobody looked.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct QueueOverTime {
    pub queue: String,
    pub visible: Vec<Option<f64>>,
    pub in_flight: Vec<Option<f64>>,
    pub delayed: Vec<Option<f64>>,
    /// How old the oldest message was; told by the embedded cloud only.
    pub oldest_s: Vec<Option<f64>>,
}

/// Latencies in each slice, in milliseconds; nothing of those in which nothing came.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Quantiles {
    pub p50_ms: Vec<Option<f64>>,
    pub p99_ms: Vec<Option<f64>>,
    pub p999_ms: Vec<Option<f64>>,
    pub max_ms: Vec<Option<f64>>,
}

impl Quantiles {
    fn of<'a>(cells: impl Iterator<Item = &'a Cell> + Clone) -> Self {
        let all = |quantile: f64| {
            let ms = |latencies: &Histogram<u32>| latencies.value_at_quantile(quantile) as f64 / 1e3;
            cells.clone().map(|cell| cell.latencies.as_ref().map(ms)).collect()
        };
        Self { p50_ms: all(0.5), p99_ms: all(0.99), p999_ms: all(0.999), max_ms: all(1.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn arrived(ms: u64) -> Happened<'static> {
        Happened::Arrived { leg: "orders", place: None, latency: Some(Duration::from_millis(ms)) }
    }

    #[test]
    fn what_happens_lies_in_its_slice() {
        let mut timeline = Timeline::new(&["orders"], &["S3"]);
        for ms in [1, 2, 100] {
            timeline.note_at(SECOND, arrived(ms));
        }
        timeline.note_at(SECOND, Happened::Arrived { leg: "nobody's", place: None, latency: None });
        timeline.note_at(SECOND * 2, Happened::Left { events: 5, late: SECOND / 10 });
        let depth = Depth { visible: 7, in_flight: 1, delayed: 0, oldest: Some(SECOND * 3) };
        timeline.note_at(SECOND * 2, Happened::Looked { queue: "orders", depth });
        let told = timeline.told();
        assert_eq!((told.slice_s, told.legs.len(), told.failed_requests.len()), (0.2, 3, 11));
        let orders = &told.legs[1];
        assert_eq!((orders.leg.as_str(), orders.per_second[5], orders.per_second[4]), ("orders", 15.0, 0.0));
        assert!((orders.latency.max_ms[5].unwrap() - 100.0).abs() < 1.0 && orders.latency.p50_ms[4].is_none());
        let queue = &told.queues[0];
        assert_eq!((queue.visible[10], queue.oldest_s[10], queue.visible[9]), (Some(7.0), Some(3.0), None));
        assert!((told.publish_delay.p50_ms[10].unwrap() - 100.0).abs() < 1.0);
    }

    /// A run of a day would have had as many slices as a day has fifths of a second.
    #[test]
    fn a_day_has_as_many_slices_as_a_minute() {
        let mut timeline = Timeline::new(&["orders"], &[]);
        for second in (0..86_400).step_by(60) {
            timeline.note_at(SECOND * second, arrived(u64::from(second)));
        }
        let told = timeline.told();
        let slices = told.legs[1].per_second.len();
        assert!((MOST / 2..=MOST).contains(&slices), "{slices}");
        let events: f64 = told.legs[1].per_second.iter().map(|rate| rate * told.slice_s).sum();
        assert!((events - 1_440.0).abs() < 30.0, "{events}");
        // Time that passed without anything is there too, however long it is.
        timeline.note_at(SECOND * 10_000_000, arrived(1));
        assert!(timeline.told().legs[0].per_second.len() <= MOST);
    }

    #[test]
    fn kinds_of_errors_are_bounded() {
        let mut timeline = Timeline::new(&[], &[]);
        for n in 0..1_000 {
            timeline
                .note_at(SECOND, Happened::Failed { who: "publishing", why: &format!("{n} {}", "long ".repeat(500)) });
        }
        let told = timeline.told();
        assert_eq!((told.errors.len(), told.errors[OTHERS]), (MAX_ERRORS + 1, 1_000 - MAX_ERRORS as u64));
        assert!(told.errors.keys().all(|name| name.chars().count() <= MAX_ERROR));
        assert_eq!(told.failed_requests.iter().sum::<u64>(), 1_000);
    }

    #[test]
    fn latencies_of_a_slice_outlive_a_merge() {
        let mut timeline = Timeline::new(&["orders"], &[]);
        timeline.note_at(Duration::ZERO, arrived(5_000_000_000));
        timeline.note_at(SHORTEST, arrived(1));
        timeline.note_at(SHORTEST * MOST as u32, arrived(1));
        let told = timeline.told().legs.remove(1);
        assert!((told.latency.max_ms[0].unwrap() / 3_600_000.0 - 1.0).abs() < 0.01, "{told:?}");
        assert!((told.latency.p50_ms[0].unwrap() - 1.0).abs() < 0.1, "{told:?}");
    }
}
