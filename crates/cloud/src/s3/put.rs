//! PutObject.

use bytes::Bytes;
use http::HeaderMap;
use s3s::S3Response;
use s3s::dto::*;

use super::checksum::Checksum;
use super::conditions::WriteConditions;
use super::describe::{self, Description};
use super::error::{Failure, Result};
use super::record::{Object, Versioning};
use super::s3s::call::Call;
use super::service::S3;
use super::upload_body::{Received, Sending, Sent, Summed};
use super::{lifecycle, lock, objects};
use crate::blobs::draft::Fresh;

/// The longest key, in bytes of UTF-8 ("Naming Amazon S3 objects").
const MAX_KEY: usize = 1024;

/// Refuses a key that is too long.
pub(super) fn check_key(key: &str) -> Result<()> {
    if key.len() <= MAX_KEY {
        return Ok(());
    }
    Err(Failure::new(400, "KeyTooLongError", "Your key is too long")
        .with("Size", key.len().to_string())
        .with("MaxSizeAllowed", MAX_KEY.to_string()))
}

/// An object that is put at once: by PutObject or by a form.
pub(super) struct Upload<'b> {
    pub bucket: String,
    pub key: String,
    pub body: Sending<'b>,
    /// What the request says of the body's length, in bytes.
    pub length: Option<i64>,
    /// e.g. `ObjectCreated:Put`.
    pub event: &'static str,
}

/// What an upload is answered with.
pub(super) struct Uploaded {
    /// Of its checksum and its encryption.
    pub headers: HeaderMap,
    /// Without quotes.
    pub etag: String,
    /// `x-amz-expiration`, `x-amz-version-id`.
    pub expiration: Option<String>,
    pub version: Option<String>,
}

/// So many headers has the answer to an upload, with those that every answer has.
const HEADERS: usize = 12;

/// A body that is here.
struct Taken {
    size: u64,
    /// All of it, if it needs no file; else the file.
    small: Option<Bytes>,
    fresh: Option<Fresh>,
    etag: String,
    checksum: Checksum,
}

impl S3 {
    pub(super) async fn put_object(&self, call: &Call, input: PutObjectInput) -> Result<S3Response<PutObjectOutput>> {
        let PutObjectInput { bucket, key, body, content_length: length, .. } = input;
        let upload = Upload { bucket, key, body: body.into(), length, event: "ObjectCreated:Put" };
        let uploaded = self.upload_object(call, upload).await?;
        let mut response = S3Response::new(PutObjectOutput {
            e_tag: Some(ETag::Strong(uploaded.etag)),
            expiration: uploaded.expiration,
            checksum_type: Some(ChecksumType::from_static(ChecksumType::FULL_OBJECT)),
            version_id: uploaded.version,
            ..Default::default()
        });
        response.headers = uploaded.headers;
        Ok(response)
    }

    /// Puts an object as the call's headers describe it.
    pub(super) async fn upload_object(&self, call: &Call, upload: Upload<'_>) -> Result<Uploaded> {
        let Upload { bucket: name, key, body, length, event } = upload;
        check_key(&key)?;
        let bucket = self.bucket(call, &name)?;
        let description = Description::of(call, &bucket, &key)?;
        lock::check_digest(call)?;
        let conditions = WriteConditions::of(call)?;
        let sent = Sent::of(call)?;
        if !conditions.is_empty() {
            let current = self.store.read(|docs| docs.current(&name, &key))?;
            conditions.check(&key, current.as_deref(), None)?;
        }

        let few = match body {
            Sending::Nothing => Ok(Bytes::new()),
            Sending::Few(few) => Ok(few.read().await?),
            Sending::Stream(body) => Err(body),
        };
        let Taken { size, small, fresh, etag, checksum } = match few {
            Ok(bytes) => {
                let Summed { etag, sent: checksum, .. } = self.look_at(call, &bytes, length, sent)?;
                Taken { size: bytes.len() as u64, small: Some(bytes), fresh: None, etag, checksum }
            }
            Err(body) => Box::pin(self.take(call, body, length, sent)).await?,
        };
        let mut object = Object {
            size,
            blobs: fresh.iter().map(|fresh| fresh.blob.clone()).collect(),
            etag: described_etag(&description, etag, || self.store.unique()),
            checksum: Some(checksum.clone()),
            ..description.object(&key, self.store.now())
        };
        let cause = self.cause(call);
        let (versioning, expiration) = self
            .change_with(fresh.into_iter().collect(), |edit| {
                let bucket = Self::bucket_in(edit.docs(), call, &name)?;
                if !conditions.is_empty() {
                    let current = edit.docs().current(&bucket.name, &key)?;
                    conditions.check(&key, current.as_deref(), None)?;
                }
                object.kept = small.filter(|bytes| !bytes.is_empty()).map(|bytes| edit.keep(bytes));
                objects::put(edit, &bucket, &mut object, event, &cause)?;
                Ok((bucket.versioning, lifecycle::expiration(&bucket, &object)))
            })
            .await?;

        let mut headers = HeaderMap::with_capacity(HEADERS);
        checksum.put_header(&mut headers);
        describe::put_encryption(&mut headers, &object.encryption);
        let version = shown_version(object.version, versioning);
        Ok(Uploaded { headers, etag: object.etag, expiration, version })
    }

    /// Takes a body that comes in pieces; keeps a file of it unless it is small.
    async fn take(&self, call: &Call, body: StreamingBlob, length: Option<i64>, sent: Option<Sent>) -> Result<Taken> {
        let Received { bytes, etag, sent: checksum, .. } = self.receive(call, Some(body), length, sent, None).await?;
        let (size, small) = (bytes.length(), bytes.small());
        let fresh = if small.is_some() { None } else { Some(bytes.keep().await?) };
        Ok(Taken { size, small, fresh, etag, checksum })
    }
}

/// The ETag of an object: with a customer's key it isn't the MD5 of the bytes.
pub(super) fn described_etag(description: &Description, md5: String, unique: impl Fn() -> String) -> String {
    if description.encryption.customer_key.is_some() { unique() } else { md5 }
}

/// The version id that the response to a write shows: none while versioning is off or suspended.
pub(super) fn shown_version(version: Option<String>, versioning: Versioning) -> Option<String> {
    version.filter(|_| versioning == Versioning::Enabled)
}

impl Description {
    /// The object that is described, without a body.
    pub(super) fn object(self, key: &str, modified: u64) -> Object {
        Object {
            headers: self.headers,
            metadata: self.metadata,
            tags: self.tags,
            storage_class: self.storage_class,
            encryption: self.encryption,
            lock: self.lock,
            acl: self.acl,
            ..Object::new(key, modified)
        }
    }
}
