//! What buckets here never have. Reading it says so as AWS says it of a bucket without; putting it is not implemented.

use s3s::dto::*;
use s3s::{S3Request, S3Response};

use super::call::Call;
use super::error::{Failure, Result};
use super::names::canonical_id;
use super::service::S3;

/// An operation that finds nothing in any bucket.
macro_rules! never_there {
    ($($name:ident($input:ident) -> $output:ident: $code:literal, $message:literal;)*) => {
        impl S3 {
            $(
                pub(super) async fn $name(&self, call: &Call, request: S3Request<$input>) -> Result<S3Response<$output>> {
                    let bucket = self.bucket(call, &request.input.bucket)?;
                    Err(Failure::new(404, $code, $message).with("BucketName", bucket.name))
                }
            )*
        }
    };
}

never_there! {
    get_bucket_replication(GetBucketReplicationInput) -> GetBucketReplicationOutput:
        "ReplicationConfigurationNotFoundError", "The replication configuration was not found";
}

/// An operation that answers with the default of every bucket.
macro_rules! always_default {
    ($($name:ident($input:ident) -> $output:ident;)*) => {
        impl S3 {
            $(
                pub(super) async fn $name(&self, call: &Call, request: S3Request<$input>) -> Result<S3Response<$output>> {
                    self.bucket(call, &request.input.bucket)?;
                    Ok(S3Response::new($output::default()))
                }
            )*
        }
    };
}

always_default! {
    get_bucket_accelerate_configuration(GetBucketAccelerateConfigurationInput) -> GetBucketAccelerateConfigurationOutput;
    get_bucket_logging(GetBucketLoggingInput) -> GetBucketLoggingOutput;
}

impl S3 {
    pub(super) async fn get_bucket_request_payment(
        &self,
        call: &Call,
        request: S3Request<GetBucketRequestPaymentInput>,
    ) -> Result<S3Response<GetBucketRequestPaymentOutput>> {
        self.bucket(call, &request.input.bucket)?;
        let payer = Some(Payer::from_static(Payer::BUCKET_OWNER));
        Ok(S3Response::new(GetBucketRequestPaymentOutput { payer }))
    }

    pub(super) async fn get_bucket_acl(
        &self,
        call: &Call,
        request: S3Request<GetBucketAclInput>,
    ) -> Result<S3Response<GetBucketAclOutput>> {
        let bucket = self.bucket(call, &request.input.bucket)?;
        let (owner, grants) = private_acl(&bucket.account);
        Ok(S3Response::new(GetBucketAclOutput { grants: Some(grants), owner: Some(owner) }))
    }

    pub(super) async fn get_object_acl(
        &self,
        call: &Call,
        request: S3Request<GetObjectAclInput>,
    ) -> Result<S3Response<GetObjectAclOutput>> {
        let input = request.input;
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
