//! How much went through queues, topics, subscriptions and streams since the start. They share their numbers, which are given out
//! one after the other.

/// More numbers than these are counted as one.
const MOST: usize = 1 << 20;

/// What was counted of one of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Count {
    /// Published to a topic, delivered by a subscription, come into a queue or a stream.
    pub came: u64,
    pub received: u64,
    /// Deleted from a queue by consumers; landed of a stream.
    pub gone: u64,
    /// Moved from a queue to its dead-letter queue; given up by a stream.
    pub moved: u64,
    pub refused: u64,
    /// Of a subscription: what its topic had got before it was asked.
    pub base: u64,
    is_noted: bool,
}

/// All of them, by number.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    all: Vec<Count>,
    /// Those that were changed since somebody took them.
    changed: Vec<u32>,
}

impl Counts {
    /// One of them, to count up.
    #[inline]
    pub(super) fn of(&mut self, number: u32) -> &mut Count {
        let at = (number as usize).min(MOST);
        if at >= self.all.len() {
            self.all.resize(at + 1, Count::default());
        }
        let count = &mut self.all[at];
        if !count.is_noted {
            count.is_noted = true;
            self.changed.push(at as u32);
        }
        count
    }

    /// What was counted of a number.
    pub(crate) fn get(&self, number: u32) -> Count {
        self.all.get(number as usize).copied().unwrap_or_default()
    }

    /// The numbers of what was counted up since the last call.
    pub(crate) fn take_changed(&mut self) -> Vec<u32> {
        let changed = std::mem::take(&mut self.changed);
        changed.iter().for_each(|at| self.all[*at as usize].is_noted = false);
        changed
    }
}
