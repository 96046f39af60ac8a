//! When a round's server dies: drawn from the seed.

use std::time::Duration;

use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;

/// How a server dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Killed,
    /// It is asked to stop, and killed so much later.
    Stopping(Duration),
    /// It is asked to stop, and ends by itself.
    Stopped,
}

/// The end of a round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Moment {
    /// How long clients work before the end.
    pub work: Duration,
    pub end: End,
    /// Starts that end by a kill so much after their beginning, before the one that serves.
    pub starting: Vec<Duration>,
}

impl Moment {
    pub(crate) fn draw(rng: &mut Xoshiro256PlusPlus) -> Self {
        // The log is compacted a second after a start.
        let micros = if rng.random_bool(0.2) { 950_000..1_400_000 } else { 50_000..600_000 };
        let work = Duration::from_micros(rng.random_range(micros));
        let end = match rng.random_range(0..20) {
            0..3 => End::Stopping(Duration::from_micros(rng.random_range(0..30_000))),
            3..7 => End::Stopped,
            _ => End::Killed,
        };
        let starts = match rng.random_range(0..20) {
            0..15 => 0,
            15..19 => 1,
            _ => 3,
        };
        let starting = (0..starts).map(|_| Duration::from_micros(rng.random_range(0..150_000))).collect();
        Self { work, end, starting }
    }

    pub(crate) fn kills(&self) -> usize {
        usize::from(self.end != End::Stopped) + self.starting.len()
    }
}
