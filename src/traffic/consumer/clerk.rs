//! What the API behind a queue does with a message: reads the event in it, and handles that, fails on it, or refuses it.

use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use tokio::time::sleep;
use worker::{Handler, Job, Verdict};

use super::{Listener, Notice, Plan};
use crate::clock;
use crate::event::envelope::Arrived;
use crate::traffic::api::Service;
use crate::traffic::message::{self, Content};

/// Why an event failed that --fail-rate chose.
const MADE_TO_FAIL: &str = "made to fail by --fail-rate";

/// Handles messages as an API does.
pub(super) struct Clerk {
    plan: Plan,
    service: Mutex<Service>,
    listener: Listener,
}

impl Clerk {
    pub(super) fn new(plan: Plan, listener: Listener) -> Self {
        Self { service: Mutex::new(Service::new(plan.api)), plan, listener }
    }

    /// Says what happens.
    fn notify(&self, notice: Notice<'_>) {
        (self.listener)(self.plan.api, notice);
    }

    /// A message that failed is tried again if the plan says so; else it is left alone.
    fn failed(&self, why: String) -> Verdict {
        match self.plan.retry {
            Some(_) => Verdict::Retry { why, after: None },
            None => Verdict::Leave { why },
        }
    }

    fn handle_message(&self, job: &Job) -> Verdict {
        let (message_id, receives) = (job.id.as_str(), job.receives);
        let event = match message::read(&job.body) {
            Ok(Content::Event(event)) => event,
            Ok(Content::Own(text)) => return self.handle_own(message_id, &text, receives),
            Err(why) => {
                let why = why.to_string();
                self.notify(Notice::Unreadable { message_id, why: &why, receives });
                return self.failed(why);
            }
        };
        if is_made_to_fail(self.plan.seed, &event.id, self.plan.fail_rate) {
            self.notify(Notice::Failed { event: &event, why: MADE_TO_FAIL, receives });
            return self.failed(MADE_TO_FAIL.to_owned());
        }
        let outcome = self.service.lock().handle(&event);
        match outcome {
            Ok(summary) => {
                let age = event.time.map(clock::since);
                self.notify(Notice::Handled { event: &event, summary: &summary, receives, age });
                Verdict::Done
            }
            Err(why) => {
                let why = why.to_string();
                self.notify(Notice::Failed { event: &event, why: &why, receives });
                self.failed(why)
            }
        }
    }

    /// An event of somebody's own: an API that knows nothing of it does nothing.
    fn handle_own(&self, message_id: &str, text: &str, receives: u32) -> Verdict {
        if !is_made_to_fail(self.plan.seed, message_id, self.plan.fail_rate) {
            self.notify(Notice::Own { message_id, text, receives });
            return Verdict::Done;
        }
        let (id, event_type) = (message_id.to_owned(), "own event".to_owned());
        let event = Arrived { id, event_type, time: None, run: None, data: Default::default() };
        self.notify(Notice::Failed { event: &event, why: MADE_TO_FAIL, receives });
        self.failed(MADE_TO_FAIL.to_owned())
    }
}

#[async_trait]
impl Handler for Clerk {
    async fn handle(&self, job: Arc<Job>) -> Verdict {
        if !self.plan.work.is_zero() {
            tokio::select! {
                () = sleep(self.plan.work) => {}
                () = job.lease().over() => return Verdict::GiveBack,
            }
        }
        self.handle_message(&job)
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
