//! What a run may cost.

use search::{Steps, TooDear};

use crate::error::Stop;
use crate::value::{MAX_DEPTH, Val};

/// What a run may cost, beyond a part that grows with its input. One step costs 1; a value that is made costs 1 for each of
/// its parts and 1 for every 16 bytes of text.
const STEPS: usize = 400_000;
/// What a run may cost, beyond that part, whatever other runs have cost before it.
const FEW: usize = 10_000;

/// What many runs may cost together, in steps: one that takes long does so only as long as there is something left, one that takes
/// few steps always.
#[derive(Debug)]
pub struct Allowance {
    most: usize,
    spent: usize,
}

impl Allowance {
    /// For runs that may take so many steps.
    #[must_use]
    pub fn new(steps: usize) -> Self {
        Self { most: steps, spent: 0 }
    }

    /// Steps that were taken.
    #[must_use]
    pub fn spent(&self) -> usize {
        self.spent
    }

    pub(crate) fn spend(&mut self, steps: usize) {
        self.spent = self.spent.saturating_add(steps);
    }
}

/// What is left of it.
#[derive(Debug)]
pub(crate) struct Budget {
    given: usize,
    left: usize,
}

impl Budget {
    pub(crate) fn new(input: &Val, allowance: &Allowance) -> Self {
        let steps = allowance.most.saturating_sub(allowance.spent).clamp(FEW, STEPS);
        let given = steps + 4 * input.size();
        Self { given, left: given }
    }

    /// What was spent of it.
    pub(crate) fn spent(&self) -> usize {
        self.given - self.left
    }

    /// Pays.
    ///
    /// # Errors
    /// That the budget is spent; then it stays so.
    pub(crate) fn pay(&mut self, cost: usize) -> Result<(), Stop> {
        match self.left.checked_sub(cost) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => {
                self.left = 0;
                Err(Stop::Exhausted)
            }
        }
    }

    /// Pays for so many bytes of text.
    pub(crate) fn pay_text(&mut self, bytes: usize) -> Result<(), Stop> {
        self.pay(1 + bytes / 16)
    }

    /// Lets a search take what is left, so many of its steps for one.
    pub(crate) fn steps<T>(
        &mut self,
        each: u64,
        search: impl FnOnce(&mut Steps) -> Result<T, TooDear>,
    ) -> Result<T, Stop> {
        let before = self.left as u64 * each;
        let mut steps = Steps::new(before);
        let found = search(&mut steps);
        self.pay(1 + ((before - steps.left()) / each) as usize)?;
        found.map_err(|TooDear| Stop::Exhausted)
    }

    /// Passes a value that was just made, unless it is nested too deep.
    pub(crate) fn made(&mut self, value: Val) -> Result<Val, Stop> {
        if value.depth() > MAX_DEPTH { Err(Stop::Exhausted) } else { Ok(value) }
    }
}
