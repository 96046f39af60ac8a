//! Object Lock's operations: a bucket's configuration, a version's retention and legal hold.

use s3s::S3Response;
use s3s::dto::*;

use super::error::{Failure, Result};
use super::record::{Bucket, BucketLock, Object, Retention, Versioning};
use super::s3s::call::Call;
use super::service::S3;
use super::{lock, names, objects, time};

/// The longest default retention ("PutObjectLockConfiguration").
const MAX_DAYS: i32 = 36_500;
const MAX_YEARS: i32 = 100;

fn check_default(default: &DefaultRetention) -> Result<()> {
    if !default.mode.as_ref().is_some_and(|mode| matches!(mode.as_str(), "GOVERNANCE" | "COMPLIANCE")) {
        return Err(Failure::malformed_xml());
    }
    let (period, most) = match (default.days, default.years) {
        (Some(days), None) => (days, MAX_DAYS),
        (None, Some(years)) => (years, MAX_YEARS),
        _ => return Err(Failure::malformed_xml()),
    };
    let wrong = |message: &str| Err(Failure::new(400, "InvalidArgument", message));
    match period {
        ..=0 => wrong("Default retention period must be a positive integer value."),
        _ if period > most => wrong("Default retention period is too large: at most 36500 days or 100 years."),
        _ => Ok(()),
    }
}

fn missing() -> Failure {
    Failure::invalid_request("Bucket is missing Object Lock Configuration")
}

fn no_lock() -> Failure {
    let message = "The specified object does not have a ObjectLock configuration";
    Failure::new(404, "NoSuchObjectLockConfiguration", message)
}

/// The Object Lock configuration of a bucket.
///
/// # Errors
/// `ObjectLockConfigurationNotFoundError` without.
pub(super) fn read(bucket: Bucket) -> Result<GetObjectLockConfigurationOutput> {
    let Some(lock) = bucket.lock else {
        let message = "Object Lock configuration does not exist for this bucket";
        return Err(Failure::new(404, "ObjectLockConfigurationNotFoundError", message).with("BucketName", bucket.name));
    };
    let rule = lock.default.map(|default| ObjectLockRule { default_retention: Some(default) });
    let enabled = Some(ObjectLockEnabled::from_static(ObjectLockEnabled::ENABLED));
    let configuration = ObjectLockConfiguration { object_lock_enabled: enabled, rule };
    Ok(GetObjectLockConfigurationOutput { object_lock_configuration: Some(configuration) })
}

/// Enables the Object Lock of a bucket, with the default retention that is given.
///
/// # Errors
/// `MalformedXML`; `InvalidArgument` for a period; `InvalidBucketState` without versioning.
pub(super) fn set(bucket: &mut Bucket, given: ObjectLockConfiguration) -> Result<()> {
    if given.object_lock_enabled.as_ref().map(ObjectLockEnabled::as_str) != Some("Enabled") {
        return Err(Failure::malformed_xml());
    }
    let default = match given.rule {
        Some(rule) => Some(rule.default_retention.ok_or_else(Failure::malformed_xml)?),
        None => None,
    };
    default.as_ref().map_or(Ok(()), check_default)?;
    if bucket.versioning != Versioning::Enabled {
        let message = "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration";
        return Err(Failure::new(409, "InvalidBucketState", message));
    }
    bucket.lock = Some(BucketLock { default });
    Ok(())
}

impl S3 {
    pub(super) async fn get_object_retention(
        &self,
        call: &Call,
        input: GetObjectRetentionInput,
    ) -> Result<S3Response<GetObjectRetentionOutput>> {
        let object = self.lockable(call, &input.bucket, &input.key, input.version_id.as_deref())?;
        let found = object.lock.retention.ok_or_else(no_lock)?;
        let retention = ObjectLockRetention {
            mode: Some(ObjectLockRetentionMode::from_static(lock::mode_name(&found))),
            retain_until_date: Some(time::exact(found.until)),
        };
        Ok(S3Response::new(GetObjectRetentionOutput { retention: Some(retention) }))
    }

    pub(super) async fn put_object_retention(
        &self,
        call: &Call,
        input: PutObjectRetentionInput,
    ) -> Result<S3Response<PutObjectRetentionOutput>> {
        let now = self.store.now();
        let given = input.retention.ok_or_else(Failure::malformed_xml)?;
        let new = match (given.mode, given.retain_until_date) {
            (Some(mode), Some(until)) => Some(retention(mode.as_str(), &until, now)?),
            (None, None) => None,
            _ => return Err(Failure::malformed_xml()),
        };
        self.relock(call, &input.bucket, &input.key, input.version_id.as_deref(), |bucket, object| {
            object.lock.refuse_retention(new.as_ref(), now, lock::bypass(call, bucket)?)?;
            object.lock.retention = new;
            Ok(())
        })
        .await?;
        Ok(S3Response::new(PutObjectRetentionOutput::default()))
    }

