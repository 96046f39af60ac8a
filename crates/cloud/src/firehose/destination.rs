//! The S3 destination of a stream: as clients give it, as it is kept, as it is described.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::format::{Compression, Pipeline, Processor};
use super::prefix::Prefixes;
use super::stream::{constrained, invalid, missing};
use crate::request::Context;
use crate::request::passing;
use crate::s3::S3;
use engine::Millis;
use wire::AwsError;

/// Buffering hints ("BufferingHints", API Reference): 0 to 900 s, 1 to 128 MiB; 300 s and 5 MiB unless given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Buffering {
    #[serde(rename = "SizeInMBs")]
    pub size_in_mbs: u32,
    pub interval_in_seconds: u32,
}

/// Processors as clients list them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Processing {
    pub enabled: bool,
    pub processors: Vec<ProcessorConfig>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ProcessorConfig {
    #[serde(rename = "Type")]
    pub kind: String,
    #[serde(default)]
    pub parameters: Vec<Parameter>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Parameter {
    pub parameter_name: String,
    pub parameter_value: String,
}

/// Dynamic partitioning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Partitioning {
    #[serde(default)]
    pub enabled: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_options: Option<Value>,
}

/// What a client gives, of a destination or of a change to one; absent is unchanged.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct DestinationInput {
    #[serde(rename = "RoleARN")]
    role_arn: Option<String>,
    #[serde(rename = "BucketARN")]
    bucket_arn: Option<String>,
    prefix: Option<String>,
    error_output_prefix: Option<String>,
    buffering_hints: Option<BufferingInput>,
    compression_format: Option<String>,
    encryption_configuration: Option<Value>,
    cloud_watch_logging_options: Option<Value>,
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
struct BufferingInput {
    #[serde(rename = "SizeInMBs")]
    size_in_mbs: Option<i64>,
    interval_in_seconds: Option<i64>,
}

/// A destination, valid and whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Destination {
    #[serde(rename = "RoleARN")]
    pub role_arn: String,
    #[serde(rename = "BucketARN")]
    pub bucket_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_output_prefix: Option<String>,
    #[serde(rename = "BufferingHints")]
    pub buffering: Buffering,
    pub compression_format: String,
    pub encryption_configuration: Value,
    pub cloud_watch_logging_options: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processing_configuration: Option<Processing>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dynamic_partitioning_configuration: Option<Partitioning>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_extension: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_time_zone: Option<String>,
}

