//! What is kept of a parameter, and where it lies: one document with what it is now, and one for each older version, so that a new
//! version writes no more than itself and the one before.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::error::{full, no_version, not_found};
use super::name::Reference;
use super::value::{Kind, Tier, sealed};
use crate::core::tally::{Changes, Tally};
use crate::core::transaction::Transaction;
use crate::request::Context;
use engine::{Engine, Millis};
use wire::AwsError;

const PREFIX: &str = "ssm/parameter/";
const OLD_PREFIX: &str = "ssm/version/";
/// All parameters of all accounts, with their older versions.
static TALLY: Tally = Tally::new("ssm/bytes", 128 << 20);

/// A parameter.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Parameter {
    pub name: String,
    pub kind: Kind,
    pub now: Version,
    /// The version that each label stands on.
    pub labels: BTreeMap<String, u64>,
    pub tags: BTreeMap<String, String>,
}

/// A version of a parameter.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Version {
    pub number: u64,
    pub value: String,
    pub description: Option<String>,
    pub pattern: Option<String>,
    pub tier: Tier,
    /// Of a SecureString.
    pub key_id: Option<String>,
    pub modified: Millis,
    /// Who made it, by ARN.
    pub by: String,
}

impl Version {
    /// The value of a parameter's version as a request gets it that asks for decryption or doesn't.
    pub(super) fn shown(&self, parameter: &Parameter, decrypt: bool) -> String {
        match parameter.kind {
            Kind::SecureString if !decrypt => sealed(&parameter.name, self.number, self.modified),
            _ => self.value.clone(),
        }
    }
}

/// Where the caller's parameters lie.
pub(super) fn prefix(cx: &Context) -> String {
    format!("{PREFIX}{}/{}/", cx.account, cx.region)
}

fn key(cx: &Context, name: &str) -> String {
    format!("{}{name}", prefix(cx))
}

/// Where a parameter's older versions lie. No name has a colon.
fn old_prefix(cx: &Context, name: &str) -> String {
    format!("{OLD_PREFIX}{}/{}/{name}:", cx.account, cx.region)
}

fn old_key(cx: &Context, name: &str, number: u64) -> String {
    format!("{}{number:020}", old_prefix(cx, name))
}

fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Option<T> {
    serde_json::from_slice(bytes).ok()
}

/// A parameter by its name.
pub(super) fn by_name(cx: &Context, engine: &Engine, name: &str) -> Option<Parameter> {
    engine.doc(&key(cx, name)).and_then(|bytes| read(bytes))
}

/// The parameter that a request names; `text` is how.
///
/// # Errors
/// `ParameterNotFound`.
pub(super) fn find(cx: &Context, engine: &Engine, reference: &Reference, text: &str) -> Result<Parameter, AwsError> {
    reference.names.iter().find_map(|name| by_name(cx, engine, name)).ok_or_else(|| not_found(text))
}

/// The version of a parameter that a selector means; the latest without one.
///
/// # Errors
/// `ParameterVersionNotFound`.
pub(super) fn select(
    cx: &Context,
    engine: &Engine,
    parameter: &Parameter,
    selector: Option<&str>,
) -> Result<Version, AwsError> {
    let Some(selector) = selector else { return Ok(parameter.now.clone()) };
    // No label begins with a digit, and no number with a zero or a sign.
    let digits = selector.bytes().all(|byte| byte.is_ascii_digit());
    let (kind, number) = match selector.parse::<u64>() {
        Ok(number) if digits => ("version", Some(number).filter(|_| !selector.starts_with('0'))),
        _ => ("label", parameter.labels.get(selector).copied()),
    };
    let found = number.and_then(|number| version(cx, engine, parameter, number));
    found.ok_or_else(|| no_version(kind, selector, &parameter.name))
}

/// A version of a parameter by its number.
pub(super) fn version(cx: &Context, engine: &Engine, parameter: &Parameter, number: u64) -> Option<Version> {
    if number == parameter.now.number {
        return Some(parameter.now.clone());
    }
    engine.doc(&old_key(cx, &parameter.name, number)).and_then(|bytes| read(bytes))
}

/// All versions of a parameter, the oldest first.
pub(super) fn versions(cx: &Context, engine: &Engine, parameter: &Parameter) -> Vec<Version> {
    let old = old_prefix(cx, &parameter.name);
    let older = engine.docs(&old, "").filter_map(|(_, bytes)| read(bytes));
    older.chain([parameter.now.clone()]).collect()
}

/// How many versions a parameter has, and the number of the oldest.
pub(super) fn extent(cx: &Context, engine: &Engine, parameter: &Parameter) -> (usize, u64) {
    let old = old_prefix(cx, &parameter.name);
    let mut older = engine.docs(&old, "").filter_map(|(key, _)| key[old.len()..].parse().ok());
    let oldest = older.next();
    (1 + usize::from(oldest.is_some()) + older.count(), oldest.unwrap_or(parameter.now.number))
}

/// How many parameters the caller has.
pub(super) fn count(cx: &Context, engine: &Engine) -> usize {
    engine.docs(&prefix(cx), "").count()
}

/// The caller's parameters behind the one named `after`, read when they are asked for: outside of the lock.
pub(super) fn all(cx: &Context, after: Option<&str>) -> impl Iterator<Item = Parameter> + use<> {
    let prefix = prefix(cx);
    // The least key that is greater: no name holds a zero byte.
    let from = after.map_or_else(String::new, |name| format!("{prefix}{name}\0"));
    let found: Vec<Arc<[u8]>> =
        cx.cloud.core.read(|engine, _| engine.docs(&prefix, &from).map(|(_, bytes)| bytes.clone()).collect());
    found.into_iter().filter_map(|bytes| read(&bytes))
}

/// Writes a parameter.
///
/// # Errors
/// `ParameterLimitExceeded` when all parameters together would have too many bytes.
pub(super) fn put(tx: &mut Transaction<'_>, cx: &Context, parameter: &Parameter) -> Result<(), AwsError> {
    TALLY.make(tx, Changes::of(key(cx, &parameter.name), parameter)?, full)
}

/// Writes a parameter with a new version: the one before is kept, and one that is too old goes.
///
/// # Errors
/// As [`put`].
pub(super) fn put_version(
    tx: &mut Transaction<'_>,
    cx: &Context,
    parameter: &Parameter,
    before: &Version,
    dropped: Option<u64>,
) -> Result<(), AwsError> {
    let name = &parameter.name;
    let changes = Changes::of(key(cx, name), parameter)?.put(old_key(cx, name, before.number), before)?;
    let changes = match dropped {
        Some(number) => changes.delete(old_key(cx, name, number)),
        None => changes,
    };
    TALLY.make(tx, changes, full)
}

/// Deletes a parameter with all its versions; whether there was one.
///
/// # Errors
/// None that a deletion meets.
pub(super) fn drop_parameter(tx: &mut Transaction<'_>, cx: &Context, name: &str) -> Result<bool, AwsError> {
    let key = key(cx, name);
    let here = tx.engine().doc(&key).is_some();
    let old = old_prefix(cx, name);
    let older = tx.engine().docs(&old, "").map(|(key, _)| key.to_owned());
    let changes = older.fold(Changes::default().delete(key), Changes::delete);
    TALLY.make(tx, changes, full)?;
    Ok(here)
}