    pub(super) async fn get_object_legal_hold(
        &self,
        call: &Call,
        input: GetObjectLegalHoldInput,
    ) -> Result<S3Response<GetObjectLegalHoldOutput>> {
        let object = self.lockable(call, &input.bucket, &input.key, input.version_id.as_deref())?;
        let on = object.lock.legal_hold.ok_or_else(no_lock)?;
        let status = if on { ObjectLockLegalHoldStatus::ON } else { ObjectLockLegalHoldStatus::OFF };
        let hold = ObjectLockLegalHold { status: Some(ObjectLockLegalHoldStatus::from_static(status)) };
        Ok(S3Response::new(GetObjectLegalHoldOutput { legal_hold: Some(hold) }))
    }

    pub(super) async fn put_object_legal_hold(
        &self,
        call: &Call,
        input: PutObjectLegalHoldInput,
    ) -> Result<S3Response<PutObjectLegalHoldOutput>> {
        let status = input.legal_hold.and_then(|hold| hold.status);
        let on = match status.as_ref().map(ObjectLockLegalHoldStatus::as_str) {
            Some("ON") => true,
            Some("OFF") => false,
            _ => return Err(Failure::malformed_xml()),
        };
        self.relock(call, &input.bucket, &input.key, input.version_id.as_deref(), |_, object| {
            object.lock.legal_hold = Some(on);
            Ok(())
        })
        .await?;
        Ok(S3Response::new(PutObjectLegalHoldOutput::default()))
    }

    /// A version in a bucket that has Object Lock.
    fn lockable(&self, call: &Call, bucket: &str, key: &str, version: Option<&str>) -> Result<Object> {
        names::check_version_id(version)?;
        self.store.read(|docs| {
            let bucket = Self::bucket_in(docs, call, bucket)?;
            if bucket.lock.is_none() {
                return Err(missing());
            }
            Self::find_keeper(docs, call, &bucket, key, version)
        })
    }

    async fn relock(
        &self,
        call: &Call,
        bucket: &str,
        key: &str,
        version: Option<&str>,
        change: impl FnOnce(&Bucket, &mut Object) -> Result<()>,
    ) -> Result<()> {
        names::check_version_id(version)?;
        self.change(|edit| {
            let bucket = Self::bucket_in(edit.docs(), call, bucket)?;
            if bucket.lock.is_none() {
                return Err(missing());
            }
            let mut object = Self::find_keeper(edit.docs(), call, &bucket, key, version)?;
            change(&bucket, &mut object)?;
            objects::rewrite(edit, &bucket, &object)
        })
        .await
    }
}

fn retention(mode: &str, until: &Timestamp, now: engine::Millis) -> Result<Retention> {
    let compliance = match mode {
        "COMPLIANCE" => true,
        "GOVERNANCE" => false,
        _ => return Err(Failure::malformed_xml()),
    };
    let until = time::millis(until).ok_or_else(Failure::malformed_xml)?;
    if until <= now {
        let message = "The retain until date must be in the future!";
        return Err(Failure::invalid_argument(message, "RetainUntilDate", time::iso(until)));
    }
    Ok(Retention { compliance, until })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_retentions() {
        let mode = |name| Some(ObjectLockRetentionMode::from_static(name));
        let default = |mode, days, years| DefaultRetention { days, mode, years };
        let table = [
            (default(mode("GOVERNANCE"), Some(2), None), None),
            (default(mode("COMPLIANCE"), None, Some(100)), None),
            (default(mode("COMPLIANCE"), Some(1), Some(1)), Some("MalformedXML")),
            (default(mode("COMPLIANCE"), None, None), Some("MalformedXML")),
            (default(mode("OTHER"), Some(1), None), Some("MalformedXML")),
            (default(None, Some(1), None), Some("MalformedXML")),
            (default(mode("GOVERNANCE"), Some(0), None), Some("InvalidArgument")),
            (default(mode("GOVERNANCE"), Some(36_501), None), Some("InvalidArgument")),
            (default(mode("GOVERNANCE"), None, Some(101)), Some("InvalidArgument")),
        ];
        for (default, expected) in table {
            let refused = check_default(&default).err().map(|failure| failure.code.into_owned());
            assert_eq!(refused.as_deref(), expected, "{default:?}");
        }
    }
}
