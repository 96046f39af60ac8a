//! Chance that can be had again: it follows from a seed, a rule's number and the number of what the rule was asked of.

use text::uuid::mix;

/// An odd number without a pattern: 2^64 divided by the golden ratio. [`mix`] makes 0 of 0, so something is added first.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// What chance decides of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dice(u64);

impl Dice {
    /// Of the request with the number `index`, of those that a rule was asked of.
    pub(super) fn of(seed: u64, rule: u64, index: u64) -> Self {
        let next = |state: u64, number: u64| mix(state.wrapping_add(STEP) ^ mix(number.wrapping_add(STEP)));
        Self(next(next(next(0, seed), rule), index))
    }

    /// A number from 0 to below 1. Each `throw` has its own.
    pub(super) fn unit(self, throw: u64) -> f64 {
        let bits = self.throw(throw) >> 11;
        bits as f64 / (1_u64 << 53) as f64
    }

    fn throw(self, throw: u64) -> u64 {
        mix(self.0.wrapping_add(STEP.wrapping_mul(throw + 1)))
    }

    /// Brings things into an order of chance (Fisher and Yates).
    pub(super) fn shuffle<T>(self, things: &mut [T]) {
        for last in (1..things.len()).rev() {
            let other = (self.unit(FIRST_OF_ORDER + last as u64) * (last + 1) as f64) as usize;
            things.swap(last, other.min(last));
        }
    }
}

/// The throw that says whether a rule strikes.
pub(super) const STRIKES: u64 = 0;
/// The throws that a spread takes.
pub(super) const SPREAD: [u64; 2] = [1, 2];
/// The first of those that an order takes.
const FIRST_OF_ORDER: u64 = 3;
