//! What happens while a worker runs, for logs, metrics and reports.

use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;
use crate::handler::Verdict;
use crate::job::Job;

/// What happens while a worker runs.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A receive brought so many messages, maybe none.
    Received {
        /// How many.
        n: usize,
        /// How long their bodies and attributes are together.
        bytes: usize,
    },
    /// A handler begins.
    Started {
        /// On what.
        job: &'a Job,
    },
    /// A handler ended.
    Ended {
        /// On what.
        job: &'a Job,
        /// How. What was interrupted is [`Verdict::GiveBack`], whatever the handler said of it.
        verdict: &'a Verdict,
        /// From the begin of the handler to its end.
        execution: Duration,
        /// From the sending of the message to the end of the handler, by two clocks: SQS's and this machine's.
        lead: Duration,
    },
    /// A message is deleted.
    Deleted {
        /// Which.
        job: &'a Job,
    },
    /// A message was to be deleted and couldn't be: it will come again.
    NotDeleted {
        /// Which.
        job: &'a Job,
        /// What SQS said.
        why: &'a str,
    },
    /// The visibility of so many messages was extended.
    Extended {
        /// How many.
        n: usize,
    },
    /// The right to work on a message ended before its work did.
    LeaseLost {
        /// Which.
        job: &'a Job,
        /// Why.
        why: &'a str,
    },
    /// A message went to the dead-letter queue; its delete from this queue is next.
    DeadLettered {
        /// Which.
        job: &'a Job,
        /// Why, as its attribute says.
        why: &'a str,
    },
    /// So many messages are visible again at once.
    GivenBack {
        /// How many.
        n: usize,
    },
    /// A request is sent again.
    Again,
    /// Something went wrong that the worker lives with.
    Trouble {
        /// What, for people.
        why: &'a str,
        /// The error, where it is a request's.
        error: Option<&'a Error>,
    },
}

/// Hears of what happens. It is called from every task of the worker, which waits for it: it must be quick, and never block.
pub type Listener = Arc<dyn Fn(Event<'_>) + Send + Sync>;
