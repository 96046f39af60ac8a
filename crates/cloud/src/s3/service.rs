//! The S3 service: its state, its operations in one table, and what every operation starts with.

use std::sync::Arc;

use s3s::dto::*;
use s3s::{S3ErrorCode, S3Request, S3Response, S3Result};

use super::call::Call;
use super::error::{Failure, Result};
use super::names;
use super::objects::Cause;
use super::record::{Bucket, Object};
use super::store::{Docs, Store, Tx};
use crate::blobs::Blobs;
use crate::blobs::draft::Fresh;
use crate::core::Cloud;

/// S3 as the rest of the cloud uses it: documents and blobs. Cheap to make and to clone.
#[derive(Clone)]
pub struct S3 {
    pub(super) store: Store,
    pub(super) blobs: Blobs,
}

/// S3 as `s3s` calls it. It has no state: a call brings the cloud along.
pub struct Operations;

impl S3 {
    pub fn of(cloud: &Arc<Cloud>) -> Self {
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

    /// What a call causes.
    pub(super) fn cause(&self, call: &Call) -> Cause {
        Cause { actor: call.actor(), now: self.store.now(), unique: self.store.unique(), expiration: false }
    }

    /// Changes documents, and removes the blobs that nothing names afterwards.
    pub(super) async fn change<T>(&self, change: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        Ok(self.settle(self.store.write(change).await?).await)
    }

    /// As [`change`](Self::change), for a change that makes a document name `fresh` blobs: they go if it is refused.
    pub(super) async fn change_with<T>(
        &self,
        fresh: Vec<Fresh>,
        change: impl FnOnce(&mut Tx<'_>) -> Result<T>,
    ) -> Result<T> {
        self.change(|tx| {
            let reply = change(tx)?;
            fresh.iter().for_each(|fresh| tx.adopt(fresh));
            Ok(reply)
        })
        .await
    }

    /// As [`change`](Self::change), for one after which there is less than before: made on a full disk as well.
    pub(super) async fn change_freeing<T>(&self, change: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        Ok(self.settle(self.store.write_freeing(change).await?).await)
    }

    /// Removes what requests left behind whose clients went away before their change was in the log.
    pub async fn tidy(&self) {
        let left = self.blobs.take_left();
        match left.is_empty() || self.store.is_settled().await {
            true => self.blobs.discard(left).await,
            false => self.blobs.leave(left),
        }
    }
}

/// Tells the operator of what is no client's fault.
pub(super) fn tell(cloud: &Cloud, failure: &Failure) {
    // What this cloud hasn't got is the client's affair.
    if failure.code != "NotImplemented" {
        cloud.notice(&format!("S3 could not serve a request: {}", failure.message));
    }
}

/// Operations by name: each runs with its call, and a failure waits in the call until `s3s` is done.
macro_rules! operations {
    ($($name:ident: $input:ident => $output:ident;)*) => {
        #[async_trait::async_trait]
        impl s3s::S3 for Operations {
            $(
                async fn $name(&self, request: S3Request<$input>) -> S3Result<S3Response<$output>> {
                    let call = Call::of(&request).map_err(|_| S3ErrorCode::InternalError)?;
                    S3::of(&call.cx.cloud).$name(&call, request.input).await.map_err(|failure| {
                        if failure.status >= 500 {
                            tell(&call.cx.cloud, &failure);
                        }
                        // A body that failed has said so itself, and knows better why.
                        call.failure.lock().get_or_insert(failure);
                        S3ErrorCode::InternalError.into()
                    })
                }
            )*
        }
    };
}

operations! {
    abort_multipart_upload: AbortMultipartUploadInput => AbortMultipartUploadOutput;
    complete_multipart_upload: CompleteMultipartUploadInput => CompleteMultipartUploadOutput;
    copy_object: CopyObjectInput => CopyObjectOutput;
    create_bucket: CreateBucketInput => CreateBucketOutput;
    create_multipart_upload: CreateMultipartUploadInput => CreateMultipartUploadOutput;
    delete_bucket: DeleteBucketInput => DeleteBucketOutput;
    delete_bucket_cors: DeleteBucketCorsInput => DeleteBucketCorsOutput;
    delete_bucket_encryption: DeleteBucketEncryptionInput => DeleteBucketEncryptionOutput;
    delete_bucket_lifecycle: DeleteBucketLifecycleInput => DeleteBucketLifecycleOutput;
    delete_bucket_ownership_controls: DeleteBucketOwnershipControlsInput => DeleteBucketOwnershipControlsOutput;
    delete_bucket_policy: DeleteBucketPolicyInput => DeleteBucketPolicyOutput;
    delete_bucket_tagging: DeleteBucketTaggingInput => DeleteBucketTaggingOutput;
    delete_bucket_website: DeleteBucketWebsiteInput => DeleteBucketWebsiteOutput;
    delete_object: DeleteObjectInput => DeleteObjectOutput;
    delete_object_tagging: DeleteObjectTaggingInput => DeleteObjectTaggingOutput;
    delete_objects: DeleteObjectsInput => DeleteObjectsOutput;
    delete_public_access_block: DeletePublicAccessBlockInput => DeletePublicAccessBlockOutput;
    get_bucket_accelerate_configuration: GetBucketAccelerateConfigurationInput => GetBucketAccelerateConfigurationOutput;
    get_bucket_acl: GetBucketAclInput => GetBucketAclOutput;
    get_bucket_cors: GetBucketCorsInput => GetBucketCorsOutput;
    get_bucket_encryption: GetBucketEncryptionInput => GetBucketEncryptionOutput;
    get_bucket_lifecycle_configuration: GetBucketLifecycleConfigurationInput => GetBucketLifecycleConfigurationOutput;
    get_bucket_location: GetBucketLocationInput => GetBucketLocationOutput;
    get_bucket_logging: GetBucketLoggingInput => GetBucketLoggingOutput;
    get_bucket_notification_configuration: GetBucketNotificationConfigurationInput => GetBucketNotificationConfigurationOutput;
    get_bucket_ownership_controls: GetBucketOwnershipControlsInput => GetBucketOwnershipControlsOutput;
    get_bucket_policy: GetBucketPolicyInput => GetBucketPolicyOutput;
    get_bucket_policy_status: GetBucketPolicyStatusInput => GetBucketPolicyStatusOutput;
    get_bucket_replication: GetBucketReplicationInput => GetBucketReplicationOutput;
    get_bucket_request_payment: GetBucketRequestPaymentInput => GetBucketRequestPaymentOutput;
    get_bucket_tagging: GetBucketTaggingInput => GetBucketTaggingOutput;
    get_bucket_versioning: GetBucketVersioningInput => GetBucketVersioningOutput;
    get_bucket_website: GetBucketWebsiteInput => GetBucketWebsiteOutput;
    get_object: GetObjectInput => GetObjectOutput;
    get_object_acl: GetObjectAclInput => GetObjectAclOutput;
    get_object_attributes: GetObjectAttributesInput => GetObjectAttributesOutput;
    get_object_legal_hold: GetObjectLegalHoldInput => GetObjectLegalHoldOutput;
    get_object_lock_configuration: GetObjectLockConfigurationInput => GetObjectLockConfigurationOutput;
    get_object_retention: GetObjectRetentionInput => GetObjectRetentionOutput;
    get_object_tagging: GetObjectTaggingInput => GetObjectTaggingOutput;
    get_public_access_block: GetPublicAccessBlockInput => GetPublicAccessBlockOutput;
    head_bucket: HeadBucketInput => HeadBucketOutput;
    head_object: HeadObjectInput => HeadObjectOutput;
    list_buckets: ListBucketsInput => ListBucketsOutput;
    list_multipart_uploads: ListMultipartUploadsInput => ListMultipartUploadsOutput;
    list_object_versions: ListObjectVersionsInput => ListObjectVersionsOutput;
    list_objects: ListObjectsInput => ListObjectsOutput;
    list_objects_v2: ListObjectsV2Input => ListObjectsV2Output;
    list_parts: ListPartsInput => ListPartsOutput;
    post_object: PostObjectInput => PostObjectOutput;
    put_bucket_cors: PutBucketCorsInput => PutBucketCorsOutput;
    put_bucket_encryption: PutBucketEncryptionInput => PutBucketEncryptionOutput;
    put_bucket_lifecycle_configuration: PutBucketLifecycleConfigurationInput => PutBucketLifecycleConfigurationOutput;
    put_bucket_notification_configuration: PutBucketNotificationConfigurationInput => PutBucketNotificationConfigurationOutput;
    put_bucket_ownership_controls: PutBucketOwnershipControlsInput => PutBucketOwnershipControlsOutput;
    put_bucket_policy: PutBucketPolicyInput => PutBucketPolicyOutput;
    put_bucket_tagging: PutBucketTaggingInput => PutBucketTaggingOutput;
    put_bucket_versioning: PutBucketVersioningInput => PutBucketVersioningOutput;
    put_bucket_website: PutBucketWebsiteInput => PutBucketWebsiteOutput;
    put_object: PutObjectInput => PutObjectOutput;
    put_object_legal_hold: PutObjectLegalHoldInput => PutObjectLegalHoldOutput;
    put_object_lock_configuration: PutObjectLockConfigurationInput => PutObjectLockConfigurationOutput;
    put_object_retention: PutObjectRetentionInput => PutObjectRetentionOutput;
    put_object_tagging: PutObjectTaggingInput => PutObjectTaggingOutput;
    put_public_access_block: PutPublicAccessBlockInput => PutPublicAccessBlockOutput;
    upload_part: UploadPartInput => UploadPartOutput;
    upload_part_copy: UploadPartCopyInput => UploadPartCopyOutput;
}
