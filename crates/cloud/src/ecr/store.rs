//! What is kept of a repository, and where it lies: one document each.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::error::full;
use super::name::{Registry, not_found};
use super::shapes::{Encryption, Filter};
use crate::core::tally::{Changes, Tally};
use crate::core::transaction::Transaction;
use crate::request::Context;
use engine::{Engine, Millis};
use wire::AwsError;

const PREFIX: &str = "ecr/repository/";
/// All repositories of all accounts, with their policies.
static TALLY: Tally = Tally::new("ecr/bytes", 64 << 20);

/// A repository.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Repository {
    pub name: String,
    pub created: Millis,
    /// `MUTABLE` and its like.
    pub mutability: String,
    pub filters: Vec<Filter>,
    pub scan_on_push: bool,
    pub encryption: Encryption,
    /// The texts as they were put.
    pub lifecycle: Option<String>,
    pub policy: Option<String>,
    pub tags: BTreeMap<String, String>,
}

fn prefix(registry: &Registry<'_>) -> String {
    format!("{PREFIX}{}/{}/", registry.id, registry.region)
}

fn key(registry: &Registry<'_>, name: &str) -> String {
    format!("{}{name}", prefix(registry))
}

/// A repository by its name.
///
/// # Errors
/// `RepositoryNotFoundException`.
pub(super) fn find(engine: &Engine, registry: &Registry<'_>, name: &str) -> Result<Repository, AwsError> {
    let found = engine.doc(&key(registry, name)).and_then(|bytes| serde_json::from_slice(bytes).ok());
    found.ok_or_else(|| not_found(registry, name))
}

/// How many repositories a registry has.
pub(super) fn count(engine: &Engine, registry: &Registry<'_>) -> usize {
    engine.docs(&prefix(registry), "").count()
}

/// Up to `most` of a registry's repositories behind the one named `after`, by name.
pub(super) fn page(cx: &Context, registry: &Registry<'_>, after: Option<&str>, most: usize) -> Vec<Repository> {
    // The least key that is greater: no name holds a zero byte.
    let from = after.map_or_else(String::new, |name| format!("{}\0", key(registry, name)));
    let found: Vec<Arc<[u8]>> = cx
        .cloud
        .core
        .read(|engine, _| engine.docs(&prefix(registry), &from).take(most).map(|(_, bytes)| bytes.clone()).collect());
    found.iter().filter_map(|bytes| serde_json::from_slice(bytes).ok()).collect()
}

/// Writes a repository.
///
/// # Errors
/// `LimitExceededException` when all repositories together would have too many bytes.
pub(super) fn put(tx: &mut Transaction<'_>, registry: &Registry<'_>, repository: &Repository) -> Result<(), AwsError> {
    TALLY.make(tx, Changes::of(key(registry, &repository.name), repository)?, full)
}

/// Deletes a repository.
///
/// # Errors
/// None that a deletion meets.
pub(super) fn delete(tx: &mut Transaction<'_>, registry: &Registry<'_>, name: &str) -> Result<(), AwsError> {
    TALLY.make(tx, Changes::default().delete(key(registry, name)), full)
}

/// Changes a repository.
///
/// # Errors
/// `RepositoryNotFoundException`, and what the change says.
pub(super) async fn change(
    cx: &Context,
    registry: &Registry<'_>,
    name: &str,
    change: impl FnOnce(&mut Repository) -> Result<(), AwsError>,
) -> Result<Repository, AwsError> {
    cx.cloud
        .core
        .execute(|tx| {
            let mut repository = find(tx.engine(), registry, name)?;
            change(&mut repository)?;
            put(tx, registry, &repository)?;
            Ok(repository)
        })
        .await
}
