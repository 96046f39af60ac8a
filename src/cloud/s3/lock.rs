//! Object Lock: retention and legal holds, which keep a version from being deleted.
//!
//! Source: "Locking objects with Object Lock" (Amazon S3 User Guide).

use http::HeaderMap;
use s3s::dto::*;
use s3s::{S3Request, S3Response};
use serde::{Deserialize, Serialize};

use super::call::Call;
use super::error::{Failure, Result};
use super::record::{Bucket, Object, Versioning, key};
use super::service::S3;
use super::store::Tx;
use super::time;
use crate::engine::Millis;

const DAY: Millis = 24 * 60 * 60 * 1_000;

/// What protects a version.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    pub retention: Option<Retention>,
    /// None was never set.
    pub legal_hold: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    /// `GOVERNANCE` or `COMPLIANCE`.
    pub mode: String,
    pub until: Millis,
}

fn no_lock() -> Failure {
    Failure::invalid_request("Bucket is missing Object Lock Configuration")
}

fn protected() -> Failure {
    Failure::new(403, "AccessDenied", "Access Denied because object protected by object lock.")
}

fn unset() -> Failure {
    let message = "The specified object does not have a ObjectLock configuration";
    Failure::new(404, "NoSuchObjectLockConfiguration", message)
}

/// A request's lock headers; they need a bucket with Object Lock.
pub fn of(call: &Call, bucket: &Bucket, now: Millis) -> Result<Lock> {
    let mode = call.header("x-amz-object-lock-mode");
    let until = call.header("x-amz-object-lock-retain-until-date");
    let hold = call.header("x-amz-object-lock-legal-hold");
    if mode.is_none() && until.is_none() && hold.is_none() {
        return Ok(Lock::default());
    }
    if bucket.lock.is_none() {
        return Err(no_lock());
    }
    let retention = match (mode, until) {
        (None, None) => None,
        (Some(mode), Some(text)) => {
            if !is_mode(&mode) {
                return Err(Failure::invalid_argument("Unknown wormMode directive.", "x-amz-object-lock-mode", mode));
            }
            const DATE: &str = "x-amz-object-lock-retain-until-date";
            let message = "The retain until date must be provided in ISO 8601 format";
            let until = time::parse(&text).ok_or_else(|| Failure::invalid_argument(message, DATE, text.clone()))?;
            if until <= now {
                return Err(Failure::invalid_argument("The retain until date must be in the future!", DATE, text));
            }
            Some(Retention { mode, until })
        }
        _ => {
            let message = "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied";
            return Err(Failure::new(400, "InvalidArgument", message));
        }
    };
    let legal_hold = match hold.as_deref() {
        None => None,
        Some("ON") => Some(true),
        Some("OFF") => Some(false),
        Some(other) => {
            let message = "Legal Hold must be either of 'ON' or 'OFF'";
            return Err(Failure::invalid_argument(message, "x-amz-object-lock-legal-hold", other));
        }
    };
    Ok(Lock { retention, legal_hold })
}

fn is_mode(mode: &str) -> bool {
    matches!(mode, "GOVERNANCE" | "COMPLIANCE")
}

/// The retention of a new object that brings none: the bucket's default.
pub fn default_retention(bucket: &Bucket, now: Millis) -> Option<Retention> {
    let default = bucket.lock.as_ref()?.rule.as_ref()?.default_retention.as_ref()?;
    let days = default.days.or_else(|| default.years.map(|years| years.saturating_mul(365)))?;
    let mode = default.mode.as_ref()?.as_str().to_owned();
    Some(Retention { mode, until: now + u64::try_from(days).ok()? * DAY })
}

/// Whether a version may be deleted for good.
pub fn check_delete(object: &Object, bypass: bool, now: Millis) -> Result<()> {
    let held = object.lock.legal_hold == Some(true);
    let retained = object
        .lock
        .retention
        .as_ref()
        .is_some_and(|retention| retention.until > now && !(bypass && retention.mode == "GOVERNANCE"));
    if held || retained { Err(protected()) } else { Ok(()) }
}

