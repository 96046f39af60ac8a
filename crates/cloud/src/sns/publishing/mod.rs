//! Publishing: to a topic, a phone number, a mobile endpoint; one message or a batch.
//!
//! ```text
//! publish  batch   the operations
//! message          what a client gives, checked: Given -> Message -> the engine's Notification
//!                  attributes  structure   parts of that
//! fan_out          the message on its way to the topic's subscriptions
//! ```

mod attributes;
pub(super) mod batch;
pub(super) mod fan_out;
mod message;
pub(super) mod publish;
mod structure;
