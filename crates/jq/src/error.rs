//! How a run ends before the filter has given all its results.

use serde_json::Value;

/// Why a run ends early.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The filter failed; `try` can catch it. The value is what `error(..)` was given, mostly a text.
    Error(Value),
    /// The budget is spent. Nothing catches it.
    Exhausted,
    /// A call of `first`, `limit` or the like has all the results that it wants; the number says which call.
    Enough(usize),
    /// The stop came from whoever takes the results of a `try` or `//`, not from the filter inside: it passes through.
    Outside(Box<Stop>),
}

/// Whether a run may go on.
pub(crate) type Done = Result<(), Stop>;

impl Stop {
    /// An error with a text as its value.
    pub(crate) fn message(message: impl Into<String>) -> Self {
        Self::Error(Value::String(message.into()))
    }
}

/// Fails with a text that `try` can catch.
pub(crate) fn fail<T>(message: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::message(message))
}
