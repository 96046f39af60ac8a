//! The figures over time: rates at the moment, series for charts, and events for whoever listens.
//!
//! ```text
//! sample  what moved is sampled: once a second, ten times where somebody listens
//! series  what was sampled, of the busiest
//! hub     events, in a ring that all listeners read
//! ```
//!
//! What doesn't move is not looked at, and while nobody listens no event is made.

pub(crate) mod hub;
pub(crate) mod sample;
pub(crate) mod series;

use parking_lot::Mutex;
use rustc_hash::FxHashMap;

use self::hub::Hub;
use self::series::AllSeries;
use crate::core::journal::counts::Count;

/// Per second, at the moment.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Rate {
    pub came: f64,
    pub received: f64,
    pub gone: f64,
    pub moved: f64,
    pub refused: f64,
}

impl Rate {
    fn between(before: &Count, after: &Count, seconds: f64) -> Self {
        let rate = |before: u64, after: u64| ((after.saturating_sub(before)) as f64 / seconds * 10.0).round() / 10.0;
        Self {
            came: rate(before.came, after.came),
            received: rate(before.received, after.received),
            gone: rate(before.gone, after.gone),
            moved: rate(before.moved, after.moved),
            refused: rate(before.refused, after.refused),
        }
    }
}

/// What is known of the figures over time.
#[derive(Default)]
pub(crate) struct Watch {
    /// The rates of all that ever moved, and the counts that they were made of.
    rates: Mutex<FxHashMap<u32, (Count, Rate)>>,
    pub series: Mutex<AllSeries>,
    pub hub: std::sync::Arc<Hub>,
}

impl Watch {
    /// How fast something goes at the moment, by its number.
    pub(crate) fn rate(&self, number: u32) -> Rate {
        self.rates.lock().get(&number).map(|(_, rate)| *rate).unwrap_or_default()
    }
}
