//! Functions of texts.

use std::sync::Arc;

use super::{Native, entry, only};
use crate::budget::Budget;
use crate::error::{Stop, fail};
use crate::value::{Val, described};

pub(super) const TABLE: &[Native] = &[
    entry("utf8bytelength", 0, |_, input, _| match &input {
        Val::Text(text) => Ok(text.len().into()),
        other => fail(format!("{} only strings have UTF-8 byte length", described(other))),
    }),
    entry("ascii_downcase", 0, |budget, input, _| Ok(Val::text(exploded(budget, &input)?.to_ascii_lowercase()))),
    entry("ascii_upcase", 0, |budget, input, _| Ok(Val::text(exploded(budget, &input)?.to_ascii_uppercase()))),
    entry("explode", 0, |budget, input, _| {
        let text = exploded(budget, &input)?;
        budget.pay(text.len() / 2)?;
        Ok(Val::list(text.chars().map(|c| Val::Number(f64::from(u32::from(c)))).collect()))
    }),
    entry("implode", 0, |budget, input, _| implode(budget, &input)),
    entry("split", 1, |budget, input, arguments| match (&input, &only(arguments)) {
        (Val::Text(text), Val::Text(by)) => split(budget, text, by),
        _ => fail("split input and separator must be strings"),
    }),
    entry("startswith", 1, |_, input, arguments| match (&input, &only(arguments)) {
        (Val::Text(text), Val::Text(part)) => Ok(text.starts_with(&**part).into()),
        _ => fail("startswith() requires string inputs"),
    }),
    entry("endswith", 1, |_, input, arguments| match (&input, &only(arguments)) {
        (Val::Text(text), Val::Text(part)) => Ok(text.ends_with(&**part).into()),
        _ => fail("endswith() requires string inputs"),
    }),
    entry("ltrimstr", 1, |budget, input, arguments| {
        trimmed(budget, input, &only(arguments), |text, part| text.strip_prefix(part))
    }),
    entry("rtrimstr", 1, |budget, input, arguments| {
        trimmed(budget, input, &only(arguments), |text, part| text.strip_suffix(part))
    }),
    entry("_strindices", 1, |budget, input, arguments| match (&input, &only(arguments)) {
        // jq 1.6 never ends with an empty text.
        (Val::Text(_), Val::Text(part)) if part.is_empty() => Err(Stop::Exhausted),
        (Val::Text(text), Val::Text(part)) => {
            budget.pay_text(text.len())?;
            let found: Vec<Val> = text.match_indices(&**part).map(|(at, _)| at.into()).collect();
            budget.pay(found.len())?;
            Ok(Val::list(found))
        }
        _ => fail("_strindices input must be a string"),
    }),
];

fn exploded(budget: &mut Budget, input: &Val) -> Result<Arc<str>, Stop> {
    match input {
        Val::Text(text) => {
            budget.pay_text(text.len())?;
            Ok(Arc::clone(text))
        }
        _ => fail("explode input must be a string"),
    }
}

fn implode(budget: &mut Budget, input: &Val) -> Result<Val, Stop> {
    let Val::List(list) = input else { return fail("implode input must be an array") };
    budget.pay(list.items.len())?;
    let mut text = String::new();
    for item in &list.items {
        match item {
            // Half of a character that takes two is none.
            Val::Number(n) if (0.0..1_114_112.0).contains(n) => {
                text.push(char::from_u32(*n as u32).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            other => return fail(format!("{} is not a codepoint", described(other))),
        }
    }
    Ok(Val::text(text))
}

/// A text cut at a separator; into its characters, if that is empty.
pub(super) fn split(budget: &mut Budget, text: &str, by: &str) -> Result<Val, Stop> {
    budget.pay_text(text.len())?;
    let parts: Vec<Val> = if text.is_empty() {
        Vec::new()
    } else if by.is_empty() {
        budget.pay(text.len() / 2)?;
        text.chars().map(|c| Val::text(c.encode_utf8(&mut [0; 4]))).collect()
    } else {
        text.split(by).map(Val::text).collect()
    };
    budget.pay(parts.len())?;
    Ok(Val::list(parts))
}

fn trimmed(
    budget: &mut Budget,
    input: Val,
    part: &Val,
    strip: for<'t> fn(&'t str, &str) -> Option<&'t str>,
) -> Result<Val, Stop> {
    let (Val::Text(text), Val::Text(part)) = (&input, part) else { return Ok(input) };
    budget.pay_text(text.len())?;
    match strip(text, part) {
        Some(rest) => Ok(Val::text(rest)),
        None => Ok(input),
    }
}
