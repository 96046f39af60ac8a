//! The S3 service: its state, and what every operation starts with.

use std::sync::Arc;

use super::error::{Failure, Result};
use super::names;
use super::objects::Cause;
use super::record::{Bucket, Object};
use super::s3s::call::Call;
use super::store::{Docs, Edit, Store};
use crate::blobs::Blobs;
use crate::blobs::draft::Fresh;
use crate::core::Cloud;

/// S3 as the rest of the cloud uses it: documents and blobs. Cheap to make and to clone.
#[derive(Clone)]
pub(crate) struct S3 {
    pub(super) store: Store,
    pub(super) blobs: Blobs,
}

impl S3 {
    /// The S3 of a cloud.
    pub(crate) fn of(cloud: &Arc<Cloud>) -> Self {
        Self { store: Store::of(cloud), blobs: cloud.blobs.clone() }
    }

    /// A bucket that the caller may use.
    pub(super) fn bucket(&self, call: &Call, name: &str) -> Result<Bucket> {
        self.store.read(|docs| Self::bucket_in(docs, call, name))
    }

    /// A bucket that the caller may use: it exists, is the caller's, and is whose the caller expects it to be.
    pub(super) fn bucket_in(docs: Docs<'_>, call: &Call, name: &str) -> Result<Bucket> {
        let bucket = docs.bucket(name)?;
        let expected = call.header("x-amz-expected-bucket-owner");
        if bucket.account != call.account() || expected.is_some_and(|owner| owner != bucket.account) {
            return Err(Failure::access_denied());
        }
        Ok(bucket)
    }

    /// An object or a version of it, not a delete marker.
    pub(super) fn find(&self, call: &Call, bucket: &str, key: &str, version: Option<&str>) -> Result<(Bucket, Object)> {
        if let Some(version) = version.filter(|version| !names::is_version_id(version)) {
            return Err(Failure::invalid_argument("Invalid version id specified", "versionId", version));
        }
        self.store.read(|docs| {
            let bucket = Self::bucket_in(docs, call, bucket)?;
            let object = Self::find_in(docs, &bucket, key, version)?;
            Ok((bucket, object))
        })
    }

    /// As [`find`](Self::find), in a bucket that is already known to be the caller's.
    pub(super) fn find_in(docs: Docs<'_>, bucket: &Bucket, key: &str, version: Option<&str>) -> Result<Object> {
        let object = match version {
            None => docs.current(&bucket.name, key)?.ok_or_else(|| Failure::no_such_key(key))?,
            Some(id) => docs.version(&bucket.name, key, id)?.ok_or_else(|| Failure::no_such_version(key, id))?,
        };
        if !object.delete_marker {
            return Ok(object);
        }
        let id = object.version.as_deref().unwrap_or("null");
        let failure = match version {
            None => Failure::no_such_key(key),
            Some(_) => {
                Failure::new(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
                    .with("Method", "GET")
                    .with("ResourceType", "DeleteMarker")
                    .header("allow", "DELETE")
                    .header("last-modified", super::time::http_date(object.modified))
            }
        };
        Err(failure.header("x-amz-delete-marker", "true").header("x-amz-version-id", id))
    }

    /// The cause of the changes that a call makes now.
    pub(super) fn cause(&self, call: &Call) -> Cause {
        Cause { actor: call.actor(), now: self.store.now(), unique: self.store.unique(), expiration: false }
    }

    /// Changes documents, and removes the blobs that nothing names afterwards.
    pub(super) async fn change<T>(&self, change: impl FnOnce(&mut Edit<'_>) -> Result<T>) -> Result<T> {
        Ok(self.after_commit(self.store.write(change).await?).await)
    }

    /// As [`change`](Self::change), for a change whose documents name `fresh` blobs: they are removed if it is refused.
    pub(super) async fn change_with<T>(
        &self,
        fresh: Vec<Fresh>,
        change: impl FnOnce(&mut Edit<'_>) -> Result<T>,
    ) -> Result<T> {
        self.change(|edit| {
            let reply = change(edit)?;
            fresh.iter().for_each(|fresh| edit.adopt(fresh));
            Ok(reply)
        })
        .await
    }

    /// As [`change`](Self::change), for a change that frees space: it is made on a full disk as well.
    pub(super) async fn change_freeing<T>(&self, change: impl FnOnce(&mut Edit<'_>) -> Result<T>) -> Result<T> {
        Ok(self.after_commit(self.store.write_freeing(change).await?).await)
    }

    /// Removes the blobs that requests left behind when their clients went away before the change was in the log.
    pub(crate) async fn tidy(&self) {
        let left = self.blobs.take_left();
        match left.is_empty() || self.store.is_settled().await {
            true => self.blobs.discard(left).await,
            false => self.blobs.leave(left),
        }
    }
}

/// Tells the operator of a failure that is no client's fault.
pub(super) fn tell(cloud: &Cloud, failure: &Failure) {
    // A client that asks for what this cloud doesn't do knows it by the answer.
    if failure.code != "NotImplemented" {
        cloud.notice(&format!("S3 could not serve a request: {}", failure.message));
    }
}
