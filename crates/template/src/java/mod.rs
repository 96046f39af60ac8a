//! Java's regular expressions, as CloudFormation reads `AllowedPattern` ("Parameters": "regular expressions conform to the Java
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
use parse::Parser;
use program::Program;

/// The longest pattern, in bytes. It is our own bound: AWS documents none.
const MAX_BYTES: usize = 1 << 14;

/// A pattern that is ready to match.
#[derive(Debug)]
pub(crate) struct Pattern {
    program: Program,
}

impl Pattern {
    /// Reads a pattern. The error says what is wrong with it, in a part of a sentence.
    pub(crate) fn new(text: &str) -> std::result::Result<Self, String> {
        if text.len() > MAX_BYTES {
            return Err(format!("it is longer than {MAX_BYTES} bytes"));
        }
        let parsed = Parser::new(text).pattern()?;
        Ok(Self { program: program::compile(&parsed) })
    }

    /// Whether the whole text matches.
    ///
    /// # Errors
    /// That the budget is spent.
    pub(crate) fn is_match(&self, text: &str, budget: &mut PatternBudget) -> Result<bool> {
        run::matches(&self.program, text, budget)
    }
}
