//! What a bucket encrypts its objects with by default.

use s3s::dto::*;

use super::error::{Failure, Result};
use super::record::Bucket;

/// The default encryption of a bucket. Since January 2023 every bucket has one.
pub(super) fn read(bucket: Bucket) -> Result<GetBucketEncryptionOutput> {
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
    Ok(GetBucketEncryptionOutput { server_side_encryption_configuration: Some(configuration) })
}

/// Checks a configuration, and fills in whether it uses bucket keys.
///
/// # Errors
/// `MalformedXML` for anything but one rule with an algorithm that S3 knows; `InvalidArgument` for a KMS key without KMS.
pub(super) fn check(configuration: &mut ServerSideEncryptionConfiguration) -> Result<()> {
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
    Ok(())
}
