//! The S3 destination of a stream: as it is kept and described. [`input`]: as clients give it; [`check`]: what it has to be.

mod check;
mod input;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::format::{Compression, Pipeline, Processor};
use super::prefix::Prefixes;
use crate::request::Context;
use crate::request::passing;
use crate::s3;
use engine::Millis;
use engine::stream::Buffering;
use wire::AwsError;

pub(super) use input::DestinationInput;

/// Firehose as roles trust it.
pub(super) const SERVICE: &str = "firehose.amazonaws.com";

/// The only destination of a stream.
pub(super) const DESTINATION_ID: &str = "destinationId-000000000001";

/// Buffering hints ("BufferingHints", API Reference): 0 to 900 s, 1 to 128 MiB; 300 s and 5 MiB unless given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct BufferingHints {
    #[serde(rename = "SizeInMBs")]
    /// Mebibytes that a buffer is due with.
    pub size_in_mbs: u32,
    /// Seconds after which it is due whatever it holds.
    pub interval_in_seconds: u32,
}

/// Processors as clients list them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Processing {
    /// Whether they run.
    pub enabled: bool,
    /// In any order, each type once.
    pub processors: Vec<ProcessorConfig>,
}

/// A processor as clients list it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ProcessorConfig {
    /// Such as `RecordDeAggregation`.
    #[serde(rename = "Type")]
    pub kind: String,
    /// What it is set to.
    #[serde(default)]
    pub parameters: Vec<Parameter>,
}

/// A parameter of a processor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Parameter {
    /// Such as `SubRecordType`.
    pub parameter_name: String,
    /// Its value.
    pub parameter_value: String,
}

/// Dynamic partitioning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Partitioning {
    /// Set when the stream is created, and for good.
    #[serde(default)]
    pub enabled: bool,
    /// Kept and described only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_options: Option<Value>,
}

/// Where a stream writes what goes wrong ("CloudWatchLoggingOptions", API Reference).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Logging {
    /// Whether it does.
    pub enabled: bool,
    /// The log group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_group_name: Option<String>,
    /// The log stream in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_stream_name: Option<String>,
}

/// A destination, valid and whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Destination {
    /// The role that objects are put through.
    #[serde(rename = "RoleARN")]
    pub role_arn: String,
    /// The bucket that they are put in.
    #[serde(rename = "BucketARN")]
    pub bucket_arn: String,
    /// What their keys begin with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// What the keys of objects with failures begin with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_output_prefix: Option<String>,
    /// When a buffer is due.
    #[serde(rename = "BufferingHints")]
    pub hints: BufferingHints,
    /// A name that [`Compression::parse`] knows.
    pub compression_format: String,
    /// Kept and described only.
    pub encryption_configuration: Value,
    /// A [`Logging`]. Before it was one, anything was kept here.
    pub cloud_watch_logging_options: Value,
    /// The processors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processing_configuration: Option<Processing>,
    /// Dynamic partitioning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dynamic_partitioning_configuration: Option<Partitioning>,
    /// What keys end with instead of the compression's extension.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_extension: Option<String>,
    /// The zone of the times in keys, a name of the IANA database; UTC without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_time_zone: Option<String>,
}

impl Destination {
    /// Checks that the role is of the caller's account.
    ///
    /// # Errors
    /// `AccessDeniedException` ("CreateDeliveryStream", Common Errors).
    pub(super) fn check_role(&self, cx: &Context) -> Result<(), AwsError> {
        passing::check(cx, &self.role_arn, 400, "AccessDeniedException")
    }

    /// Tells the operator if nobody made the role of the stream `name`, though records land in the account's own bucket.
    pub(super) fn tell_of_role(&self, cx: &Context, name: &str) {
        let bucket = cx.cloud.core.read(|engine, _| s3::find_bucket(engine, self.bucket())).ok().flatten();
        if bucket.is_some_and(|bucket| bucket.account != *cx.account) {
            return;
        }
        let (what, needs) = (format!("the delivery stream {name}"), format!("s3:PutObject on {}/*", self.bucket_arn));
        passing::tell_if_missing(cx, &what, &self.role_arn, SERVICE, &needs);
    }

