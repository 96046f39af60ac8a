//! What all batches have in common: how many entries, under which ids, and how they turned out.

use serde::Serialize;

use super::error;
use crate::request::Context;
use wire::{AwsError, Protocol, Text};

/// "SendMessageBatch" and its sisters (Amazon SQS API Reference): up to 10 entries.
const MAX_ENTRIES: usize = 10;

/// A batch's answer: its entries' results, and the errors of those that failed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct BatchOutput<T> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub successful: Vec<T>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<Failed>,
}

/// The answer for an entry that succeeded.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Done {
    pub id: String,
}

/// An entry that failed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Failed {
    pub id: String,
    pub sender_fault: bool,
    pub code: String,
    pub message: String,
}

impl Failed {
    /// What an entry's error looks like in the answer: always with the query protocol's code.
    pub(super) fn of(id: &str, error: AwsError) -> Self {
        let code = error.query_code.unwrap_or(error.code).into_owned();
        Failed { id: id.to_owned(), sender_fault: error.status < 500, code, message: error.message }
    }
}

/// Checks the number of a batch's entries and their ids. `entry` is the query protocol's name of an entry.
///
/// # Errors
/// `EmptyBatchRequest`, `MissingParameter`, `TooManyEntriesInBatchRequest`, `InvalidBatchEntryId`,
/// `BatchEntryIdsNotDistinct`.
pub(super) fn check<'i, T>(
    cx: &Context,
    entries: Option<&'i Vec<T>>,
    entry: &str,
    id: impl Fn(&'i T) -> Option<&'i Text<'i>>,
) -> Result<Vec<&'i str>, AwsError> {
    let entries = match entries {
        Some(entries) if !entries.is_empty() => entries,
        // The query protocol can't tell an empty list from none.
        None if cx.protocol != Protocol::Query => return Err(error::missing("Entries")),
        _ => return Err(error::empty_batch(entry)),
    };
    if entries.len() > MAX_ENTRIES {
        return Err(error::too_many_entries(entries.len()));
    }
    let mut ids: Vec<&str> = Vec::with_capacity(entries.len());
    for (index, each) in entries.iter().enumerate() {
        let id = id(each).ok_or_else(|| error::missing(&format!("{entry}.{}.Id", index + 1)))?.as_str();
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if id.is_empty() || id.len() > 80 || !id.bytes().all(allowed) {
            return Err(error::batch_entry_id());
        }
        if ids.contains(&id) {
            return Err(error::repeated_id(id));
        }
        ids.push(id);
    }
    Ok(ids)
}
