//! A stream's declaration as the cloud uses it for every record: parsed once, when the stream is declared.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::Millis;
use crate::config::StreamConfig;

/// The [`StreamConfig::buffer_bytes`] of a stream with dynamic partitioning.
const PARTITIONED: u64 = 0;

/// The parsed declaration of a stream. Where its document can't be read, nothing of it is switched on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How its records are buffered.
    pub buffering: Buffering,
    /// Whether server-side encryption is on.
    pub encrypted: bool,
    /// Whether it lists a processor of type `Decompression`.
    pub decompresses: bool,
    /// The ARN of the role that it delivers through.
    pub role: String,
}

/// How the records of a stream are buffered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Buffering {
    /// All records in one buffer.
    Whole {
        /// The buffer is due when it holds so many bytes,
        bytes: u64,
        /// or when its oldest record is so old.
        millis: Millis,
    },
    /// Each partition in a buffer of its own: which one a record belongs to is known when its data has been looked at.
    Partitioned,
}

impl Buffering {
    /// Reads a stream's declaration.
    pub fn of(config: &StreamConfig) -> Self {
        match config.buffer_bytes {
            PARTITIONED => Self::Partitioned,
            bytes => Self::Whole { bytes, millis: config.buffer_millis },
        }
    }

    /// The [`StreamConfig::buffer_bytes`] that say this.
    pub fn stored_bytes(self) -> u64 {
        match self {
            Self::Whole { bytes, .. } => bytes,
            Self::Partitioned => PARTITIONED,
        }
    }

    /// Whether a buffer of so many bytes is due whatever its age. Without knowing the partitions, one may always be.
    pub fn is_full(self, held: u64) -> bool {
        match self {
            Self::Whole { bytes, .. } => held >= bytes,
            Self::Partitioned => true,
        }
    }
}

impl Settings {
    /// Reads a stream's declaration.
    pub fn of(config: &StreamConfig) -> Self {
        let Document { encryption, destination } = serde_json::from_str(&config.document).unwrap_or_default();
        let processors = destination.processing.iter().flat_map(|processing| &processing.processors);
        Self {
            buffering: Buffering::of(config),
            encrypted: encryption.is_some(),
            decompresses: processors.into_iter().any(|processor| processor.kind == "Decompression"),
            role: destination.role,
        }
    }
}

/// What is read here of a stream's document, which Firehose writes.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Document {
    encryption: Option<IgnoredAny>,
    destination: Destination,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Destination {
    #[serde(rename = "RoleARN")]
    role: String,
    #[serde(rename = "ProcessingConfiguration")]
    processing: Option<Processing>,
}

#[derive(Debug, Deserialize)]
struct Processing {
    #[serde(rename = "Processors", default)]
    processors: Vec<Processor>,
}

#[derive(Debug, Deserialize)]
struct Processor {
    #[serde(rename = "Type")]
    kind: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StreamId;

    fn settings(document: &str, buffer_bytes: u64) -> Settings {
        let (id, arn, document) = (StreamId(1), String::new(), document.to_owned());
        Settings::of(&StreamConfig { id, arn, document, buffer_bytes, buffer_millis: 60_000, created: 0 })
    }

    #[test]
    fn a_document_is_read_by_its_members() {
        let read = settings(
            r#"{"name": "s", "encryption": {"KeyType": "AWS_OWNED_CMK"}, "destination": {"RoleARN": "arn", "Prefix": "p",
                "ProcessingConfiguration": {"Enabled": true, "Processors": [{"Type": "Decompression", "Parameters": []}]}}}"#,
            5,
        );
        let buffering = Buffering::Whole { bytes: 5, millis: 60_000 };
        assert_eq!(read, Settings { buffering, encrypted: true, decompresses: true, role: "arn".to_owned() });
        let words = r#"{"encryption": null, "tags": {"encryption": "on"}, "destination": {"RoleARN": "arn",
            "EncryptionConfiguration": {"encryption": {}}, "CloudWatchLoggingOptions": {"Type": "Decompression"}}}"#;
        let read = settings(words, 5);
        assert_eq!((read.encrypted, read.decompresses), (false, false));
    }

    #[test]
    fn what_is_no_document_switches_nothing_on() {
        let read = settings("xxx", 0);
        assert_eq!(
            read,
            Settings { buffering: Buffering::Partitioned, encrypted: false, decompresses: false, role: String::new() }
        );
    }

    #[test]
    fn how_records_are_buffered_is_stored_in_a_number() {
        for buffering in [Buffering::Partitioned, Buffering::Whole { bytes: 1 << 20, millis: 60_000 }] {
            assert_eq!(settings("", buffering.stored_bytes()).buffering, buffering);
        }
        assert!(Buffering::Partitioned.is_full(0));
        let whole = Buffering::Whole { bytes: 2, millis: 1 };
        assert!(whole.is_full(2) && !whole.is_full(1));
    }
}
