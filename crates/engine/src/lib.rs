//! The state machine of the cloud: queues, topics, streams and documents. No I/O, no clock, no randomness.
//!
//! Two kinds of functions: `decide_*` looks at the state and says which [`Change`]s a command makes; [`Engine::apply`] makes
//! them. Whoever holds the engine writes the changes to a log; a replay applies them again and gets the same state. Decisions
//! take the time as an argument.
//!
//! ```text
//! change    what the log holds            send     SendMessage: the door into a queue
//! config    what owners declare           publish  a topic's fan-out: the same door, many times
//! queue/    entries, groups, receive      routes   where subscriptions lead, and who may
//! topic     topics, subscriptions         apply    changes to state
//! declared  how much is declared
//! stream    buffers of delivery streams   restate  what of an old record is still alive
//! payloads  where bodies lie in the log   roles    identities that deliver, and what they may
//! explain   what each subscription did with a message, for people
//! filter/   policy/   windows   ids   limits
//! ```

mod apply;
pub mod change;
pub mod config;
mod declared;
mod engine;
pub mod explain;
pub mod filter;
pub mod ids;
pub mod limits;
mod payloads;
pub mod policy;
mod publish;
pub mod queue;
mod restate;
pub mod roles;
mod routes;
mod send;
pub mod stream;
#[cfg(test)]
mod tests;
pub mod topic;
mod types;
pub mod windows;

pub use self::change::Change;
pub use self::declared::MAX_DECLARED;
pub use self::engine::{Engine, Owner, Strictness};
pub use self::publish::{Notification, Published};
pub use self::roles::{ManagedPolicy, Role, Through};
pub use self::send::{Message, SendError, Sending};
pub use self::types::{Millis, Place, Position, QueueId, Seq, StreamId, SubscriptionId, TopicId};
