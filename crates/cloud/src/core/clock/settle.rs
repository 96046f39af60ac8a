//! How a frozen clock is moved on: from one moment at which something is due to the next, each time until all of it is done.

use std::time::{Duration, Instant};

use super::frozen::Frozen;
use engine::Millis;

/// For so long, by the wall clock, what fell due at one moment is waited for: an endpoint that doesn't answer takes 15 s.
const LONGEST: Duration = Duration::from_secs(60);
/// So often nobody may be seen at work before the clock is believed to have settled: who was woken begins a moment later.
const LOOKS: u32 = 3;
/// What lies between two looks.
const PAUSE: Duration = Duration::from_millis(1);

/// What fell due wasn't done in time.
#[derive(Debug, thiserror::Error)]
#[error("what fell due at {at} is still being done after {} s; the clock stands there", LONGEST.as_secs())]
pub(crate) struct Unsettled {
    /// Where the clock stands.
    pub at: Millis,
}

impl Frozen {
    /// Moves on to `end` in the order of what falls due, and gives how many moments that were. Where nobody sleeps until then, but
    /// something is due all the same, says `also`: of the time, for what comes before another one. Others who move it wait.
    ///
    /// # Errors
    /// Something isn't done within a minute of the wall clock: the clock then stands where that fell due.
    pub(crate) async fn go_on(
        &self,
        end: Millis,
        also: impl Fn(Millis, Millis) -> Option<Millis>,
    ) -> Result<u64, Unsettled> {
        let _turn = self.turn.lock().await;
        let mut moments = 0;
        self.settle().await?;
        loop {
            let due = self.next_due(end);
            let Some(at) = also(self.now(), due.unwrap_or(end)).or(due) else { break };
            if at > self.now() {
                self.set(at);
                moments += 1;
            }
            self.settle().await?;
        }
        if end > self.now() {
            self.set(end);
        }
        self.settle().await?;
        Ok(moments)
    }

    async fn settle(&self) -> Result<(), Unsettled> {
        let started = Instant::now();
        let (mut looks, mut begun) = (0, self.begun());
        while looks < LOOKS {
            tokio::time::sleep(PAUSE).await;
            let now_begun = self.begun();
            looks = if self.is_settled() && now_begun == begun { looks + 1 } else { 0 };
            begun = now_begun;
            if started.elapsed() > LONGEST {
                return Err(Unsettled { at: self.now() });
            }
        }
        Ok(())
    }
}
