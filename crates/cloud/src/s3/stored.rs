//! Settings of a bucket that are checked, kept and shown, and have no effect here: access logs, transfer acceleration, who pays for
//! requests, replication.
//!
//! Source: "PutBucketLogging", "PutBucketAccelerateConfiguration", "PutBucketRequestPayment", "PutBucketReplication" (Amazon S3 API
//! reference). What is said of wrong ones is what S3 says, as far as it was recorded.

use s3s::dto::*;

use super::describe::is_storage_class;
use super::error::{Failure, Result};
use super::record::{Acl, Bucket, KeyFormat, Logging, Versioning};
use super::store::Docs;
use super::tagging::is_whole;

/// The most rules of a replication configuration ("PutBucketReplication").
const MAX_RULES: usize = 1_000;
/// Characters of a rule's id ("ReplicationRule").
const MAX_ID: usize = 255;

/// Sets a bucket's transfer acceleration.
///
/// # Errors
/// `MalformedXML` for a state that isn't one, `InvalidRequest` for a bucket whose name has a dot.
pub(super) fn accelerate(bucket: &mut Bucket, given: &AccelerateConfiguration) -> Result<()> {
    let status = given.status.as_ref().map(BucketAccelerateStatus::as_str).unwrap_or_default();
    if !matches!(status, "Enabled" | "Suspended") {
        return Err(Failure::malformed_xml());
    }
    if bucket.name.contains('.') {
        let message = "S3 Transfer Acceleration is not supported for buckets with periods (.) in their names";
        return Err(Failure::invalid_request(message));
    }
    bucket.stored.accelerate = Some(status.to_owned());
    Ok(())
}

/// A bucket's transfer acceleration; without a state where it never was set.
pub(super) fn read_acceleration(bucket: Bucket) -> Result<GetBucketAccelerateConfigurationOutput> {
    let status = bucket.stored.accelerate.map(BucketAccelerateStatus::from);
    Ok(GetBucketAccelerateConfigurationOutput { status, ..Default::default() })
}

/// Says who pays for a bucket's requests.
///
/// # Errors
/// `MalformedXML` for somebody else.
pub(super) fn charge(bucket: &mut Bucket, given: &RequestPaymentConfiguration) -> Result<()> {
    match given.payer.as_str() {
        payer @ (Payer::BUCKET_OWNER | Payer::REQUESTER) => bucket.stored.payer = Some(payer.to_owned()),
        _ => return Err(Failure::malformed_xml()),
    }
    Ok(())
}

/// Who pays for a bucket's requests: the owner, unless it was said otherwise.
pub(super) fn read_payment(bucket: Bucket) -> Result<GetBucketRequestPaymentOutput> {
    let payer = bucket.stored.payer.unwrap_or_else(|| Payer::BUCKET_OWNER.to_owned());
    Ok(GetBucketRequestPaymentOutput { payer: Some(payer.into()) })
}

/// Says where a bucket's access logs would go; nowhere, if it says nothing.
///
/// # Errors
/// `InvalidTargetBucketForLogging`, `CrossLocationLoggingProhibitted`, `MalformedXML`.
pub(super) fn log(docs: Docs<'_>, bucket: &mut Bucket, given: BucketLoggingStatus) -> Result<()> {
    let Some(given) = given.logging_enabled else {
        bucket.stored.logging = None;
        return Ok(());
    };
    let unfit = |why: &str| {
        Failure::new(400, "InvalidTargetBucketForLogging", why).with("TargetBucket", given.target_bucket.clone())
    };
    let target = docs.find_bucket(&given.target_bucket)?;
    let target = target.ok_or_else(|| unfit("The target bucket for logging does not exist"))?;
    if target.account != bucket.account {
        return Err(unfit("The owner for the bucket to be logged and the target bucket must be the same."));
    }
    if target.region != bucket.region {
        let mut failure =
            Failure::new(403, "CrossLocationLoggingProhibitted", "Cross S3 location logging not allowed. ");
        // A bucket of the first region has no location.
        if bucket.region != "us-east-1" {
            failure = failure.with("SourceBucketLocation", &*bucket.region);
        }
        return Err(failure.with("TargetBucketLocation", &*target.region));
    }
    let format = match given.target_object_key_format {
        None => None,
        Some(TargetObjectKeyFormat { simple_prefix: Some(_), partitioned_prefix: None }) => Some(KeyFormat::Simple),
        Some(TargetObjectKeyFormat { simple_prefix: None, partitioned_prefix: Some(by) }) => {
            let source = by.partition_date_source.map(|source| source.as_str().to_owned());
            if source.as_deref().is_some_and(|source| !matches!(source, "EventTime" | "DeliveryTime")) {
                return Err(Failure::malformed_xml());
            }
            Some(KeyFormat::Partitioned(source))
        }
        Some(_) => return Err(Failure::malformed_xml()),
    };
    let grants = given.target_grants.map(Acl::of_log_grants).transpose()?;
    bucket.stored.logging = Some(Logging { bucket: given.target_bucket, prefix: given.target_prefix, grants, format });
    Ok(())
}

