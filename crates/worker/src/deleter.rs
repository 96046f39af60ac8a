//! Deletes what is done, up to ten messages at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::calls::{MAX_MESSAGES, Outcome, PAUSE};
use crate::error::Error;
use crate::event::Event;
use crate::held::{Done, Held};
use crate::shared::Shared;

/// How long the first of a batch waits for others.
const INTERVAL: Duration = Duration::from_millis(25);
/// How often a message is deleted that SQS couldn't delete, the first time included.
const ATTEMPTS: u32 = 4;
/// The longest pause between two deletes of the same messages.
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

impl Shared {
    /// Has a message deleted.
    pub(crate) fn delete(&self, held: &Arc<Held>) {
        held.done();
        held.job.lease().end();
        let hurry = {
            let state = self.state.lock();
            let is_full = self.settings.buffer == 0 && self.room.available_permits() == 0;
            // Where this one's is the only work, no other is done soon; and where nothing is kept ahead, a message in the queue
            // waits for this one's room.
            state.stopping
                || is_full
                || state.buffer.waits(&held.lane)
                || (state.working <= 1 && state.buffer.is_empty())
        };
        // The deleter lives as long as the worker.
        let _ = self.deletes.send(Done { held: held.clone(), hurry });
    }

    /// Collects what is done into batches.
    pub(crate) async fn collect(self: Arc<Self>, mut done: mpsc::UnboundedReceiver<Done>) {
        while let Some(Done { held, mut hurry }) = done.recv().await {
            let (mut batch, deadline) = (vec![held], Instant::now() + INTERVAL);
            while batch.len() < MAX_MESSAGES {
                let next = tokio::select! {
                    biased;
                    next = done.recv() => next,
                    () = async {}, if hurry => None,
                    () = sleep_until(deadline) => None,
                };
                let Some(next) = next else { break };
                batch.push(next.held);
                hurry |= next.hurry;
            }
            let shared = self.clone();
            self.spawn(async move { shared.delete_all(batch).await });
        }
    }

    /// Deletes a batch, and tries again where SQS couldn't.
    async fn delete_all(self: Arc<Self>, mut batch: Vec<Arc<Held>>) {
        let (began, mut attempts) = (Instant::now(), 0);
        loop {
            attempts += 1;
            let answer = self.call_delete(&batch).await;
            // A cloud that is away is asked for longer than one that answers.
            let patient = answer.is_err() && began.elapsed() < self.settings.patience.unwrap_or(Duration::MAX);
            let last = (attempts >= ATTEMPTS && !patient) || (attempts > 1 && self.ending.is_cancelled());
            let outcomes = match answer {
                Ok(outcomes) => outcomes,
                Err(error) => match self.after(error, batch.len()) {
                    Some(outcomes) => outcomes,
                    None => return self.end_undeleted(batch),
                },
            };
            if let Some(Outcome::Failed(why)) = outcomes.iter().find(|it| matches!(it, Outcome::Failed(_)))
                && !last
            {
                self.trouble(why);
            }
            let mut again = Vec::new();
            for (held, outcome) in batch.into_iter().zip(outcomes) {
                match outcome {
                    Outcome::Done => {
                        self.tell(Event::Deleted { job: &held.job });
                        self.end_deleted(&held);
                    }
                    Outcome::Failed(_) if !last => again.push(held),
                    Outcome::Failed(why) | Outcome::Refused(why) => {
                        self.tell(Event::NotDeleted { job: &held.job, why: &why });
                        self.end_undeleted(vec![held]);
                    }
                }
            }
            if again.is_empty() {
                return;
            }
            batch = again;
            self.pause((PAUSE * 2_u32.pow(attempts.min(6))).min(LONGEST_PAUSE)).await;
            self.tell(Event::Again);
        }
    }

    /// What a delete that failed as a whole says of each of `n` messages; nothing where it ends the worker.
    fn after(&self, error: Error, n: usize) -> Option<Vec<Outcome>> {
        if error.is_final() {
            self.fail(error);
            return None;
        }
        let why = error.to_string();
        Some((0..n).map(|_| Outcome::Failed(why.clone())).collect())
    }

    /// A message is deleted. The same one may wait once more, as SQS may hand it out twice: it is done as well.
    fn end_deleted(self: &Arc<Self>, held: &Arc<Held>) {
        let double = {
            let mut state = self.state.lock();
            state.held.remove(&held.number);
            let double = state.buffer.follow(&held.lane, |next| next.job.id == held.job.id);
            if double.is_none() {
                state.buffer.free(&held.lane);
            }
            double
        };
        self.less.notify_waiters();
        match double {
            Some(double) => self.delete(&double),
            None => self.pump(),
        }
    }

    /// Messages that are done couldn't be deleted, and come again: what waits behind them must wait for that.
    fn end_undeleted(self: &Arc<Self>, batch: Vec<Arc<Held>>) {
        let shared = self.clone();
        self.spawn(async move {
            for held in batch {
                shared.finish(&held, None).await;
            }
        });
    }
}
