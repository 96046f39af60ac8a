//! Processors, in the order in which Firehose applies them whatever the order they are listed in: decompression,
//! extraction of log messages, deaggregation, partition keys, delimiter ("Apply dynamic partitioning to aggregated data").

use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::firehose::prefix::{ErrorOutputType, PartitionKeys};
use jq::Query;

/// A processor as configured: its `Type` and its `Parameters`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Processor {
    pub kind: String,
    pub parameters: Vec<(String, String)>,
}

/// One piece of data for an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Empty without dynamic partitioning.
    pub keys: PartitionKeys,
    pub data: Vec<u8>,
}

/// Why a record, or a part of one, goes to the error prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub kind: ErrorOutputType,
    pub code: &'static str,
    pub message: String,
    /// What is kept of it: as it came if it was compressed, else the part that failed.
    pub raw: Vec<u8>,
}

/// At most this many records out of one ("Apply dynamic partitioning to aggregated data").
const MOST_PARTS: usize = 500;
/// At most this much out of a compressed record; one holds 1,000 KiB, so a bomb stops here.
const MOST_DECOMPRESSED: u64 = 16 * 1024 * 1024;

pub(in crate::firehose) const METADATA: &str = "DynamicPartitioning.MetadataExtractionFailed";

/// A stream's processors, validated.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Pipeline {
    decompress: bool,
    extract_messages: bool,
    split: Option<Split>,
    query: Option<Query>,
    delimiter: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Split {
    Json,
    Delimited(Vec<u8>),
}

