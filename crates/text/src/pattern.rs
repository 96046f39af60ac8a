//! Regular expressions that clients write: what one costs is reckoned and paid before it is spent.
//!
//! Matching takes time in proportion to the text times the compiled pattern, and a pattern of 30 bytes may compile to megabytes.
//! Costs are in steps, about a nanosecond each.

use std::ops::Range;

use regex::{Regex, RegexBuilder};

/// Steps that reading a byte of a pattern takes: `\pL` becomes 650 ranges.
const READING: u64 = 1 << 14;
/// How many times longer reading takes where upper and lower case are the same: each range is looked up.
const FOLDING: u64 = 32;
/// Making a byte of the compiled pattern takes as long as matching it with this many bytes of text.
const COMPILING: u64 = 64;
/// The longest pattern, in bytes; none can pay for a longer one: what `\pL` becomes is a thousand times as long.
const MAX_BYTES: usize = 1 << 14;
/// The sizes that a compiled pattern is tried with, in bytes, the smallest first: the first that suffices tells its size.
const SIZES: [usize; 5] = [1 << 11, 1 << 14, 1 << 17, 1 << 20, 1 << 22];

/// A compiled pattern of known size.
pub struct Pattern {
    regex: Regex,
    size: u64,
}

/// The steps that it takes to read a pattern once; `folds`: a flag beside it makes upper and lower case the same.
pub fn reading(pattern: &str, folds: bool) -> u64 {
    if pattern.len() > MAX_BYTES {
        return u64::MAX;
    }
    let folding = |flags: &str| flags.split([':', ')']).next().is_some_and(|flags| flags.contains('i'));
    let more = if folds || pattern.split("(?").skip(1).any(folding) { FOLDING } else { 1 };
    pattern.len() as u64 * READING * more
}

impl Pattern {
    /// Compiles what `builder` was given, as far as `pay` allows; `None` if it is no pattern, or too large a one. `reading` are
    /// the steps that it takes to read it.
    ///
    /// # Errors
    /// That of `pay`, which gets the steps of what is done next.
    pub fn compile<E>(
        builder: &mut RegexBuilder,
        reading: u64,
        mut pay: impl FnMut(u64) -> Result<(), E>,
    ) -> Result<Option<Self>, E> {
        for bytes in SIZES {
            let size = bytes as u64;
            pay(reading.saturating_add(size * COMPILING))?;
            match builder.size_limit(bytes).build() {
                Ok(regex) => return Ok(Some(Self { regex, size })),
                Err(regex::Error::CompiledTooBig(_)) => {}
                Err(_) => return Ok(None),
            }
        }
        Ok(None)
    }

    /// The steps that it takes to match a text.
    pub fn matching(&self, text: &str) -> u64 {
        self.size * (text.len() as u64 + 1)
    }

    /// Whether the pattern occurs in the text. Pay [`Self::matching`] before.
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// Where the pattern first occurs in the text, in bytes, from `from` on; and what its named groups match there. Pay
    /// [`Self::matching`] before.
    pub fn groups(&self, text: &str, from: usize) -> Option<(Range<usize>, Vec<(String, Option<String>)>)> {
        let found = self.regex.captures_at(text, from)?;
        let names = self.regex.capture_names().flatten();
        let groups = names.map(|name| (name.to_owned(), found.name(name).map(|group| group.as_str().to_owned())));
        Some((found.get(0)?.range(), groups.collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The steps that a pattern and a match take.
    fn steps(pattern: &str, text: &str) -> u64 {
        let mut paid = 0;
        let pay = |steps| {
            paid += steps;
            Ok::<_, ()>(())
        };
        let compiled =
            Pattern::compile(&mut RegexBuilder::new(pattern), reading(pattern, false), pay).unwrap().unwrap();
        paid + compiled.matching(text)
    }

    #[test]
    fn what_is_dear_is_known_to_be() {
        let text = "a".repeat(4_000);
        assert!(steps("[a-z]+", "abc") < 1_000_000);
        assert!(steps(r"[\w+=,.@-]{1,64}", "role") < 1_000_000_000);
        assert!(steps("[ab]*a[ab]{8000}|[ab]*", &text) > 4_000_000_000);
        assert!(reading(r"(?i)\pL\pL", false) > 25 * reading(r"(?:x)\pL\pL", false));
    }
}
