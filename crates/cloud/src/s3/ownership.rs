//! Who owns what is put into a bucket.

use s3s::dto::*;

use super::error::{Failure, Result};
use super::record::Bucket;

/// The ownership controls of a bucket.
///
/// # Errors
/// `OwnershipControlsNotFoundError` without.
pub(super) fn read(bucket: Bucket) -> Result<GetBucketOwnershipControlsOutput> {
    let ownership = bucket.ownership.ok_or_else(|| {
        let message = "The bucket ownership controls were not found";
        Failure::new(404, "OwnershipControlsNotFoundError", message).with("BucketName", bucket.name)
    })?;
    let rules = vec![OwnershipControlsRule { object_ownership: ObjectOwnership::from(ownership) }];
    Ok(GetBucketOwnershipControlsOutput { ownership_controls: Some(OwnershipControls { rules }) })
}

/// The one rule of ownership controls, as a bucket keeps it.
///
/// # Errors
/// `MalformedXML` for more or fewer rules, or one that S3 doesn't know.
pub(super) fn of_controls(controls: &OwnershipControls) -> Result<String> {
    let [rule] = controls.rules.as_slice() else { return Err(Failure::malformed_xml()) };
    of_name(rule.object_ownership.as_str()).map_err(|_| Failure::malformed_xml())
}

/// Sets who owns what is put into a bucket.
///
/// # Errors
/// Those of [`of_controls`]; `InvalidBucketAclWithObjectOwnership` where a list lets others in, which would be off then.
pub(super) fn set(bucket: &mut Bucket, controls: &OwnershipControls) -> Result<()> {
    let ownership = of_controls(controls)?;
    if ownership == "BucketOwnerEnforced" && bucket.acl.is_some() {
        return Err(with_acl(&bucket.name));
    }
    bucket.ownership = Some(ownership);
    Ok(())
}

/// The failure of a bucket that would have a list, and an owner who is enforced.
pub(super) fn with_acl(bucket: &str) -> Failure {
    let message = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting";
    Failure::new(400, "InvalidBucketAclWithObjectOwnership", message).with("BucketName", bucket)
}

/// An object ownership that the header `x-amz-object-ownership` names.
///
/// # Errors
/// `InvalidArgument` for one that S3 doesn't know.
pub(super) fn of_name(value: &str) -> Result<String> {
    match value {
        "BucketOwnerEnforced" | "BucketOwnerPreferred" | "ObjectWriter" => Ok(value.to_owned()),
        _ => Err(Failure::new(400, "InvalidArgument", format!("Invalid x-amz-object-ownership header: {value}"))
            .with("ArgumentName", "x-amz-object-ownership")),
    }
}
