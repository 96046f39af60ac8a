//! Java's regular expressions, as CloudFormation and the Parameter Store read `AllowedPattern` ("Parameters": "regular expressions conform to the Java
//! regex syntax"): what `java.util.regex.Pattern` takes, and whether a whole text matches.
//!
//! ```text
//! parse    groups, quantifiers    classes    [..]    escapes    what stands behind a backslash    flags    (?i)
//! ```
//!
//! Not supported, and refused by name: `\N{..}`. Characters have the properties that they had in Unicode 13, as in Java 17.

mod classes;
mod escapes;
mod flags;
mod parse;
#[cfg(test)]
mod tests;

use crate::class::Class;
use crate::node::{Greed, Node, Parsed};
use crate::program::{Wanted, compile};
use crate::{MAX_BYTES, Pattern, Steps, TooDear};
use parse::Parser;

/// What a search for a part of a text may cost.
const MAX_STEPS: u64 = 10_000_000;

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
pub fn occurs(pattern: &str, text: &str) -> Result<bool, Unmatched> {
    let mut parsed = read(pattern).map_err(Unmatched::Wrong)?;
    let anything = |greed| {
        let body = Box::new(Node::One(Class::of(&[('\0', char::MAX)])));
        Node::Repeat { body, min: 0, max: None, greed, counted: false }
    };
    parsed.root = Node::Sequence(vec![anything(Greed::Lazy), parsed.root, anything(Greed::Possessive)]);
    let pattern = Pattern { program: compile(&parsed, Wanted::Whole), names: Vec::new() };
    let text: Vec<char> = text.chars().collect();
    pattern.is_match(&text, &mut Steps::new(MAX_STEPS)).map_err(|TooDear| Unmatched::TooDear)
}

/// Reads a pattern.
pub(crate) fn read(text: &str) -> Result<Parsed, String> {
    if text.len() > MAX_BYTES {
        return Err(format!("it is longer than {MAX_BYTES} bytes"));
    }
    Parser::new(text).pattern()
}
