//! The moments of one of several publishers that share a load.

use std::time::Duration;

use tokio::time::Instant;

use super::load::Load;

/// When a publisher's events are meant to leave: several take turns.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    start: Instant,
    load: Load,
    publisher: u32,
    publishers: u32,
}

impl Schedule {
    /// The moments of publisher number `publisher` of so many.
    pub(crate) fn new(start: Instant, load: Load, publisher: u32, publishers: u32) -> Self {
        Self { start, load, publisher, publishers }
    }

    /// When this publisher's event number `n` is meant to leave; none without a pace.
    pub(crate) fn intended(&self, n: u64) -> Option<Instant> {
        let turn = n.saturating_mul(self.publishers.into()).saturating_add(self.publisher.into());
        Some(self.start + self.load.moment(turn)?)
    }

    /// How many of this publisher's events are due before `end`.
    pub(crate) fn due_before(&self, end: Instant) -> u64 {
        share(self.load.due_before(end.saturating_duration_since(self.start)), self.publisher, self.publishers)
    }
}

/// The part of `count` that falls to one of several who take turns.
pub(crate) fn share(count: u64, number: u32, of: u32) -> u64 {
    let (number, of) = (u64::from(number), u64::from(of));
    count / of + u64::from(number < count % of)
}

/// How many publishers a load needs if a request takes 100 ms; 16 at full speed. There are no more of them than batches.
pub(crate) fn publishers_for(load: &Load, batch: u64, count: Option<u64>) -> u32 {
    let needed = match load.peak() {
        rate if rate.is_infinite() => 16,
        rate => (rate / (10.0 * batch as f64)).ceil().clamp(1.0, 64.0) as u32,
    };
    let batches = count.map_or(u64::MAX, |count| count.div_ceil(batch));
    needed.min(u32::try_from(batches).unwrap_or(u32::MAX)).max(1)
}

/// A run's end by the clock: what is due before it and late leaves up to so long after it.
pub(crate) const GRACE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn publishers_take_turns() {
        let start = Instant::now();
        let schedule = |publisher| Schedule::new(start, Load::rate(100.0), publisher, 2);
        let moments = |publisher| {
            (0..3).map(|n| (schedule(publisher).intended(n).unwrap() - start).as_millis()).collect::<Vec<_>>()
        };
        assert_eq!(moments(0), [0, 20, 40]);
        assert_eq!(moments(1), [10, 30, 50]);
        let end = start + Duration::from_millis(25);
        assert_eq!([0, 1].map(|publisher| schedule(publisher).due_before(end)), [2, 1]);
    }

    #[test]
    fn no_pace_has_no_moments() {
        assert!(Schedule::new(Instant::now(), Load::max(), 0, 1).intended(5).is_none());
    }

    #[test]
    fn shares_add_up() {
        for (count, of) in [(10, 3), (2, 5), (0, 4), (1_000_000, 7)] {
            assert_eq!((0..of).map(|number| share(count, number, of)).sum::<u64>(), count);
        }
    }

    #[test]
    fn a_rate_gets_the_publishers_it_needs() {
        for (load, batch, count, n) in [
            (Load::every(Duration::from_secs(5)), 1, None, 1),
            (Load::rate(200.0), 1, None, 20),
            (Load::rate(200.0), 10, None, 2),
            (Load::rate(1e6), 1, None, 64),
            (Load::max(), 1, None, 16),
            (Load::max(), 10, Some(25), 3),
        ] {
            assert_eq!(publishers_for(&load, batch, count), n, "{load}");
        }
    }
}
