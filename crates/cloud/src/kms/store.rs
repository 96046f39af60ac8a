//! What is kept of keys and aliases, and where it lies: a document each, and one for each key whose deletion is due some time, by that
//! time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::error::{full, not_found};
use super::name::{Named, alias_arn, key_arn};
use crate::core::tally::{Changes, Tally};
use crate::core::transaction::Transaction;
use crate::request::Context;
use engine::{Engine, Millis};
use wire::AwsError;

const KEYS: &str = "kms/key/";
const ALIASES: &str = "kms/alias/";
const DUE: &str = "kms/due/";
/// All keys and aliases of all accounts.
static TALLY: Tally = Tally::new("kms/bytes", 64 << 20);

/// A key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Key {
    pub id: String,
    pub created: Millis,
    pub description: String,
    /// `SYMMETRIC_DEFAULT` and its like.
    pub spec: String,
    /// `ENCRYPT_DECRYPT` and its like.
    pub usage: String,
    pub multi_region: bool,
    pub enabled: bool,
    /// When it is deleted, if that is scheduled.
    pub deletion: Option<Millis>,
    pub rotation: Option<Rotation>,
    /// The text as it was put.
    pub policy: String,
    pub tags: BTreeMap<String, String>,
    /// The names of its aliases.
    pub aliases: BTreeSet<String>,
}

/// How often a key's material would be rotated.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Rotation {
    pub since: Millis,
    pub days: u64,
}

/// Another name of a key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Alias {
    /// It begins with `alias/`.
    pub name: String,
    /// The key's id.
    pub target: String,
    pub created: Millis,
    pub updated: Millis,
}

/// Whose key a deletion is about: its account, its Region, its id.
#[derive(Debug, Serialize, Deserialize)]
struct Due {
    account: String,
    region: String,
    id: String,
}

fn place(cx: &Context) -> String {
    format!("{}/{}/", cx.account, cx.region)
}

fn key_of(place: &str, id: &str) -> String {
    format!("{KEYS}{place}{id}")
}

fn alias_of(place: &str, name: &str) -> String {
    format!("{ALIASES}{place}{name}")
}

fn due_of(at: Millis, place: &str, id: &str) -> String {
    format!("{DUE}{at:020}/{place}{id}")
}

fn read<T: DeserializeOwned>(engine: &Engine, key: &str) -> Option<T> {
    serde_json::from_slice(engine.doc(key)?).ok()
}

/// A key by its id. One whose time is over is gone.
///
/// # Errors
/// `NotFoundException`.
pub(super) fn key(cx: &Context, engine: &Engine, now: Millis, id: &str) -> Result<Key, AwsError> {
    let found = read::<Key>(engine, &key_of(&place(cx), id)).filter(|key| key.is_there(now));
    found.ok_or_else(|| not_found(format!("Key '{}' does not exist", key_arn(cx, id))))
}

impl Key {
    /// Whether its time isn't over.
    pub(super) fn is_there(&self, now: Millis) -> bool {
        self.deletion.is_none_or(|at| at > now)
    }
}

/// An alias by its name. One of a key whose time is over is gone.
///
/// # Errors
/// `NotFoundException`.
pub(super) fn alias(cx: &Context, engine: &Engine, now: Millis, name: &str) -> Result<Alias, AwsError> {
    let found = read::<Alias>(engine, &alias_of(&place(cx), name));
    let found = found.filter(|alias| key(cx, engine, now, &alias.target).is_ok());
    found.ok_or_else(|| not_found(format!("Alias {} is not found.", alias_arn(cx, name))))
}

/// The key that a request names.
///
/// # Errors
/// `NotFoundException`.
pub(super) fn find(cx: &Context, engine: &Engine, now: Millis, named: &Named<'_>) -> Result<Key, AwsError> {
    match named {
        Named::Key(id) => key(cx, engine, now, id),
        Named::Alias(name) => key(cx, engine, now, &alias(cx, engine, now, name)?.target),
    }
}

/// How many keys the caller has.
pub(super) fn count(cx: &Context, engine: &Engine) -> usize {
    engine.docs(&format!("{KEYS}{}", place(cx)), "").count()
}

/// The documents of a kind behind the one named `after`, read when they are asked for: outside of the lock.
fn all<T: DeserializeOwned>(cx: &Context, kind: &str, after: Option<&str>) -> impl Iterator<Item = T> + use<T> {
    let prefix = format!("{kind}{}", place(cx));
    // The least key that is greater: no name holds a zero byte.
    let from = after.map_or_else(String::new, |name| format!("{prefix}{name}\0"));
    let found: Vec<Arc<[u8]>> =
        cx.cloud.core.read(|engine, _| engine.docs(&prefix, &from).map(|(_, bytes)| bytes.clone()).collect());
    found.into_iter().filter_map(|bytes| serde_json::from_slice(&bytes).ok())
}

