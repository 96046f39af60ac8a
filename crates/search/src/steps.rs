//! What searches may cost.

/// What is left for searches, in steps of some nanoseconds each.
#[derive(Debug)]
pub struct Steps {
    left: u64,
}

/// A search takes more steps than it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooDear;

impl Steps {
    /// So many.
    pub fn new(steps: u64) -> Self {
        Self { left: steps }
    }

    /// How many are left.
    pub fn left(&self) -> u64 {
        self.left
    }

    /// Pays for steps before they are taken.
    pub(crate) fn pay(&mut self, steps: u64) -> Result<(), TooDear> {
        let left = self.left.checked_sub(steps);
        self.left = left.ok_or(TooDear)?;
        Ok(())
    }
}