impl Pipeline {
    /// The error says which processor can't be had and why.
    pub fn new(processors: &[Processor]) -> Result<Self, String> {
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
            "RecordDeAggregation" => {
                self.split = Some(match (processor.parameter("SubRecordType"), processor.parameter("Delimiter")) {
                    (Some("JSON"), None) => Split::Json,
                    (Some("JSON"), Some(_)) => return Err("Delimiter goes with SubRecordType DELIMITED only".into()),
                    (Some("DELIMITED"), Some(delimiter)) => match STANDARD.decode(delimiter) {
                        Ok(bytes) if !bytes.is_empty() => Split::Delimited(bytes),
                        _ => return Err("Delimiter of RecordDeAggregation must be base64-encoded".into()),
                    },
                    (Some("DELIMITED"), None) => return Err("SubRecordType DELIMITED needs a Delimiter".into()),
                    (Some(other), _) => return Err(format!("SubRecordType {other} is not JSON or DELIMITED")),
                    (None, _) => return Err("RecordDeAggregation needs the parameter SubRecordType".into()),
                });
            }
            "MetadataExtraction" => {
                match processor.parameter("JsonParsingEngine") {
                    Some("JQ-1.6") => {}
                    Some(other) => return Err(format!("JsonParsingEngine {other} is not supported, only JQ-1.6")),
                    None => return Err("MetadataExtraction needs the parameter JsonParsingEngine".into()),
                }
                let query = processor
                    .parameter("MetadataExtractionQuery")
                    .ok_or("MetadataExtraction needs the parameter MetadataExtractionQuery")?;
                let query = Query::parse(query).map_err(|e| format!("MetadataExtractionQuery is not valid: {e}"))?;
                self.query = Some(query);
            }
            _ => {
                // A new line by default ("Processor", Amazon Data Firehose API reference).
                self.delimiter = unescaped(processor.parameter("Delimiter").unwrap_or("\\n"));
            }
        }
        Ok(())
    }

    /// Whether records get partition keys.
    pub fn extracts_keys(&self) -> bool {
        self.query.is_some()
    }

    /// All that a record becomes; a part that fails does not keep the others back.
    pub fn run(&self, record: &[u8]) -> Vec<Result<Output, Failure>> {
        let mut decompressed = Vec::new();
        if self.decompress {
            if let Err(message) = gunzip(record, &mut decompressed) {
                let kind = ErrorOutputType::DecompressionFailed;
                return vec![Err(Failure { kind, code: "Decompression.Failed", message, raw: record.to_vec() })];
            }
            if self.extract_messages {
                match messages(&decompressed) {
                    Ok(messages) => decompressed = messages,
                    Err(message) => {
                        let code = "CloudWatchLogProcessing.Failed";
                        return vec![Err(failed(code, message, record))];
                    }
                }
            }
        }
        let data: &[u8] = if self.decompress { &decompressed } else { record };
        let parts = match self.split(data) {
            Ok(parts) => parts,
            Err(message) => return vec![Err(failed("RecordDeAggregation.Failed", message, record))],
        };
        parts
            .into_iter()
            .map(|part| match self.keys(part) {
                Ok(keys) => Ok(Output { keys, data: [part, &self.delimiter].concat() }),
                // After a decompression the record goes back as it came ("Troubleshoot decompression in Firehose").
                Err(message) => Err(failed(METADATA, message, if self.decompress { record } else { part })),
            })
            .collect()
    }

    /// What is kept of an output that can't go where it should: as [`Failure::raw`].
    pub fn raw<'d>(&self, record: &'d [u8], output: &'d Output) -> &'d [u8] {
        if self.decompress { record } else { output.data.strip_suffix(&self.delimiter[..]).unwrap_or(&output.data) }
    }

    fn split<'d>(&self, data: &'d [u8]) -> Result<Vec<&'d [u8]>, String> {
        let parts = match &self.split {
            None => return Ok(vec![data]),
            Some(Split::Json) => json_parts(data)?,
            Some(Split::Delimited(delimiter)) => delimited_parts(data, delimiter),
        };
        if parts.len() > MOST_PARTS {
            return Err(format!("{} records in one, at most {MOST_PARTS} are allowed", parts.len()));
        }
        Ok(parts)
    }

    fn keys(&self, data: &[u8]) -> Result<PartitionKeys, String> {
        let Some(query) = &self.query else { return Ok(PartitionKeys::new()) };
        let json: Value = serde_json::from_slice(data).map_err(|_| "Non JSON record provided".to_owned())?;
        let Some(Value::Object(found)) = query.first(&json)? else {
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

impl Processor {
    fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

fn failed(code: &'static str, message: String, raw: &[u8]) -> Failure {
    Failure { kind: ErrorOutputType::ProcessingFailed, code, message, raw: raw.to_vec() }
}

/// `\n`, `\r`, `\t` and `\\` as templates write them.
fn unescaped(text: &str) -> Vec<u8> {
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

fn gunzip(record: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    let mut reader = flate2::read::MultiGzDecoder::new(record).take(MOST_DECOMPRESSED + 1);
    reader.read_to_end(out).map_err(|e| format!("the record is not GZIP data: {e}"))?;
    if out.len() as u64 > MOST_DECOMPRESSED {
        return Err(format!("the record decompresses to more than {MOST_DECOMPRESSED} bytes"));
    }
    Ok(())
}

/// The messages of a batch of CloudWatch log events, a line each.
fn messages(data: &[u8]) -> Result<Vec<u8>, String> {
    let json: Value = serde_json::from_slice(data).map_err(|e| format!("the record is not a log batch: {e}"))?;
    let events = json.get("logEvents").and_then(Value::as_array).ok_or("the record has no logEvents")?;
    let mut out = Vec::new();
    for event in events {
        let message = event.get("message").and_then(Value::as_str).ok_or("a log event has no message")?;
        out.extend_from_slice(message.as_bytes());
        out.push(b'\n');
    }
    Ok(out)
}

/// JSON objects one after the other, with or without white space between them.
fn json_parts(data: &[u8]) -> Result<Vec<&[u8]>, String> {
    let mut parts = Vec::new();
    let mut stream = serde_json::Deserializer::from_slice(data).into_iter::<IgnoredAny>();
    let mut start = 0;
    while let Some(value) = stream.next() {
        value.map_err(|e| format!("the record is not a sequence of JSON objects: {e}"))?;
        let part = data.get(start..stream.byte_offset()).unwrap_or_default().trim_ascii();
        if !part.starts_with(b"{") {
            return Err("the record is not a sequence of JSON objects: it holds another value".into());
        }
        parts.push(part);
        start = stream.byte_offset();
    }
    Ok(parts)
}

/// Empty parts, as after a last delimiter, are none.
fn delimited_parts<'d>(data: &'d [u8], delimiter: &[u8]) -> Vec<&'d [u8]> {
    let mut parts = Vec::new();
    let mut start = 0;
    for at in memchr::memmem::find_iter(data, delimiter) {
        parts.push(&data[start..at]);
        start = at + delimiter.len();
    }
    parts.push(&data[start..]);
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write;

    fn processor(kind: &str, parameters: &[(&str, &str)]) -> Processor {
        let parameters = parameters.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
        Processor { kind: kind.into(), parameters }
    }

    fn pipeline(processors: &[(&str, &[(&str, &str)])]) -> Result<Pipeline, String> {
        Pipeline::new(&processors.iter().map(|(kind, p)| processor(kind, p)).collect::<Vec<_>>())
    }

    fn metadata(query: &str) -> Pipeline {
        pipeline(&[("MetadataExtraction", &[("MetadataExtractionQuery", query), ("JsonParsingEngine", "JQ-1.6")])])
            .unwrap()
    }

    fn texts(outcomes: Vec<Result<Output, Failure>>) -> Vec<String> {
        outcomes
            .into_iter()
            .map(|o| match o {
                Ok(output) => String::from_utf8(output.data).unwrap(),
                Err(failure) => format!("{}: {}", failure.code, failure.message),
            })
            .collect()
    }

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn without_processors_a_record_passes() {
        assert_eq!(texts(Pipeline::default().run(b"as it is")), ["as it is"]);
    }

    #[test]
    fn delimiters() {
        let cases: [(&[(&str, &str)], &str); 4] = [
            (&[], "r\n"),
            (&[("Delimiter", "\\n")], "r\n"),
            (&[("Delimiter", "\n")], "r\n"),
            (&[("Delimiter", "\\t;\\\\x")], "r\t;\\x"),
        ];
        for (parameters, text) in cases {
            let pipeline = pipeline(&[("AppendDelimiterToRecord", parameters)]).unwrap();
            assert_eq!(texts(pipeline.run(b"r")), [text]);
        }
    }

    #[test]
    fn deaggregates_whatever_the_order_of_the_list() {
        let json: [(&str, &[(&str, &str)]); 2] =
            [("AppendDelimiterToRecord", &[]), ("RecordDeAggregation", &[("SubRecordType", "JSON")])];
        let json = pipeline(&json).unwrap();
        assert_eq!(
            texts(json.run(b"{\"a\":1}{\"a\":\"}{\"}\n {\"a\":2}\n")),
            ["{\"a\":1}\n", "{\"a\":\"}{\"}\n", "{\"a\":2}\n"]
        );
        assert!(texts(json.run(b"[{\"a\":1}]"))[0].starts_with("RecordDeAggregation.Failed"));
        assert!(texts(json.run("{}".repeat(501).as_bytes()))[0].contains("501 records in one"));
        let delimited =
            pipeline(&[("RecordDeAggregation", &[("SubRecordType", "DELIMITED"), ("Delimiter", "IyMjIw==")])]);
        assert_eq!(texts(delimited.unwrap().run(b"a####b####")), ["a", "b"]);
    }

    #[test]
    fn partition_keys() {
        let pipeline = metadata(r#"{country: .country, year: .at|strftime("%Y"), n: .n}"#);
        let [Ok(output)] = &pipeline.run(br#"{"country":"de","at":1565382027,"n":7}"#)[..] else { panic!() };
        let keys: Vec<_> = output.keys.iter().map(|(k, v)| format!("{k}={v}")).collect();
        assert_eq!(keys, ["country=de", "n=7", "year=2019"]);
        let cases = [
            (r#"{"at":1,"n":1}"#, "partitionKeys values must not be null or empty"),
            (r#"{"country":"","at":1,"n":1}"#, "partitionKeys values must not be null or empty"),
            (r#"{"country":{},"at":1,"n":1}"#, "partitionKeys value of country is no scalar"),
            (r#"{"country":"de"}"#, "strftime/1 requires parsed datetime inputs"),
            ("text", "Non JSON record provided"),
        ];
        for (record, message) in cases {
            assert_eq!(texts(pipeline.run(record.as_bytes())), [format!("{METADATA}: {message}")], "{record}");
        }
    }

    #[test]
    fn decompresses_logs() {
        let plain = pipeline(&[("Decompression", &[("CompressionFormat", "GZIP")])]).unwrap();
        assert_eq!(texts(plain.run(&gzip(b"hello"))), ["hello"]);
        let [Err(failure)] = &plain.run(b"hello")[..] else { panic!() };
        assert_eq!((failure.kind, failure.raw.as_slice()), (ErrorOutputType::DecompressionFailed, &b"hello"[..]));
        assert!(texts(plain.run(&gzip(&vec![0; 17 * 1024 * 1024])))[0].contains("decompresses to more than"));
        let logs: [(&str, &[(&str, &str)]); 2] =
            [("Decompression", &[]), ("CloudWatchLogProcessing", &[("DataMessageExtraction", "true")])];
        let batch = br#"{"logGroup":"g","logEvents":[{"id":"1","message":"a"},{"id":"2","message":"b"}]}"#;
        assert_eq!(texts(pipeline(&logs).unwrap().run(&gzip(batch))), ["a\nb\n"]);
    }

    #[test]
    fn refuses_by_name() {
        type Parameters<'a> = &'a [(&'a str, &'a str)];
        let cases: [(&str, Parameters<'_>, &str); 7] = [
            ("Lambda", &[("LambdaArn", "x")], "Processor type Lambda is not supported"),
            ("Foo", &[], "Processor type Foo is not supported"),
            ("AppendDelimiterToRecord", &[("X", "y")], "does not take the parameter X"),
            ("Decompression", &[("CompressionFormat", "ZIP")], "CompressionFormat ZIP is not supported"),
            ("RecordDeAggregation", &[("SubRecordType", "DELIMITED")], "needs a Delimiter"),
            ("MetadataExtraction", &[("JsonParsingEngine", "JQ-1.7")], "JQ-1.7 is not supported"),
            (
                "CloudWatchLogProcessing",
                &[("DataMessageExtraction", "true")],
                "needs a processor of type Decompression",
            ),
        ];
        for (kind, parameters, message) in cases {
            let error = pipeline(&[(kind, parameters)]).unwrap_err();
            assert!(error.contains(message), "{kind}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_record_panics(record in prop::collection::vec(any::<u8>(), 0..64), text in "[{}\"a:1,\\[\\] ]{0,32}") {
            let all: [(&str, &[(&str, &str)]); 2] = [
                ("RecordDeAggregation", &[("SubRecordType", "JSON")]),
                ("MetadataExtraction", &[("MetadataExtractionQuery", "{a: .a}"), ("JsonParsingEngine", "JQ-1.6")]),
            ];
            let all = pipeline(&all).unwrap();
            all.run(&record);
            all.run(text.as_bytes());
            pipeline(&[("Decompression", &[])]).unwrap().run(&record);
        }
    }
}
