//! What works on messages, and what it says of them afterwards.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::job::Job;

/// How the work on a message ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is done: the message is deleted.
    Done,
    /// It failed, and may succeed later: the message comes back `after` so long, or by [`crate::Settings::retry`]. At its last receive it
    /// becomes a dead letter with its reason.
    Retry {
        /// Why it failed, for people.
        why: String,
        /// How long it stays away, instead of what the settings say.
        after: Option<Duration>,
    },
    /// It failed, and always will: it becomes a dead letter with its reason.
    Dead {
        /// Why it failed, for people.
        why: String,
    },
    /// It was interrupted, which is no failure: the message is visible again at once. SQS counts its receive all the same, so a
    /// queue's `maxReceiveCount` must leave room for stops.
    GiveBack,
    /// It failed, and the message is left alone: it is visible again when its timeout ends, and SQS counts its receives.
    Leave {
        /// Why it failed, for people.
        why: String,
    },
}

/// Works on messages.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// Works on a message until it is done, or its lease is over. A panic counts as [`Verdict::Retry`].
    async fn handle(&self, job: Arc<Job>) -> Verdict;
}
