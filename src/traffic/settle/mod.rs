//! The ledger of a run whose consumers are somebody else's: what its publisher wrote down against what they did.

mod bucket;
mod expected;
mod handled;
mod lines;
mod published;

pub(crate) use self::bucket::Landing;
pub(crate) use self::expected::{Architecture, Expect, Found};
pub(crate) use self::handled::Handled;
pub(crate) use self::lines::check;
pub(crate) use self::published::Published;

/// How the bucket is called among the queues.
pub(crate) const LANDING: &str = "landing";

#[cfg(test)]
mod tests;
