//! Object Lock's rules: what locks a version, and who may loosen it.
//!
//! Source: "Locking objects with Object Lock", "Object Lock considerations" (Amazon S3 User Guide).

use super::error::{Failure, Result};
use super::record::{Bucket, Object, ObjectLock, Retention};
use super::s3s::call::Call;
use super::time;
use engine::Millis;

const MODE: &str = "x-amz-object-lock-mode";
const UNTIL: &str = "x-amz-object-lock-retain-until-date";
const HOLD: &str = "x-amz-object-lock-legal-hold";
const BYPASS: &str = "x-amz-bypass-governance-retention";

const DAY: Millis = 24 * 60 * 60 * 1000;

impl ObjectLock {
    /// What a request says of the lock of the object it makes.
    pub(super) fn of(call: &Call, bucket: &Bucket, now: Millis) -> Result<Self> {
        let (mode, until, hold) = (call.header(MODE), call.header(UNTIL), call.header(HOLD));
        if mode.is_none() && until.is_none() && hold.is_none() {
            return Ok(Self::default());
        }
        if bucket.lock.is_none() {
            return Err(Failure::invalid_request("Bucket is missing ObjectLockConfiguration"));
        }
        let retention = match (mode, until) {
            (Some(mode), Some(until)) => Some(retention(&mode, &until, now)?),
            (None, None) => None,
            (mode, _) => {
                let message = format!("{UNTIL} and {MODE} must both be supplied");
                let missing = if mode.is_some() { UNTIL } else { MODE };
                return Err(Failure::new(400, "InvalidArgument", message).with("ArgumentName", missing));
            }
        };
        let legal_hold = hold.map(|hold| legal_hold(&hold)).transpose()?;
        Ok(Self { retention, legal_hold })
    }

    /// Why a version that has this lock can't be deleted now, if it can't.
    pub(super) fn refuse_delete(&self, now: Millis, bypass: bool) -> Result<()> {
        let retained = self.retention.as_ref().filter(|retention| retention.until > now);
        if self.legal_hold == Some(true) || retained.is_some_and(|retention| retention.compliance || !bypass) {
            return Err(protected());
        }
        Ok(())
    }

    /// Why its retention can't be replaced by `new`, if it can't: a retention that runs may be made stricter by anybody,
    /// looser only in governance mode and only with the bypass.
    pub(super) fn refuse_retention(&self, new: Option<&Retention>, now: Millis, bypass: bool) -> Result<()> {
        let Some(old) = self.retention.as_ref().filter(|retention| retention.until > now) else { return Ok(()) };
        let stricter = new.is_some_and(|new| new.until >= old.until && (new.compliance || !old.compliance));
        if stricter || (!old.compliance && bypass) { Ok(()) } else { Err(protected()) }
    }
}

fn retention(mode: &str, until: &str, now: Millis) -> Result<Retention> {
    let compliance = match mode {
        "COMPLIANCE" => true,
        "GOVERNANCE" => false,
        _ => return Err(Failure::invalid_argument("Unknown wormMode directive.", MODE, mode)),
    };
    let Some(parsed) = time::parse_iso(until) else {
        let message = "The retain until date must be provided in ISO 8601 format";
        return Err(Failure::invalid_argument(message, UNTIL, until));
    };
    if parsed <= now {
        return Err(Failure::invalid_argument("The retain until date must be in the future!", UNTIL, until));
    }
    Ok(Retention { compliance, until: parsed })
}

fn legal_hold(value: &str) -> Result<bool> {
    match value {
        "ON" => Ok(true),
        "OFF" => Ok(false),
        _ => Err(Failure::invalid_argument("Legal Hold must be either of 'ON' or 'OFF'", HOLD, value)),
    }
}

fn protected() -> Failure {
    Failure::new(403, "AccessDenied", "Access Denied because object protected by object lock.")
}

