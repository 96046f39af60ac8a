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
    /// A part of the names that are wanted, in small letters.
    pub name: Option<String>,
}

/// Names of one page.
#[derive(Default)]
pub(crate) struct Cut {
    pub names: Vec<String>,
    /// Where the next page begins.
    pub next: Option<String>,
    /// How many there are on all pages.
    pub of: usize,
}

impl Paging {
    /// Reads `limit`, `next` and `name`.
    ///
    /// # Errors
    /// A limit that is none.
    pub(crate) fn of(form: &Form) -> Result<Self, AwsError> {
        let given = |name: &str| form.get(name).filter(|value| !value.is_empty());
        let limit = match given("limit") {
            None => LIMIT,
            Some(text) => match text.parse() {
                Ok(limit @ 1..=MAX_LIMIT) => limit,
                _ => return Err(wrong(format!("The parameter limit is a number from 1 to {MAX_LIMIT}."))),
            },
        };
        Ok(Self { limit, next: given("next").map(str::to_owned), name: given("name").map(str::to_lowercase) })
    }

    /// Whether something of this name, or with this at the end of its ARN, is wanted.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.name.as_ref().is_none_or(|part| name_of(name).to_lowercase().contains(part.as_str()))
    }

    /// The ones of this page, of names in order, and where the next begins.
    pub(crate) fn cut<'n>(&self, names: impl Iterator<Item = &'n str>) -> Cut {
        let mut cut = Cut::default();
        names.for_each(|name| self.take(&mut cut, name));
        cut
    }

    /// Looks at the next of all names in order: counts it if it is wanted, and keeps it if it is of this page.
    pub(crate) fn take(&self, cut: &mut Cut, name: &str) {
        if !self.wants(name) {
            return;
        }
        cut.of += 1;
        if self.next.as_deref().is_some_and(|after| name <= after) {
            return;
        }
        if cut.names.len() < self.limit {
            cut.names.push(name.to_owned());
        } else if cut.next.is_none() {
            cut.next = cut.names.last().cloned();
        }
    }
}

/// The last part of an ARN.
pub(crate) fn name_of(arn: &str) -> &str {
    arn.rsplit([':', '/']).next().unwrap_or(arn)
}
