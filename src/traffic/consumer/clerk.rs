//! What the API behind a queue does with a message: reads the event in it, and handles that, fails on it, or refuses it.

use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use worker::{Handler, Job, Verdict};

use super::handling::Dies;
use super::remembered::Remembered;
use super::{Listener, Notice, Plan};
use crate::clock;
use crate::event::envelope::{Arrived, Unreadable};
use crate::traffic::api::{Refused, Service};
use crate::traffic::message::{self, Content};
use crate::traffic::trace::Traced;

/// Why an event failed that --fail-rate chose.
const MADE_TO_FAIL: &str = "made to fail by --fail-rate";
/// What an API says that does nothing twice.
const DONE_ALREADY: &str = "done already";

/// Handles messages as an API does. What it knows outlives the workers that die.
pub(super) struct Clerk {
    plan: Plan,
    service: Mutex<Service>,
    /// What was handled, if nothing is to be done twice.
    known: Option<Mutex<Remembered>>,
    listener: Listener,
}

/// The clerk of one worker, from its start until it dies.
pub(super) struct Life {
    pub clerk: Arc<Clerk>,
    /// Cancelled when the worker dies.
    pub over: CancellationToken,
}

impl Clerk {
    pub(super) fn new(plan: Plan, listener: Listener) -> Self {
        let known = plan.handling.idempotent.then(Mutex::default);
        Self { service: Mutex::new(Service::new(plan.api)), plan, known, listener }
    }

    /// Says what happens.
    fn notify(&self, notice: Notice<'_>) {
        (self.listener)(self.plan.api, notice);
    }

    /// A message that failed is tried again if the plan says so; else it is left alone.
    fn failed(&self, why: String) -> Verdict {
        match self.plan.handling.retry {
            Some(_) => Verdict::Retry { why, after: None },
            None => Verdict::Leave { why },
        }
    }

    fn is_made_to_fail(&self, id: &str) -> bool {
        is_made_to_fail(self.plan.handling.seed, id, self.plan.handling.fail_rate)
    }

    fn handle_message(&self, job: &Job, content: &Result<Content, Unreadable>) -> Verdict {
        let (message_id, receives) = (job.id.as_str(), job.receives);
        let trace = &if self.plan.trace { Traced::of(job) } else { Traced::default() };
        let event = match content {
            Ok(Content::Event(event)) => event,
            Ok(Content::Own { text, .. }) => return self.handle_own(message_id, text, receives, trace),
            Err(why) => {
                let why = why.to_string();
                self.notify(Notice::Unreadable { message_id, why: &why, receives });
                return self.failed(why);
            }
        };
        if self.is_made_to_fail(&event.id) {
            self.notify(Notice::Failed { event, why: MADE_TO_FAIL, receives, trace, on_purpose: true });
            return self.failed(MADE_TO_FAIL.to_owned());
        }
        match self.effect(event) {
            Ok(done) => {
                let (effect, summary) = (done.is_some(), done.as_deref().unwrap_or(DONE_ALREADY));
                let age = event.time.map(clock::since);
                let group = job.group.as_deref();
                self.notify(Notice::Handled { event, summary, receives, age, effect, group, trace });
                Verdict::Done
            }
            Err(why) => {
                let why = why.to_string();
                self.notify(Notice::Failed { event, why: &why, receives, trace, on_purpose: false });
                self.failed(why)
            }
        }
    }

    /// Does what the API does with an event; nothing if it was done before and isn't to be done twice.
    fn effect(&self, event: &Arrived) -> Result<Option<String>, Refused> {
        let Some(known) = &self.known else { return self.service.lock().handle(event).map(Some) };
        // Held until it is done: two workers may have the same event at once.
        let mut known = known.lock();
        if known.has(&event.id) {
            return Ok(None);
        }
        let done = self.service.lock().handle(event)?;
        known.insert(&event.id);
        Ok(Some(done))
    }

    /// An event of somebody's own: an API that knows nothing of it does nothing.
    fn handle_own(&self, message_id: &str, text: &str, receives: u32, trace: &Traced) -> Verdict {
        if !self.is_made_to_fail(message_id) {
            self.notify(Notice::Own { message_id, text, receives, trace });
            return Verdict::Done;
        }
        let (id, event_type) = (message_id.to_owned(), "own event".to_owned());
        let event = Arrived { id, event_type, time: None, run: None, data: Default::default() };
        self.notify(Notice::Failed { event: &event, why: MADE_TO_FAIL, receives, trace, on_purpose: true });
        self.failed(MADE_TO_FAIL.to_owned())
    }
}

impl Life {
    /// The worker dies of a message; of that and of all else that it holds nobody hears any more.
    async fn die(&self, job: &Job, content: &Result<Content, Unreadable>, handled: bool) -> Verdict {
        let event = match content {
            Ok(Content::Event(event)) => Some(event),
            _ => None,
        };
        self.clerk.notify(Notice::Died { event, message_id: &job.id, handled });
        self.over.cancel();
        std::future::pending().await
    }
}

#[async_trait]
impl Handler for Life {
    async fn handle(&self, job: Arc<Job>) -> Verdict {
        let content = message::read(&job.body);
        let id = match &content {
            Ok(Content::Event(event)) => &event.id,
            _ => &job.id,
        };
        let attempt = self.clerk.plan.handling.attempt(id, job.receives);
        let dies_early = attempt.dies == Some(Dies::Before);
        let work = if dies_early { attempt.work / 2 } else { attempt.work };
        if !work.is_zero() {
            tokio::select! {
                biased;
                () = sleep(work) => {}
                () = job.lease().over() => return Verdict::GiveBack,
            }
        }
        if dies_early {
            return self.die(&job, &content, false).await;
        }
        let verdict = self.clerk.handle_message(&job, &content);
        match attempt.dies {
            Some(_) => self.die(&job, &content, verdict == Verdict::Done).await,
            None => verdict,
        }
    }
}

/// Whether the API fails on an event: drawn from the seed and the id, so the same one fails each time it comes.
fn is_made_to_fail(seed: u64, id: &str, rate: f64) -> bool {
    if rate <= 0.0 {
        return false;
    }
    let hash = Sha256::new().chain_update(seed.to_le_bytes()).chain_update(id).finalize();
    let draw = hash.iter().take(6).fold(0_u64, |draw, byte| draw << 8 | u64::from(*byte));
    (draw as f64) < rate * (1_u64 << 48) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fail_rate_is_seeded_and_about_right() {
        let failed = |seed, rate| (0..20_000).filter(|n| is_made_to_fail(seed, &n.to_string(), rate)).count();
        assert_eq!(failed(1, 0.0), 0);
        assert_eq!(failed(1, 1.0), 20_000);
        assert!((150..250).contains(&failed(1, 0.01)), "{}", failed(1, 0.01));
        assert_eq!(failed(1, 0.5), failed(1, 0.5));
        assert_ne!(failed(1, 0.5), failed(2, 0.5));
    }
}
