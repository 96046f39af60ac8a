//! The wire protocols: the only place that knows JSON from XML from form encoding.

pub mod error;
pub use error::{AwsError, Fault};
