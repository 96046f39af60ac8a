//! When events are published.
//!
//! Every event has an intended moment, fixed before the run starts. A publisher that falls behind doesn't shift the
//! moments that follow, and latency is measured from the intended moment: a stall is seen by every event that it delays
//! (coordinated omission is not hidden).

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use crate::units::{count, duration, rate};

/// How often an event is published.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Pace {
    /// One event in so long.
    Every(Duration),
    /// So many events a second.
    Rate(f64),
    /// As fast as the answers come.
    Max,
}

impl Pace {
    /// Seconds between two events; none when unlimited.
    fn interval(self) -> Option<f64> {
        match self {
            Self::Every(interval) => Some(interval.as_secs_f64()),
            Self::Rate(rate) => Some(1.0 / rate),
            Self::Max => None,
        }
    }

    /// Events a second; infinite when unlimited.
    pub(crate) fn per_second(self) -> f64 {
        self.interval().map_or(f64::INFINITY, |interval| 1.0 / interval)
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every(interval) => write!(f, "one every {}", duration(*interval)),
            Self::Rate(per_second) => f.write_str(&as_given(*per_second)),
            Self::Max => f.write_str("as fast as possible"),
        }
    }
}

/// A rate in the unit that makes it a whole number, as a user gives it: 200 an hour isn't 0.0556 a second.
fn as_given(per_second: f64) -> String {
    let near = |n: f64| n.round() >= 1.0 && (n - n.round()).abs() < n * 1e-9;
    if per_second > 1.0 && !near(per_second) && near(per_second * 100.0) {
        return format!("{}/s", (per_second * 100.0).round() / 100.0);
    }
    let units = [(1.0, "s"), (60.0, "m"), (3600.0, "h")].map(|(factor, unit)| (per_second * factor, unit));
    let whole = units.into_iter().find(|(n, _)| near(*n));
    let whole = whole.map(|(n, unit)| format!("{}/{unit}", count(n.round() as u64)));
    whole.unwrap_or_else(|| rate(per_second))
}

/// The intended moments of one of several publishers that share a pace.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schedule {
    start: Instant,
    interval: Option<f64>,
    publisher: u32,
    publishers: u32,
}

impl Schedule {
    /// The moments of publisher number `publisher` of so many.
    pub(crate) fn new(start: Instant, pace: Pace, publisher: u32, publishers: u32) -> Self {
        Self { start, interval: pace.interval(), publisher, publishers }
    }

    /// When this publisher's event number `n` is meant to leave; the publishers take turns.
    pub(crate) fn intended(&self, n: u64) -> Option<Instant> {
        let turn = n as f64 * f64::from(self.publishers) + f64::from(self.publisher);
        // A moment too far away to express never comes.
        let after = Duration::try_from_secs_f64(turn * self.interval?).unwrap_or(Duration::from_secs(u32::MAX.into()));
        Some(self.start + after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn publishers_take_turns() {
        let start = Instant::now();
        let moments = |publisher| {
            let schedule = Schedule::new(start, Pace::Rate(100.0), publisher, 2);
            (0..3).map(|n| (schedule.intended(n).unwrap() - start).as_millis()).collect::<Vec<_>>()
        };
        assert_eq!(moments(0), [0, 20, 40]);
        assert_eq!(moments(1), [10, 30, 50]);
    }

    /// A rate of 200 an hour was shown as 0.05555555555555555/s.
    #[test]
    fn a_pace_reads_as_it_was_given() {
        for (per_second, text) in [
            (100.0, "100/s"),
            (1500.0, "1,500/s"),
            (0.5, "30/m"),
            (200.0 / 3600.0, "200/h"),
            (2.5, "2.5/s"),
            (200.0 / 60.0, "200/m"),
        ] {
            assert_eq!(Pace::Rate(per_second).to_string(), text);
        }
        assert_eq!(Pace::Rate(1.0 / 7.0).to_string(), "8.6/m");
        assert_eq!(Pace::Max.to_string(), "as fast as possible");
    }

    #[test]
    fn no_pace_has_no_moments() {
        assert!(Schedule::new(Instant::now(), Pace::Max, 0, 1).intended(5).is_none());
        assert_eq!(Pace::Every(Duration::from_secs(5)).per_second(), 0.2);
    }
}
