//! What AWS charges for: what a run did of it, the prices, and what that comes to.
//!
//! [`usage`] counts as AWS counts, [`prices`] reads the one file of prices, [`bill`] multiplies, and [`savings`] says what would be
//! cheaper.

mod bill;
mod prices;
mod savings;
mod usage;

pub(crate) use self::bill::{Basis, Cost, Span};
pub(crate) use self::usage::{Calls, Objects, Publishes, Records, Usage};

#[cfg(test)]
mod tests;
