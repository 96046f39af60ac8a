//! A delivery stream as this service remembers it: the document in the engine's configuration of the stream.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::destination::Destination;
use super::error::{constrained, invalid, missing};
use crate::request::Context;
use engine::config::StreamConfig;
use engine::{Engine, Millis};
use wire::AwsError;

/// A stream's declaration. The engine reads what it needs for every record of the same JSON:
/// [`Settings`](engine::stream::Settings).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Document {
    /// Unique in its account and region.
    pub name: String,
    /// The account that made it.
    pub account: String,
    /// Where it was made.
    pub region: String,
    /// Begins at 1 and grows with each UpdateDestination.
    pub version: u64,
    /// When it was created.
    pub created: Millis,
    /// When UpdateDestination changed it last.
    pub updated: Option<Millis>,
    /// Where its records land, and as what.
    pub destination: Destination,
    /// None while it is off.
    pub encryption: Option<Encryption>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// Server-side encryption as it was switched on; the data lies as everything in the data folder does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Encryption {
    #[serde(rename = "KeyARN", skip_serializing_if = "Option::is_none")]
    /// The customer's key; none for AWS's own.
    pub key_arn: Option<String>,
    /// `AWS_OWNED_CMK` or `CUSTOMER_MANAGED_CMK`.
    pub key_type: String,
}

/// Bytes of a stream's declaration. AWS names none for the whole; its parts have less.
const MAX_DOCUMENT: usize = 256 << 10;

/// A stream's ARN.
pub(super) fn arn(region: &str, account: &str, name: &str) -> String {
    format!("arn:aws:firehose:{region}:{account}:deliverystream/{name}")
}

impl Document {
    /// The stream's ARN.
    pub(super) fn arn(&self) -> String {
        arn(&self.region, &self.account, &self.name)
    }

    /// What the engine keeps: the document, and the hints that it wakes the flusher by.
    ///
    /// # Errors
    /// `InvalidArgumentException` for one that is larger than all that AWS bounds in it can be together.
    pub(super) fn config(&self, id: engine::StreamId) -> Result<StreamConfig, AwsError> {
        let document = serde_json::to_string(self).map_err(|error| AwsError::internal(error.to_string()))?;
        if document.len() > MAX_DOCUMENT {
            return Err(invalid(format!("The stream's configuration has more than {MAX_DOCUMENT} bytes")));
        }
        Ok(StreamConfig {
            id,
            arn: self.arn(),
            document,
            buffer_bytes: self.destination.buffering().stored_bytes(),
            buffer_millis: self.destination.buffer_millis(),
            created: self.created,
        })
    }

    /// Reads what the engine keeps.
    ///
    /// # Errors
    /// An internal one for what isn't a declaration.
    pub(super) fn of(config: &StreamConfig) -> Result<Self, AwsError> {
        serde_json::from_str(&config.document).map_err(|error| AwsError::internal(error.to_string()))
    }
}

/// The caller's stream of a name, with its number.
///
/// # Errors
/// `ResourceNotFoundException` as Firehose words it.
pub(super) fn find(cx: &Context, engine: &Engine, name: &str) -> Result<(engine::StreamId, Document), AwsError> {
    let stream = engine.stream_by_arn(&arn(&cx.region, &cx.account, name));
    let stream = stream.ok_or_else(|| not_found(cx, name))?;
    Ok((stream.config.id, Document::of(&stream.config)?))
}

/// The error for a stream that isn't there.
pub(super) fn not_found(cx: &Context, name: &str) -> AwsError {
    AwsError::bad("ResourceNotFoundException", format!("Firehose {name} under account {} not found.", cx.account))
}

/// Checks a stream's name.
///
/// # Errors
/// `ValidationException` as AWS's model check words it ("CreateDeliveryStream", Amazon Data Firehose API Reference:
/// 1 to 64 of `[a-zA-Z0-9_.-]`).
pub(super) fn check_name(name: Option<&str>) -> Result<&str, AwsError> {
    let Some(name) = name else { return Err(missing("deliveryStreamName")) };
    let ok = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    let constraint = if name.is_empty() {
        "Member must have length greater than or equal to 1"
    } else if name.len() > 64 {
        "Member must have length less than or equal to 64"
    } else if !name.bytes().all(ok) {
        "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
    } else {
        return Ok(name);
    };
    Err(constrained(name, "deliveryStreamName", constraint))
}

#[cfg(test)]
mod tests {
    use engine::stream::{Buffering, Settings};
    use serde_json::{Value, json};

    use super::*;

    fn document(encryption: Option<Encryption>, changes: &Value) -> Document {
        let mut destination = json!({
            "RoleARN": "arn:aws:iam::000000000000:role/firehose",
            "BucketARN": "arn:aws:s3:::landing",
            "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 60},
            "CompressionFormat": "UNCOMPRESSED",
            "EncryptionConfiguration": {},
            "CloudWatchLoggingOptions": {},
        });
        destination.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        Document {
            name: "events".into(),
            account: "000000000000".into(),
            region: "us-east-1".into(),
            version: 1,
            created: 0,
            updated: None,
            destination: serde_json::from_value(destination).unwrap(),
            encryption,
            tags: BTreeMap::new(),
        }
    }

    #[test]
    fn the_engine_reads_what_is_written_here() {
        let read = |document: &Document| Settings::of(&document.config(engine::StreamId(1)).unwrap());
        let role = "arn:aws:iam::000000000000:role/firehose".to_owned();
        let buffering = Buffering::Whole { bytes: 64 << 20, millis: 60_000 };
        assert_eq!(
            read(&document(None, &json!({}))),
            Settings { buffering, encrypted: false, decompresses: false, role: role.clone() }
        );
        let processing = json!({"Enabled": true, "Processors": [{"Type": "Decompression"}]});
        let key = Encryption { key_arn: None, key_type: "AWS_OWNED_CMK".into() };
        let full = document(
            Some(key),
            &json!({"ProcessingConfiguration": processing, "DynamicPartitioningConfiguration": {"Enabled": true}}),
        );
        let buffering = Buffering::Partitioned;
        assert_eq!(read(&full), Settings { buffering, encrypted: true, decompresses: true, role });
    }
}
