//! What a bucket is set to: encryption, ownership, versioning.

use http::StatusCode;
use s3s::dto::*;
use s3s::{S3Request, S3Response};

use super::call::Call;
use super::error::{Failure, Result};
use super::record::Versioning;
use super::service::S3;

impl S3 {
    pub(super) async fn get_bucket_encryption(
        &self,
        call: &Call,
        request: S3Request<GetBucketEncryptionInput>,
    ) -> Result<S3Response<GetBucketEncryptionOutput>> {
        let bucket = self.bucket(call, &request.input.bucket)?;
        // Since January 2023 every bucket encrypts by default.
        let default = || ServerSideEncryptionConfiguration {
            rules: vec![ServerSideEncryptionRule {
                apply_server_side_encryption_by_default: Some(ServerSideEncryptionByDefault {
                    kms_master_key_id: None,
                    sse_algorithm: ServerSideEncryption::from_static(ServerSideEncryption::AES256),
                }),
                bucket_key_enabled: Some(false),
            }],
        };
        let configuration = bucket.encryption.unwrap_or_else(default);
        Ok(S3Response::new(GetBucketEncryptionOutput { server_side_encryption_configuration: Some(configuration) }))
    }

    pub(super) async fn put_bucket_encryption(
        &self,
        call: &Call,
        request: S3Request<PutBucketEncryptionInput>,
    ) -> Result<S3Response<PutBucketEncryptionOutput>> {
        let input = request.input;
        let mut configuration = input.server_side_encryption_configuration;
        let [rule] = configuration.rules.as_mut_slice() else { return Err(Failure::malformed_xml()) };
        let Some(default) = &rule.apply_server_side_encryption_by_default else { return Err(Failure::malformed_xml()) };
        match default.sse_algorithm.as_str() {
            "AES256" if default.kms_master_key_id.is_some() => {
                let message = "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or \
                               aws:kms:dsse";
                return Err(Failure::new(400, "InvalidArgument", message)
                    .with("ArgumentName", "ApplyServerSideEncryptionByDefault"));
            }
            "AES256" | "aws:kms" | "aws:kms:dsse" => {}
            _ => return Err(Failure::malformed_xml()),
        }
        rule.bucket_key_enabled.get_or_insert(false);
        self.change_bucket(call, &input.bucket, |bucket| {
            bucket.encryption = Some(configuration);
            Ok(())
        })
        .await?;
        Ok(S3Response::new(PutBucketEncryptionOutput::default()))
    }

    pub(super) async fn delete_bucket_encryption(
        &self,
        call: &Call,
        request: S3Request<DeleteBucketEncryptionInput>,
    ) -> Result<S3Response<DeleteBucketEncryptionOutput>> {
        self.change_bucket(call, &request.input.bucket, |bucket| {
            bucket.encryption = None;
            Ok(())
        })
        .await?;
        Ok(S3Response::with_status(DeleteBucketEncryptionOutput::default(), StatusCode::NO_CONTENT))
    }

    pub(super) async fn get_bucket_ownership_controls(
        &self,
        call: &Call,
        request: S3Request<GetBucketOwnershipControlsInput>,
    ) -> Result<S3Response<GetBucketOwnershipControlsOutput>> {
        let bucket = self.bucket(call, &request.input.bucket)?;
        let ownership = bucket.ownership.ok_or_else(|| {
            let message = "The bucket ownership controls were not found";
            Failure::new(404, "OwnershipControlsNotFoundError", message).with("BucketName", bucket.name)
        })?;
        let rules = vec![OwnershipControlsRule { object_ownership: ObjectOwnership::from(ownership) }];
        Ok(S3Response::new(GetBucketOwnershipControlsOutput { ownership_controls: Some(OwnershipControls { rules }) }))
    }

    pub(super) async fn put_bucket_ownership_controls(
        &self,
        call: &Call,
        request: S3Request<PutBucketOwnershipControlsInput>,
    ) -> Result<S3Response<PutBucketOwnershipControlsOutput>> {
        let input = request.input;
        let [rule] = input.ownership_controls.rules.as_slice() else { return Err(Failure::malformed_xml()) };
        let ownership =
            super::bucket::check_ownership(rule.object_ownership.as_str()).map_err(|_| Failure::malformed_xml())?;
        self.change_bucket(call, &input.bucket, |bucket| {
            bucket.ownership = Some(ownership);
            Ok(())
        })
        .await?;
        Ok(S3Response::new(PutBucketOwnershipControlsOutput::default()))
    }

    pub(super) async fn delete_bucket_ownership_controls(
        &self,
        call: &Call,
        request: S3Request<DeleteBucketOwnershipControlsInput>,
    ) -> Result<S3Response<DeleteBucketOwnershipControlsOutput>> {
        self.change_bucket(call, &request.input.bucket, |bucket| {
            bucket.ownership = None;
            Ok(())
        })
        .await?;
        Ok(S3Response::with_status(DeleteBucketOwnershipControlsOutput::default(), StatusCode::NO_CONTENT))
    }

    pub(super) async fn get_bucket_versioning(
        &self,
        call: &Call,
        request: S3Request<GetBucketVersioningInput>,
    ) -> Result<S3Response<GetBucketVersioningOutput>> {
        let status = match self.bucket(call, &request.input.bucket)?.versioning {
            Versioning::Off => None,
            Versioning::Enabled => Some(BucketVersioningStatus::from_static(BucketVersioningStatus::ENABLED)),
            Versioning::Suspended => Some(BucketVersioningStatus::from_static(BucketVersioningStatus::SUSPENDED)),
        };
        Ok(S3Response::new(GetBucketVersioningOutput { status, ..Default::default() }))
    }

    pub(super) async fn put_bucket_versioning(
        &self,
        call: &Call,
        request: S3Request<PutBucketVersioningInput>,
    ) -> Result<S3Response<PutBucketVersioningOutput>> {
        let input = request.input;
        let configuration = input.versioning_configuration;
        if configuration.mfa_delete.is_some() {
            return Err(Failure::not_implemented("MFA delete"));
        }
        let versioning = match configuration.status.as_ref().map(BucketVersioningStatus::as_str) {
            Some("Enabled") => Versioning::Enabled,
            Some("Suspended") => Versioning::Suspended,
            Some(_) => return Err(Failure::malformed_xml()),
            None => {
                let message = "The Versioning element must be specified";
                return Err(Failure::new(400, "IllegalVersioningConfigurationException", message));
            }
        };
        self.change_bucket(call, &input.bucket, |bucket| {
            if bucket.lock.is_some() && versioning != Versioning::Enabled {
                let message = "An Object Lock configuration is present on this bucket, so the versioning state cannot be \
                               changed.";
                return Err(Failure::new(409, "InvalidBucketState", message));
            }
            bucket.versioning = versioning;
            Ok(())
        })
        .await?;
        Ok(S3Response::new(PutBucketVersioningOutput::default()))
    }
}
