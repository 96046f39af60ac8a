//! Whether a bucket keeps the versions of its objects.

use s3s::dto::*;

use super::error::{Failure, Result};
use super::record::{Bucket, Versioning};

/// The versioning of a bucket; without a status where it never was enabled.
pub(super) fn read(bucket: Bucket) -> Result<GetBucketVersioningOutput> {
    let status = match bucket.versioning {
        Versioning::Off => None,
        Versioning::Enabled => Some(BucketVersioningStatus::from_static(BucketVersioningStatus::ENABLED)),
        Versioning::Suspended => Some(BucketVersioningStatus::from_static(BucketVersioningStatus::SUSPENDED)),
    };
    Ok(GetBucketVersioningOutput { status, ..Default::default() })
}

/// The versioning that a configuration asks for.
///
/// # Errors
/// `NotImplemented` for MFA delete, `MalformedXML` or `IllegalVersioningConfigurationException` for a wrong status or none.
pub(super) fn of_configuration(configuration: &VersioningConfiguration) -> Result<Versioning> {
    if configuration.mfa_delete.is_some() {
        return Err(Failure::not_implemented("MFA delete"));
    }
    match configuration.status.as_ref().map(BucketVersioningStatus::as_str) {
        Some("Enabled") => Ok(Versioning::Enabled),
        Some("Suspended") => Ok(Versioning::Suspended),
        Some(_) => Err(Failure::malformed_xml()),
        None => {
            let message = "The Versioning element must be specified";
            Err(Failure::new(400, "IllegalVersioningConfigurationException", message))
        }
    }
}

/// Sets the versioning of a bucket.
///
/// # Errors
/// `InvalidBucketState`: with Object Lock it stays enabled.
pub(super) fn set(bucket: &mut Bucket, versioning: Versioning) -> Result<()> {
    if bucket.lock.is_some() && versioning != Versioning::Enabled {
        let message = "An Object Lock configuration is present on this bucket, so the versioning state cannot be \
                       changed.";
        return Err(Failure::new(409, "InvalidBucketState", message));
    }
    bucket.versioning = versioning;
    Ok(())
}
