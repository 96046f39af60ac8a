//! What records become, processor by processor.

use std::io::Write;

use proptest::prelude::*;

use super::*;

fn processor(kind: &str, parameters: &[(&str, &str)]) -> Processor {
    let parameters = parameters.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
    Processor { kind: kind.into(), parameters }
}

fn pipeline(processors: &[(&str, &[(&str, &str)])]) -> Result<Pipeline, String> {
    Pipeline::new(&processors.iter().map(|(kind, p)| processor(kind, p)).collect::<Vec<_>>())
}

fn metadata(query: &str) -> Pipeline {
    pipeline(&[("MetadataExtraction", &[("MetadataExtractionQuery", query), ("JsonParsingEngine", "JQ-1.6")])]).unwrap()
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

/// What a record becomes by queries that take few steps.
fn run(pipeline: &Pipeline, record: &[u8]) -> Vec<Result<Output, Failure>> {
    pipeline.run(record, &mut Allowance::new(0))
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn without_processors_a_record_passes() {
    assert_eq!(texts(run(&Pipeline::default(), b"as it is")), ["as it is"]);
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
        assert_eq!(texts(run(&pipeline, b"r")), [text]);
    }
}

#[test]
fn deaggregates_whatever_the_order_of_the_list() {
    let json: [(&str, &[(&str, &str)]); 2] =
        [("AppendDelimiterToRecord", &[]), ("RecordDeAggregation", &[("SubRecordType", "JSON")])];
    let json = pipeline(&json).unwrap();
    assert_eq!(
        texts(run(&json, b"{\"a\":1}{\"a\":\"}{\"}\n {\"a\":2}\n")),
        ["{\"a\":1}\n", "{\"a\":\"}{\"}\n", "{\"a\":2}\n"]
    );
    assert!(texts(run(&json, b"[{\"a\":1}]"))[0].starts_with("RecordDeAggregation.Failed"));
    assert!(texts(run(&json, "{}".repeat(501).as_bytes()))[0].contains("501 records in one"));
    let delimited = pipeline(&[("RecordDeAggregation", &[("SubRecordType", "DELIMITED"), ("Delimiter", "IyMjIw==")])]);
    assert_eq!(texts(run(&delimited.unwrap(), b"a####b####")), ["a", "b"]);
}

#[test]
fn partition_keys() {
    let pipeline = metadata(r#"{country: .country, year: .at|strftime("%Y"), n: .n}"#);
    let [Ok(output)] = &run(&pipeline, br#"{"country":"de","at":1565382027,"n":7}"#)[..] else { panic!() };
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
        assert_eq!(texts(run(&pipeline, record.as_bytes())), [format!("{METADATA}: {message}")], "{record}");
    }
}

#[test]
fn decompresses_logs() {
    let plain = pipeline(&[("Decompression", &[("CompressionFormat", "GZIP")])]).unwrap();
    assert_eq!(texts(run(&plain, &gzip(b"hello"))), ["hello"]);
    let [Err(failure)] = &run(&plain, b"hello")[..] else { panic!() };
    assert_eq!((failure.kind, failure.raw.as_slice()), (ErrorOutputType::DecompressionFailed, &b"hello"[..]));
    assert!(texts(run(&plain, &gzip(&vec![0; 17 * 1024 * 1024])))[0].contains("decompresses to more than"));
    let logs: [(&str, &[(&str, &str)]); 2] =
        [("Decompression", &[]), ("CloudWatchLogProcessing", &[("DataMessageExtraction", "true")])];
    let batch = br#"{"logGroup":"g","logEvents":[{"id":"1","message":"a"},{"id":"2","message":"b"}]}"#;
    assert_eq!(texts(run(&pipeline(&logs).unwrap(), &gzip(batch))), ["a\nb\n"]);
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
        ("CloudWatchLogProcessing", &[("DataMessageExtraction", "true")], "needs a processor of type Decompression"),
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
        run(&all, &record);
        run(&all, text.as_bytes());
        run(&pipeline(&[("Decompression", &[])]).unwrap(), &record);
    }
}
