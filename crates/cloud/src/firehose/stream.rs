//! A delivery stream as this service remembers it: the document in the engine's configuration of the stream.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::destination::Destination;
use crate::request::Context;
use engine::config::StreamConfig;
use engine::{Engine, Millis};
use wire::AwsError;

/// A stream's declaration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Document {
    pub name: String,
    pub account: String,
    pub region: String,
    /// Begins at 1 and grows with each UpdateDestination.
    pub version: u64,
    pub created: Millis,
    pub updated: Option<Millis>,
    pub destination: Destination,
    pub encryption: Option<Encryption>,
    pub tags: BTreeMap<String, String>,
}

/// Server-side encryption as it was switched on; the data lies as everything in the data folder does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Encryption {
    #[serde(rename = "KeyARN", skip_serializing_if = "Option::is_none")]
    pub key_arn: Option<String>,
    pub key_type: String,
}

/// The size of the buffer of a stream whose records are looked at as they come: each partition has a buffer of its own.
pub const PARTITIONED: u64 = 0;

/// Bytes of a stream's declaration. AWS names none for the whole; its parts have less.
const MAX_DOCUMENT: usize = 256 << 10;

/// A stream's ARN.
pub fn arn(region: &str, account: &str, name: &str) -> String {
    format!("arn:aws:firehose:{region}:{account}:deliverystream/{name}")
}

impl Document {
    pub fn arn(&self) -> String {
        arn(&self.region, &self.account, &self.name)
    }

    /// What the engine keeps: the document, and the hints that it wakes the flusher by.
    ///
    /// # Errors
    /// `InvalidArgumentException` for one that is larger than all that AWS bounds in it can be together.
    pub fn config(&self, id: engine::StreamId) -> Result<StreamConfig, AwsError> {
        let document = serde_json::to_string(self).map_err(|error| AwsError::internal(error.to_string()))?;
        if document.len() > MAX_DOCUMENT {
            return Err(invalid(format!("The stream's configuration has more than {MAX_DOCUMENT} bytes")));
        }
        Ok(StreamConfig {
            id,
            arn: self.arn(),
            document,
            buffer_bytes: if self.destination.partitioned() { PARTITIONED } else { self.destination.buffer_bytes() },
            buffer_millis: Millis::from(self.destination.buffering.interval_in_seconds) * 1000,
            created: self.created,
        })
    }

    /// Reads what the engine keeps.
    pub fn of(config: &StreamConfig) -> Result<Self, AwsError> {
        serde_json::from_str(&config.document).map_err(|error| AwsError::internal(error.to_string()))
    }
}

/// The caller's stream of a name, with its number.
///
/// # Errors
/// `ResourceNotFoundException` as Firehose words it.
pub fn find(cx: &Context, engine: &Engine, name: &str) -> Result<(engine::StreamId, Document), AwsError> {
    let stream = engine.stream_by_arn(&arn(&cx.region, &cx.account, name));
    let stream = stream.ok_or_else(|| not_found(cx, name))?;
    Ok((stream.config.id, Document::of(&stream.config)?))
}

pub fn not_found(cx: &Context, name: &str) -> AwsError {
    AwsError::bad("ResourceNotFoundException", format!("Firehose {name} under account {} not found.", cx.account))
}

/// An argument that is wrong, in the service's own words.
pub fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::bad("InvalidArgumentException", message)
}

/// Checks a stream's name.
///
/// # Errors
/// `ValidationException` as AWS's model check words it ("CreateDeliveryStream", Amazon Data Firehose API Reference:
/// 1 to 64 of `[a-zA-Z0-9_.-]`).
pub fn check_name(name: Option<&str>) -> Result<&str, AwsError> {
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

/// A required member that isn't there.
pub fn missing(member: &str) -> AwsError {
    let text = format!(
        "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
    );
    AwsError::bad("ValidationException", text)
}

/// A member that breaks a constraint of AWS's model.
pub fn constrained(value: impl std::fmt::Display, member: &str, constraint: &str) -> AwsError {
    let text = format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
    );
    AwsError::bad("ValidationException", text)
}
