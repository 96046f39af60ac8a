//! How much of what is alive lies in each segment of the log: one that holds nothing needs no reading before it goes.

use rustc_hash::FxHashMap;

/// Counts of living records by segment.
#[derive(Debug, Default)]
pub(crate) struct Segments(FxHashMap<u32, u64>);

impl Segments {
    /// One more lies there.
    pub(crate) fn add(&mut self, segment: u32) {
        *self.0.entry(segment).or_default() += 1;
    }

    /// One of those that lie there is dead, or lies elsewhere now.
    pub(crate) fn remove(&mut self, segment: u32) {
        let Some(count) = self.0.get_mut(&segment) else { return };
        *count -= 1;
        if *count == 0 {
            self.0.remove(&segment);
        }
    }

    /// Whether anything lies there.
    pub(crate) fn hold(&self, segment: u32) -> bool {
        self.0.contains_key(&segment)
    }
}
