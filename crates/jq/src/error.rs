//! How a step ends that gives no result.

use crate::value::Val;

/// Why a step gives no result.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The filter failed; `try` can catch it. The value is what `error(..)` was given, mostly a text.
    Error(Val),
    /// There is no result here: what was left open before goes on.
    Nothing,
    /// The budget is spent, or something is nested too deep. Nothing catches it.
    Exhausted,
}

/// Fails with a text that `try` can catch.
pub(crate) fn fail<T>(message: impl AsRef<str>) -> Result<T, Stop> {
    Err(Stop::Error(Val::text(message)))
}
