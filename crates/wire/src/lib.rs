//! The wire protocols: the only place that knows JSON from XML from form encoding.
//!
//! [`Payload`] is one request's parameters in whatever protocol they came; it decodes into an operation's input and
//! encodes its output. [`form`], [`query`] and [`json`] read, [`xml`] and [`json`] write, [`fault`] renders errors.

pub mod check;
pub mod digest;
pub mod error;
pub mod fault;
pub mod form;
pub mod json;
pub mod names;
pub mod page;
pub mod payload;
pub mod query;
mod special_bytes;
pub mod types;
pub mod xml;

pub use error::{AwsError, Fault};
pub use form::Form;
pub use names::Names;
pub use payload::{Payload, Protocol};
pub use types::{Blob, Pairs, Text, Timestamp};
