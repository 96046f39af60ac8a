//! Who dies in a round, when and how: drawn from the seed.

use std::time::Duration;

use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;
use rand::seq::SliceRandom;

use super::fleet::CLOUD;
use crate::moment::End;

/// The end of a round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Strike {
    /// How long clients work before it.
    pub work: Duration,
    /// Who stands still before it, and for how long: longer than messages of killed workers stay away.
    pub frozen: Option<(usize, Duration)>,
    /// Who ends and how, and the pause after each.
    pub ends: Vec<(usize, End, Duration)>,
    /// Starts of a service that end by a kill so much after their beginning, before the one that serves.
    pub starting: Vec<(usize, Duration)>,
}

impl Strike {
    /// One of a fleet of so many processes, some of which may stand still for seconds.
    pub(crate) fn draw(rng: &mut Xoshiro256PlusPlus, fleet: usize, may_freeze: bool) -> Self {
        let work = Duration::from_micros(match rng.random_range(0..10) {
            // Right into the rush of those who have waited for it to come back.
            0..3 => rng.random_range(0..60_000),
            3..7 => rng.random_range(60_000..400_000),
            _ => rng.random_range(400_000..1_200_000),
        });
        let mut all: Vec<usize> = (0..fleet).collect();
        all.shuffle(rng);
        let victims = match rng.random_range(0..10) {
            0..6 => 1,
            6..9 => 2,
            _ => fleet,
        };
        all.truncate(victims.min(fleet));
        // Who has no cloud to tell takes its time to stop: only one that ends alone is left to it.
        let alone = all.len() == 1;
        let mut ends = Vec::new();
        for victim in all {
            let end = match rng.random_range(0..20) {
                0..2 => End::Stopping(Duration::from_micros(rng.random_range(0..40_000))),
                2..4 if alone => End::Stopped,
                _ => End::Killed,
            };
            ends.push((victim, end, Duration::from_micros(rng.random_range(0..150_000))));
        }
        let services: Vec<usize> = ends.iter().map(|end| end.0).filter(|victim| *victim != CLOUD).collect();
        let mut starting = Vec::new();
        if let Some(victim) = services.first().filter(|_| rng.random_bool(0.3)) {
            starting.push((*victim, Duration::from_micros(rng.random_range(0..300_000))));
        }
        let frozen = rng
            .random_bool(0.12)
            .then(|| (rng.random_range(0..fleet), Duration::from_millis(rng.random_range(3_200..4_800))))
            .filter(|_| may_freeze);
        Self { work, frozen, ends, starting }
    }

    /// How often a process is killed.
    pub(crate) fn kills(&self, victim: usize) -> usize {
        let ends = self.ends.iter().filter(|(n, how, _)| *n == victim && *how != End::Stopped).count();
        ends + self.starting.iter().filter(|(n, _)| *n == victim).count()
    }

    /// How often a process is asked to stop, and left to it.
    pub(crate) fn stops(&self, victim: usize) -> usize {
        self.ends.iter().filter(|(n, how, _)| *n == victim && *how == End::Stopped).count()
    }
}
