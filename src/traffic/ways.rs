//! The ways of some events through the system: when each was due, left, was acknowledged, and arrived where.
//!
//! At most [`MOST`] are kept, spread over the whole run: which, a hash of an event's place says. When there are too many, every other goes.

use std::collections::HashMap;
use std::time::Duration;

use serde::Serialize;

use crate::event::envelope::Place;

/// How many are kept at most.
const MOST: usize = 512;

/// The ways of some of a run's events. All times are since its start.
#[derive(Debug)]
pub(super) struct Ways {
    /// One event in so many is kept; a power of two.
    every: u64,
    kept: HashMap<Place, Moments>,
}

/// Where something happened to an event.
#[derive(Debug, Clone, Copy)]
pub(super) enum On<'a> {
    /// It was acknowledged.
    Published,
    /// Whoever drains a queue had it.
    Queue(&'a str),
    /// It was seen where a stream lands.
    Stream(&'a str),
}

/// When an event was where.
#[derive(Debug, Default)]
struct Moments {
    due: Option<Duration>,
    left: Option<Duration>,
    acknowledged: Option<Duration>,
    /// The first time only.
    arrived: Vec<Seen>,
}

/// An arrival on a leg.
#[derive(Debug)]
struct Seen {
    leg: String,
    landed: bool,
    at: Duration,
}

impl Moments {
    /// How long after its moment it had come to the last of the queues, or to the bucket if there are none.
    fn slowest(&self) -> Option<Duration> {
        let queues = self.arrived.iter().filter(|seen| !seen.landed).map(|seen| seen.at).max();
        let last = queues.or_else(|| self.arrived.iter().map(|seen| seen.at).max())?;
        Some(last.saturating_sub(self.due?))
    }
}

/// The way of one event, in milliseconds since it was due.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Way {
    /// As `publisher:sequence`.
    pub event: String,
    /// When it left, as far as its arrivals tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_ms: Option<f64>,
    pub acknowledged_ms: f64,
    /// In the order of the arrivals.
    pub arrived: Vec<Arrival>,
}

/// An event's arrival on a leg: it was handled, or seen in the bucket.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Arrival {
    pub leg: String,
    /// Whether it is a stream's, and was seen in a bucket.
    pub landed: bool,
    pub at_ms: f64,
}

impl Default for Ways {
    fn default() -> Self {
        Self { every: 1, kept: HashMap::new() }
    }
}

impl Ways {
    /// An event was acknowledged or arrived on a leg at a time, so long after it was due or had left.
    pub(super) fn note(&mut self, place: Place, on: On<'_>, at: Duration, latency: Option<Duration>) {
        if !self.keeps(place) {
            return;
        }
        let since = latency.map(|latency| at.saturating_sub(latency));
        let moments = self.kept.entry(place).or_default();
        let (leg, landed) = match on {
            On::Published => ("", false),
            On::Queue(leg) => (leg, false),
            On::Stream(leg) => (leg, true),
        };
        if let On::Published = on {
            if moments.acknowledged.is_none() {
                (moments.due, moments.acknowledged) = (since, Some(at));
            }
        } else if !moments.arrived.iter().any(|seen| seen.leg == leg) {
            moments.left = moments.left.or(since);
            moments.arrived.push(Seen { leg: leg.to_owned(), landed, at });
        }
        while self.kept.len() > MOST {
            self.every *= 2;
            let every = self.every;
            self.kept.retain(|place, _| hash(*place).is_multiple_of(every));
        }
    }

    fn keeps(&self, place: Place) -> bool {
        hash(place).is_multiple_of(self.every)
    }

    /// The way of the event that took longer than 99 of 100, among those that went all ways.
    pub(super) fn slow(&self) -> Option<Way> {
        let whole = self.kept.values().map(|moments| moments.arrived.len()).max()?;
        let all = self.kept.iter().filter(|(_, moments)| moments.arrived.len() == whole);
        let mut all: Vec<_> = all.filter_map(|(place, moments)| Some((moments.slowest()?, place, moments))).collect();
        all.sort_by_key(|(took, place, _)| (*took, place.publisher, place.sequence));
        let (_, place, moments) = all.get((all.len() * 99 / 100).min(all.len().checked_sub(1)?))?;
        let due = moments.due?;
        let ms = |at: Duration| at.saturating_sub(due).as_micros() as f64 / 1e3;
        let arrival = |seen: &Seen| Arrival { leg: seen.leg.clone(), landed: seen.landed, at_ms: ms(seen.at) };
        let mut arrived: Vec<_> = moments.arrived.iter().map(arrival).collect();
        arrived.sort_by(|one, other| one.at_ms.total_cmp(&other.at_ms));
        Some(Way {
            event: format!("{}:{}", place.publisher, place.sequence),
            left_ms: moments.left.map(ms),
            acknowledged_ms: ms(moments.acknowledged?),
            arrived,
        })
    }
}

/// A number that neighbours have nothing in common in.
fn hash(place: Place) -> u64 {
    let mixed = place.sequence.wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ^ u64::from(place.publisher).wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 32
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn place(sequence: u64) -> Place {
        Place { publisher: (sequence % 3) as u32, sequence }
    }

    /// Event n is due at n ms, left after 1 ms, acknowledged after 3, handled after 4, or 90 in one of fifty; it lands after 100.
    fn run(events: u32) -> Ways {
        let mut ways = Ways::default();
        for n in 0..events {
            let (due, place) = (MS * n, place(n.into()));
            let handled = if n % 50 == 0 { 90 } else { 4 };
            ways.note(place, On::Published, due + MS * 3, Some(MS * 3));
            ways.note(place, On::Queue("orders"), due + MS * handled, Some(MS * (handled - 1)));
            ways.note(place, On::Stream("S3"), due + MS * 100, Some(MS * 99));
            ways.note(place, On::Stream("S3"), due + MS * 500, Some(MS * 499));
        }
        ways
    }

    #[test]
    fn the_way_of_a_slow_event_is_told_from_its_moment_on() {
        let way = run(200).slow().unwrap();
        assert_eq!((way.left_ms, way.acknowledged_ms), (Some(1.0), 3.0));
        let arrived: Vec<_> = way.arrived.iter().map(|it| (it.leg.as_str(), it.at_ms)).collect();
        assert_eq!(arrived, [("orders", 90.0), ("S3", 100.0)]);
        assert_eq!(Ways::default().slow(), None);
    }

    #[test]
    fn of_many_events_few_are_kept_from_the_whole_run() {
        let ways = run(20_000);
        assert!((MOST / 4..=MOST).contains(&ways.kept.len()), "{}", ways.kept.len());
        let late = ways.kept.keys().filter(|place| place.sequence >= 10_000).count();
        assert!(late * 4 > ways.kept.len() && late * 4 < ways.kept.len() * 3, "{late}");
        assert_eq!(ways.slow().unwrap().arrived.len(), 2);
    }
}
