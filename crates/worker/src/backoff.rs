//! How long a message that failed stays away.

use std::time::Duration;

/// Longer and longer pauses: `first`, then each `factor` times the one before, up to `most`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backoff {
    /// The pause after the first failure.
    pub first: Duration,
    /// By how much each pause is longer than the one before; below 1 counts as 1.
    pub factor: f64,
    /// No pause is longer. SQS's own bound is what is left of the twelve hours after the receive.
    pub most: Duration,
    /// What of a pause is left to chance, so that what failed together doesn't come back together.
    pub jitter: Jitter,
}

/// What of a pause is left to chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Jitter {
    /// Nothing.
    None,
    /// The second half: from half of the pause to all of it.
    Half,
    /// All: from nothing to all of the pause.
    Full,
}

impl Backoff {
    /// The pause after a message failed that was received `receives` times; `chance` is from 0 to 1.
    pub fn delay(&self, receives: u32, chance: f64) -> Duration {
        let times = receives.saturating_sub(1).min(1_000);
        let grown = self.first.as_secs_f64() * self.factor.max(1.0).powi(times as i32);
        let most = self.most.as_secs_f64();
        let pause = if grown.is_finite() { grown.min(most) } else { most };
        let share = match self.jitter {
            Jitter::None => 1.0,
            Jitter::Half => 0.5 + chance.clamp(0.0, 1.0) / 2.0,
            Jitter::Full => chance.clamp(0.0, 1.0),
        };
        Duration::try_from_secs_f64(pause * share).unwrap_or(self.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn backoff(jitter: Jitter) -> Backoff {
        Backoff { first: Duration::from_secs(2), factor: 3.0, most: Duration::from_secs(60), jitter }
    }

    #[test]
    fn pauses_grow_up_to_the_most() {
        let seconds: Vec<u64> = (0..6).map(|n| backoff(Jitter::None).delay(n, 0.3).as_secs()).collect();
        assert_eq!(seconds, [2, 2, 6, 18, 54, 60]);
        assert_eq!(backoff(Jitter::None).delay(u32::MAX, 0.0).as_secs(), 60);
        let shrinking = Backoff { factor: 0.1, ..backoff(Jitter::None) };
        assert_eq!(shrinking.delay(9, 0.0).as_secs(), 2);
    }

    #[test]
    fn jitter_leaves_half_or_all_to_chance() {
        for (jitter, chance, seconds) in [
            (Jitter::Half, 0.0, 9.0),
            (Jitter::Half, 1.0, 18.0),
            (Jitter::Full, 0.0, 0.0),
            (Jitter::Full, 0.5, 9.0),
            (Jitter::Full, 1.0, 18.0),
        ] {
            assert_eq!(backoff(jitter).delay(3, chance).as_secs_f64(), seconds, "{jitter:?} {chance}");
        }
    }
}
