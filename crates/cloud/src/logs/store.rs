//! The documents of this service: groups, streams, events in chunks, and how many bytes all of it has.
//!
//! Documents live in memory, so events have a bound: a group keeps its newest [`MAX_EVENTS`] bytes, and all groups together
//! [`MAX_ALL_EVENTS`].

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::chunk::{self, Chunk, Event, Head};
use super::error::{limit, no_group, no_stream};
use super::place::Place;
use crate::core::transaction::Transaction;
use engine::{Engine, Millis};
use wire::AwsError;

/// Bytes of events that a group keeps, as AWS counts them: the oldest make room for the newest.
pub(super) const MAX_EVENTS: u64 = 16 << 20;
/// Bytes of events of all groups.
const MAX_ALL_EVENTS: u64 = 256 << 20;
/// Bytes of all groups and streams, without their events.
const MAX_DECLARED: u64 = 64 << 20;
/// New events join the stream's last chunk while it has no more bytes: each has a document's cost, and each joining writes it anew.
const SMALL: u64 = 4 << 10;

pub(super) const DAY: Millis = 24 * 3_600_000;

/// What is counted for all groups.
#[derive(Debug, Default, Clone, Copy, Serialize, Deserialize)]
struct State {
    /// The next number of a group, a stream or a chunk.
    next: u64,
    /// Bytes of events.
    events: u64,
    /// Bytes of the documents of groups and streams.
    declared: u64,
}

/// A log group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Group {
    pub id: u64,
    pub name: String,
    pub created: Millis,
    /// None: events are kept for good.
    pub retention_days: Option<u64>,
    /// `STANDARD` and its like.
    pub class: String,
    pub kms_key: Option<String>,
    pub protected: bool,
    pub tags: BTreeMap<String, String>,
}

/// A log stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Stream {
    pub id: u64,
    pub created: Millis,
    /// When its last event came.
    pub ingested: Option<Millis>,
    /// The number of the chunk that its last events are in.
    chunk: Option<u64>,
}

impl Group {
    /// Events before this time are gone.
    pub(super) fn horizon(&self, now: Millis) -> Millis {
        self.kept().map_or(0, |kept| now.saturating_sub(kept))
    }

    /// For how long it keeps events; none: for ever.
    pub(super) fn kept(&self) -> Option<Millis> {
        // "CreateLogGroup", API Reference: the Delivery class keeps events for one day.
        let days = if self.class == "DELIVERY" { Some(1) } else { self.retention_days };
        days.map(|days| days * DAY)
    }
}

const STATE: &str = "logs/state";
/// What the keys of all groups begin with.
const GROUPS: &str = "logs/group/";

/// What the keys of a place's groups begin with.
fn groups_prefix(place: Place<'_>) -> String {
    format!("{GROUPS}{}/{}/", place.account, place.region)
}

fn group_key(place: Place<'_>, name: &str) -> String {
    format!("{}{name}", groups_prefix(place))
}

/// What the keys of a group's streams begin with.
fn streams_prefix(group: u64) -> String {
    format!("logs/stream/{group:016x}/")
}

fn stream_key(group: u64, name: &str) -> String {
    format!("{}{name}", streams_prefix(group))
}

/// What the keys of a group's chunks begin with.
fn chunks_prefix(group: u64) -> String {
    format!("logs/events/{group:016x}/")
}

fn chunk_key(group: u64, number: u64) -> String {
    format!("{}{number:016x}", chunks_prefix(group))
}

fn size_key(group: u64) -> String {
    format!("logs/size/{group:016x}")
}

fn read<T: DeserializeOwned>(engine: &Engine, key: &str) -> Option<T> {
    serde_json::from_slice(engine.doc(key)?).ok()
}

fn write<T: Serialize>(value: &T) -> Result<Vec<u8>, AwsError> {
    serde_json::to_vec(value).map_err(|error| AwsError::internal(error.to_string()))
}

fn state(engine: &Engine) -> State {
    read(engine, STATE).unwrap_or_default()
}

fn put_state(tx: &mut Transaction<'_>, state: State) -> Result<(), AwsError> {
    tx.put_doc(STATE, &write(&state)?);
    Ok(())
}

/// A group by its name.
///
/// # Errors
/// `ResourceNotFoundException`.
pub(super) fn group(engine: &Engine, place: Place<'_>, name: &str) -> Result<Group, AwsError> {
    read(engine, &group_key(place, name)).ok_or_else(no_group)
}

