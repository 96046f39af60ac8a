//! A limit on how many messages are taken, which all receivers of all queues share.

use std::sync::atomic::{AtomicI64, Ordering};

/// So many messages may be taken, by all receivers of all queues together.
#[derive(Debug)]
pub struct Budget {
    /// Not asked for by anyone.
    free: AtomicI64,
    /// Not taken yet.
    open: AtomicI64,
    receivers: i64,
}

impl Budget {
    /// `messages` may be taken by `receivers`.
    pub fn new(messages: i64, receivers: u32) -> Self {
        Self { free: AtomicI64::new(messages), open: AtomicI64::new(messages), receivers: receivers.max(1).into() }
    }

    /// How many to ask for now: a fair part, so that a receiver at an empty queue doesn't hold what others could take.
    pub(crate) fn reserve(&self, batch: i64) -> i64 {
        let part = |free: i64| ((free + self.receivers - 1) / self.receivers).min(batch);
        let before = self.free.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free| Some(free - part(free)));
        before.map_or(0, part)
    }

    /// What was reserved, until it is known how many came.
    pub(crate) fn part(&self, reserved: i64) -> Part<'_> {
        Part { budget: self, reserved, came: 0 }
    }

    /// Whether all that may be taken was taken.
    pub(crate) fn is_spent(&self) -> bool {
        self.open.load(Ordering::Relaxed) <= 0
    }
}

/// A part of a budget for which a receive asks. Dropped, what didn't come of it is free again.
#[derive(Debug)]
pub(crate) struct Part<'a> {
    budget: &'a Budget,
    reserved: i64,
    came: i64,
}

impl Part<'_> {
    /// So many came.
    pub(crate) fn came(mut self, messages: i64) {
        self.came = messages;
    }
}

impl Drop for Part<'_> {
    fn drop(&mut self) {
        self.budget.free.fetch_add(self.reserved - self.came, Ordering::Relaxed);
        self.budget.open.fetch_sub(self.came, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_shared_and_never_exceeded() {
        let budget = Budget::new(6, 4);
        let parts: Vec<i64> = (0..5).map(|_| budget.reserve(10)).collect();
        assert_eq!(parts, [2, 1, 1, 1, 1]);
        assert_eq!(budget.reserve(10), 0);
        // A receive that is dropped brought nothing.
        drop(budget.part(2));
        assert_eq!(budget.reserve(10), 1);
        for _ in 0..6 {
            assert!(!budget.is_spent());
            budget.part(1).came(1);
        }
        assert!(budget.is_spent());
        assert_eq!(Budget::new(1_000, 4).reserve(10), 10);
    }
}
