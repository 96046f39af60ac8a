//! CopyObject, and what it shares with UploadPartCopy.

use std::sync::Arc;

use futures::TryStreamExt;
use s3s::S3Response;
use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::*;

use super::checksum::{self, Algorithm, Checksum, Hasher, Kind};
use super::conditions::{self, WriteConditions};
use super::describe::{self, Description};
use super::error::{Failure, Result};
use super::names;
use super::object_body::Pinned;
use super::objects;
use super::put::{check_key, shown_version};
use super::record::{Bucket, Object, Versioning};
use super::s3s::call::Call;
use super::s3s::xml;
use super::service::S3;
use super::{customer_key, restore, time};
use crate::blobs::pace::Pace;
use engine::Millis;

/// The largest source of a copy in one request: 5 GiB ("CopyObject").
const MAX_SOURCE: u64 = 5 * 1024 * 1024 * 1024;

/// The object that is copied.
pub(super) struct Source {
    pub bucket: Arc<Bucket>,
    pub object: Arc<Object>,
    pub pinned: Pinned,
}

impl Source {
    /// The version id that a response shows.
    pub(super) fn version(&self) -> Option<String> {
        let shown = self.bucket.versioning != Versioning::Off;
        shown.then(|| self.object.version.clone().unwrap_or_else(|| "null".into()))
    }
}

impl S3 {
    /// Finds the source of a copy and checks the conditions on it.
    pub(super) fn source(&self, call: &Call, source: &CopySource) -> Result<Source> {
        let CopySource::Bucket { bucket, key, version_id } = source else {
            return Err(Failure::not_implemented("Copying from an access point"));
        };
        let version = version_id.as_deref();
        names::check_version_id(version)?;
        let source = self.store.read(|docs| {
            let bucket = docs.bucket(bucket)?;
            let expected = call.header("x-amz-source-expected-bucket-owner");
            if bucket.account != call.account() || expected.is_some_and(|owner| owner != bucket.account) {
                return Err(Failure::access_denied());
            }
            let object = Self::find_in(docs, &bucket, key, version).map_err(|failure| match &*failure.code {
                // "UploadPartCopy" (API reference): a delete marker is no source.
                "MethodNotAllowed" => Failure::invalid_request(
                    "The source of a copy request may not specifically refer to a delete marker by version id.",
                ),
                _ => failure,
            })?;
            let pinned = self.pin(docs, &object);
            Ok(Source { bucket, object, pinned })
        })?;
        if restore::is_archived(&source.object, self.store.now()) {
            let message = "Operation is not valid for the source object's storage class";
            return Err(Failure::new(403, "InvalidObjectState", message));
        }
        customer_key::check(call, customer_key::OF_SOURCE, &source.object.encryption)?;
        conditions::check_source(call, &source.object, self.store.now())?;
        Ok(source)
    }

    pub(super) async fn copy_object(
        &self,
        call: &Call,
        input: CopyObjectInput,
    ) -> Result<S3Response<CopyObjectOutput>> {
        check_key(&input.key)?;
        let bucket = self.bucket(call, &input.bucket)?;
        let description = Description::of(call, &bucket, &input.key)?;
        let conditions = WriteConditions::of(call)?;
        let source = self.source(call, &input.copy_source)?;
        let replace = directive(call, "x-amz-metadata-directive")?;
        refuse_idle_copy(call, &source, &bucket, &input, replace)?;
        if source.object.size > MAX_SOURCE {
            return Err(Failure::invalid_request(format!(
                "The specified copy source is larger than the maximum allowable size for a copy source: {MAX_SOURCE}"
            )));
        }
        let mut object = description.object(&input.key, self.store.now());
        if !replace {
            object.headers = source.object.headers.clone();
            object.headers.remove("x-amz-website-redirect-location");
            if let Some(location) = describe::redirect(call)? {
                object.headers.insert("x-amz-website-redirect-location".into(), location);
            }
            object.metadata = source.object.metadata.clone();
        }
        if !directive(call, "x-amz-tagging-directive")? {
            object.tags = source.object.tags.clone();
        }

        let copy_source_version_id = source.version();
        let algorithm = match call.header("x-amz-checksum-algorithm") {
            Some(name) => parse_algorithm(&name)?,
            None => source.object.checksum.as_ref().map_or(Algorithm::Crc64nvme, |sum| sum.algorithm),
        };
        let same = source.object.parts.is_empty()
            && source.object.checksum.as_ref().is_some_and(|sum| sum.algorithm == algorithm);
        self.store.takes_writes()?;
        self.check_body(&source.object).await?;
        let mut fresh = Vec::with_capacity(source.object.blobs.len());
        for blob in &source.object.blobs {
            fresh.push(self.blobs().duplicate(blob, self.store.unique()).await?);
        }
        object.size = source.object.size;
        object.blobs = fresh.iter().map(|fresh| fresh.blob.clone()).collect();
        let kept = self.kept(&source.object, &source.pinned).await?;
        let keyed = object.encryption.customer_key.is_some() || source.object.encryption.customer_key.is_some();
        if same {
            object.etag = if keyed { self.store.unique() } else { source.object.etag.clone() };
            object.checksum = source.object.checksum.clone();
        } else {
            // What was uploaded in parts becomes one: its MD5 and checksum are those of all the bytes.
            let (etag, value) = self.sum(&source.object, source.pinned, algorithm).await?;
            object.etag = etag;
            object.checksum = Some(checksum::Checksum { algorithm, kind: Kind::FullObject, value });
        }
        let cause = self.cause(call);
        let versioning = self
            .change_with(fresh, |edit| {
                let bucket = Self::bucket_in(edit.docs(), call, &input.bucket)?;
                let current = edit.docs().current(&bucket.name, &input.key)?;
                conditions.check(&input.key, current.as_deref(), None)?;
                object.kept = kept.map(|bytes| edit.keep(bytes));
                objects::put(edit, &bucket, &mut object, "ObjectCreated:Copy", &cause)?;
                Ok(bucket.versioning)
            })
            .await?;

        let sum = object.checksum.as_ref();
        let document = result("CopyObjectResult", &object.etag, object.modified, sum, true);
        *call.xml.lock() = Some(document);
        let mut response = S3Response::new(CopyObjectOutput {
            copy_object_result: Some(CopyObjectResult::default()),
            copy_source_version_id,
            version_id: shown_version(object.version, versioning),
            ..Default::default()
        });
        describe::put_encryption(&mut response.headers, &object.encryption);
        Ok(response)
    }

