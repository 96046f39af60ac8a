//! Typed views of the cloud: what the pages show and the API answers.
//!
//! Times are milliseconds since 1970 of the cloud's clock. A view is of one account, and of one region or of all of them. None of
//! them holds the engine for longer than some hundred entries take.

pub(crate) mod body;
pub(crate) mod bucket;
pub(crate) mod figures;
pub(crate) mod map;
pub(crate) mod message;
pub(crate) mod overview;
pub(crate) mod queue;
pub(crate) mod queue_messages;
pub(crate) mod search;
pub(crate) mod series;
pub(crate) mod stack;
pub(crate) mod story;
pub(crate) mod stream;
pub(crate) mod topic;

use super::wrong;
use wire::{AwsError, Form};

/// A name and its value, as resources' attributes and tags are.
pub(crate) type Pairs = std::collections::BTreeMap<String, String>;

/// Entries that are made under one lock.
pub(crate) const SLICE: usize = 200;
/// Entries of a page unless asked otherwise, and at most.
const LIMIT: usize = 100;
const MAX_LIMIT: usize = 1_000;

/// Which page of a list is wanted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Paging {
    pub limit: usize,
    /// What the page before said comes next.
    pub next: Option<String>,
}

impl Paging {
    /// Reads `limit` and `next`.
    ///
    /// # Errors
    /// A limit that is none.
    pub(crate) fn of(form: &Form) -> Result<Self, AwsError> {
        let limit = match form.get("limit") {
            None => LIMIT,
            Some(text) => match text.parse() {
                Ok(limit @ 1..=MAX_LIMIT) => limit,
                _ => return Err(wrong(format!("The parameter limit is a number from 1 to {MAX_LIMIT}."))),
            },
        };
        Ok(Self { limit, next: form.get("next").filter(|next| !next.is_empty()).map(str::to_owned) })
    }

    /// The ones of this page, of names in order, and where the next begins.
    pub(crate) fn cut(&self, names: impl Iterator<Item = String>) -> (Vec<String>, Option<String>) {
        let after = self.next.as_deref().unwrap_or_default();
        let mut names: Vec<String> = names.filter(|name| name.as_str() > after).take(self.limit + 1).collect();
        let more = names.len() > self.limit;
        names.truncate(self.limit);
        let next = names.last().filter(|_| more).cloned();
        (names, next)
    }
}

/// The last part of an ARN.
pub(crate) fn name_of(arn: &str) -> &str {
    arn.rsplit([':', '/']).next().unwrap_or(arn)
}
