//! Processors as a stream's configuration has them, and the pipeline that they make.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jq::Query;

use super::{Pipeline, Split};

/// A processor as configured: its `Type` and its `Parameters`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Processor {
    /// `Type`, e.g. `Decompression`.
    pub kind: String,
    /// Names and values.
    pub parameters: Vec<(String, String)>,
}

impl Processor {
    fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// How `RecordDeAggregation` takes records apart.
    fn split(&self) -> Result<Split, String> {
        match (self.parameter("SubRecordType"), self.parameter("Delimiter")) {
            (Some("JSON"), None) => Ok(Split::Json),
            (Some("JSON"), Some(_)) => Err("Delimiter goes with SubRecordType DELIMITED only".into()),
            (Some("DELIMITED"), Some(delimiter)) => match STANDARD.decode(delimiter) {
                Ok(bytes) if !bytes.is_empty() => Ok(Split::Delimited(bytes)),
                _ => Err("Delimiter of RecordDeAggregation must be base64-encoded".into()),
            },
            (Some("DELIMITED"), None) => Err("SubRecordType DELIMITED needs a Delimiter".into()),
            (Some(other), _) => Err(format!("SubRecordType {other} is not JSON or DELIMITED")),
            (None, _) => Err("RecordDeAggregation needs the parameter SubRecordType".into()),
        }
    }

    /// The query of `MetadataExtraction`.
    fn query(&self) -> Result<Query, String> {
        match self.parameter("JsonParsingEngine") {
            Some("JQ-1.6") => {}
            Some(other) => return Err(format!("JsonParsingEngine {other} is not supported, only JQ-1.6")),
            None => return Err("MetadataExtraction needs the parameter JsonParsingEngine".into()),
        }
        let query = self
            .parameter("MetadataExtractionQuery")
            .ok_or("MetadataExtraction needs the parameter MetadataExtractionQuery")?;
        Query::parse(query).map_err(|e| format!("MetadataExtractionQuery is not valid: {e}"))
    }
}

impl Pipeline {
    /// The pipeline of a stream's processors, in whatever order they are listed.
    ///
    /// # Errors
    /// Which processor can't be had, and why.
    pub(crate) fn new(processors: &[Processor]) -> Result<Self, String> {
        let mut pipeline = Self::default();
        let mut seen: Vec<&str> = Vec::new();
        for processor in processors {
            let kind = processor.kind.as_str();
            if seen.contains(&kind) {
                return Err(format!("Processor type {kind} is given more than once"));
            }
            seen.push(kind);
            let known: &[&str] = match kind {
                "Decompression" => &["CompressionFormat"],
                "CloudWatchLogProcessing" => &["DataMessageExtraction"],
                "RecordDeAggregation" => &["SubRecordType", "Delimiter"],
                "MetadataExtraction" => &["MetadataExtractionQuery", "JsonParsingEngine"],
                "AppendDelimiterToRecord" => &["Delimiter"],
                "Lambda" => {
                    return Err("Processor type Lambda is not supported: Lambda functions are not simulated".into());
                }
                other => return Err(format!("Processor type {other} is not supported")),
            };
            if let Some((unknown, _)) = processor.parameters.iter().find(|(name, _)| !known.contains(&name.as_str())) {
                return Err(format!("Processor type {kind} does not take the parameter {unknown}"));
            }
            pipeline.add(processor)?;
        }
        if pipeline.extract_messages && !pipeline.decompress {
            return Err("CloudWatchLogProcessing needs a processor of type Decompression".into());
        }
        Ok(pipeline)
    }

    /// Adds one processor, whose type and names of parameters are known to be right.
    fn add(&mut self, processor: &Processor) -> Result<(), String> {
        match processor.kind.as_str() {
            "Decompression" => match processor.parameter("CompressionFormat") {
                None | Some("GZIP") => self.decompress = true,
                Some(other) => return Err(format!("CompressionFormat {other} is not supported by Decompression")),
            },
            "CloudWatchLogProcessing" => match processor.parameter("DataMessageExtraction") {
                Some("true") => self.extract_messages = true,
                None | Some("false") => {}
                Some(_) => return Err("DataMessageExtraction must be true or false".into()),
            },
            "RecordDeAggregation" => self.split = Some(processor.split()?),
            "MetadataExtraction" => self.query = Some(processor.query()?),
            _ => {
                // A new line by default ("Processor", Amazon Data Firehose API reference).
                self.delimiter = unescape(processor.parameter("Delimiter").unwrap_or("\\n"));
            }
        }
        Ok(())
    }
}

/// Replaces `\n`, `\r`, `\t` and `\\`, as templates write them, by what they stand for.
fn unescape(text: &str) -> Vec<u8> {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('\\') | None => out.push('\\'),
            Some(other) => out.extend(['\\', other]),
        }
    }
    out.into_bytes()
}
