//! Where the documents of IAM lie: finding, writing and changing roles, users, groups, policies and the like.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::core::transaction::Transaction;
use crate::request::Context;
use engine::Engine;
use engine::roles::{entities_prefix, entity_key};
use wire::AwsError;

/// What IAM keeps one of for each name of an account.
pub(super) trait Entity: Serialize + DeserializeOwned {
    /// How ARNs and keys call it: `role`.
    const KIND: &'static str;
    /// How requests call what names it: `roleName`.
    const MEMBER: &'static str;

    fn arn(&self) -> &str;

    fn name(&self) -> &str;

    /// AWS's words for one that isn't there.
    fn absent(name: &str) -> String;

    /// AWS's words for one that is there already.
    fn taken(name: &str) -> String;

    /// One of the caller's account, by what a request names it by.
    fn find(engine: &Engine, cx: &Context, name: &str) -> Result<Self, AwsError> {
        let found = by_name(engine, &cx.account, name);
        found.ok_or_else(|| AwsError::new(404, NO_SUCH_ENTITY, Self::absent(name)))
    }

    /// Whether its owner may change what it may do.
    fn check_change(&self) -> Result<(), AwsError> {
        Ok(())
    }
}

/// The code of what isn't there.
pub(super) const NO_SUCH_ENTITY: &str = "NoSuchEntity";

/// An account's entities of a kind, by ARN.
pub(super) fn all<T: Entity>(engine: &Engine, account: &str) -> Vec<T> {
    let prefix = entities_prefix(T::KIND, account);
    engine.docs(&prefix, "").filter_map(|(_, bytes)| serde_json::from_slice(bytes).ok()).collect()
}

/// How many of a kind an account has.
pub(super) fn count<T: Entity>(engine: &Engine, account: &str) -> usize {
    engine.docs(&entities_prefix(T::KIND, account), "").count()
}

/// By its name, which an account has once whatever its path.
pub(super) fn by_name<T: Entity>(engine: &Engine, account: &str, name: &str) -> Option<T> {
    let prefix = entities_prefix(T::KIND, account);
    let ends = |key: &str| key.strip_suffix(name).is_some_and(|path| path.ends_with('/'));
    let found = match engine.doc(&format!("{prefix}{name}")) {
        Some(bytes) => Some(bytes),
        None => engine.docs(&prefix, "").find(|(key, _)| ends(key)).map(|(_, bytes)| bytes),
    };
    // A name has no slash: what has one names a path.
    found.filter(|_| !name.contains('/')).and_then(|bytes| serde_json::from_slice(bytes).ok())
}

/// Writes one that is new.
///
/// # Errors
/// `EntityAlreadyExists` where the account has the name, which isn't told by case ("IAM and AWS STS quotas");
/// `LimitExceeded` where it has `max`.
pub(super) fn add<T: Entity>(
    tx: &mut Transaction<'_>,
    account: &str,
    new: &T,
    (quota, max): (&str, usize),
) -> Result<(), AwsError> {
    check_name_is_free::<T>(tx.engine(), account, new.name())?;
    if count::<T>(tx.engine(), account) >= max {
        return Err(super::members::exceeded(quota, max));
    }
    put(tx, new);
    Ok(())
}

/// # Errors
/// `EntityAlreadyExists`.
pub(super) fn check_name_is_free<T: Entity>(engine: &Engine, account: &str, name: &str) -> Result<(), AwsError> {
    let last = |key: &str| key.rsplit('/').next().is_some_and(|found| found.eq_ignore_ascii_case(name));
    if engine.docs(&entities_prefix(T::KIND, account), "").any(|(key, _)| last(key)) {
        return Err(AwsError::new(409, "EntityAlreadyExists", T::taken(name)));
    }
    Ok(())
}

/// Writes one.
pub(super) fn put<T: Entity>(tx: &mut Transaction<'_>, entity: &T) {
    put_doc(tx, &entity_key(T::KIND, entity.arn()), entity);
}

/// Deletes one.
pub(super) fn drop_entity<T: Entity>(tx: &mut Transaction<'_>, entity: &T) {
    tx.delete_doc(&entity_key(T::KIND, entity.arn()));
}

/// Changes one.
pub(super) async fn change<T: Entity>(
    cx: &Context,
    name: &str,
    change: impl FnOnce(&Engine, &mut T) -> Result<(), AwsError>,
) -> Result<T, AwsError> {
    change_as(cx, name, false, change).await
}

/// As [`change`], for what takes something from it: made on a full disk as well.
pub(super) async fn reduce<T: Entity>(
    cx: &Context,
    name: &str,
    change: impl FnOnce(&Engine, &mut T) -> Result<(), AwsError>,
) -> Result<T, AwsError> {
    change_as(cx, name, true, change).await
}

async fn change_as<T: Entity>(
    cx: &Context,
    name: &str,
    frees: bool,
    change: impl FnOnce(&Engine, &mut T) -> Result<(), AwsError>,
) -> Result<T, AwsError> {
    cx.cloud
        .core
        .execute_as(frees, |tx| {
            let mut entity = T::find(tx.engine(), cx, name)?;
            change(tx.engine(), &mut entity)?;
            put(tx, &entity);
            Ok(entity)
        })
        .await
}

/// Writes a document.
pub(super) fn put_doc<T: Serialize>(tx: &mut Transaction<'_>, key: &str, value: &T) {
    // Records are maps with text keys, which JSON can always hold.
    if let Ok(bytes) = serde_json::to_vec(value) {
        tx.put_doc(key, &bytes);
    }
}

/// An id such as `AROA...`: a prefix for the kind and 17 letters and digits.
pub(super) fn unique_id(cx: &Context, prefix: &str) -> String {
    let uuid = cx.cloud.core.uuid();
    let bits = uuid
        .bytes()
        .filter_map(|b| char::from(b).to_digit(16))
        .fold(0u128, |bits, digit| bits << 4 | u128::from(digit));
    id_of(prefix, bits)
}

/// An id of these bits.
pub(super) fn id_of(prefix: &str, bits: u128) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let id: String = (0..17).map(|i| char::from(LETTERS[(bits >> (5 * i)) as usize & 31])).collect();
    format!("{prefix}{id}")
}

/// The refusal to delete what something hangs on: what has to be done first.
pub(super) fn conflict(what: &str) -> AwsError {
    AwsError::new(409, "DeleteConflict", format!("Cannot delete entity, must {what} first."))
}