    /// The log group and the log stream in which what goes wrong is told, if any.
    pub(super) fn log(&self) -> Option<(String, String)> {
        let logging = Logging::deserialize(&self.cloud_watch_logging_options).ok().filter(|logging| logging.enabled)?;
        Some((logging.log_group_name?, logging.log_stream_name?))
    }

    /// The bucket's name.
    pub(super) fn bucket(&self) -> &str {
        self.bucket_arn.rsplit(':').next().unwrap_or_default()
    }

    /// Whether records are grouped by partition keys.
    pub(super) fn partitioned(&self) -> bool {
        self.dynamic_partitioning_configuration.as_ref().is_some_and(|it| it.enabled)
    }

    /// How its records are buffered.
    pub(super) fn buffering(&self) -> Buffering {
        if self.partitioned() {
            return Buffering::Partitioned;
        }
        Buffering::Whole { bytes: self.buffer_bytes(), millis: self.buffer_millis() }
    }

    /// The bytes that a buffer is due with.
    pub(super) fn buffer_bytes(&self) -> u64 {
        u64::from(self.hints.size_in_mbs) << 20
    }

    /// How long records are buffered.
    pub(super) fn buffer_millis(&self) -> Millis {
        Millis::from(self.hints.interval_in_seconds) * 1000
    }

    /// The processors, ready to run.
    ///
    /// # Errors
    /// Which of them can't be had, and why.
    pub(super) fn pipeline(&self) -> Result<Pipeline, String> {
        let processing = self.processing_configuration.iter().filter(|it| it.enabled);
        let processors: Vec<Processor> = processing
            .flat_map(|it| &it.processors)
            .map(|it| Processor {
                kind: it.kind.clone(),
                parameters: it
                    .parameters
                    .iter()
                    .map(|parameter| (parameter.parameter_name.clone(), parameter.parameter_value.clone()))
                    .collect(),
            })
            .collect();
        Pipeline::new(&processors)
    }

    /// The prefixes, parsed.
    ///
    /// # Errors
    /// What of them can't be.
    pub(super) fn prefixes(&self) -> Result<Prefixes, String> {
        Prefixes::new(self.prefix.as_deref(), self.error_output_prefix.as_deref(), self.partitioned())
            .map_err(|error| error.to_string())
    }

    /// The compression of its objects.
    pub(super) fn compression(&self) -> Compression {
        Compression::parse(&self.compression_format).unwrap_or_default()
    }

    /// The zone of the times in prefixes and names.
    pub(super) fn zone(&self) -> jiff::tz::TimeZone {
        let zone = self.custom_time_zone.as_deref().and_then(|name| jiff::tz::TimeZone::get(name).ok());
        zone.unwrap_or(jiff::tz::TimeZone::UTC)
    }

    /// As DescribeDeliveryStream gives it: every S3 destination is described in both forms.
    pub(super) fn describe(&self) -> Value {
        let mut extended = serde_json::to_value(self).unwrap_or_default();
        let mut plain = serde_json::Map::new();
        if let Value::Object(fields) = &mut extended {
            for name in [
                "RoleARN",
                "BucketARN",
                "Prefix",
                "ErrorOutputPrefix",
                "BufferingHints",
                "CompressionFormat",
                "EncryptionConfiguration",
                "CloudWatchLoggingOptions",
            ] {
                if let Some(value) = fields.get(name) {
                    plain.insert(name.to_owned(), value.clone());
                }
            }
            fields.insert("S3BackupMode".to_owned(), "Disabled".into());
        }
        serde_json::json!({
            "DestinationId": DESTINATION_ID,
            "S3DestinationDescription": plain,
            "ExtendedS3DestinationDescription": extended,
        })
    }
}
