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

    /// Of the reserved, so many came; the rest is free again.
    pub(crate) fn give_back_rest(&self, reserved: i64, came: i64) {
        self.free.fetch_add(reserved - came, Ordering::Relaxed);
        self.open.fetch_sub(came, Ordering::Relaxed);
    }

    /// Whether all that may be taken was taken.
    pub(crate) fn is_spent(&self) -> bool {
        self.open.load(Ordering::Relaxed) <= 0
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
        budget.give_back_rest(2, 0);
        assert_eq!(budget.reserve(10), 1);
        for _ in 0..6 {
            assert!(!budget.is_spent());
            budget.give_back_rest(1, 1);
        }
        assert!(budget.is_spent());
        assert_eq!(Budget::new(1_000, 4).reserve(10), 10);
    }
}