/// A place's groups whose names begin with `prefix`, from the name behind `after` on.
pub(super) fn groups<'e>(
    engine: &'e Engine,
    place: Place<'_>,
    prefix: &str,
    after: Option<&str>,
) -> impl Iterator<Item = Group> + use<'e> {
    let start = groups_prefix(place);
    let (prefix, from) = (format!("{start}{prefix}"), after.map(|after| format!("{start}{after}\0")));
    let docs: Vec<_> = engine.docs(&prefix, from.as_deref().unwrap_or_default()).map(|(_, value)| value).collect();
    docs.into_iter().filter_map(|value| serde_json::from_slice(value).ok())
}

/// The documents of all groups of every place.
pub(super) fn all_groups(engine: &Engine) -> Vec<String> {
    engine.docs(GROUPS, "").map(|(key, _)| key.to_owned()).collect()
}

/// A group by its document.
pub(super) fn group_at(engine: &Engine, key: &str) -> Option<Group> {
    read(engine, key)
}

/// Bytes of a group's events.
pub(super) fn size(engine: &Engine, group: u64) -> u64 {
    read(engine, &size_key(group)).unwrap_or_default()
}

/// A stream by its name.
///
/// # Errors
/// `ResourceNotFoundException`.
pub(super) fn stream(engine: &Engine, group: &Group, name: &str) -> Result<Stream, AwsError> {
    read(engine, &stream_key(group.id, name)).ok_or_else(no_stream)
}

/// A group's streams with their names, those whose names begin with `prefix`.
pub(super) fn streams(engine: &Engine, group: &Group, prefix: &str) -> Vec<(String, Stream)> {
    let all = streams_prefix(group.id);
    let wanted = format!("{all}{prefix}");
    let found = engine
        .docs(&wanted, "")
        .filter_map(|(key, value)| Some((key.strip_prefix(&all)?.to_owned(), serde_json::from_slice(value).ok()?)));
    found.collect()
}

/// A group's chunks, the oldest first.
pub(super) fn chunks(engine: &Engine, group: u64) -> impl Iterator<Item = Chunk> {
    let prefix = chunks_prefix(group);
    let docs: Vec<_> = engine.docs(&prefix, "").collect();
    docs.into_iter().filter_map(move |(key, bytes)| {
        let number = u64::from_str_radix(key.strip_prefix(&prefix)?, 16).ok()?;
        Some(Chunk { number, head: chunk::head(bytes)?, bytes: bytes.clone() })
    })
}

/// Gives a new group or stream its number.
pub(super) fn take_id(tx: &mut Transaction<'_>) -> Result<u64, AwsError> {
    let mut state = state(tx.engine());
    let id = state.next;
    state.next += 1;
    put_state(tx, state)?;
    Ok(id)
}

/// Puts the document of a group or a stream.
///
/// # Errors
/// `LimitExceededException` if all of them would have too many bytes.
fn declare(tx: &mut Transaction<'_>, key: &str, value: &[u8]) -> Result<(), AwsError> {
    let before = tx.engine().doc(key).map_or(0, |before| key.len() + before.len()) as u64;
    let after = (key.len() + value.len()) as u64;
    if after > before && state(tx.engine()).declared + (after - before) > MAX_DECLARED {
        return Err(limit(format!(
            "Resource limit exceeded. All log groups and streams may take {} MiB together here: delete some.",
            MAX_DECLARED >> 20
        )));
    }
    redeclare(tx, key, value)
}

/// As [`declare`], for what is there already and hardly grows.
fn redeclare(tx: &mut Transaction<'_>, key: &str, value: &[u8]) -> Result<(), AwsError> {
    let mut state = state(tx.engine());
    forget(tx.engine(), key, &mut state);
    state.declared += (key.len() + value.len()) as u64;
    tx.put_doc(key, value);
    put_state(tx, state)
}

fn undeclare(tx: &mut Transaction<'_>, key: &str, state: &mut State) {
    forget(tx.engine(), key, state);
    tx.delete_doc(key);
}

/// Takes a document out of the count.
fn forget(engine: &Engine, key: &str, state: &mut State) {
    let bytes = engine.doc(key).map_or(0, |before| key.len() + before.len());
    state.declared = state.declared.saturating_sub(bytes as u64);
}

/// Writes a group.
///
/// # Errors
/// `LimitExceededException`.
pub(super) fn put_group(tx: &mut Transaction<'_>, place: Place<'_>, group: &Group) -> Result<(), AwsError> {
    declare(tx, &group_key(place, &group.name), &write(group)?)
}

/// Makes a stream.
///
/// # Errors
/// `LimitExceededException`.
pub(super) fn add_stream(tx: &mut Transaction<'_>, group: &Group, name: &str) -> Result<(), AwsError> {
    let stream = Stream { id: take_id(tx)?, created: tx.now, ingested: None, chunk: None };
    declare(tx, &stream_key(group.id, name), &write(&stream)?)
}

