//! The properties of `AWS::S3::Bucket` that S3 keeps and shows, and that have no effect here, in S3's shapes.

use serde_json::Value;

use super::bucket_read::{Malformed, Result, list, number, object, required, tag, text, texts};
use crate::s3::{Setting, dto};

pub(super) fn acceleration(value: &Value) -> Result<Setting> {
    Ok(Setting::Acceleration(dto::AccelerateConfiguration { status: text(value, "AccelerationStatus") }))
}

/// Without a destination the logs go to the bucket itself ("AWS::S3::Bucket LoggingConfiguration"), which S3 has to name; null: no logs.
pub(super) fn logging(value: &Value) -> Result<Setting> {
    let partitioned =
        |by: &Value| Ok(dto::PartitionedPrefix { partition_date_source: text(by, "PartitionDateSource") });
    let format = |format: &Value| {
        Ok(dto::TargetObjectKeyFormat {
            partitioned_prefix: object(format, "PartitionedPrefix", partitioned)?,
            simple_prefix: format.get("SimplePrefix").map(|_| dto::SimplePrefix::default()),
        })
    };
    if value.is_null() {
        return Ok(Setting::Logging(dto::BucketLoggingStatus::default()));
    }
    let enabled = dto::LoggingEnabled {
        target_bucket: required(value, "DestinationBucketName")?,
        target_grants: None,
        target_object_key_format: object(value, "TargetObjectKeyFormat", format)?,
        target_prefix: text(value, "LogFilePrefix").unwrap_or_default(),
    };
    Ok(Setting::Logging(dto::BucketLoggingStatus { logging_enabled: Some(enabled) }))
}

pub(super) fn replication(value: &Value) -> Result<Setting> {
    let rules = list(value, "Rules", replication_rule)?.ok_or(Malformed)?;
    Ok(Setting::Replication(dto::ReplicationConfiguration { role: required(value, "Role")?, rules }))
}

fn replication_rule(rule: &Value) -> Result<dto::ReplicationRule> {
    let and = |and: &Value| {
        Ok(dto::ReplicationRuleAndOperator { prefix: text(and, "Prefix"), tags: list(and, "TagFilters", tag)? })
    };
    let filter = |filter: &Value| {
        Ok(dto::ReplicationRuleFilter {
            and: object(filter, "And", and)?,
            prefix: text(filter, "Prefix"),
            tag: object(filter, "TagFilter", tag)?,
        })
    };
    let modifications = |it: &Value| Ok(dto::ReplicaModifications { status: required(it, "Status")? });
    let encrypted = |it: &Value| Ok(dto::SseKmsEncryptedObjects { status: required(it, "Status")? });
    let criteria = |it: &Value| {
        Ok(dto::SourceSelectionCriteria {
            replica_modifications: object(it, "ReplicaModifications", modifications)?,
            sse_kms_encrypted_objects: object(it, "SseKmsEncryptedObjects", encrypted)?,
        })
    };
    let markers = |it: &Value| Ok(dto::DeleteMarkerReplication { status: text(it, "Status") });
    Ok(dto::ReplicationRule {
        delete_marker_replication: object(rule, "DeleteMarkerReplication", markers)?,
        destination: destination(&rule["Destination"])?,
        existing_object_replication: None,
        filter: object(rule, "Filter", filter)?,
        id: text(rule, "Id"),
        prefix: text(rule, "Prefix"),
        priority: number(rule, "Priority")?,
        source_selection_criteria: object(rule, "SourceSelectionCriteria", criteria)?,
        status: required(rule, "Status")?,
    })
}

fn destination(value: &Value) -> Result<dto::Destination> {
    let minutes = |it: &Value| Ok(dto::ReplicationTimeValue { minutes: number(it, "Minutes")? });
    let metrics = |it: &Value| {
        Ok(dto::Metrics { event_threshold: object(it, "EventThreshold", minutes)?, status: required(it, "Status")? })
    };
    let time = |it: &Value| Ok(dto::ReplicationTime { status: required(it, "Status")?, time: minutes(&it["Time"])? });
    let key = |it: &Value| Ok(dto::EncryptionConfiguration { replica_kms_key_id: text(it, "ReplicaKmsKeyID") });
    let owner = |it: &Value| Ok(dto::AccessControlTranslation { owner: required(it, "Owner")? });
    Ok(dto::Destination {
        access_control_translation: object(value, "AccessControlTranslation", owner)?,
        account: text(value, "Account"),
        bucket: required(value, "Bucket")?,
        encryption_configuration: object(value, "EncryptionConfiguration", key)?,
        metrics: object(value, "Metrics", metrics)?,
        replication_time: object(value, "ReplicationTime", time)?,
        storage_class: text(value, "StorageClass"),
    })
}

/// The configurations in a list, each with its id.
fn all<T>(value: &Value, read: impl Fn(&Value) -> Result<T>) -> Result<Vec<T>> {
    value.as_array().ok_or(Malformed)?.iter().map(read).collect()
}

/// The conditions of a configuration: a prefix and tags.
fn conditions(value: &Value) -> Result<(Option<String>, Vec<dto::Tag>)> {
    Ok((text(value, "Prefix"), list(value, "TagFilters", tag)?.unwrap_or_default()))
}

