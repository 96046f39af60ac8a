//! GetBucketAcl, PutBucketAcl, GetObjectAcl, PutObjectAcl.

use std::sync::Arc;

use s3s::S3Response;
use s3s::dto::*;

use super::acl::{self, Of};
use super::error::{Failure, Result};
use super::events::Event;
use super::record::{Acl, Bucket, Object};
use super::s3s::call::Call;
use super::service::S3;
use super::{names, objects};

/// The list of a bucket. Where lists are off, what was put before doesn't show.
pub(super) fn read(bucket: Bucket) -> Result<GetBucketAclOutput> {
    let (owner, grants) = Acl::shown(bucket.acl.as_ref().filter(|_| !acl::is_off(&bucket)), &bucket.account);
    Ok(GetBucketAclOutput { grants: Some(grants), owner: Some(owner) })
}

/// The list that a request puts: by headers or by a document.
///
/// # Errors
/// `MissingSecurityHeader` for none, `UnexpectedContent` for both, and those of [`Acl`].
fn given(call: &Call, document: Option<AccessControlPolicy>, of: Of, account: &str) -> Result<Acl> {
    match (Acl::of_headers(call, of, account)?, document) {
        (Some(acl), None) => Ok(acl),
        (None, Some(document)) => Acl::of_document(document, account),
        (Some(_), Some(_)) => Err(Failure::new(400, "UnexpectedContent", "This request does not support content")),
        (None, None) => {
            let message = "Your request was missing a required header";
            Err(Failure::new(400, "MissingSecurityHeader", message).with("MissingHeaderName", "x-amz-acl"))
        }
    }
}

/// Gives a bucket a list that has a name. Where lists are off, one that says what is so anyhow is taken.
///
/// # Errors
/// As of PutBucketAcl.
pub(super) fn set_named(bucket: &mut Bucket, name: &str, call: &Call) -> Result<()> {
    let kept = Acl::canned(name, Of::Bucket, &bucket.account)?.kept(&bucket.account);
    if let Some(acl) = &kept {
        acl::check(acl, bucket, call, "s3:PutBucketAcl", &bucket.name)?;
    }
    bucket.acl = kept;
    Ok(())
}

impl S3 {
    pub(super) async fn put_bucket_acl(
        &self,
        call: &Call,
        input: PutBucketAclInput,
    ) -> Result<S3Response<PutBucketAclOutput>> {
        self.change(|edit| {
            let mut bucket = Arc::unwrap_or_clone(Self::bucket_in(edit.docs(), call, &input.bucket)?);
            let acl = given(call, input.access_control_policy, Of::Bucket, &bucket.account)?;
            acl::check(&acl, &bucket, call, "s3:PutBucketAcl", &bucket.name)?;
            bucket.acl = acl.kept(&bucket.account);
            edit.put_bucket(&bucket)
        })
        .await?;
        Ok(S3Response::new(PutBucketAclOutput::default()))
    }

    pub(super) async fn get_object_acl(
        &self,
        call: &Call,
        input: GetObjectAclInput,
    ) -> Result<S3Response<GetObjectAclOutput>> {
        let (bucket, object) = self.find(call, &input.bucket, &input.key, input.version_id.as_deref())?;
        let (owner, grants) = Acl::shown(object.acl.as_ref().filter(|_| !acl::is_off(&bucket)), &bucket.account);
        Ok(S3Response::new(GetObjectAclOutput { grants: Some(grants), owner: Some(owner), ..Default::default() }))
    }

    pub(super) async fn put_object_acl(
        &self,
        call: &Call,
        input: PutObjectAclInput,
    ) -> Result<S3Response<PutObjectAclOutput>> {
        let version = input.version_id.as_deref();
        names::check_version_id(version)?;
        let cause = self.cause(call);
        self.change(|edit| {
            let bucket = Self::bucket_in(edit.docs(), call, &input.bucket)?;
            let mut object: Object = Self::find_keeper(edit.docs(), call, &bucket, &input.key, version)?;
            let acl = given(call, input.access_control_policy, Of::Object, &bucket.account)?;
            acl::check(&acl, &bucket, call, "s3:PutObjectAcl", &format!("{}/{}", bucket.name, input.key))?;
            let new = acl.kept(&bucket.account);
            // "Supported event types": none of a request that changes nothing.
            if new != object.acl {
                object.acl = new;
                objects::rewrite(edit, &bucket, &object)?;
                edit.tell(&bucket, || Event::changed("ObjectAcl:Put", &object, &cause.actor(), cause.now));
            }
            Ok(())
        })
        .await?;
        Ok(S3Response::new(PutObjectAclOutput::default()))
    }
}
