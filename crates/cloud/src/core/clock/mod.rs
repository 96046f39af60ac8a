//! The cloud's clock: the only place that asks the system for the time.
//!
//! It shows the wall clock's time, runs faster than that, or stands still until it is moved. What the cloud stores and what has a
//! deadline goes by it. Signatures, certificates and what a client waits for go by the wall clock ([`wall`]): clients live by that.

mod frozen;
mod running;
mod settle;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use engine::Millis;

pub(crate) use self::frozen::{Frozen, Working};
pub use self::running::FASTEST;
pub(crate) use self::running::Running;

/// So often, by the wall clock, a fast clock's ticks come at most: what is looked after needs time itself.
const SHORTEST_TICK: Duration = Duration::from_millis(50);

/// With a stepped clock things are looked after so many times as seldom.
const STEPPED: u32 = 60;

/// The time on the wall.
pub fn wall() -> Millis {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the system")]
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as Millis)
}

/// A handle to the time. Clones share it.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The system's wall clock.
    System,
    /// One that runs by itself, from a moment on that isn't the wall's or faster than it.
    Running(Arc<Running>),
    /// One that only moves when told to.
    Frozen(Arc<Frozen>),
}

/// For how long a client waits: by the wall clock, whatever the cloud's does. A frozen clock that is moved so far ends it as well.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    until: Instant,
    since: Millis,
    at: Millis,
}

impl Clock {
    /// A clock that runs `factor` times as fast as the wall's, from `from` on.
    pub fn running(from: Millis, factor: u32) -> Self {
        Self::Running(Arc::new(Running::from(from, factor)))
    }

    /// A clock that stands still at `now`.
    pub fn frozen(now: Millis) -> Self {
        Self::Frozen(Arc::new(Frozen::at(now, false)))
    }

    /// A clock that nobody moves, from `from` on: it stands still as long as something is done, and goes on to the next moment at which
    /// something is due. It needs a runtime of one thread whose time is paused, and a cloud that does all on it.
    pub fn stepped(from: Millis) -> Self {
        Self::Running(Arc::new(Running::stepped(from)))
    }

    /// As [`frozen`](Self::frozen), and clients live by it as well: a test of what expires moves it.
    pub fn manual(now: Millis) -> Self {
        Self::Frozen(Arc::new(Frozen::at(now, true)))
    }

    /// This clock, of a cloud whose time was `last`: it goes on from there. Only the wall's, and what a test moves, may be ahead of
    /// that. A wall clock that is behind is none any more, and runs as fast as it.
    pub(crate) fn gone_on_from(self, last: Millis) -> Self {
        match self {
            Self::System if wall() >= last => Self::System,
            Self::System => Self::running(last, 1),
            Self::Running(running) => Self::Running(Arc::new(running.set_to(last))),
            Self::Frozen(frozen) => {
                if !frozen.is_for_clients() || frozen.now() < last {
                    frozen.set(last);
                }
                Self::Frozen(frozen)
            }
        }
    }

    /// The time.
    pub fn now(&self) -> Millis {
        match self {
            Self::System => wall(),
            Self::Running(running) => running.now(),
            Self::Frozen(frozen) => frozen.now(),
        }
    }

    /// The time that clients live by: of signatures, of links and of sessions.
    pub(crate) fn of_clients(&self) -> Millis {
        match self {
            Self::Frozen(frozen) if frozen.is_for_clients() => frozen.now(),
            _ => wall(),
        }
    }

    /// How it runs, as `--clock` has it: `wall`, `x600`, `frozen`.
    pub fn mode(&self) -> String {
        match self {
            Self::System => "wall".to_owned(),
            Self::Running(running) if !running.is_stepped() => format!("x{}", running.factor),
            Self::Running(_) | Self::Frozen(_) => "frozen".to_owned(),
        }
    }

    /// How much of its time passes in a second of the wall's in which things are looked after, in seconds; none if it stands still.
    pub(crate) fn factor(&self) -> Option<u32> {
        match self {
            Self::System => Some(1),
            Self::Running(running) if running.is_stepped() => Some(STEPPED),
            Self::Running(running) => Some(running.factor),
            Self::Frozen(_) => None,
        }
    }

    /// Moves a frozen clock on at once, past all that falls due meanwhile; any other isn't moved.
    pub fn advance(&self, by: Duration) {
        if let Self::Frozen(frozen) = self {
            frozen.advance(by);
        }
    }

    /// Sets a frozen clock, also back; any other isn't set.
    pub fn set(&self, at: Millis) {
        if let Self::Frozen(frozen) = self {
            frozen.set(at);
        }
    }

    /// Returns when it is `at` or later, or at some time after the clock was set back. What sleeps so is due then: a frozen clock
    /// that is moved on stops there.
    pub async fn sleep_until(&self, at: Millis) {
        match self {
            Self::Frozen(frozen) => Box::pin(frozen.sleep_until(at)).await,
            _ => tokio::time::sleep_until(self.when(at)).await,
        }
    }

    /// Returns when it is time to look after things, which is so every `every`: of a fast clock not as often, of one that stands
    /// still when it was moved, and by the wall clock.
    pub(crate) async fn tick(&self, every: Duration) {
        match self {
            Self::System => tokio::time::sleep(every).await,
            // A day has as many seconds as ever, and takes one of the wall's.
            Self::Running(running) if running.is_stepped() => tokio::time::sleep(every * STEPPED).await,
            Self::Running(running) => tokio::time::sleep((every / running.factor).max(SHORTEST_TICK)).await,
            Self::Frozen(frozen) => {
                let moved = frozen.passed(frozen.now() + every.as_millis() as Millis);
                tokio::select! {
                    biased;
                    () = moved => {}
                    () = tokio::time::sleep(every) => {}
                }
            }
        }
    }

    /// From now on somebody works on what fell due, until this is dropped: a frozen clock that is moved on waits for that, so drop
    /// it before you sleep again.
    #[must_use = "the work ends when it is dropped"]
    pub(crate) fn working(&self) -> Option<Working> {
        match self {
            Self::Frozen(frozen) => Some(frozen.working()),
            _ => None,
        }
    }

    /// A client's patience, of this length.
    pub(crate) fn patience(&self, length: Duration) -> Patience {
        let since = self.now();
        Patience { until: Instant::now() + length, since, at: since + length.as_millis() as Millis }
    }

    /// Whether it is over. A frozen clock that was set back ends it: it is enough to have waited at all.
    pub(crate) fn is_over(&self, patience: &Patience) -> bool {
        let moved = match self {
            Self::Frozen(frozen) => frozen.now() >= patience.at || frozen.now() < patience.since,
            _ => false,
        };
        moved || Instant::now() >= patience.until
    }

    /// Returns when it is `at`, if there is such a time, or when the patience is over.
    pub(crate) async fn sleep_within(&self, at: Option<Millis>, patience: &Patience) {
        match self {
            Self::Frozen(frozen) => Box::pin(frozen.sleep_within(at, patience)).await,
            _ => {
                let due = at.map_or(patience.until, |at| self.when(at).min(patience.until));
                tokio::time::sleep_until(due).await;
            }
        }
    }

    /// When it is `at` on a clock that runs.
    fn when(&self, at: Millis) -> Instant {
        match self {
            Self::Running(running) => running.when(at),
            _ => Instant::now() + Duration::from_millis(at.saturating_sub(self.now())),
        }
    }
}

#[cfg(test)]
mod tests;
