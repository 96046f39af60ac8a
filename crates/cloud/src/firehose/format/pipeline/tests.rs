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

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn without_processors_a_record_passes() {
    assert_eq!(texts(Pipeline::default().run(b"as it is", &mut Allowance::new(0))), ["as it is"]);
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
        assert_eq!(texts(pipeline.run(b"r", &mut Allowance::new(0))), [text]);
    }
}

#[test]
fn deaggregates_whatever_the_order_of_the_list() {
    let json: [(&str, &[(&str, &str)]); 2] =
        [("AppendDelimiterToRecord", &[]), ("RecordDeAggregation", &[("SubRecordType", "JSON")])];
    let json = pipeline(&json).unwrap();
    assert_eq!(
        texts(json.run(b"{\"a\":1}{\"a\":\"}{\"}\n {\"a\":2}\n", &mut Allowance::new(0))),
        ["{\"a\":1}\n", "{\"a\":\"}{\"}\n", "{\"a\":2}\n"]
    );
    assert!(texts(json.run(b"[{\"a\":1}]", &mut Allowance::new(0)))[0].starts_with("RecordDeAggregation.Failed"));
    assert!(texts(json.run("{}".repeat(501).as_bytes(), &mut Allowance::new(0)))[0].contains("501 records in one"));
    let delimited = pipeline(&[("RecordDeAggregation", &[("SubRecordType", "DELIMITED"), ("Delimiter", "IyMjIw==")])]);
    assert_eq!(texts(delimited.unwrap().run(b"a####b####", &mut Allowance::new(0))), ["a", "b"]);
}

#[test]
fn partition_keys() {
    let pipeline = metadata(r#"{country: .country, year: .at|strftime("%Y"), n: .n}"#);
    let [Ok(output)] = &pipeline.run(br#"{"country":"de","at":1565382027,"n":7}"#, &mut Allowance::new(0))[..] else {
        panic!()
    };
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
        assert_eq!(
            texts(pipeline.run(record.as_bytes(), &mut Allowance::new(0))),
            [format!("{METADATA}: {message}")],
            "{record}"
        );
    }
}

#[test]
fn decompresses_logs() {
    let plain = pipeline(&[("Decompression", &[("CompressionFormat", "GZIP")])]).unwrap();
    assert_eq!(texts(plain.run(&gzip(b"hello"), &mut Allowance::new(0))), ["hello"]);
    let [Err(failure)] = &plain.run(b"hello", &mut Allowance::new(0))[..] else { panic!() };
    assert_eq!((failure.kind, failure.raw.as_slice()), (ErrorOutputType::DecompressionFailed, &b"hello"[..]));
    assert!(
        texts(plain.run(&gzip(&vec![0; 17 * 1024 * 1024]), &mut Allowance::new(0)))[0]
            .contains("decompresses to more than")
    );
    let logs: [(&str, &[(&str, &str)]); 2] =
        [("Decompression", &[]), ("CloudWatchLogProcessing", &[("DataMessageExtraction", "true")])];
    let batch = br#"{"logGroup":"g","logEvents":[{"id":"1","message":"a"},{"id":"2","message":"b"}]}"#;
    assert_eq!(texts(pipeline(&logs).unwrap().run(&gzip(batch), &mut Allowance::new(0))), ["a\nb\n"]);
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
        all.run(&record, &mut Allowance::new(0));
        all.run(text.as_bytes(), &mut Allowance::new(0));
        pipeline(&[("Decompression", &[])]).unwrap().run(&record, &mut Allowance::new(0));
    }
}
