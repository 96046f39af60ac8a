//! The wire protocols: the only place that knows JSON from XML from form encoding. It knows no service and no state.
//!
//! [`Payload`] is one request's parameters in whatever protocol they came; it decodes into an operation's input, borrowing from
//! the request where it can, and encodes its output. What can't be read is an [`AwsError`] in AWS's words.
//!
//! ```text
//! payload  one request's parameters            types    values that inputs and outputs are made of
//! form, query/  form parameters, to inputs     names    what the query protocol calls things
//! json/    JSON in and out                     xml/     XML out
//! error    an error, before any protocol       fault    an error, in each protocol
//! check    what AWS's models say of members    page     pages of listings, and their tokens
//! digest   MD5s of messages                    special_bytes  finds bytes, fast
//! ```

pub mod check;
pub mod digest;
mod error;
pub mod fault;
pub mod form;
pub mod json;
mod names;
pub mod page;
pub mod payload;
mod query;
mod special_bytes;
mod types;
pub mod xml;

pub use error::{AwsError, Fault};
pub use form::Form;
pub use names::Names;
pub use payload::{Payload, Protocol};
pub use types::{Blob, Pairs, Text, Timestamp};
