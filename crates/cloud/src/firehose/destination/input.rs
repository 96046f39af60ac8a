//! What clients give: of a new destination, or of a change to one.

use serde::Deserialize;
use serde_json::{Value, json};

use super::check::member;
use super::{BufferingHints, Destination, Logging, Partitioning, Processing};
use crate::firehose::error::{check_number, invalid, missing};
use wire::AwsError;

/// What a client gives, of a destination or of a change to one; absent is unchanged.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct DestinationInput {
    #[serde(rename = "RoleARN")]
    role_arn: Option<String>,
    #[serde(rename = "BucketARN")]
    bucket_arn: Option<String>,
    prefix: Option<String>,
    error_output_prefix: Option<String>,
    buffering_hints: Option<HintsInput>,
    compression_format: Option<String>,
    encryption_configuration: Option<Value>,
    cloud_watch_logging_options: Option<Logging>,
    processing_configuration: Option<Processing>,
    dynamic_partitioning_configuration: Option<Partitioning>,
    file_extension: Option<String>,
    custom_time_zone: Option<String>,
    s3_backup_mode: Option<String>,
    s3_backup_configuration: Option<Value>,
    s3_backup_update: Option<Value>,
    data_format_conversion_configuration: Option<Value>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct HintsInput {
    #[serde(rename = "SizeInMBs")]
    size_in_mbs: Option<i64>,
    interval_in_seconds: Option<i64>,
}

impl Destination {
    /// A new destination, or the same with what `input` changes.
    ///
    /// # Errors
    /// Whatever can't be: missing, out of range, contradictory, or not simulated (said by name).
    pub(crate) fn merge(before: Option<&Self>, input: DestinationInput) -> Result<Self, AwsError> {
        refuse_unsupported(&input)?;
        let partitioning = input
            .dynamic_partitioning_configuration
            .or_else(|| before.and_then(|it| it.dynamic_partitioning_configuration.clone()));
        let partitioned = partitioning.as_ref().is_some_and(|it| it.enabled);
        if before.is_some_and(|before| before.partitioned() != partitioned) {
            // "Enable dynamic partitioning in Amazon Data Firehose": when the stream is created, and for good.
            return Err(invalid("Dynamic Partitioning cannot be enabled or disabled on an existing Firehose stream"));
        }
        let required = |value: Option<String>, before: Option<&String>, member| {
            value.or_else(|| before.cloned()).ok_or_else(|| missing(member))
        };
        let kept = |value: Option<String>, before: Option<&Option<String>>| {
            value.or_else(|| before.cloned().flatten()).filter(|text| !text.is_empty())
        };
        let destination = Self {
            role_arn: required(input.role_arn, before.map(|it| &it.role_arn), member("roleARN").as_str())?,
            bucket_arn: required(input.bucket_arn, before.map(|it| &it.bucket_arn), member("bucketARN").as_str())?,
            prefix: kept(input.prefix, before.map(|it| &it.prefix)),
            error_output_prefix: kept(input.error_output_prefix, before.map(|it| &it.error_output_prefix)),
            hints: merge_hints(input.buffering_hints, before.map(|it| it.hints), partitioned)?,
            compression_format: input
                .compression_format
                .or_else(|| before.map(|it| it.compression_format.clone()))
                .unwrap_or_else(|| "UNCOMPRESSED".to_owned()),
            encryption_configuration: input
                .encryption_configuration
                .or_else(|| before.map(|it| it.encryption_configuration.clone()))
                .unwrap_or_else(|| json!({"NoEncryptionConfig": "NoEncryption"})),
            cloud_watch_logging_options: match (input.cloud_watch_logging_options, before) {
                (Some(logging), _) => logging.check()?,
                (None, Some(before)) => before.cloud_watch_logging_options.clone(),
                (None, None) => json!({"Enabled": false}),
            },
            processing_configuration: input
                .processing_configuration
                .or_else(|| before.and_then(|it| it.processing_configuration.clone())),
            dynamic_partitioning_configuration: partitioning,
            file_extension: kept(input.file_extension, before.map(|it| &it.file_extension)),
            custom_time_zone: kept(input.custom_time_zone, before.map(|it| &it.custom_time_zone)),
        };
        destination.check()?;
        Ok(destination)
    }
}

/// What isn't simulated is refused by name.
fn refuse_unsupported(input: &DestinationInput) -> Result<(), AwsError> {
    let backup = input.s3_backup_mode.as_deref().is_some_and(|mode| mode != "Disabled");
    if backup || input.s3_backup_configuration.is_some() || input.s3_backup_update.is_some() {
        return Err(invalid("S3BackupMode Enabled is not supported: source records are not backed up here"));
    }
    let converts = input.data_format_conversion_configuration.as_ref();
    if converts.is_some_and(|it| it.get("Enabled").and_then(Value::as_bool).unwrap_or(true)) {
        return Err(invalid("DataFormatConversionConfiguration is not supported: records land as they come"));
    }
    Ok(())
}

/// New hints, or those of `before` with what `input` changes.
fn merge_hints(
    input: Option<HintsInput>,
    before: Option<BufferingHints>,
    partitioned: bool,
) -> Result<BufferingHints, AwsError> {
    let input = input.unwrap_or_default();
    // Both or none: "BufferingHints", API Reference.
    if input.size_in_mbs.is_some() != input.interval_in_seconds.is_some() {
        return Err(invalid("BufferingHints needs both SizeInMBs and IntervalInSeconds"));
    }
    let default = before.unwrap_or(BufferingHints {
        // "Dynamic partitioning in Amazon Data Firehose": at least 64 MiB.
        size_in_mbs: if partitioned { 128 } else { 5 },
        interval_in_seconds: 300,
    });
    if let Some(size) = input.size_in_mbs {
        check_number(size, &member("bufferingHints.sizeInMBs"), 1..=128)?;
    }
    if let Some(seconds) = input.interval_in_seconds {
        check_number(seconds, &member("bufferingHints.intervalInSeconds"), 0..=900)?;
    }
    let given = |value: Option<i64>| value.and_then(|value| u32::try_from(value).ok());
    let hints = BufferingHints {
        size_in_mbs: given(input.size_in_mbs).unwrap_or(default.size_in_mbs),
        interval_in_seconds: given(input.interval_in_seconds).unwrap_or(default.interval_in_seconds),
    };
    if partitioned && hints.size_in_mbs < 64 {
        return Err(invalid("BufferingHints.SizeInMBs must be at least 64 when Dynamic Partitioning is enabled."));
    }
    if partitioned && hints.interval_in_seconds < 60 {
        // "Buffer data for dynamic partitioning": there is no zero buffering, and less than 60 s is zero buffering.
        return Err(invalid(
            "BufferingHints.IntervalInSeconds must be at least 60 when Dynamic Partitioning is enabled.",
        ));
    }
    Ok(hints)
}
