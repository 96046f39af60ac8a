//! The state machine of the cloud: queues, topics, streams and documents. No I/O, no clock, no randomness.
//!
//! Two kinds of functions: `decide_*` looks at the state and says which [`Change`]s a command makes; [`Engine::apply`] makes
//! them. Whoever holds the engine writes the changes to a log; a replay applies them again and gets the same state. Decisions
//! take the time as an argument.
//!
//! So the same changes in the same order always make the same state, `apply` can't fail, and a change that was logged once is
//! read for ever: new kinds of changes are added behind the others.
//!
//! ```text
//! engine    the state, and looking it up        send      SendMessage: the door into a queue
//! change    what the log holds                  publish   a topic's fan-out: the same door, many times
//! apply     changes to state                    routes    where subscriptions lead, and who may
//! restate   what of an old record is alive      explain   what each subscription did, for people
//! config    what owners declare                 declared  how much is declared
//! queue/    messages, groups, receiving         stream/   buffers of delivery streams
//! topic     topics and subscriptions            windows   deduplication
//! policy/   policies of IAM and of resources   payloads  where bodies lie in the log
//! roles     identities that deliver
//! users     users and their access keys         aws_policies  what AWS manages
//! incoming  a state that is being loaded        adopt     another cloud's state as one of this cloud's own
//! types     times, numbers, places              ids, limits
//! ```

mod adopt;
mod apply;
mod aws_policies;
pub mod change;
pub mod config;
mod contents;
mod declared;
mod engine;
pub mod explain;
pub mod ids;
mod incoming;
pub mod limits;
mod payloads;
pub mod policy;
mod publish;
pub mod queue;
mod restate;
pub mod roles;
mod routes;
mod segments;
mod send;
pub mod stream;
#[cfg(test)]
mod tests;
pub mod topic;
mod types;
pub mod users;
mod windows;

pub use self::adopt::{Adoption, Strange};
pub use self::aws_policies::AwsPolicy;
pub use self::change::Change;
pub use self::contents::Contents;
pub use self::declared::MAX_DECLARED;
pub use self::engine::{Engine, Owner, Strictness};
pub use self::publish::{Notification, Published};
pub use self::restate::OldRecord;
pub use self::roles::{AssumedRole, ManagedPolicy, PolicyVersion, Role, Through};
pub use self::send::{Message, SendError, Sending};
pub use self::types::{Millis, Place, Position, QueueId, Seq, StreamId, SubscriptionId, TopicId};
pub use self::users::{AccessKey, Login, User};
