//! How a measurement fails: in words for the terminal.

/// A result whose error is shown as it is.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;
