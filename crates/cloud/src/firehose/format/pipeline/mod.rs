//! Processors, in the order in which Firehose applies them whatever the order they are listed in: decompression,
//! extraction of log messages, deaggregation, partition keys, delimiter ("Apply dynamic partitioning to aggregated data").

mod configure;
mod split;
#[cfg(test)]
mod tests;

use jq::{Allowance, Input, Query};
use serde_json::Value;

pub(crate) use configure::Processor;

use crate::firehose::prefix::{ErrorOutputType, PartitionKeys};
use split::{cut_at, cut_json, gunzip, log_messages};

/// One piece of data for an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Output {
    /// Empty without dynamic partitioning.
    pub keys: PartitionKeys,
    /// The record's bytes, its delimiter included.
    pub data: Vec<u8>,
}

/// Why a record, or a part of one, goes to the error prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// Which folder it goes to.
    pub kind: ErrorOutputType,
    /// AWS's `errorCode`.
    pub code: &'static str,
    /// What went wrong.
    pub message: String,
    /// The bytes that are kept: the record as it came if it was compressed, else the part that failed.
    pub raw: Vec<u8>,
}

/// How many records one record may be taken apart into ("Apply dynamic partitioning to aggregated data").
const MAX_PARTS: usize = 500;

/// The code of a failure to find partition keys, or a prefix for them.
pub(in crate::firehose) const METADATA: &str = "DynamicPartitioning.MetadataExtractionFailed";

/// A stream's processors, validated. The default has none: records pass as they are.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Pipeline {
    decompress: bool,
    /// Whether records are batches of CloudWatch's log events, of which only the messages are wanted.
    extract_messages: bool,
    split: Option<Split>,
    /// Finds the partition keys.
    query: Option<Query>,
    /// What is added to each output.
    delimiter: Vec<u8>,
}

/// How one record is taken apart into several.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Split {
    Json,
    Delimited(Vec<u8>),
}

impl Pipeline {
    /// Whether records get partition keys.
    pub(crate) fn extracts_keys(&self) -> bool {
        self.query.is_some()
    }

    /// Processes a record: everything that it becomes. A part that fails does not keep the others back. What queries cost is taken from
    /// an allowance.
    pub(crate) fn run(&self, record: &[u8], allowance: &mut Allowance) -> Vec<Result<Output, Failure>> {
        let mut decompressed = Vec::new();
        if self.decompress {
            if let Err(message) = gunzip(record, &mut decompressed) {
                let kind = ErrorOutputType::DecompressionFailed;
                return vec![Err(Failure { kind, code: "Decompression.Failed", message, raw: record.to_vec() })];
            }
            if self.extract_messages {
                match log_messages(&decompressed) {
                    Ok(messages) => decompressed = messages,
                    Err(message) => {
                        let code = "CloudWatchLogProcessing.Failed";
                        return vec![Err(processing_failed(code, message, record))];
                    }
                }
            }
        }
        let data: &[u8] = if self.decompress { &decompressed } else { record };
        let parts = match self.split(data) {
            Ok(parts) => parts,
            Err(message) => return vec![Err(processing_failed("RecordDeAggregation.Failed", message, record))],
        };
        parts
            .into_iter()
            .map(|part| match self.keys(part, allowance) {
                Ok(keys) => Ok(Output { keys, data: [part, &self.delimiter].concat() }),
                // After a decompression the record goes back as it came ("Troubleshoot decompression in Firehose").
                Err(message) => Err(processing_failed(METADATA, message, if self.decompress { record } else { part })),
            })
            .collect()
    }

    /// The bytes to keep of an output that can't go where it should, as in [`Failure::raw`].
    pub(crate) fn raw<'d>(&self, record: &'d [u8], output: &'d Output) -> &'d [u8] {
        if self.decompress { record } else { output.data.strip_suffix(&self.delimiter[..]).unwrap_or(&output.data) }
    }

    /// Takes a record apart.
    fn split<'d>(&self, data: &'d [u8]) -> Result<Vec<&'d [u8]>, String> {
        let parts = match &self.split {
            None => return Ok(vec![data]),
            Some(Split::Json) => cut_json(data)?,
            Some(Split::Delimited(delimiter)) => cut_at(data, delimiter),
        };
        if parts.len() > MAX_PARTS {
            return Err(format!("{} records in one, at most {MAX_PARTS} are allowed", parts.len()));
        }
        Ok(parts)
    }

    /// Finds the partition keys of a record; none without a query.
    fn keys(&self, data: &[u8], allowance: &mut Allowance) -> Result<PartitionKeys, String> {
        let Some(query) = &self.query else { return Ok(PartitionKeys::new()) };
        let record = Input::parse(data).ok_or("Non JSON record provided")?;
        let Some(Value::Object(found)) = query.first(&record, allowance)? else {
            return Err("the query's result is not an object of partition keys".into());
        };
        let mut keys = PartitionKeys::new();
        for (name, value) in found {
            let value = match value {
                Value::String(s) => s,
                Value::Number(n) => n.to_string(),
                Value::Bool(b) => b.to_string(),
                Value::Null => String::new(),
                Value::Array(_) | Value::Object(_) => {
                    return Err(format!("partitionKeys value of {name} is no scalar"));
                }
            };
            if value.is_empty() {
                return Err("partitionKeys values must not be null or empty".into());
            }
            keys.insert(name, value);
        }
        Ok(keys)
    }
}

/// A failure of a processor other than decompression.
fn processing_failed(code: &'static str, message: String, raw: &[u8]) -> Failure {
    Failure { kind: ErrorOutputType::ProcessingFailed, code, message, raw: raw.to_vec() }
}
