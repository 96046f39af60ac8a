//! DeleteObject and DeleteObjects.

use std::collections::HashMap;

use futures::StreamExt;
use s3s::S3Response;
use s3s::dto::*;

use super::conditions;
use super::error::{Failure, Result};
use super::objects::{self, Deleted};
use super::s3s::call::Call;
use super::service::S3;
use super::{lock, names};

/// The most objects of one request ("DeleteObjects").
const MAX_OBJECTS: usize = 1000;
/// How many deletions of one request wait for the log together.
const AT_ONCE: usize = 64;

impl S3 {
    pub(super) async fn delete_object(
        &self,
        call: &Call,
        input: DeleteObjectInput,
    ) -> Result<S3Response<DeleteObjectOutput>> {
        let if_match = call.header("if-match");
        for name in ["x-amz-if-match-last-modified-time", "x-amz-if-match-size"] {
            if call.headers.contains_key(name) {
                // Only directory buckets know them.
                let message = "A header you provided implies functionality that is not implemented";
                return Err(Failure::new(501, "NotImplemented", message).with("Header", name));
            }
        }
        let version = input.version_id.as_deref();
        names::check_version_id(version)?;
        let deleted = self.delete_one(call, &input.bucket, &input.key, version, if_match.as_deref()).await?;
        Ok(S3Response::new(DeleteObjectOutput {
            delete_marker: deleted.marker.then_some(true),
            version_id: deleted.version,
            ..Default::default()
        }))
    }

    pub(super) async fn delete_objects(
        &self,
        call: &Call,
        input: DeleteObjectsInput,
    ) -> Result<S3Response<DeleteObjectsOutput>> {
        self.bucket(call, &input.bucket)?;
        let objects = input.delete.objects;
        if objects.is_empty() || objects.len() > MAX_OBJECTS || objects.iter().any(|object| object.key.is_empty()) {
            return Err(Failure::malformed_xml());
        }
        let bucket = input.bucket.as_str();
        let work = objects.into_iter().map(|object| async move {
            let version = object.version_id.as_deref();
            let result = match version {
                Some(id) if !names::is_version_id(id) => Err(Failure::no_such_version(&object.key, id)),
                _ => {
                    let if_match = object.e_tag.as_ref().map(|etag| etag.value().to_owned());
                    self.delete_one(call, bucket, &object.key, version, if_match.as_deref()).await
                }
            };
            (object, result)
        });
        let mut results: Vec<_> = futures::stream::iter(work).buffered(AT_ONCE).collect().await;
        last_first(&mut results, |(object, _)| &object.key);

        let quiet = input.delete.quiet.unwrap_or(false);
        let mut output = DeleteObjectsOutput::default();
        for (object, result) in results {
            match result {
                Ok(_) if quiet => {}
                Ok(Deleted { marker, version }) => output.deleted.get_or_insert_default().push(DeletedObject {
                    delete_marker: marker.then_some(true),
                    delete_marker_version_id: version.filter(|_| marker),
                    key: Some(object.key),
                    version_id: object.version_id,
                }),
                Err(failure) => output.errors.get_or_insert_default().push(Error {
                    code: Some(failure.code.into_owned()),
                    key: Some(object.key),
                    message: Some(failure.message),
                    version_id: object.version_id,
                }),
            }
        }
        Ok(S3Response::new(output))
    }

    async fn delete_one(
        &self,
        call: &Call,
        bucket: &str,
        key: &str,
        version: Option<&str>,
        if_match: Option<&str>,
    ) -> Result<Deleted> {
        let cause = self.cause(call);
        self.change_freeing(|edit| {
            let bucket = Self::bucket_in(edit.docs(), call, bucket)?;
            let target = match version {
                None => edit.docs().current(&bucket.name, key)?,
                Some(version) => edit.docs().version(&bucket.name, key, version)?,
            };
            conditions::check_delete(if_match, target.as_deref())?;
            let bypass = lock::bypass(call, &bucket)?;
            if let Some(target) = target.filter(|_| version.is_some()) {
                target.lock.refuse_delete(cause.now, bypass)?;
            }
            match version {
                None => objects::delete(edit, &bucket, key, &cause),
                Some(version) => objects::delete_version(edit, &bucket, key, version, &cause),
            }
        })
        .await
    }
}

/// Turns around the order of entries of the same key. S3 promises no order; so its recorded answers have it.
fn last_first<T>(entries: &mut [T], key: impl Fn(&T) -> &String) {
    let mut places: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, entry) in entries.iter().enumerate() {
        places.entry(key(entry).clone()).or_default().push(at);
    }
    for places in places.values() {
        for (from, to) in places.iter().zip(places.iter().rev()).take(places.len() / 2) {
            entries.swap(*from, *to);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_entries_of_one_key_change_places() {
        let mut entries = ["a1", "b1", "a2", "c1", "a3"].map(|name| (name[..1].to_owned(), name)).to_vec();
        last_first(&mut entries, |(key, _)| key);
        let names: Vec<_> = entries.iter().map(|(_, name)| *name).collect();
        assert_eq!(names, ["a3", "b1", "a2", "c1", "a1"]);
    }
}