impl Destination {
    /// A new destination, or the same with what `input` changes.
    ///
    /// # Errors
    /// Whatever can't be: missing, out of range, contradictory, or not simulated (said by name).
    pub fn merge(before: Option<&Self>, input: DestinationInput) -> Result<Self, AwsError> {
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
            buffering: buffering(input.buffering_hints, before.map(|it| it.buffering), partitioned)?,
            compression_format: input
                .compression_format
                .or_else(|| before.map(|it| it.compression_format.clone()))
                .unwrap_or_else(|| "UNCOMPRESSED".to_owned()),
            encryption_configuration: input
                .encryption_configuration
                .or_else(|| before.map(|it| it.encryption_configuration.clone()))
                .unwrap_or_else(|| serde_json::json!({"NoEncryptionConfig": "NoEncryption"})),
            cloud_watch_logging_options: input
                .cloud_watch_logging_options
                .or_else(|| before.map(|it| it.cloud_watch_logging_options.clone()))
                .unwrap_or_else(|| serde_json::json!({"Enabled": false})),
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

    /// Checks that the role is of the caller's account.
    ///
    /// # Errors
    /// `AccessDeniedException` ("CreateDeliveryStream", Common Errors).
    pub fn check_role(&self, cx: &Context) -> Result<(), AwsError> {
        passing::check(cx, &self.role_arn, 400, "AccessDeniedException")
    }

    /// Tells the operator if nobody made the role of the stream `name`, though records land in the account's own bucket.
    pub fn tell_of_role(&self, cx: &Context, name: &str) {
        let bucket = S3::of(&cx.cloud).find_bucket(self.bucket()).ok().flatten();
        if bucket.is_some_and(|bucket| bucket.account != *cx.account) {
            return;
        }
        let (what, needs) = (format!("the delivery stream {name}"), format!("s3:PutObject on {}/*", self.bucket_arn));
        passing::tell_if_missing(cx, &what, &self.role_arn, SERVICE, &needs);
    }

    /// The bucket's name.
    pub fn bucket(&self) -> &str {
        self.bucket_arn.rsplit(':').next().unwrap_or_default()
    }

    /// Whether records are grouped by partition keys.
    pub fn partitioned(&self) -> bool {
        self.dynamic_partitioning_configuration.as_ref().is_some_and(|it| it.enabled)
    }

    /// The bytes that a buffer is due with.
    pub fn buffer_bytes(&self) -> u64 {
        u64::from(self.buffering.size_in_mbs) << 20
    }

    /// How long records are buffered.
    pub fn buffer_millis(&self) -> Millis {
        Millis::from(self.buffering.interval_in_seconds) * 1000
    }

    /// The processors, ready to run.
    pub fn pipeline(&self) -> Result<Pipeline, String> {
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
    pub fn prefixes(&self) -> Result<Prefixes, String> {
        Prefixes::new(self.prefix.as_deref(), self.error_output_prefix.as_deref(), self.partitioned())
            .map_err(|error| error.to_string())
    }

    /// The compression of its objects.
    pub fn compression(&self) -> Compression {
        Compression::parse(&self.compression_format).unwrap_or_default()
    }

    /// The zone of the times in prefixes and names.
    pub fn zone(&self) -> jiff::tz::TimeZone {
        let zone = self.custom_time_zone.as_deref().and_then(|name| jiff::tz::TimeZone::get(name).ok());
        zone.unwrap_or(jiff::tz::TimeZone::UTC)
    }

    /// As DescribeDeliveryStream gives it: every S3 destination is described in both forms.
    pub fn describe(&self) -> Value {
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
            let Some(value) = value.filter(|value| value.chars().count() > most) else { continue };
            let constraint = format!("Member must have length less than or equal to {most}");
            return Err(constrained(value, &member(name), &constraint));
        }
        Ok(())
    }

    fn check(&self) -> Result<(), AwsError> {
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
        let (than, bound) = match seconds.as_i64() {
            Some(0..=7200) => return Ok(()),
            Some(..0) | None => ("greater", 0),
            Some(_) => ("less", 7200),
        };
        let constraint = format!("Member must have value {than} than or equal to {bound}");
        let name = member("dynamicPartitioningConfiguration.retryOptions.durationInSeconds");
        Err(constrained(seconds, &name, &constraint))
    }
}

/// Firehose as roles trust it.
pub const SERVICE: &str = "firehose.amazonaws.com";

/// The only destination of a stream.
pub const DESTINATION_ID: &str = "destinationId-000000000001";

fn member(name: &str) -> String {
    format!("extendedS3DestinationConfiguration.{name}")
}

fn is_role(arn: &str) -> bool {
    let mut parts = arn.splitn(6, ':');
    let fixed = [parts.next(), parts.next(), parts.next(), parts.next()];
    let account = parts.next().unwrap_or_default();
    let name = parts.next().unwrap_or_default();
    fixed[0] == Some("arn")
        && fixed[2] == Some("iam")
        && account.len() == 12
        && account.bytes().all(|byte| byte.is_ascii_digit())
        && name.strip_prefix("role/").is_some_and(|name| !name.is_empty())
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

fn buffering(
    input: Option<BufferingInput>,
    before: Option<Buffering>,
    partitioned: bool,
) -> Result<Buffering, AwsError> {
    let input = input.unwrap_or_default();
    // Both or none: "BufferingHints", API Reference.
    if input.size_in_mbs.is_some() != input.interval_in_seconds.is_some() {
        return Err(invalid("BufferingHints needs both SizeInMBs and IntervalInSeconds"));
    }
    let default = before.unwrap_or(Buffering {
        // "Dynamic partitioning in Amazon Data Firehose": at least 64 MiB.
        size_in_mbs: if partitioned { 128 } else { 5 },
        interval_in_seconds: 300,
    });
    let bounded = |value: Option<i64>, default: u32, from: u32, to: u32, name: &str| {
        let Some(value) = value else { return Ok(default) };
        match u32::try_from(value) {
            Ok(value) if value < from => Err((value.into(), "greater", from)),
            Ok(value) if value > to => Err((value.into(), "less", to)),
            Ok(value) => Ok(value),
            Err(_) if value < 0 => Err((value, "greater", from)),
            Err(_) => Err((value, "less", to)),
        }
        .map_err(|(value, than, bound): (i64, _, _)| {
            let constraint = format!("Member must have value {than} than or equal to {bound}");
            constrained(value, &member(&format!("bufferingHints.{name}")), &constraint)
        })
    };
    let hints = Buffering {
        size_in_mbs: bounded(input.size_in_mbs, default.size_in_mbs, 1, 128, "sizeInMBs")?,
        interval_in_seconds: bounded(
            input.interval_in_seconds,
            default.interval_in_seconds,
            0,
            900,
            "intervalInSeconds",
        )?,
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
