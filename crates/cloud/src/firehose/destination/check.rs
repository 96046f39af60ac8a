//! What a destination has to be.

use serde_json::{Value, json};

use super::{Destination, Logging, Partitioning};
use crate::firehose::error::{check_length, check_number, constrained, invalid};
use crate::firehose::format::Compression;
use crate::logs;
use text::arn::{Arn, is_account};
use wire::AwsError;

impl Destination {
    /// "ExtendedS3DestinationConfiguration" and "ProcessorParameter", API Reference: characters.
    fn check_lengths(&self) -> Result<(), AwsError> {
        let members = [
            ("roleARN", Some(&self.role_arn), 512),
            ("bucketARN", Some(&self.bucket_arn), 2_048),
            ("prefix", self.prefix.as_ref(), 1_024),
            ("errorOutputPrefix", self.error_output_prefix.as_ref(), 1_024),
        ];
        let processors = self.processing_configuration.iter().flat_map(|it| &it.processors);
        let parameters = processors.flat_map(|it| &it.parameters).map(|it| {
            ("processingConfiguration.processors.parameters.parameterValue", Some(&it.parameter_value), 5_120)
        });
        for (name, value, most) in members.into_iter().chain(parameters) {
            if let Some(value) = value {
                check_length(value, &member(name), 0..=most)?;
            }
        }
        Ok(())
    }

    /// Checks what a client has set.
    ///
    /// # Errors
    /// The first thing that can't be: out of range, unknown, or contradictory.
    pub(super) fn check(&self) -> Result<(), AwsError> {
        self.check_lengths()?;
        if !is_role(&self.role_arn) {
            let pattern =
                "Member must satisfy regular expression pattern: arn:.*:iam::\\d{12}:role/[a-zA-Z_0-9+=,.@\\-_/]+";
            return Err(constrained(&self.role_arn, &member("roleARN"), pattern));
        }
        if !self.bucket_arn.starts_with("arn:") || self.bucket_arn.split(":s3:::").nth(1).is_none_or(str::is_empty) {
            let pattern = "Member must satisfy regular expression pattern: arn:.*:s3:::[\\w\\.\\-]{1,255}";
            return Err(constrained(&self.bucket_arn, &member("bucketARN"), pattern));
        }
        if Compression::parse(&self.compression_format).is_none() {
            let set = "Member must satisfy enum value set: [UNCOMPRESSED, Snappy, ZIP, GZIP, HADOOP_SNAPPY]";
            return Err(constrained(&self.compression_format, &member("compressionFormat"), set));
        }
        if let Some(extension) = &self.file_extension {
            // "ExtendedS3DestinationConfiguration", API Reference.
            let ok = |byte: u8| byte.is_ascii_alphanumeric() || b"!-_.*'()".contains(&byte);
            if !extension.starts_with('.') || extension.len() > 128 || !extension.bytes().all(ok) {
                let pattern = "Member must satisfy regular expression pattern: ^$|\\.[0-9a-z!\\-_.*'()]+";
                return Err(constrained(extension, &member("fileExtension"), pattern));
            }
        }
        if let Some(zone) = &self.custom_time_zone
            && jiff::tz::TimeZone::get(zone).is_err()
        {
            return Err(invalid(format!("CustomTimeZone {zone} is not a time zone of the IANA database")));
        }
        let pipeline = self.pipeline().map_err(invalid)?;
        if pipeline.extracts_keys() && !self.partitioned() {
            return Err(invalid("MetadataExtraction processor is only supported when Dynamic Partitioning is enabled"));
        }
        if self.partitioned() && !pipeline.extracts_keys() {
            return Err(invalid(
                "Dynamic Partitioning needs a MetadataExtraction processor: Lambda functions are not simulated",
            ));
        }
        self.prefixes().map_err(invalid)?;
        if let Some(partitioning) = &self.dynamic_partitioning_configuration {
            partitioning.check()?;
        }
        Ok(())
    }
}

impl Partitioning {
    /// "RetryOptions", API Reference: 0 to 7200 s.
    fn check(&self) -> Result<(), AwsError> {
        let seconds = self.retry_options.as_ref().and_then(|options| options.get("DurationInSeconds"));
        let Some(seconds) = seconds else { return Ok(()) };
        let name = member("dynamicPartitioningConfiguration.retryOptions.durationInSeconds");
        match seconds.as_i64() {
            Some(number) => check_number(number, &name, 0..=7200),
            None => Err(constrained(seconds, &name, "Member must have value greater than or equal to 0")),
        }
    }
}

impl Logging {
    /// What is kept of what a client has set.
    ///
    /// # Errors
    /// A name that can't be one; or one that is missing, though errors are to be written.
    pub(super) fn check(&self) -> Result<Value, AwsError> {
        type Fits = fn(&str) -> bool;
        let names: [(_, _, Fits, _); 2] = [
            ("logGroupName", &self.log_group_name, logs::group_of_name, "[\\.\\-_/#A-Za-z0-9]*"),
            ("logStreamName", &self.log_stream_name, logs::stream_of_name, "[^:*]*"),
        ];
        for (name, value, fits, pattern) in names {
            let path = member(&format!("cloudWatchLoggingOptions.{name}"));
            match value.as_deref().filter(|value| !value.is_empty()) {
                Some(value) => {
                    check_length(value, &path, 0..=512)?;
                    if !fits(value) {
                        let constraint = format!("Member must satisfy regular expression pattern: {pattern}");
                        return Err(constrained(value, &path, constraint));
                    }
                }
                None if self.enabled => {
                    let message = "CloudWatchLoggingOptions needs LogGroupName and LogStreamName when it is enabled.";
                    return Err(invalid(message));
                }
                None => {}
            }
        }
        let mut kept = json!({"Enabled": self.enabled});
        for (name, value) in [("LogGroupName", &self.log_group_name), ("LogStreamName", &self.log_stream_name)] {
            if let Some(value) = value {
                kept[name] = value.as_str().into();
            }
        }
        Ok(kept)
    }
}

/// The path of a destination's member, as errors name it.
pub(super) fn member(name: &str) -> String {
    format!("extendedS3DestinationConfiguration.{name}")
}

fn is_role(arn: &str) -> bool {
    let Some(arn) = Arn::parse(arn) else { return false };
    let name = arn.resource.strip_prefix("role/");
    arn.service == "iam" && is_account(arn.account) && name.is_some_and(|name| !name.is_empty())
}
