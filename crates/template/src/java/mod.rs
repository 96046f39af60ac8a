//! Java's regular expressions, as CloudFormation and the Parameter Store read `AllowedPattern` ("Parameters": "regular expressions conform to the Java
//! regex syntax"): what `java.util.regex.Pattern` takes, and whether a whole text matches.
//!
//! They are searched with going back, as Java does it, since lookaround, back references and possessive quantifiers need that.
//! Such a search may take exponential time, so each of its steps is paid for out of a [`PatternBudget`], and what it remembers
//! has a bound. A repetition is counted and never written out, so that `.{1,1024}` is as small as it looks.
//!
//! ```text
//! text --parse, classes--> Node --program--> Program --run--> whether it matches
//! class  property       which characters a class has, and what \p{..} stands for
//! ```
//!
//! Not supported, and refused by name: `\X`, `\b{g}`, `\N{..}`, and the less common of the blocks `\p{In..}`.

mod class;
mod classes;
mod escapes;
mod node;
mod parse;
mod program;
mod property;
mod run;
#[cfg(test)]
mod tests;

use crate::budget::PatternBudget;
use crate::error::Result;
use class::Class;
use node::{Greed, Node};
use parse::Parser;
use program::Program;

/// The longest pattern, in bytes. It is our own bound: AWS documents none.
const MAX_BYTES: usize = 1 << 14;

/// A pattern that is ready to match.
#[derive(Debug)]
pub(crate) struct Pattern {
    program: Program,
}

/// Why a text can't be held against a pattern.
#[derive(Debug, PartialEq, Eq)]
pub enum Unmatched {
    /// What is wrong with the pattern, or isn't supported here, in a part of a sentence whose subject is the pattern.
    Wrong(String),
    /// The search takes more steps than it may, ten million.
    TooDear,
}

/// Whether a pattern matches a part of a text.
///
/// # Errors
/// That nobody knows.
pub fn occurs(pattern: &str, text: &str) -> std::result::Result<bool, Unmatched> {
    let mut parsed = read(pattern).map_err(Unmatched::Wrong)?;
    let anything = |greed| {
        let body = Box::new(Node::One(Class::of(&[('\0', char::MAX)])));
        Node::Repeat { body, min: 0, max: None, greed }
    };
    parsed.root = Node::Sequence(vec![anything(Greed::Lazy), parsed.root, anything(Greed::Possessive)]);
    let pattern = Pattern { program: program::compile(&parsed) };
    pattern.is_match(text, &mut PatternBudget::default()).map_err(|_| Unmatched::TooDear)
}

fn read(text: &str) -> std::result::Result<node::Parsed, String> {
    if text.len() > MAX_BYTES {
        return Err(format!("it is longer than {MAX_BYTES} bytes"));
    }
    Parser::new(text).pattern()
}

impl Pattern {
    /// Reads a pattern. The error says what is wrong with it, in a part of a sentence.
    pub(crate) fn new(text: &str) -> std::result::Result<Self, String> {
        Ok(Self { program: program::compile(&read(text)?) })
    }

    /// Whether the whole text matches.
    ///
    /// # Errors
    /// That the budget is spent.
    pub(crate) fn is_match(&self, text: &str, budget: &mut PatternBudget) -> Result<bool> {
        run::matches(&self.program, text, budget)
    }
}