    /// The MD5 (hex) and a checksum (base64) of an object's bytes.
    async fn sum(&self, object: &Object, pinned: Pinned, algorithm: Algorithm) -> Result<(String, String)> {
        let (mut md5, mut hasher) = (Md5::new(), Hasher::new(algorithm));
        let mut stream = std::pin::pin!(self.body(object, 0, object.size, pinned, Pace::Full).await?.into_stream());
        while let Some(bytes) = stream.try_next().await? {
            md5.update(&bytes);
            hasher.update(&bytes);
        }
        let md5 = md5.finalize();
        let etag = hex::encode(md5.as_ref());
        Ok((etag, hasher.finish()))
    }
}

/// What CopyObject and UploadPartCopy answer: of what was copied the ETag (without quotes), when, its checksum, and of which kind
/// that is if `kind` is asked for.
pub(super) fn result(root: &str, etag: &str, modified: Millis, sum: Option<&Checksum>, kind: bool) -> Vec<u8> {
    xml::document(root, xml::NAMESPACE, |xml| {
        xml.element("LastModified", &time::iso(modified));
        xml.element("ETag", &format!("\"{etag}\""));
        let Some(sum) = sum else { return };
        if kind {
            xml.element("ChecksumType", sum.kind.name());
        }
        sum.write(xml);
    })
}

/// An algorithm that a client names.
pub(super) fn parse_algorithm(name: &str) -> Result<Algorithm> {
    Algorithm::parse(name).ok_or_else(|| {
        let names = Algorithm::ALL.map(Algorithm::name).join(", ");
        Failure::invalid_request(format!(
            "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [{names}]"
        ))
    })
}

/// Whether a directive says REPLACE; COPY is the default.
fn directive(call: &Call, name: &'static str) -> Result<bool> {
    match call.header(name).as_deref() {
        None | Some("COPY") => Ok(false),
        Some("REPLACE") => Ok(true),
        Some(other) => {
            let message =
                format!("Unknown {} directive.", if name.contains("tagging") { "tagging" } else { "metadata" });
            Err(Failure::invalid_argument(message, name, other))
        }
    }
}

/// A copy onto itself must change something.
fn refuse_idle_copy(
    call: &Call,
    source: &Source,
    bucket: &Bucket,
    input: &CopyObjectInput,
    replace: bool,
) -> Result<()> {
    let CopySource::Bucket { version_id, .. } = &input.copy_source else { return Ok(()) };
    let in_place = source.bucket.name == bucket.name && source.object.key == input.key && version_id.is_none();
    let changes = replace
        || ["x-amz-storage-class", "x-amz-server-side-encryption", "x-amz-website-redirect-location"]
            .iter()
            .any(|name| call.headers.contains_key(*name));
    if in_place && !changes {
        return Err(Failure::invalid_request(
            "This copy request is illegal because it is trying to copy an object to itself without changing the object's \
             metadata, storage class, website redirect location or encryption attributes.",
        ));
    }
    Ok(())
}