/// Whether a request bypasses governance; only a bucket with Object Lock knows that header.
pub(super) fn bypass(call: &Call, bucket: &Bucket) -> Result<bool> {
    let Some(value) = call.header(BYPASS) else { return Ok(false) };
    if bucket.lock.is_none() {
        let message = format!("{BYPASS} is only applicable to Object Lock enabled buckets.");
        return Err(Failure::new(400, "InvalidArgument", message).with("ArgumentName", BYPASS));
    }
    Ok(value.eq_ignore_ascii_case("true"))
}

/// An upload that names a lock has to send a digest of its body.
pub(super) fn check_digest(call: &Call) -> Result<()> {
    let locks = [MODE, UNTIL, HOLD].iter().any(|name| call.has(name));
    let digest = call.has("content-md5")
        || call.has("x-amz-trailer")
        || call.headers.keys().any(|name| name.as_str().starts_with("x-amz-checksum-"));
    if locks && !digest {
        return Err(Failure::invalid_request(
            "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters",
        ));
    }
    Ok(())
}

/// Gives a new version the bucket's default retention, unless it has its own.
pub(super) fn apply_default(bucket: &Bucket, object: &mut Object) {
    let Some(default) = bucket.lock.as_ref().and_then(|lock| lock.default.as_ref()) else { return };
    if object.lock.retention.is_some() || object.delete_marker {
        return;
    }
    let days = default.days.or(default.years.map(|years| years.saturating_mul(365))).unwrap_or_default();
    let compliance = default.mode.as_ref().is_some_and(|mode| mode.as_str() == "COMPLIANCE");
    let until = object.modified.saturating_add(u64::try_from(days).unwrap_or_default().saturating_mul(DAY));
    object.lock.retention = Some(Retention { compliance, until });
}

/// The response headers of a locked object.
pub(super) fn headers(lock: &ObjectLock) -> Vec<(&'static str, String)> {
    let mut headers = Vec::new();
    if let Some(retention) = &lock.retention {
        headers.push((MODE, mode_name(retention).to_owned()));
        headers.push((UNTIL, time::iso_millis(retention.until)));
    }
    if let Some(on) = lock.legal_hold {
        headers.push((HOLD, if on { "ON" } else { "OFF" }.to_owned()));
    }
    headers
}

/// The mode as the API writes it: `COMPLIANCE` or `GOVERNANCE`.
pub(super) fn mode_name(retention: &Retention) -> &'static str {
    if retention.compliance { "COMPLIANCE" } else { "GOVERNANCE" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locked(compliance: bool, until: Millis) -> ObjectLock {
        ObjectLock { retention: Some(Retention { compliance, until }), legal_hold: None }
    }

    #[test]
    fn what_may_be_deleted() {
        let hold = ObjectLock { retention: None, legal_hold: Some(true) };
        let released = ObjectLock { retention: None, legal_hold: Some(false) };
        let table = [
            (ObjectLock::default(), false, true),
            (locked(false, 11), false, false),
            (locked(false, 11), true, true),
            (locked(true, 11), true, false),
            (locked(true, 10), false, true),
            (hold, true, false),
            (released, false, true),
        ];
        for (lock, bypass, allowed) in table {
            assert_eq!(lock.refuse_delete(10, bypass).is_ok(), allowed, "{lock:?} {bypass}");
        }
    }

    #[test]
    fn a_retention_that_runs_is_only_made_stricter() {
        let new = |compliance, until| Some(Retention { compliance, until });
        let table = [
            (locked(false, 20), new(false, 30), false, true),
            (locked(false, 20), new(false, 15), false, false),
            (locked(false, 20), new(false, 15), true, true),
            (locked(false, 20), None, true, true),
            (locked(false, 20), None, false, false),
            (locked(true, 20), new(true, 30), false, true),
            (locked(true, 20), new(true, 15), true, false),
            (locked(true, 20), new(false, 30), true, false),
            (locked(true, 5), None, false, true),
        ];
        for (old, new, bypass, allowed) in table {
            assert_eq!(old.refuse_retention(new.as_ref(), 10, bypass).is_ok(), allowed, "{old:?} {new:?} {bypass}");
        }
    }
}
