//! What a verdict leads to.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use crate::calls::{MAX_MESSAGES, Outcome, seconds};
use crate::event::Event;
use crate::handler::Verdict;
use crate::held::{Held, Loss};
use crate::shared::Shared;

impl Shared {
    /// Gives a message the end that its verdict says; with a `loss` its lease ended before.
    pub(crate) async fn settle(self: &Arc<Self>, held: &Arc<Held>, verdict: Verdict, loss: Option<Loss>) {
        // Its receipt may be of no use, or worse: somebody else's message may answer to it.
        let gone = matches!(loss, Some(Loss::Gone(_)));
        match verdict {
            Verdict::Done => self.delete(held),
            _ if gone => self.finish(held, None).await,
            Verdict::Dead { why } => self.bury_or_retry(held, &why, None).await,
            Verdict::Retry { why, after } if self.is_last(held) => self.bury_or_retry(held, &why, after).await,
            Verdict::Retry { after, .. } => self.finish(held, Some(self.delay(held, after))).await,
            Verdict::GiveBack => self.finish(held, Some(Duration::ZERO)).await,
            Verdict::Leave { .. } => self.finish(held, None).await,
        }
    }

    /// Whether SQS will move it instead of handing it out once more.
    fn is_last(&self, held: &Held) -> bool {
        self.queue.max_receives.is_some_and(|most| held.job.receives >= most)
    }

    /// How long a message that failed stays away.
    fn delay(&self, held: &Held, after: Option<Duration>) -> Duration {
        after.unwrap_or_else(|| self.settings.retry.delay(held.job.receives, fastrand::f64()))
    }

    /// Makes a dead letter of a message; where that can't be, it is tried again later.
    async fn bury_or_retry(self: &Arc<Self>, held: &Arc<Held>, why: &str, after: Option<Duration>) {
        let buried = match &self.queue.dead_letters {
            Some(url) => self.bury(held, url, why).await.map_err(|error| {
                self.trouble_of(&error);
            }),
            None => {
                let told = format!(
                    "{} can't become a dead letter, {} has no queue for them: {why}",
                    held.job.id,
                    self.queue.name()
                );
                self.trouble(&told);
                Err(())
            }
        };
        match buried {
            Ok(()) => self.delete(held),
            Err(()) => self.finish(held, Some(self.delay(held, after))).await,
        }
    }

    /// The end of a message that isn't done: it is visible again after a while, or left as it is. What waits behind it in its lane
    /// is given back first of all, since it must not be worked on before it.
    pub(crate) async fn finish(self: &Arc<Self>, held: &Arc<Held>, after: Option<Duration>) {
        held.leave();
        let behind = self.state.lock().buffer.cut(&held.lane, |_| true);
        behind.iter().for_each(|held| held.leave());
        let mut entries = Vec::with_capacity(1 + behind.len());
        if let Some(after) = after {
            // Up to whole seconds, and no longer than SQS hides a message.
            let whole = after.as_secs().saturating_add(u64::from(after.subsec_nanos() > 0));
            entries.push((held.clone(), seconds(Duration::from_secs(whole).min(held.left()))));
        }
        entries.extend(behind.iter().map(|held| (held.clone(), 0)));
        self.change(entries).await;
        {
            let mut state = self.state.lock();
            for held in behind.iter().chain([held]) {
                state.held.remove(&held.number);
            }
            state.buffer.free(&held.lane);
        }
        self.less.notify_waiters();
        held.job.lease().end();
        self.pump();
    }

    /// Gives back what waited: it is visible again at once.
    pub(crate) async fn give_back(self: &Arc<Self>, waited: Vec<Arc<Held>>) {
        waited.iter().for_each(|held| held.leave());
        self.change(waited.iter().map(|held| (held.clone(), 0)).collect()).await;
        for held in &waited {
            held.job.lease().end();
            self.release(held);
        }
    }

    /// Changes when messages are visible again. What can't be changed comes back when its visibility ends.
    async fn change(&self, entries: Vec<(Arc<Held>, i32)>) {
        // An extension that is answered later would undo it.
        loop {
            let mut rings = pin!(self.extended.notified());
            rings.as_mut().enable();
            if !entries.iter().any(|(held, _)| held.is_extending()) {
                break;
            }
            rings.await;
        }
        // A receive of this worker's own that is still under way would get it: once more received, though nobody worked on it.
        if self.state.lock().stopping {
            self.until(|state| state.receiving == 0).await;
        }
        // Of a FIFO queue what comes last goes back first: no moment is there in which it is the first of its group.
        for entries in entries.rchunks(MAX_MESSAGES) {
            match self.call_change(entries).await {
                Ok(outcomes) => {
                    let mut given = 0;
                    for ((held, seconds), outcome) in entries.iter().zip(outcomes) {
                        match outcome {
                            Outcome::Done if *seconds == 0 => {
                                given += 1;
                                if self.is_last(held) {
                                    self.trouble(&format!(
                                        "{} was interrupted at its last receive: SQS will make a dead letter of it",
                                        held.job.id
                                    ));
                                }
                            }
                            Outcome::Done => {}
                            Outcome::Refused(why) | Outcome::Failed(why) => {
                                self.trouble(&format!("{} comes back when its visibility ends: {why}", held.job.id));
                            }
                        }
                    }
                    if given > 0 {
                        self.tell(Event::GivenBack { n: given });
                    }
                }
                Err(error) => self.trouble_of(&error),
            }
        }
    }
}
