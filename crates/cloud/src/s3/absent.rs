//! Settings that no bucket of this cloud has. Reading one answers as AWS does for a bucket without it; putting one is not
//! implemented.

use s3s::S3Response;
use s3s::dto::*;

use super::error::{Failure, Result};
use super::names::canonical_id;
use super::record::Bucket;
use super::s3s::call::Call;
use super::service::S3;

/// A setting that is the default for every bucket.
pub(super) fn read<T: Default>(_: Bucket) -> Result<T> {
    Ok(T::default())
}

/// The replication of a bucket.
///
/// # Errors
/// Always `ReplicationConfigurationNotFoundError`.
pub(super) fn read_replication(bucket: Bucket) -> Result<GetBucketReplicationOutput> {
    let message = "The replication configuration was not found";
    Err(Failure::new(404, "ReplicationConfigurationNotFoundError", message).with("BucketName", bucket.name))
}

/// Who pays for requests: the owner.
pub(super) fn read_payment(_: Bucket) -> Result<GetBucketRequestPaymentOutput> {
    Ok(GetBucketRequestPaymentOutput { payer: Some(Payer::from_static(Payer::BUCKET_OWNER)) })
}

/// Who may do what with a bucket: the owner everything.
pub(super) fn read_acl(bucket: Bucket) -> Result<GetBucketAclOutput> {
    let (owner, grants) = private_acl(&bucket.account);
    Ok(GetBucketAclOutput { grants: Some(grants), owner: Some(owner) })
}

impl S3 {
    pub(super) async fn get_object_acl(
        &self,
        call: &Call,
        input: GetObjectAclInput,
    ) -> Result<S3Response<GetObjectAclOutput>> {
        let (bucket, _) = self.find(call, &input.bucket, &input.key, input.version_id.as_deref())?;
        let (owner, grants) = private_acl(&bucket.account);
        Ok(S3Response::new(GetObjectAclOutput { grants: Some(grants), owner: Some(owner), ..Default::default() }))
    }
}

/// The only list there is: the owner may do everything.
fn private_acl(account: &str) -> (Owner, Vec<Grant>) {
    let owner = Owner { display_name: None, id: Some(canonical_id(account)) };
    let grantee = Grantee {
        display_name: None,
        email_address: None,
        id: owner.id.clone(),
        type_: Type::from_static(Type::CANONICAL_USER),
        uri: None,
    };
    let permission = Some(Permission::from_static(Permission::FULL_CONTROL));
    (owner, vec![Grant { grantee: Some(grantee), permission }])
}