/// Deletes a group with all that is in it.
pub(super) fn drop_group(tx: &mut Transaction<'_>, place: Place<'_>, group: &Group) -> Result<(), AwsError> {
    let mut state = state(tx.engine());
    state.events = state.events.saturating_sub(size(tx.engine(), group.id));
    let streams = streams(tx.engine(), group, "");
    let chunks: Vec<u64> = chunks(tx.engine(), group.id).map(|chunk| chunk.number).collect();
    undeclare(tx, &group_key(place, &group.name), &mut state);
    streams.iter().for_each(|(name, _)| undeclare(tx, &stream_key(group.id, name), &mut state));
    chunks.into_iter().for_each(|number| tx.delete_doc(&chunk_key(group.id, number)));
    tx.delete_doc(&size_key(group.id));
    put_state(tx, state)
}

/// Deletes a stream with its events.
pub(super) fn drop_stream(
    tx: &mut Transaction<'_>,
    group: &Group,
    name: &str,
    stream: &Stream,
) -> Result<(), AwsError> {
    let of_stream = chunks(tx.engine(), group.id).filter(|chunk| chunk.head.stream == stream.id);
    let chunks: Vec<(u64, Head)> = of_stream.map(|chunk| (chunk.number, chunk.head)).collect();
    drop_chunks(tx, group.id, &chunks)?;
    let mut state = state(tx.engine());
    undeclare(tx, &stream_key(group.id, name), &mut state);
    put_state(tx, state)
}

/// Deletes chunks of a group.
pub(super) fn drop_chunks(tx: &mut Transaction<'_>, group: u64, chunks: &[(u64, Head)]) -> Result<(), AwsError> {
    if chunks.is_empty() {
        return Ok(());
    }
    let bytes: u64 = chunks.iter().map(|(_, head)| head.bytes).sum();
    chunks.iter().for_each(|(number, _)| tx.delete_doc(&chunk_key(group, *number)));
    let mut state = state(tx.engine());
    state.events = state.events.saturating_sub(bytes);
    put_state(tx, state)?;
    let size = size(tx.engine(), group).saturating_sub(bytes);
    tx.put_doc(&size_key(group), &write(&size)?);
    Ok(())
}

/// Adds events to a stream; says whether older events of the group had to go for them.
///
/// # Errors
/// `ServiceUnavailableException` if the events of the other groups leave no room.
pub(super) fn append(
    tx: &mut Transaction<'_>,
    group: &Group,
    name: &str,
    mut stream: Stream,
    events: &[Event<'_>],
) -> Result<bool, AwsError> {
    if events.is_empty() {
        return Ok(false);
    }
    let mut state = state(tx.engine());
    let mut size = size(tx.engine(), group.id);
    let bytes = chunk::count(events);
    if state.events.saturating_sub(size) + bytes > MAX_ALL_EVENTS {
        let message = format!(
            "The events of all log groups may have {} MiB together here: delete log groups, or shorten their retention.",
            MAX_ALL_EVENTS >> 20
        );
        return Err(AwsError::new(503, "ServiceUnavailableException", message));
    }
    let last = stream.chunk.and_then(|number| Some((number, tx.engine().doc(&chunk_key(group.id, number))?.clone())));
    let last = last.filter(|(_, bytes)| chunk::head(bytes).is_some_and(|head| head.bytes <= SMALL));
    let (number, (_, value)) = match &last {
        Some((number, before)) => {
            let joined = [chunk::events(before).as_slice(), events].concat();
            (*number, chunk::encode(stream.id, &joined)?)
        }
        None => {
            state.next += 1;
            (state.next - 1, chunk::encode(stream.id, events)?)
        }
    };
    tx.put_doc(&chunk_key(group.id, number), &value);
    stream.chunk = Some(number);
    stream.ingested = Some(tx.now);
    size += bytes;
    state.events += bytes;
    put_state(tx, state)?;
    tx.put_doc(&size_key(group.id), &write(&size)?);
    redeclare(tx, &stream_key(group.id, name), &write(&stream)?)?;
    make_room(tx, group.id, number, size.saturating_sub(MAX_EVENTS).max(state.events.saturating_sub(MAX_ALL_EVENTS)))
}

/// Drops a group's oldest chunks until `surplus` bytes have gone, but not the chunk `newest`; says whether any had to go.
fn make_room(tx: &mut Transaction<'_>, group: u64, newest: u64, mut surplus: u64) -> Result<bool, AwsError> {
    if surplus == 0 {
        return Ok(false);
    }
    let mut oldest = Vec::new();
    for chunk in chunks(tx.engine(), group).filter(|chunk| chunk.number != newest) {
        if surplus == 0 {
            break;
        }
        surplus = surplus.saturating_sub(chunk.head.bytes);
        oldest.push((chunk.number, chunk.head));
    }
    drop_chunks(tx, group, &oldest)?;
    Ok(!oldest.is_empty())
}
