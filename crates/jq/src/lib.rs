//! The language jq, version 1.6.
//!
//! What gives another answer than jq's own program is told in `docs/jq.md`: what reads or writes outside of the query and its
//! input is refused by name when a query is read, and so are modules; a few regular expressions are refused when they are used.
//!
//! The engine is our own because it is bounded: each step and each byte that it makes is paid for out of a fixed budget, so no
//! query and no record can hang the server or fill its memory. How long and how deep a query may be is bounded as well.
//!
//! ```text
//! syntax/     the query's text to a tree        ast      the tree
//! machine/    runs the tree and pays for it     error    why a step gives no result
//! functions/  functions of input and argument   budget   what a run may cost
//! prelude     functions that are written in jq  value/   JSON values, their order and their text
//! input       JSON from outside                  symbols  what operators and formats there are
//! ```

mod ast;
mod budget;
mod error;
mod functions;
mod input;
mod machine;
mod prelude;
mod symbols;
mod syntax;
mod value;

pub use budget::Allowance;
use machine::{End, Machine};
use prelude::PRELUDE;
use value::{Val, dumped};

/// The largest value that an error tells, in parts.
const MAX_ERROR: usize = 10_000;

/// A query, ready to run.
#[derive(Debug, Clone, PartialEq)]
pub struct Query(ast::Ast);

/// A JSON value to run queries on.
#[derive(Debug, Clone)]
pub struct Input(Val);

impl Input {
    /// Reads a text as JSON, if it is that.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        serde_json::from_slice(text).ok().map(Self)
    }
}

impl Query {
    /// Reads a query.
    ///
    /// # Errors
    /// What is wrong with it, or what of it is not supported.
    pub fn parse(text: &str) -> Result<Self, String> {
        syntax::parse(text, &PRELUDE.globals).map(Self)
    }

    /// Runs the query on an input, as far as its first result; `None` if it has none. What it costs is taken from an allowance.
    ///
    /// # Errors
    /// The error that the query ends with, or that it takes too many steps.
    pub fn first(&self, input: &Input, allowance: &mut Allowance) -> Result<Option<serde_json::Value>, String> {
        let mut machine = self.machine(input, allowance);
        let first = machine.next().and_then(|value| machine.told(value));
        allowance.spend(machine.spent());
        match first {
            Ok(value) => Ok(Some(value.to_json())),
            Err(End::Done) => Ok(None),
            Err(end) => Err(message(end)),
        }
    }

    /// Runs the query on an input, for all its results, each in jq's own compact text; and the error that it ends with, if it
    /// does.
    pub fn texts(&self, input: &Input) -> (Vec<String>, Option<String>) {
        let (mut machine, mut results) = (self.machine(input, &Allowance::new(usize::MAX)), Vec::new());
        loop {
            match machine.next().and_then(|value| machine.told(value)) {
                Ok(value) => results.push(dumped(&value)),
                Err(End::Done) => return (results, None),
                Err(end) => return (results, Some(message(end))),
            }
        }
    }

    fn machine(&self, input: &Input, allowance: &Allowance) -> Machine<'_> {
        Machine::new(&self.0, &PRELUDE.definitions, input.0.clone(), allowance)
    }
}

/// An error as jq tells it.
fn message(end: End) -> String {
    match end {
        End::Done => String::new(),
        End::Exhausted => "the jq query takes too many steps".into(),
        End::Error(Val::Text(message)) => (*message).to_owned(),
        End::Error(value) if value.size() > MAX_ERROR => "(not a string)".into(),
        End::Error(value) => format!("(not a string): {}", dumped(&value)),
    }
}

#[cfg(test)]
mod tests;
