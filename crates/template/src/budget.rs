//! What a template may cost: a small one can't make large values, or keep a core busy.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

use search::{Pattern, Steps, TooDear};
use serde_json::Value;

use crate::error::{Invalid, Result};
use crate::value::is_unknown;

/// "AWS CloudFormation quotas": bytes of a template. What it becomes, its loops unrolled or its values evaluated, may not be
/// larger either.
pub const MAX_BYTES: usize = 1_000_000;
/// Bytes that may be made on the way to the values, those that are thrown away again and each value's own memory included.
/// The largest template needs less than this; only functions within functions can need more.
const MAX_WORK: usize = 20 * MAX_BYTES;
/// Bytes that a value costs beside its text.
const NODE: usize = 32;

/// What matching the values of a template's parameters with their patterns (`AllowedPattern`) may cost, in steps of some
/// nanoseconds: a fraction of a second. Two hundred parameters of 4,096 characters with a simple pattern each need a third of
/// it. It is our own bound: AWS documents none.
const MAX_STEPS: u64 = 10_000_000;

#[derive(Debug)]
pub(crate) struct PatternBudget(Steps);

impl Default for PatternBudget {
    fn default() -> Self {
        Self(Steps::new(MAX_STEPS))
    }
}

impl PatternBudget {
    /// Whether a whole text matches a pattern.
    pub(crate) fn is_match(&mut self, pattern: &Pattern, text: &str) -> Result<bool> {
        let text: Vec<char> = text.chars().collect();
        let spent = |TooDear| {
            Invalid::new(format!(
                "Template error: matching the values of the parameters with their AllowedPatterns takes more than {MAX_STEPS} steps here. Simplify the patterns, repetitions within repetitions first."
            ))
        };
        pattern.is_match(&text, &mut self.0).map_err(spent)
    }
}

/// Pays for one evaluation of a template, all of its values together.
#[derive(Debug)]
pub struct Budget {
    /// Bytes that the values may still have.
    values: AtomicUsize,
    /// Bytes that may still be made.
    work: AtomicUsize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { values: MAX_BYTES.into(), work: MAX_WORK.into() }
    }
}

impl Budget {
    /// Pays for a value that is kept: it was made already.
    pub(crate) fn pay_kept(&self, value: &Value) -> Result<()> {
        spend(&self.values, size(value))
    }

    /// Pays for bytes that are made.
    pub(crate) fn pay_bytes(&self, bytes: usize) -> Result<()> {
        spend(&self.work, bytes)
    }

    /// Pays for one more value of so many bytes of text.
    pub(crate) fn pay_node(&self, bytes: usize) -> Result<()> {
        self.pay_bytes(NODE + bytes)
    }

    /// Pays for a value that was made at once, with all that is inside it.
    pub(crate) fn pay_whole(&self, value: &Value) -> Result<()> {
        match value {
            Value::Array(items) => items.iter().try_for_each(|item| self.pay_whole(item))?,
            Value::Object(members) => members.iter().try_for_each(|(name, member)| {
                self.pay_bytes(name.len())?;
                self.pay_whole(member)
            })?,
            Value::String(text) => self.pay_bytes(text.len())?,
            _ => {}
        }
        self.pay_node(0)
    }

    /// Adds to a text, which may not become larger than a template.
    pub(crate) fn grow(&self, text: &mut String, more: &str) -> Result<()> {
        if text.len() + more.len() > MAX_BYTES {
            return Err(too_large());
        }
        self.pay_bytes(more.len())?;
        text.push_str(more);
        Ok(())
    }

    /// A value's JSON, which may not become larger than a template.
    pub(crate) fn json(&self, value: &Value) -> Result<String> {
        let mut text = Bounded(Vec::new());
        serde_json::to_writer(&mut text, value).map_err(|_| too_large())?;
        self.pay_bytes(text.0.len())?;
        String::from_utf8(text.0).map_err(|_| too_large())
    }
}

fn spend(left: &AtomicUsize, bytes: usize) -> Result<()> {
    let paid = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes));
    paid.map(drop).map_err(|_| too_large())
}

/// AWS's error for a template that is too large, or becomes so.
pub fn too_large() -> Invalid {
    Invalid::new(format!("Template may not exceed {MAX_BYTES} bytes in size."))
}

/// About the bytes that a value takes in a template, never more.
fn size(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(members) => members.iter().map(|(name, member)| name.len() + size(member)).sum(),
        unknown if is_unknown(unknown) => 0,
        Value::String(text) => text.len(),
        _ => 0,
    }
}

/// Takes as many bytes as a template may have.
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