/// The header by which whoever may do so overrides the governance mode.
pub fn bypasses(call: &Call) -> bool {
    call.header("x-amz-bypass-governance-retention").is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// What a response says of an object's lock.
pub fn headers(object: &Object) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut put = |name: &'static str, value: String| {
        if let Ok(value) = value.parse() {
            headers.insert(name, value);
        }
    };
    if let Some(retention) = &object.lock.retention {
        put("x-amz-object-lock-mode", retention.mode.clone());
        put("x-amz-object-lock-retain-until-date", time::iso_millis(retention.until));
    }
    if let Some(hold) = object.lock.legal_hold {
        put("x-amz-object-lock-legal-hold", if hold { "ON" } else { "OFF" }.to_owned());
    }
    headers
}

impl S3 {
    pub(super) async fn get_object_lock_configuration(
        &self,
        call: &Call,
        request: S3Request<GetObjectLockConfigurationInput>,
    ) -> Result<S3Response<GetObjectLockConfigurationOutput>> {
        let bucket = self.bucket(call, &request.input.bucket)?;
        let lock = bucket.lock.ok_or_else(|| {
            let message = "Object Lock configuration does not exist for this bucket";
            Failure::new(404, "ObjectLockConfigurationNotFoundError", message).with("BucketName", bucket.name)
        })?;
        Ok(S3Response::new(GetObjectLockConfigurationOutput { object_lock_configuration: Some(lock) }))
    }

    pub(super) async fn put_object_lock_configuration(
        &self,
        call: &Call,
        request: S3Request<PutObjectLockConfigurationInput>,
    ) -> Result<S3Response<PutObjectLockConfigurationOutput>> {
        let input = request.input;
        let lock = input.object_lock_configuration.ok_or_else(Failure::malformed_xml)?;
        if lock.object_lock_enabled.as_ref().map(|it| it.as_str()) != Some("Enabled") {
            return Err(Failure::malformed_xml());
        }
        if let Some(rule) = &lock.rule {
            let Some(default) = &rule.default_retention else { return Err(Failure::malformed_xml()) };
            let (Some(mode), Some(period)) = (&default.mode, default.days.xor(default.years)) else {
                return Err(Failure::malformed_xml());
            };
            if !is_mode(mode.as_str()) {
                return Err(Failure::malformed_xml());
            }
            if period <= 0 {
                let message = "Default retention period must be a positive integer value.";
                return Err(Failure::new(400, "InvalidArgument", message));
            }
        }
        self.change_bucket(call, &input.bucket, |bucket| {
            if bucket.versioning != Versioning::Enabled {
                let message = "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration";
                return Err(Failure::new(409, "InvalidBucketState", message));
            }
            bucket.lock = Some(lock);
            Ok(())
        })
        .await?;
        Ok(S3Response::new(PutObjectLockConfigurationOutput::default()))
    }

    pub(super) async fn get_object_retention(
        &self,
        call: &Call,
        request: S3Request<GetObjectRetentionInput>,
    ) -> Result<S3Response<GetObjectRetentionOutput>> {
        let input = request.input;
        let (bucket, object) = self.find(call, &input.bucket, &input.key, input.version_id.as_deref())?;
        bucket.lock.ok_or_else(no_lock)?;
        let retention = object.lock.retention.ok_or_else(unset)?;
        let shown = ObjectLockRetention {
            mode: Some(retention.mode.into()),
            retain_until_date: Some(time::exact(retention.until)),
        };
        Ok(S3Response::new(GetObjectRetentionOutput { retention: Some(shown) }))
    }