/// Where a bucket's access logs would go.
pub(super) fn read_logging(bucket: Bucket) -> Result<GetBucketLoggingOutput> {
    let logging_enabled = bucket.stored.logging.map(|logging| LoggingEnabled {
        target_bucket: logging.bucket,
        target_grants: logging.grants.map(|acl| acl.log_grants()),
        target_object_key_format: logging.format.map(|format| match format {
            KeyFormat::Simple => {
                TargetObjectKeyFormat { simple_prefix: Some(SimplePrefix::default()), partitioned_prefix: None }
            }
            KeyFormat::Partitioned(source) => {
                let by = PartitionedPrefix { partition_date_source: source.map(PartitionDateSource::from) };
                TargetObjectKeyFormat { simple_prefix: None, partitioned_prefix: Some(by) }
            }
        }),
        target_prefix: logging.prefix,
    });
    Ok(GetBucketLoggingOutput { logging_enabled })
}

/// Says where a bucket's objects would be replicated to.
///
/// # Errors
/// `MalformedXML`; `InvalidRequest` without versioning, here or there.
pub(super) fn replicate(
    docs: Docs<'_>,
    bucket: &mut Bucket,
    mut given: ReplicationConfiguration,
    new_id: impl Fn() -> String,
) -> Result<()> {
    if given.rules.is_empty() || given.rules.len() > MAX_RULES {
        return Err(Failure::malformed_xml());
    }
    given.rules.iter().try_for_each(check_rule)?;
    if bucket.versioning != Versioning::Enabled {
        let message = "Versioning must be 'Enabled' on the bucket to apply a replication configuration";
        return Err(Failure::invalid_request(message));
    }
    for rule in &mut given.rules {
        let name = rule.destination.bucket.rsplit(':').next().unwrap_or_default();
        let there = docs.find_bucket(name)?;
        if !there.is_some_and(|there| there.versioning == Versioning::Enabled) {
            return Err(Failure::invalid_request("Destination bucket must have versioning enabled."));
        }
        rule.id.get_or_insert_with(&new_id);
    }
    bucket.stored.replication = Some(given);
    Ok(())
}

fn check_rule(rule: &ReplicationRule) -> Result<()> {
    let on_or_off = |status: Option<&str>| status.is_none_or(|status| matches!(status, "Enabled" | "Disabled"));
    let criteria = rule.source_selection_criteria.as_ref();
    let to = &rule.destination;
    let statuses = [
        Some(rule.status.as_str()),
        rule.existing_object_replication.as_ref().map(|it| it.status.as_str()),
        rule.delete_marker_replication
            .as_ref()
            .and_then(|it| it.status.as_ref())
            .map(DeleteMarkerReplicationStatus::as_str),
        to.metrics.as_ref().map(|it| it.status.as_str()),
        to.replication_time.as_ref().map(|it| it.status.as_str()),
        criteria.and_then(|it| it.replica_modifications.as_ref()).map(|it| it.status.as_str()),
        criteria.and_then(|it| it.sse_kms_encrypted_objects.as_ref()).map(|it| it.status.as_str()),
    ];
    let filter = rule.filter.as_ref();
    let several = filter.and_then(|filter| filter.and.as_ref()?.tags.as_ref());
    let mut tags = filter.and_then(|filter| filter.tag.as_ref()).into_iter().chain(several.into_iter().flatten());
    let known = statuses.into_iter().all(on_or_off)
        && tags.all(is_whole)
        && to.storage_class.as_ref().is_none_or(|class| is_storage_class(class.as_str()))
        && to.access_control_translation.as_ref().is_none_or(|it| it.owner.as_str() == "Destination")
        && rule.id.as_ref().is_none_or(|id| id.chars().count() <= MAX_ID)
        && rule.destination.bucket.starts_with("arn:");
    // "ReplicationRule": the earlier form has a prefix; the present one a filter, and then says of delete markers.
    let formed = rule.filter.is_none() || (rule.prefix.is_none() && rule.delete_marker_replication.is_some());
    if known && formed { Ok(()) } else { Err(Failure::malformed_xml()) }
}

/// The replication of a bucket.
///
/// # Errors
/// `ReplicationConfigurationNotFoundError` without.
pub(super) fn read_replication(bucket: Bucket) -> Result<GetBucketReplicationOutput> {
    let Some(configuration) = bucket.stored.replication else {
        let message = "The replication configuration was not found";
        return Err(Failure::new(404, "ReplicationConfigurationNotFoundError", message).with("BucketName", bucket.name));
    };
    Ok(GetBucketReplicationOutput { replication_configuration: Some(configuration) })
}
