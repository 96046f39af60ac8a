//! Regular expressions that are searched with going back: Java's, and Oniguruma's as jq uses them.
//!
//! Lookaround, back references and possessive quantifiers need that. Such a search may take exponential time, so each of its
//! steps is paid for out of a [`Steps`], and what it remembers has a bound. A repetition is counted and never written out, so
//! that `.{1,1024}` is as small as it looks.
//!
//! ```text
//! java, oniguruma    a text to a Node          node   what a pattern consists of
//! program            a Node to steps           run    runs them over a text
//! lengths            how far Java looks back
//! class, property    which characters a class has, and what \p{..} stands for
//! ```

mod class;
pub mod java;
mod lengths;
mod node;
mod oniguruma;
mod program;
mod property;
mod run;
mod steps;

use program::{Program, Wanted};

pub use oniguruma::Options;
pub use run::Groups;
pub use steps::{Steps, TooDear};

/// The longest pattern, in bytes. It is our own bound: AWS documents none.
pub const MAX_BYTES: usize = 1 << 14;

/// A pattern that is ready to match.
#[derive(Debug)]
pub struct Pattern {
    program: Program,
    names: Vec<(String, usize)>,
}

impl Pattern {
    /// Reads a pattern as Java does.
    ///
    /// # Errors
    /// What is wrong with it, in a part of a sentence whose subject is the pattern.
    pub fn java(text: &str) -> Result<Self, String> {
        let parsed = java::read(text)?;
        Ok(Self { program: program::compile(&parsed, Wanted::Whole), names: Vec::new() })
    }

    /// Reads a pattern as Oniguruma does, in the syntax of Perl with named groups, as jq asks it to.
    ///
    /// # Errors
    /// Oniguruma's own text, or what of it is not supported here.
    pub fn oniguruma(text: &str, options: Options) -> Result<Self, String> {
        if text.len() > MAX_BYTES {
            return Err(format!("a pattern of more than {MAX_BYTES} bytes is not supported here"));
        }
        let (parsed, names) = oniguruma::read(text, options)?;
        let wanted = if options.not_empty { Wanted::NotEmpty } else { Wanted::Any };
        Ok(Self { program: program::compile(&parsed, wanted), names })
    }

    /// Whether the pattern matches at the text's beginning; one of Java's has to match all of it.
    ///
    /// # Errors
    /// That it takes too many steps.
    pub fn is_match(&self, text: &[char], steps: &mut Steps) -> Result<bool, TooDear> {
        steps.pay(text.len() as u64)?;
        run::find(&self.program, text, 0, false, steps).map(|found| found.is_some())
    }

    /// The first match from a place on, in characters.
    ///
    /// # Errors
    /// That it takes too many steps.
    pub fn find(&self, text: &[char], from: usize, steps: &mut Steps) -> Result<Option<Groups>, TooDear> {
        run::find(&self.program, text, from, true, steps)
    }

    /// The names of groups, with their numbers.
    pub fn names(&self) -> &[(String, usize)] {
        &self.names
    }
}
