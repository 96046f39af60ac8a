//! A message that the worker holds: how long it is hidden, until when it may be worked on, and how that ended.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::types::MessageAttributeValue;
use parking_lot::Mutex;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use crate::job::Job;

/// A message from its receive until it is deleted, given back or left.
#[derive(Debug)]
pub(crate) struct Held {
    /// Its number among all that this worker received.
    pub(crate) number: u64,
    pub(crate) job: Arc<Job>,
    pub(crate) receipt: String,
    pub(crate) attributes: HashMap<String, MessageAttributeValue>,
    /// Of a lane one is worked on at a time: the message group on a FIFO queue, else the message.
    pub(crate) lane: Arc<str>,
    /// SQS hides it no longer than that, however often it is extended.
    pub(crate) limit: Instant,
    timing: Mutex<Timing>,
    /// Its place among those that may be held.
    pub(crate) _room: OwnedSemaphorePermit,
}

/// A message that is done, and is to be deleted.
pub(crate) struct Done {
    pub(crate) held: Arc<Held>,
    /// Others wait for it: it waits for no others.
    pub(crate) hurry: bool,
}

/// When a message becomes visible, and what is done about it.
#[derive(Debug)]
struct Timing {
    /// When it is visible again, at the earliest; unknown without heartbeats.
    until: Option<Instant>,
    /// When it is extended next.
    beat: Option<Instant>,
    /// An extension is under way.
    extending: bool,
    /// Its end is decided: it isn't extended, or not given up, any more.
    settled: bool,
    /// How its lease ended before its work did.
    loss: Option<Loss>,
    /// Why it couldn't be extended.
    trouble: Option<String>,
}

/// How a lease ended before the work did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Loss {
    /// It is somebody else's, or soon will be: nothing may be done with its receipt but a delete of what is done.
    Gone(String),
    /// It was held as long as it may be.
    Limit,
    /// The worker stops.
    Stopped,
}

/// What is to be done about a message now.
#[derive(Debug)]
pub(crate) enum Step {
    /// Nothing before that time; never, without it.
    Wait(Option<Instant>),
    Extend,
    Lose(Loss),
}

/// A lease ends so long before the message becomes visible.
pub(crate) fn margin(visibility: Duration) -> Duration {
    (visibility / 5).min(Duration::from_secs(10))
}

/// What ignores the end of its lease gets so long to end.
pub(crate) fn moment(visibility: Duration) -> Duration {
    (margin(visibility) / 2).min(Duration::from_secs(2))
}

/// The least that an extension must bring.
const LEAST: Duration = Duration::from_secs(1);

impl Held {
    /// A message that is hidden `until` then.
    pub(crate) fn new(
        message: (u64, Job, String, HashMap<String, MessageAttributeValue>),
        fifo: bool,
        until: Option<(Instant, Duration)>,
        limit: Instant,
        room: OwnedSemaphorePermit,
    ) -> Self {
        let (number, job, receipt, attributes) = message;
        let lane = if fifo { job.group.as_deref().unwrap_or(&job.id) } else { &job.id };
        let timing = Timing {
            until: until.map(|(until, _)| until),
            beat: until.map(|(until, visibility)| until - visibility / 2),
            extending: false,
            settled: false,
            loss: None,
            trouble: None,
        };
        let lane = Arc::from(lane);
        Self { number, job: Arc::new(job), receipt, attributes, lane, limit, timing: Mutex::new(timing), _room: room }
    }

    /// What is to be done about it now; with `beating` others are extended now, and it joins if its time is near.
    pub(crate) fn step(&self, now: Instant, visibility: Duration, beating: bool) -> Step {
        let mut timing = self.timing.lock();
        if timing.loss.is_some() {
            return Step::Wait(None);
        }
        let margin = margin(visibility);
        let last = timing.until.map_or(self.limit, |until| until.min(self.limit));
        let end = last - margin;
        if now >= end && !timing.settled {
            let limited = self.limit < last + LEAST;
            return Step::Lose(match timing.trouble.take() {
                Some(why) if !limited => Loss::Gone(why),
                None if !limited => Loss::Gone("its visibility couldn't be extended in time".to_owned()),
                _ => Loss::Limit,
            });
        }
        let end = Some(end).filter(|_| !timing.settled);
        let Some(beat) = timing.beat.filter(|_| !timing.extending) else { return Step::Wait(end) };
        // No extension reaches beyond the limit.
        if self.limit < timing.until.unwrap_or(self.limit) + LEAST {
            timing.beat = None;
            return Step::Wait(end);
        }
        let near = if beating { visibility / 8 } else { Duration::ZERO };
        if now + near >= beat {
            timing.extending = true;
            return Step::Extend;
        }
        Step::Wait(Some(end.map_or(beat, |end| end.min(beat))))
    }

    /// By when an extension must have come back: then the lease ends.
    pub(crate) fn end(&self, visibility: Duration) -> Instant {
        self.timing.lock().until.map_or(self.limit, |until| until.min(self.limit)) - margin(visibility)
    }

    /// It was extended to `until`, of which half is left at the next beat.
    pub(crate) fn extended(&self, until: Instant, by: Duration) {
        let mut timing = self.timing.lock();
        timing.extending = false;
        timing.trouble = None;
        timing.until = Some(until);
        timing.beat = Some(until - by / 2);
    }

    /// It couldn't be extended: again at `next`, or never.
    pub(crate) fn not_extended(&self, why: String, next: Option<Instant>) {
        let mut timing = self.timing.lock();
        timing.extending = false;
        timing.trouble = Some(why);
        timing.beat = next;
    }

    /// It is left: no extension begins any more.
    pub(crate) fn leave(&self) {
        let mut timing = self.timing.lock();
        timing.settled = true;
        timing.beat = None;
    }

    /// It is done: it is extended until it is deleted, and not given up.
    pub(crate) fn done(&self) {
        self.timing.lock().settled = true;
    }

    pub(crate) fn is_extending(&self) -> bool {
        self.timing.lock().extending
    }

    /// Ends the lease, unless it has ended or the message's end is decided; whether it did.
    pub(crate) fn lose(&self, loss: Loss) -> bool {
        let mut timing = self.timing.lock();
        if timing.loss.is_some() || timing.settled {
            return false;
        }
        timing.loss = Some(loss);
        self.job.lease().end();
        true
    }

    pub(crate) fn loss(&self) -> Option<Loss> {
        self.timing.lock().loss.clone()
    }

    /// How long it may stay hidden from now on, at most.
    pub(crate) fn left(&self) -> Duration {
        self.limit.saturating_duration_since(Instant::now())
    }
}
