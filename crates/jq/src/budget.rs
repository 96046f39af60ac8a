//! What a run may cost.

use search::{Steps, TooDear};

use crate::error::Stop;
use crate::value::{MAX_DEPTH, Val};

/// What a run may cost, beyond a part that grows with its input. One step costs 1; a value that is made costs 1 for each of
/// its parts and 1 for every 16 bytes of text.
const STEPS: usize = 400_000;

/// What is left of it.
#[derive(Debug)]
pub(crate) struct Budget {
    left: usize,
}

impl Budget {
    pub(crate) fn new(input: &Val) -> Self {
        Self { left: STEPS + 4 * input.size() }
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
