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

/// An object ownership that the header `x-amz-object-ownership` names.
///
/// # Errors
/// `InvalidArgument` for one that S3 doesn't know.
pub(super) fn of_name(value: &str) -> Result<String> {
    match value {
        "BucketOwnerEnforced" | "BucketOwnerPreferred" | "ObjectWriter" => Ok(value.to_owned()),
        _ => Err(Failure::invalid_argument("Invalid x-amz-object-ownership header", "x-amz-object-ownership", value)),
    }
}
