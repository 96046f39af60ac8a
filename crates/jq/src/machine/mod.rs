//! Runs a filter as jq does: forward until there is a result, and back to the last choice for the next one.
//!
//! What is still to be done with a result is a list of frames, and what is left to try is a stack of choices. Both live on the
//! heap, so that no query exhausts the program's own stack, and every step is paid for.
//!
//! ```text
//! env    what names stand for               frame    what is done with a result; what is tried next
//! eval   begins a filter                    resume   goes on with a result
//! back   goes back, or ends with an error   paths    follows paths, and remembers them for `path(..)`
//! bind   takes values apart for `as`
//! ```

mod back;
mod bind;
mod env;
mod eval;
mod frame;
mod paths;
mod resume;

use crate::ast::{Ast, Definition};
use crate::budget::{Allowance, Budget};
use crate::error::Stop;
use crate::value::Val;
use env::Env;
use frame::{Choice, Frame, Next, Spot};

/// What is done next.
enum Step<'q> {
    Eval(&'q Ast, Env<'q>, Spot, Next<'q>),
    Return(Spot, Next<'q>),
    Back,
}

/// How a run ends.
#[derive(Debug)]
pub(crate) enum End {
    /// All results have been given.
    Done,
    /// An error that nothing caught.
    Error(Val),
    /// The budget is spent, or something is nested too deep.
    Exhausted,
}

/// One run of a filter.
pub(crate) struct Machine<'q> {
    budget: Budget,
    choices: Vec<Choice<'q>>,
    /// The functions that all queries have.
    globals: &'q [Definition],
    /// Labels so far.
    labels: usize,
}

impl<'q> Machine<'q> {
    /// A run that has not begun.
    pub(crate) fn new(ast: &'q Ast, globals: &'q [Definition], input: Val, allowance: &Allowance) -> Self {
        let budget = Budget::new(&input, allowance);
        let spot = Spot { value: input, track: None };
        let choices = vec![Choice::Eval(ast, Env::default(), spot, Next::default())];
        Self { budget, choices, globals, labels: 0 }
    }

    /// Runs as far as the next result.
    ///
    /// # Errors
    /// How the run ends.
    pub(crate) fn next(&mut self) -> Result<Val, End> {
        let mut step = Step::Back;
        loop {
            let done = self.budget.pay(1).and_then(|()| match step {
                Step::Eval(ast, env, spot, next) => self.eval(ast, env, spot, next).map(Some),
                Step::Return(spot, next) => match next.take() {
                    Ok((frame, next)) => self.resume(frame, spot, next).map(Some),
                    Err(()) => {
                        // Nothing is left to be done with it: it is a result.
                        self.choices.push(Choice::Result(spot.value));
                        Ok(None)
                    }
                },
                Step::Back => self.back(),
            });
            step = match done {
                Ok(Some(step)) => step,
                Ok(None) => match self.choices.pop() {
                    Some(Choice::Result(value)) => return Ok(value),
                    _ => return Err(End::Done),
                },
                Err(Stop::Nothing) => Step::Back,
                Err(Stop::Exhausted) => {
                    self.choices.clear();
                    return Err(End::Exhausted);
                }
                Err(Stop::Error(error)) => match self.raise(error) {
                    Ok(step) => step,
                    Err(error) => return Err(End::Error(error)),
                },
            };
        }
    }

    /// What it has cost.
    pub(crate) fn spent(&self) -> usize {
        self.budget.spent()
    }

    /// Pays for telling a result in full.
    ///
    /// # Errors
    /// That the budget is spent.
    pub(crate) fn told(&mut self, value: Val) -> Result<Val, End> {
        self.budget.pay(value.size()).map_err(|_| End::Exhausted)?;
        Ok(value)
    }

    /// Begins a filter whose results go to a frame.
    fn begin(ast: &'q Ast, env: Env<'q>, spot: Spot, frame: Frame<'q>, next: Next<'q>) -> Step<'q> {
        Step::Eval(ast, env, spot, next.after(frame))
    }
}
