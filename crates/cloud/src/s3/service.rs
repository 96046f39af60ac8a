//! The S3 service: its state, and what every operation starts with.

use std::sync::Arc;

use http::Method;

use super::error::{Failure, Result};
use super::objects::{By, Cause};
use super::record::{Bucket, Object};
use super::s3s::call::Call;
use super::store::{Docs, Edit, Store};
use super::{names, visitor};
use crate::blobs::Blobs;
use crate::blobs::draft::Fresh;
use crate::core::Cloud;

/// S3 as the rest of the cloud uses it: documents and blobs. Cheap to make and to clone.
#[derive(Clone)]
pub(crate) struct S3 {
    pub(super) store: Store,
}

impl S3 {
    /// The S3 of a cloud.
    pub(crate) fn of(cloud: &Arc<Cloud>) -> Self {
        Self { store: Store::of(cloud) }
    }

    /// The bytes of objects that have files.
    pub(super) fn blobs(&self) -> &Blobs {
        self.store.blobs()
    }

    /// A bucket that the caller may use.
    pub(super) fn bucket(&self, call: &Call, name: &str) -> Result<Arc<Bucket>> {
        self.store.read(|docs| Self::bucket_in(docs, call, name))
    }

    /// Looks at documents, all of one moment.
    pub(super) fn look<T>(&self, look: impl FnOnce(Docs<'_>) -> Result<T>) -> Result<T> {
        self.store.read(look)
    }

    /// A bucket that the caller may use: it exists, is the caller's, and is whose the caller expects it to be.
    pub(super) fn bucket_in(docs: Docs<'_>, call: &Call, name: &str) -> Result<Arc<Bucket>> {
        let bucket = docs.bucket(name)?;
        if call.is_visit {
            // Of a bucket itself, a visit sees the list of its objects, if that.
            return if visitor::may_list(call, &bucket) { Ok(bucket) } else { Err(Failure::access_denied()) };
        }
        let expected = call.header("x-amz-expected-bucket-owner");
        if bucket.account != call.account() || expected.is_some_and(|owner| owner != bucket.account) {
            return Err(Failure::access_denied());
        }
        Ok(bucket)
    }

    /// An object or a version of it, not a delete marker.
    pub(super) fn find(
        &self,
        call: &Call,
        bucket: &str,
        key: &str,
        version: Option<&str>,
    ) -> Result<(Arc<Bucket>, Arc<Object>)> {
        names::check_version_id(version)?;
        self.store.read(|docs| Self::open_in(docs, call, bucket, key, version))
    }

    /// An object or a version of it, and its bucket: the caller's, or what is open to everybody.
    pub(super) fn open_in(
        docs: Docs<'_>,
        call: &Call,
        bucket: &str,
        key: &str,
        version: Option<&str>,
    ) -> Result<(Arc<Bucket>, Arc<Object>)> {
        if !call.is_visit {
            let bucket = Self::bucket_in(docs, call, bucket)?;
            let object = Self::find_in(docs, &bucket, key, version)?;
            return Ok((bucket, object));
        }
        let bucket = docs.bucket(bucket)?;
        let found = Self::find_in(docs, &bucket, key, version);
        let is_open = match &found {
            Ok(object) => visitor::may_read(call, &bucket, key, version, Some(&**object)),
            // Who may not list a bucket isn't told what is not in it.
            Err(_) => visitor::may_list(call, &bucket),
        };
        if is_open { Ok((bucket, found?)) } else { Err(Failure::access_denied()) }
    }

    /// As [`find`](Self::find), in a bucket that is already known to be the caller's.
    pub(super) fn find_in(docs: Docs<'_>, bucket: &Bucket, key: &str, version: Option<&str>) -> Result<Arc<Object>> {
        let object = Self::version_in(docs, bucket, key, version)?;
        if !object.delete_marker {
            return Ok(object);
        }
        let failure = match version {
            None => of_marker(Failure::no_such_key(key), &object),
            Some(_) => not_allowed(&Method::GET, &object),
        };
        Err(failure)
    }

    /// As [`find_in`](Self::find_in), for what belongs to a version and not to its bytes: its tags, its lock, its list. A delete
    /// marker has none of them, and so the method isn't allowed.
    pub(super) fn find_keeper(
        docs: Docs<'_>,
        call: &Call,
        bucket: &Bucket,
        key: &str,
        version: Option<&str>,
    ) -> Result<Object> {
        let object = Self::version_in(docs, bucket, key, version)?;
        if object.delete_marker { Err(not_allowed(&call.method, &object)) } else { Ok(Arc::unwrap_or_clone(object)) }
    }

    /// A version or a delete marker; the latest, if none is named.
    fn version_in(docs: Docs<'_>, bucket: &Bucket, key: &str, version: Option<&str>) -> Result<Arc<Object>> {
        match version {
            None => docs.current(&bucket.name, key)?.ok_or_else(|| Failure::no_such_key(key)),
            Some(id) => docs.version(&bucket.name, key, id)?.ok_or_else(|| Failure::no_such_version(key, id)),
        }
    }

    /// The cause of the changes that a call makes now.
    pub(super) fn cause<'c>(&self, call: &'c Call) -> Cause<'c> {
        Cause { by: By::Call(call), now: self.store.now(), unique: self.store.unique(), expiration: false }
    }

    /// Changes documents, and removes the blobs that nothing names afterwards.
    pub(super) async fn change<T>(&self, change: impl FnOnce(&mut Edit<'_>) -> Result<T>) -> Result<T> {
        Ok(self.after_commit(self.store.write(change).await?).await)
    }

    /// As [`change`](Self::change), for a change whose documents name `fresh` blobs: they are removed if it is refused.
    pub(super) fn change_with<T>(
        &self,
        fresh: Vec<Fresh>,
        change: impl FnOnce(&mut Edit<'_>) -> Result<T>,
    ) -> impl Future<Output = Result<T>> {
        self.change(move |edit| {
            let reply = change(edit)?;
            fresh.iter().for_each(|fresh| edit.adopt(fresh));
            Ok(reply)
        })
    }

    /// As [`change`](Self::change), for a change that frees space: it is made on a full disk as well.
    pub(super) async fn change_freeing<T>(&self, change: impl FnOnce(&mut Edit<'_>) -> Result<T>) -> Result<T> {
        Ok(self.after_commit(self.store.write_freeing(change).await?).await)
    }

    /// Removes the blobs that requests left behind when their clients went away before the change was in the log.
    pub(crate) async fn tidy(&self) {
        let left = self.blobs().take_left();
        match left.is_empty() || self.store.is_settled().await {
            true => self.blobs().discard(left).await,
            false => self.blobs().leave(left),
        }
    }
}

/// The failure of a method that a delete marker doesn't know.
fn not_allowed(method: &Method, marker: &Object) -> Failure {
    let failure = Failure::new(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
        .with("Method", method.as_str())
        .with("ResourceType", "DeleteMarker")
        .header("allow", "DELETE")
        .header("last-modified", super::time::http_date(marker.modified));
    of_marker(failure, marker)
}

/// A failure that says that it comes of a delete marker.
fn of_marker(failure: Failure, marker: &Object) -> Failure {
    let id = marker.version.as_deref().unwrap_or("null");
    failure.header("x-amz-delete-marker", "true").header("x-amz-version-id", id)
}

/// Tells the operator of a failure that is no client's fault.
pub(super) fn tell(cloud: &Cloud, failure: &Failure) {
    // A client that asks for what this cloud doesn't do knows it by the answer.
    if failure.code != "NotImplemented" {
        cloud.notice(&format!("S3 could not serve a request: {}", failure.message));
    }
}