pub(super) fn analytics(value: &Value) -> Result<Setting> {
    let export = |export: &Value| {
        let to = &export["Destination"];
        let s3_bucket_destination = dto::AnalyticsS3BucketDestination {
            bucket: required(to, "BucketArn")?,
            bucket_account_id: text(to, "BucketAccountId"),
            format: required(to, "Format")?,
            prefix: text(to, "Prefix"),
        };
        Ok(dto::StorageClassAnalysisDataExport {
            destination: dto::AnalyticsExportDestination { s3_bucket_destination },
            output_schema_version: required(export, "OutputSchemaVersion")?,
        })
    };
    let read = |given: &Value| {
        let filter = match conditions(given)? {
            (None, tags) if tags.is_empty() => None,
            (Some(prefix), tags) if tags.is_empty() => Some(dto::AnalyticsFilter::Prefix(prefix)),
            (None, mut tags) if tags.len() == 1 => tags.pop().map(dto::AnalyticsFilter::Tag),
            (prefix, tags) => Some(dto::AnalyticsFilter::And(dto::AnalyticsAndOperator { prefix, tags: Some(tags) })),
        };
        let data_export = object(&given["StorageClassAnalysis"], "DataExport", export)?;
        Ok(dto::AnalyticsConfiguration {
            filter,
            id: required(given, "Id")?,
            storage_class_analysis: dto::StorageClassAnalysis { data_export },
        })
    };
    Ok(Setting::Analytics(all(value, read)?))
}

pub(super) fn inventory(value: &Value) -> Result<Setting> {
    let read = |given: &Value| {
        let to = &given["Destination"];
        let s3_bucket_destination = dto::InventoryS3BucketDestination {
            account_id: text(to, "BucketAccountId"),
            bucket: required(to, "BucketArn")?,
            encryption: None,
            format: required(to, "Format")?,
            prefix: text(to, "Prefix"),
        };
        Ok(dto::InventoryConfiguration {
            destination: dto::InventoryDestination { s3_bucket_destination },
            filter: text(given, "Prefix").map(|prefix| dto::InventoryFilter { prefix }),
            id: required(given, "Id")?,
            included_object_versions: required(given, "IncludedObjectVersions")?,
            is_enabled: given["Enabled"].as_bool().ok_or(Malformed)?,
            optional_fields: texts(given, "OptionalFields")?,
            schedule: dto::InventorySchedule { frequency: required(given, "ScheduleFrequency")? },
        })
    };
    Ok(Setting::Inventory(all(value, read)?))
}

pub(super) fn metrics(value: &Value) -> Result<Setting> {
    let read = |given: &Value| {
        let (prefix, mut tags) = conditions(given)?;
        let access_point: Option<String> = text(given, "AccessPointArn");
        let filter = match (access_point, prefix, tags.len()) {
            (None, None, 0) => None,
            (Some(arn), None, 0) => Some(dto::MetricsFilter::AccessPointArn(arn)),
            (None, Some(prefix), 0) => Some(dto::MetricsFilter::Prefix(prefix)),
            (None, None, 1) => tags.pop().map(dto::MetricsFilter::Tag),
            (access_point_arn, prefix, _) => {
                let tags = Some(tags).filter(|tags| !tags.is_empty());
                Some(dto::MetricsFilter::And(dto::MetricsAndOperator { access_point_arn, prefix, tags }))
            }
        };
        Ok(dto::MetricsConfiguration { filter, id: required(given, "Id")? })
    };
    Ok(Setting::Metrics(all(value, read)?))
}

pub(super) fn tiering(value: &Value) -> Result<Setting> {
    let tier = |tier: &Value| {
        Ok(dto::Tiering { access_tier: required(tier, "AccessTier")?, days: number(tier, "Days")?.ok_or(Malformed)? })
    };
    let read = |given: &Value| {
        let filter = match conditions(given)? {
            (None, tags) if tags.is_empty() => None,
            (prefix, tags) if tags.is_empty() => Some(dto::IntelligentTieringFilter { prefix, ..Default::default() }),
            (None, mut tags) if tags.len() == 1 => {
                Some(dto::IntelligentTieringFilter { tag: tags.pop(), ..Default::default() })
            }
            (prefix, tags) => {
                let and = dto::IntelligentTieringAndOperator { prefix, tags: Some(tags) };
                Some(dto::IntelligentTieringFilter { and: Some(and), ..Default::default() })
            }
        };
        Ok(dto::IntelligentTieringConfiguration {
            filter,
            id: required(given, "Id")?,
            status: required(given, "Status")?,
            tierings: list(given, "Tierings", tier)?.ok_or(Malformed)?,
        })
    };
    Ok(Setting::Tiering(all(value, read)?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn conditions_take_s3s_forms() {
        let tag = json!([{"Key": "k", "Value": "v"}]);
        for (given, expected) in [
            (json!({"Id": "m"}), "None"),
            (json!({"Id": "m", "Prefix": "a/"}), "Prefix(\"a/\")"),
            (json!({"Id": "m", "TagFilters": tag}), "Tag("),
            (json!({"Id": "m", "Prefix": "a/", "TagFilters": tag}), "And("),
        ] {
            let Ok(Setting::Metrics(metrics)) = metrics(&json!([given])) else { panic!("{given}") };
            let found = format!("{:?}", metrics[0].filter);
            assert!(found.contains(expected), "{given}: {found}");
        }
    }

    #[test]
    fn a_replication_takes_s3s_form() {
        let given = json!({"Role": "arn:aws:iam::000000000000:role/r", "Rules": [{
            "Status": "Enabled", "Priority": "1", "Filter": {"Prefix": "a/"}, "DeleteMarkerReplication": {"Status": "Disabled"},
            "Destination": {"Bucket": "arn:aws:s3:::b", "StorageClass": "GLACIER", "Metrics": {"Status": "Enabled"}},
        }]});
        let Ok(Setting::Replication(found)) = replication(&given) else { panic!("no replication") };
        assert_eq!((found.rules[0].priority, found.rules[0].destination.bucket.as_str()), (Some(1), "arn:aws:s3:::b"));
        assert!(replication(&json!({"Role": "r", "Rules": []})).is_err());
    }
}
