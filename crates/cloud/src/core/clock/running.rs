//! A clock that runs by itself.

use std::time::Duration;

use tokio::time::Instant;

use engine::Millis;

/// So much faster than the wall's a clock runs at most: a day in less than a tenth of a second.
pub const FASTEST: u32 = 1_000_000;

/// From a moment on, so many times as fast as the wall's. It goes by the system's monotonic clock: who sets the wall's doesn't set it.
#[derive(Debug)]
pub struct Running {
    from: Millis,
    since: Instant,
    pub(super) factor: u32,
    /// Nobody waits for it: it goes on as soon as nothing is left to do.
    stepped: bool,
}

impl Running {
    pub(super) fn from(from: Millis, factor: u32) -> Self {
        Self { from, since: Instant::now(), factor: factor.clamp(1, FASTEST), stepped: false }
    }

    /// One that stands still while something is done, and then goes on to the next moment at which something is due. That is what
    /// Tokio's time does where it is paused, so this follows it.
    pub(super) fn stepped(from: Millis) -> Self {
        Self { stepped: true, ..Self::from(from, 1) }
    }

    pub(super) fn is_stepped(&self) -> bool {
        self.stepped
    }

    /// The same from another moment on.
    pub(super) fn set_to(&self, from: Millis) -> Self {
        Self { stepped: self.stepped, ..Self::from(from, self.factor) }
    }

    /// Whether it runs as fast as the wall's, from another time on: so runs the clock of a folder that was ahead of the wall's.
    pub(crate) fn is_ahead(&self) -> bool {
        self.factor == 1 && !self.stepped
    }

    pub(super) fn now(&self) -> Millis {
        let passed = self.since.elapsed().as_nanos() * u128::from(self.factor) / 1_000_000;
        self.from.saturating_add(Millis::try_from(passed).unwrap_or(Millis::MAX))
    }

    /// The first moment at which it is `at`.
    pub(super) fn when(&self, at: Millis) -> Instant {
        let nanos = u128::from(at.saturating_sub(self.from)) * 1_000_000;
        let nanos = nanos.div_ceil(self.factor.into());
        let after = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        // A moment too far away to express never comes.
        self.since.checked_add(after).unwrap_or_else(|| self.since + Duration::from_secs(u32::MAX.into()))
    }
}
