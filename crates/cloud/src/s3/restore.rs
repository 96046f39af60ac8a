//! RestoreObject: what lies in an archive is made readable for some days. Here that takes no time.
//!
//! Source: "RestoreObject" (Amazon S3 API reference), "Restoring an archived object" (User Guide).

use s3s::S3Response;
use s3s::dto::*;

use super::error::{Failure, Result};
use super::events::Event;
use super::expiry;
use super::record::Object;
use super::s3s::call::Call;
use super::service::S3;
use super::{names, objects, time};
use engine::Millis;
use http::StatusCode;

/// The storage classes whose objects have to be restored before they are read.
const ARCHIVES: [&str; 2] = ["GLACIER", "DEEP_ARCHIVE"];

/// Whether an object has to be restored before it is read at `now`.
pub(super) fn is_archived(object: &Object, now: Millis) -> bool {
    let archived = object.storage_class.as_deref().is_some_and(|class| ARCHIVES.contains(&class));
    archived && object.restored_until.is_none_or(|until| until <= now)
}

/// What `x-amz-restore` says of an object.
pub(super) fn header(object: &Object, now: Millis) -> Option<String> {
    let until = object.restored_until.filter(|until| *until > now)?;
    Some(format!("ongoing-request=\"false\", expiry-date=\"{}\"", time::http_date(until)))
}

/// Whether a list shall say of its objects until when they are restored ("ListObjectsV2").
///
/// # Errors
/// `InvalidArgument` for anything else that it shall say.
pub(super) fn asked(call: &Call) -> Result<bool> {
    const HEADER: &str = "x-amz-optional-object-attributes";
    let Some(header) = call.header(HEADER) else { return Ok(false) };
    match header.split(',').map(str::trim).all(|name| name == "RestoreStatus") {
        true => Ok(true),
        false => Err(Failure::invalid_argument("Invalid attribute name specified.", HEADER, header)),
    }
}

/// Until when an object is restored, if it is, as a list says it.
pub(super) fn status(object: &Object, now: Millis) -> Option<RestoreStatus> {
    let until = object.restored_until.filter(|until| *until > now)?;
    Some(RestoreStatus { is_restore_in_progress: Some(false), restore_expiry_date: Some(time::shown(until)) })
}

/// For how many days a request restores an object.
///
/// # Errors
/// `NotImplemented` for a query, `MalformedXML` without days or with a tier that isn't one.
fn days(request: Option<RestoreRequest>) -> Result<i32> {
    let request = request.ok_or_else(Failure::malformed_xml)?;
    if request.type_.is_some() || request.select_parameters.is_some() || request.output_location.is_some() {
        return Err(Failure::not_implemented("A query of an archived object"));
    }
    let tiers = [request.tier, request.glacier_job_parameters.map(|job| job.tier)];
    if tiers.iter().flatten().any(|tier| !matches!(tier.as_str(), "Standard" | "Bulk" | "Expedited")) {
        return Err(Failure::malformed_xml());
    }
    request.days.filter(|days| *days > 0).ok_or_else(Failure::malformed_xml)
}

impl S3 {
    pub(super) async fn restore_object(
        &self,
        call: &Call,
        input: RestoreObjectInput,
    ) -> Result<S3Response<RestoreObjectOutput>> {
        let version = input.version_id.as_deref();
        names::check_version_id(version)?;
        let days = days(input.restore_request)?;
        let cause = self.cause(call);
        let again = self
            .change(|edit| {
                let bucket = Self::bucket_in(edit.docs(), call, &input.bucket)?;
                let mut object = Self::find_keeper(edit.docs(), call, &bucket, &input.key, version)?;
                let class = object.storage_class.clone().unwrap_or_else(|| "STANDARD".into());
                if !ARCHIVES.contains(&class.as_str()) {
                    let message = "Restore is not allowed for the object's current storage class";
                    return Err(Failure::new(403, "InvalidObjectState", message).with("StorageClass", class));
                }
                let again = !is_archived(&object, cause.now);
                let until = expiry::after(cause.now, days);
                object.restored_until = Some(until);
                objects::rewrite(edit, &bucket, &object)?;
                if !again {
                    let made = |name| Event::made(name, &object, &cause.actor(), cause.now);
                    edit.tell(&bucket, || made("ObjectRestore:Post"));
                    edit.tell(&bucket, || made("ObjectRestore:Completed").of_restored(until, &class));
                }
                Ok(again)
            })
            .await?;
        // A copy that is there already only stays longer.
        *call.status.lock() = Some(if again { StatusCode::OK } else { StatusCode::ACCEPTED });
        Ok(S3Response::new(RestoreObjectOutput::default()))
    }
}
