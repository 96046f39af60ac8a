//! PutObject.

use s3s::S3Response;
use s3s::dto::*;

use super::conditions::WriteConditions;
use super::describe::{self, Description};
use super::error::{Failure, Result};
use super::record::{Object, Versioning};
use super::s3s::call::Call;
use super::service::S3;
use super::upload_body::{Received, Sent};
use super::{lifecycle, lock, objects};

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
pub(super) struct Upload {
    pub bucket: String,
    pub key: String,
    pub body: Option<StreamingBlob>,
    /// What the request says of the body's length, in bytes.
    pub length: Option<i64>,
    /// e.g. `ObjectCreated:Put`.
    pub event: &'static str,
}

impl S3 {
    pub(super) async fn put_object(&self, call: &Call, input: PutObjectInput) -> Result<S3Response<PutObjectOutput>> {
        let PutObjectInput { bucket, key, body, content_length: length, .. } = input;
        let upload = Upload { bucket, key, body, length, event: "ObjectCreated:Put" };
        self.upload_object(call, upload).await
    }

    /// Puts an object as the call's headers describe it.
    pub(super) async fn upload_object(&self, call: &Call, upload: Upload) -> Result<S3Response<PutObjectOutput>> {
        let Upload { bucket: name, key, body, length, event } = upload;
        check_key(&key)?;
        let bucket = self.bucket(call, &name)?;
        let description = Description::of(call, &bucket, &key)?;
        lock::check_digest(call)?;
        let conditions = WriteConditions::of(call)?;
        let sent = Sent::of(call)?;
        if !conditions.is_empty() {
            let current = self.store.read(|docs| docs.current(&name, &key))?;
            conditions.check(&key, current.as_ref(), None)?;
        }

        let Received { bytes, etag, sent: checksum, .. } = self.receive(call, body, length, sent, None).await?;
        let (size, small) = (bytes.length(), bytes.small());
        let fresh = if small.is_some() { None } else { Some(bytes.keep().await?) };
        let mut object = Object {
            size,
            blobs: fresh.iter().map(|fresh| fresh.blob.clone()).collect(),
            etag: described_etag(&description, etag, || self.store.unique()),
            checksum: Some(checksum.clone()),
            ..description.object(&key, self.store.now())
        };
        let cause = self.cause(call);
        let (object, versioning, expiration) = self
            .change_with(fresh.into_iter().collect(), |edit| {
                let bucket = Self::bucket_in(edit.docs(), call, &name)?;
                if !conditions.is_empty() {
                    let current = edit.docs().current(&bucket.name, &key)?;
                    conditions.check(&key, current.as_ref(), None)?;
                }
                object.kept = small.filter(|bytes| !bytes.is_empty()).map(|bytes| edit.keep(bytes));
                let object = objects::put(edit, &bucket, object, event, &cause)?;
                let expiration = lifecycle::expiration(&bucket, &object);
                Ok((object, bucket.versioning, expiration))
            })
            .await?;

        let mut response = S3Response::new(PutObjectOutput {
            e_tag: Some(ETag::Strong(object.etag.clone())),
            expiration,
            checksum_type: Some(ChecksumType::from_static(ChecksumType::FULL_OBJECT)),
            version_id: shown_version(object.version, versioning),
            ..Default::default()
        });
        checksum.put_header(&mut response.headers);
        describe::put_encryption(&mut response.headers, &object.encryption);
        Ok(response)
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
