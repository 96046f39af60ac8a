//! The cloud's clock: the only place that asks the system for the time.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

use engine::Millis;

/// A handle to the time. Clones share it.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The system's wall clock.
    System,
    /// One that only moves when told to, for tests.
    Manual(Arc<watch::Sender<Millis>>),
}

impl Clock {
    /// A clock that stands still at `now`.
    pub fn manual(now: Millis) -> Self {
        Self::Manual(Arc::new(watch::Sender::new(now)))
    }

    /// The time.
    pub fn now(&self) -> Millis {
        match self {
            #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the system")]
            Self::System => SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as Millis),
            Self::Manual(now) => *now.borrow(),
        }
    }

    /// Moves a manual clock on; the system's can't be moved.
    pub fn advance(&self, by: Duration) {
        if let Self::Manual(now) = self {
            now.send_modify(|now| *now += by.as_millis() as Millis);
        }
    }

    /// Sets a manual clock, also back; the system's can't be set from here.
    pub fn set(&self, at: Millis) {
        if let Self::Manual(now) = self {
            now.send_replace(at);
        }
    }

    /// Returns when it is `at` or later, or at some time after the clock was set back.
    pub async fn sleep_until(&self, at: Millis) {
        match self {
            Self::System => tokio::time::sleep(Duration::from_millis(at.saturating_sub(self.now()))).await,
            Self::Manual(now) => {
                // The sender lives as long as this handle, so waiting can't fail.
                let begun = *now.borrow();
                _ = now.subscribe().wait_for(|now| *now >= at || *now < begun).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_manual_clock_wakes_who_sleeps() {
        let clock = Clock::manual(1_000);
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(3_000).await }
        });
        clock.advance(Duration::from_secs(1));
        assert!(!sleeper.is_finished());
        clock.advance(Duration::from_secs(1));
        sleeper.await.unwrap();
        assert_eq!(clock.now(), 3_000);
    }
}