/// The caller's keys behind the one of the id `after`, by id.
pub(super) fn keys(cx: &Context, after: Option<&str>) -> impl Iterator<Item = Key> + use<> {
    let now = cx.cloud.core.now();
    all::<Key>(cx, KEYS, after).filter(move |key| key.is_there(now))
}

/// The caller's aliases behind the one named `after`, by name. One of a key whose time is over is gone.
pub(super) fn aliases(cx: &Context, after: Option<&str>) -> impl Iterator<Item = Alias> {
    all::<Alias>(cx, ALIASES, after)
        .filter(|alias| cx.cloud.core.read(|engine, now| key(cx, engine, now, &alias.target).is_ok()))
}

/// Writes a key, as it was `before` if it was there.
///
/// # Errors
/// `LimitExceededException` when all keys together would have too many bytes.
pub(super) fn put(tx: &mut Transaction<'_>, cx: &Context, key: &Key, before: Option<Millis>) -> Result<(), AwsError> {
    let changes = with_key(cx, Changes::default(), key, before)?;
    TALLY.make(tx, changes, full)
}

/// With a key written, and the note of when it is deleted. `before` is when it was to be.
fn with_key(cx: &Context, changes: Changes, key: &Key, before: Option<Millis>) -> Result<Changes, AwsError> {
    let place = place(cx);
    let mut changes = changes.put(key_of(&place, &key.id), key)?;
    if before != key.deletion {
        if let Some(at) = before {
            changes = changes.delete(due_of(at, &place, &key.id));
        }
        if let Some(at) = key.deletion {
            let due = Due { account: cx.account.to_string(), region: cx.region.to_string(), id: key.id.clone() };
            changes = changes.put(due_of(at, &place, &key.id), &due)?;
        }
    }
    Ok(changes)
}

/// Writes an alias and the keys that it is noted with.
///
/// # Errors
/// `LimitExceededException` when all keys together would have too many bytes.
pub(super) fn put_alias(tx: &mut Transaction<'_>, cx: &Context, alias: &Alias, keys: &[&Key]) -> Result<(), AwsError> {
    let changes = Changes::of(alias_of(&place(cx), &alias.name), alias)?;
    let changes = keys.iter().try_fold(changes, |changes, key| with_key(cx, changes, key, key.deletion))?;
    TALLY.make(tx, changes, full)
}

/// Deletes an alias, which its key isn't noted with any more.
///
/// # Errors
/// None that a deletion meets.
pub(super) fn drop_alias(tx: &mut Transaction<'_>, cx: &Context, name: &str, key: &Key) -> Result<(), AwsError> {
    let changes = with_key(cx, Changes::default(), key, key.deletion)?.delete(alias_of(&place(cx), name));
    TALLY.make(tx, changes, full)
}

/// Deletes up to `most` keys whose time is over, with their aliases; how many there were.
///
/// # Errors
/// None that a deletion meets.
pub(super) fn drop_due(tx: &mut Transaction<'_>, most: usize) -> Result<usize, AwsError> {
    // The time of a document stands in its key, so that those that are due stand first.
    let end = end_of_due(tx.now);
    let due: Vec<String> =
        tx.engine().docs(DUE, "").map(|(key, _)| key.to_owned()).take_while(|key| *key < end).take(most).collect();
    for key in &due {
        let Some(Due { account, region, id }) = read(tx.engine(), key) else { continue };
        let place = format!("{account}/{region}/");
        let document = key_of(&place, &id);
        let aliases = read::<Key>(tx.engine(), &document).map(|key| key.aliases).unwrap_or_default();
        let changes = Changes::default().delete(key.clone()).delete(document);
        // Since its time was over, an alias may have been given to another key.
        let engine = tx.engine();
        let own = |document: &String| read::<Alias>(engine, document).is_some_and(|alias| alias.target == id);
        let aliases = aliases.iter().map(|name| alias_of(&place, name)).filter(own);
        let changes = aliases.fold(changes, Changes::delete);
        TALLY.make(tx, changes, full)?;
    }
    Ok(due.len())
}

/// Whether the time of a key is over.
pub(super) fn is_due(engine: &Engine, now: Millis) -> bool {
    engine.docs(DUE, "").next().is_some_and(|(key, _)| *key < *end_of_due(now))
}

/// What is greater than the keys of the notes of what is due by now, and less than all others.
fn end_of_due(now: Millis) -> String {
    format!("{DUE}{:020}", now.saturating_add(1))
}