    pub(super) async fn put_object_retention(
        &self,
        call: &Call,
        request: S3Request<PutObjectRetentionInput>,
    ) -> Result<S3Response<PutObjectRetentionOutput>> {
        let input = request.input;
        let asked = input.retention.ok_or_else(Failure::malformed_xml)?;
        let retention = match (asked.mode, asked.retain_until_date) {
            (None, None) => None,
            (Some(mode), Some(until)) if is_mode(mode.as_str()) => {
                let until = time::given(&until).ok_or_else(Failure::malformed_xml)?;
                Some(Retention { mode: mode.as_str().to_owned(), until })
            }
            _ => return Err(Failure::malformed_xml()),
        };
        let (bypass, now) = (bypasses(call), self.store.now());
        if retention.as_ref().is_some_and(|retention| retention.until <= now) {
            let message = "The retain until date must be in the future!";
            return Err(Failure::new(400, "InvalidArgument", message).with("ArgumentName", "RetainUntilDate"));
        }
        self.change_object(call, &input.bucket, &input.key, input.version_id.as_deref(), |object| {
            if let Some(old) = object.lock.retention.as_ref().filter(|old| old.until > now) {
                let stronger = retention
                    .as_ref()
                    .is_some_and(|new| new.until >= old.until && (new.mode == old.mode || new.mode == "COMPLIANCE"));
                if !(stronger || bypass && old.mode == "GOVERNANCE") {
                    return Err(protected());
                }
            }
            object.lock.retention = retention;
            Ok(())
        })
        .await?;
        Ok(S3Response::new(PutObjectRetentionOutput::default()))
    }

    pub(super) async fn get_object_legal_hold(
        &self,
        call: &Call,
        request: S3Request<GetObjectLegalHoldInput>,
    ) -> Result<S3Response<GetObjectLegalHoldOutput>> {
        let input = request.input;
        let (bucket, object) = self.find(call, &input.bucket, &input.key, input.version_id.as_deref())?;
        bucket.lock.ok_or_else(no_lock)?;
        let hold = object.lock.legal_hold.ok_or_else(unset)?;
        let status = if hold { ObjectLockLegalHoldStatus::ON } else { ObjectLockLegalHoldStatus::OFF };
        let shown = ObjectLockLegalHold { status: Some(ObjectLockLegalHoldStatus::from_static(status)) };
        Ok(S3Response::new(GetObjectLegalHoldOutput { legal_hold: Some(shown) }))
    }

    pub(super) async fn put_object_legal_hold(
        &self,
        call: &Call,
        request: S3Request<PutObjectLegalHoldInput>,
    ) -> Result<S3Response<PutObjectLegalHoldOutput>> {
        let input = request.input;
        let status = input.legal_hold.and_then(|hold| hold.status);
        let hold = match status.as_ref().map(|status| status.as_str()) {
            Some("ON") => true,
            Some("OFF") => false,
            _ => return Err(Failure::malformed_xml()),
        };
        self.change_object(call, &input.bucket, &input.key, input.version_id.as_deref(), |object| {
            object.lock.legal_hold = Some(hold);
            Ok(())
        })
        .await?;
        Ok(S3Response::new(PutObjectLegalHoldOutput::default()))
    }

    /// Changes what protects a version, in a bucket with Object Lock.
    async fn change_object(
        &self,
        call: &Call,
        bucket: &str,
        name: &str,
        version: Option<&str>,
        change: impl FnOnce(&mut Object) -> Result<()>,
    ) -> Result<()> {
        self.change(|tx: &mut Tx<'_>| {
            let bucket = Self::bucket_in(tx.docs(), call, bucket)?;
            if bucket.lock.is_none() {
                return Err(no_lock());
            }
            let mut object = Self::find_in(tx.docs(), &bucket, name, version)?;
            change(&mut object)?;
            let current = tx.docs().current(&bucket.name, name)?;
            let is_current = current.is_some_and(|current| current.sequence == object.sequence);
            let place = if is_current {
                key::object(&bucket.name, name)
            } else {
                key::version(&bucket.name, name, object.sequence)
            };
            tx.put(place, &object)
        })
        .await
    }
}
