//! Chunks: the documents that hold events, those of one stream in each.
//!
//! A chunk has a head, so that who looks for a stream or a time reads no further in those that have neither.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use engine::Millis;
use wire::AwsError;

/// "PutLogEvents", API Reference: what an event counts beside its message, in bytes.
const FRAME: u64 = 26;

/// What a chunk holds, in short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    /// The stream's number.
    pub stream: u64,
    /// The time of its oldest event.
    pub first: Millis,
    /// The time of its newest.
    pub last: Millis,
    /// As AWS counts: messages, and 26 for each.
    pub bytes: u64,
}

/// An event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Event<'a> {
    /// When it happened, as its writer says.
    pub at: Millis,
    /// When it came.
    pub ingested: Millis,
    #[serde(borrow)]
    pub message: &'a str,
}

impl Event<'_> {
    /// Its bytes, as AWS counts.
    pub(super) fn bytes(&self) -> u64 {
        self.message.len() as u64 + FRAME
    }
}

/// Bytes of events, as AWS counts.
pub(super) fn count(events: &[Event<'_>]) -> u64 {
    events.iter().map(Event::bytes).sum()
}

/// Makes a chunk of events.
///
/// # Errors
/// An internal one.
pub(super) fn encode(stream: u64, events: &[Event<'_>]) -> Result<(Head, Vec<u8>), AwsError> {
    let first = events.iter().map(|event| event.at).min().unwrap_or_default();
    let last = events.iter().map(|event| event.at).max().unwrap_or_default();
    let head = Head { stream, first, last, bytes: count(events) };
    let encoded = postcard::to_stdvec(&(head, events)).map_err(|error| AwsError::internal(error.to_string()))?;
    Ok((head, encoded))
}

/// Reads a chunk's head.
pub(super) fn head(chunk: &[u8]) -> Option<Head> {
    postcard::take_from_bytes(chunk).ok().map(|(head, _)| head)
}

/// Reads a chunk's events.
pub(super) fn events(chunk: &[u8]) -> Vec<Event<'_>> {
    let read: Result<(Head, Vec<Event<'_>>), _> = postcard::from_bytes(chunk);
    read.map(|(_, events)| events).unwrap_or_default()
}

/// A chunk as it lies in the store: its number, which grows, and its bytes.
#[derive(Debug, Clone)]
pub(super) struct Chunk {
    pub number: u64,
    pub head: Head,
    pub bytes: Arc<[u8]>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_reads_back_and_its_head_alone_as_well() {
        let events_in = [Event { at: 7, ingested: 9, message: "later" }, Event { at: 5, ingested: 9, message: "" }];
        let (made, bytes) = encode(3, &events_in).unwrap();
        assert_eq!(made, Head { stream: 3, first: 5, last: 7, bytes: 5 + 2 * 26 });
        assert_eq!(head(&bytes), Some(made));
        assert_eq!(events(&bytes), events_in);
        assert_eq!((head(&[]), events(&[1, 2])), (None, vec![]));
    }
}
