//! A worker of an SQS queue: it takes messages, has them worked on, and gives each the end that it deserves.
//!
//! ```text
//! worker    a queue, a handler and settings, put together and run
//!   receiver  long polls, for as many messages as there is room; `hand` receives when somebody asks
//!   buffer    what waits, and which of a lane may be worked on; a lane is a message group
//!   work      a job with its handler: its end, its panic, the end of its lease
//!   keeper    heartbeats: extends what is held, and ends leases that couldn't be extended
//!   settle    what a verdict leads to; `deleter` deletes in batches, `bury` sends dead letters with their reason
//!   calls     the requests to SQS
//! ```
//!
//! Who holds a [`Lease`] is the only one who works on a message: a lease ends before the message becomes visible to others. Without
//! [`Settings::heartbeat`] that is left to whoever chose the visibility timeout.
//!
//! What a message costs: a share of a receive and of a delete of up to ten each, and one request for up to ten messages each half
//! of a visibility timeout.

mod backoff;
mod budget;
mod buffer;
mod bury;
mod calls;
mod deleter;
mod error;
mod event;
mod hand;
mod handler;
mod held;
mod job;
mod keeper;
mod lease;
mod queue;
mod receiver;
mod settings;
mod settle;
mod shared;
mod work;
mod worker;

#[cfg(test)]
mod tests;

pub use self::backoff::{Backoff, Jitter};
pub use self::budget::Budget;
pub use self::bury::{MESSAGE_ID, MOVED, REASON, RECEIVES, SOURCE};
pub use self::error::{Error, Kind};
pub use self::event::{Event, Listener};
pub use self::hand::Hand;
pub use self::handler::{Handler, Verdict};
pub use self::job::Job;
pub use self::lease::Lease;
pub use self::queue::Queue;
pub use self::settings::Settings;
pub use self::worker::Worker;
