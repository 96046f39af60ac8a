//! The order in which S3 looks at a request: one table for every operation whose request carries a document.
//!
//! `s3s` reads the document before it calls the operation. What S3 looks at before that is looked at here, before `s3s` gets the
//! request; what comes after it is looked at by the operation, in the order that its row has. A request without a document has
//! no row: of these all look at the bucket, then at what their headers say, then at the object, and then at its conditions.
//!
//! Sources: "PutBucketTagging", "CompleteMultipartUpload" and their like (API reference) list which errors there are, and not in
//! which order. The rows are what S3 was seen to answer where two things were wrong at once: existence comes before the document
//! (recorded for CompleteMultipartUpload and PutBucketEncryption), but for a lock, whose document comes before the bucket's
//! configuration (recorded for PutObjectLegalHold). The other rows follow those of their kind.

use http::Method;
use percent_encoding::percent_decode_str;

use super::error::Result;
use super::s3s::call::Call;
use super::service::S3;
use super::{multipart, names};

/// Something that is looked at. Whose bucket it is said to be (`x-amz-expected-bucket-owner`) belongs to the bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// It exists and is the caller's.
    Bucket,
    /// The version id has the form of one.
    VersionForm,
    /// The object, or the version that is named, exists and isn't a delete marker.
    Object,
    /// The upload exists, or has become a version.
    Upload,
    /// It is XML, of the right form.
    Document,
    /// The bucket has Object Lock.
    Lock,
}

use Step::{Bucket, Document, Lock, Object, Upload, VersionForm};

const OF_BUCKET: &[Step] = &[Bucket, Document];
const OF_OBJECT: &[Step] = &[Bucket, VersionForm, Object, Document];
const OF_LOCK: &[Step] = &[Bucket, Document, VersionForm, Lock, Object];

/// A request that carries a document: its method, its subresource, whether it is an object's, and the order.
struct Row(Method, &'static str, bool, &'static [Step]);

const TABLE: [Row; 26] = [
    Row(Method::PUT, "accelerate", false, OF_BUCKET),
    Row(Method::PUT, "acl", false, OF_BUCKET),
    Row(Method::PUT, "acl", true, OF_OBJECT),
    Row(Method::PUT, "analytics", false, OF_BUCKET),
    Row(Method::PUT, "cors", false, OF_BUCKET),
    Row(Method::PUT, "encryption", false, OF_BUCKET),
    Row(Method::PUT, "intelligent-tiering", false, OF_BUCKET),
    Row(Method::PUT, "inventory", false, OF_BUCKET),
    Row(Method::PUT, "legal-hold", true, OF_LOCK),
    Row(Method::PUT, "lifecycle", false, OF_BUCKET),
    Row(Method::PUT, "logging", false, OF_BUCKET),
    Row(Method::PUT, "metrics", false, OF_BUCKET),
    Row(Method::PUT, "notification", false, OF_BUCKET),
    Row(Method::PUT, "object-lock", false, OF_BUCKET),
    Row(Method::PUT, "ownershipControls", false, OF_BUCKET),
    Row(Method::PUT, "publicAccessBlock", false, OF_BUCKET),
    Row(Method::PUT, "replication", false, OF_BUCKET),
    Row(Method::PUT, "requestPayment", false, OF_BUCKET),
    Row(Method::PUT, "retention", true, OF_LOCK),
    Row(Method::PUT, "tagging", false, OF_BUCKET),
    Row(Method::PUT, "tagging", true, OF_OBJECT),
    Row(Method::PUT, "versioning", false, OF_BUCKET),
    Row(Method::PUT, "website", false, OF_BUCKET),
    Row(Method::POST, "delete", false, OF_BUCKET),
    Row(Method::POST, "restore", true, OF_OBJECT),
    Row(Method::POST, "uploadId", true, &[Bucket, Upload, Document]),
];

fn row(method: &Method, query: &[(String, String)], of_object: bool) -> Option<&'static Row> {
    let has = |wanted: &str| query.iter().any(|(name, _)| name == wanted);
    TABLE.iter().find(|row| row.0 == *method && row.2 == of_object && has(row.1))
}

/// Whether a request's body is a document: that of a configuration, of keys to delete, of parts to complete. `path` is path style.
pub(super) fn carries_document(method: &Method, query: &[(String, String)], path: &str) -> bool {
    row(method, query, split(path).1.is_some()).is_some()
}

/// Looks at what S3 looks at before it reads the document of a request. `path` is path style.
///
/// # Errors
/// Those of the first step that fails.
pub(super) fn before_document(call: &Call, path: &str) -> Result<()> {
    let (bucket, key) = split(path);
    let Some(row) = row(&call.method, &call.query, key.is_some()) else { return Ok(()) };
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let (name, key) = (decoded(bucket), key.map(decoded).unwrap_or_default());
    let version = call.query("versionId");
    S3::of(&call.cx.cloud).look(|docs| {
        let bucket = S3::bucket_in(docs, call, &name)?;
        for step in row.3 {
            match step {
                Bucket => {}
                VersionForm => names::check_version_id(version)?,
                Object => drop(S3::find_keeper(docs, call, &bucket, &key, version)?),
                Upload => multipart::knows(docs, &bucket, &key, call.query("uploadId").unwrap_or_default())?,
                Document | Lock => break,
            }
        }
        Ok(())
    })
}

/// The bucket and the key of a path as they stand there.
fn split(path: &str) -> (&str, Option<&str>) {
    let path = path.strip_prefix('/').unwrap_or(path);
    match path.split_once('/') {
        Some((bucket, key)) => (bucket, Some(key).filter(|key| !key.is_empty())),
        None => (path, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_told_from_objects() {
        let is = |method: Method, name: &str, path: &str| {
            carries_document(&method, &[(name.to_owned(), String::new())], path)
        };
        assert!(is(Method::POST, "delete", "/b") && is(Method::POST, "uploadId", "/b/k"));
        assert!(
            is(Method::PUT, "tagging", "/b") && is(Method::PUT, "tagging", "/b/") && is(Method::PUT, "tagging", "/b/k")
        );
        assert!(
            !is(Method::PUT, "uploadId", "/b/k") && !is(Method::PUT, "x-id", "/b") && !is(Method::PUT, "policy", "/b")
        );
        assert!(!is(Method::GET, "tagging", "/b"));
    }

    #[test]
    fn every_order_begins_with_the_bucket_and_has_a_document() {
        for Row(method, name, _, steps) in &TABLE {
            assert_eq!(steps.first(), Some(&Bucket), "{method} {name}");
            assert!(steps.contains(&Document), "{method} {name}");
        }
    }
}
