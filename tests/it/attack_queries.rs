//! Queries that go on for ever, in a stream of somebody's: they hold up neither other streams nor the end of the server.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::helpers::cloud::{PATIENCE, TestCloud, eventually};
use crate::helpers::raw::{json, send, status};

const ENDLESS: &str = "{k: [range(1e12)]}";

async fn call(cloud: &TestCloud, operation: &str, input: Value) {
    let answer = json(cloud, &format!("Firehose_20150804.{operation}"), input.to_string().as_bytes()).await;
    assert_eq!(status(&answer), "200", "{answer}");
}

/// Each part of each record had its query run to the end of its budget, all of them in one go: for hours nothing else landed, and the
/// server couldn't be stopped.
#[tokio::test]
async fn a_query_that_never_ends_holds_up_its_own_stream() {
    let mut cloud = TestCloud::start().await;
    cloud.s3().create_bucket().bucket("bkt").send().await.unwrap();
    let destination = json!({
        "RoleARN": "arn:aws:iam::000000000000:role/r",
        "BucketARN": "arn:aws:s3:::bkt",
        "BufferingHints": {"IntervalInSeconds": 60, "SizeInMBs": 64},
    });
    let processor = |kind: &str, parameters: &[(&str, &str)]| {
        let named = |(name, value): &(&str, &str)| json!({"ParameterName": name, "ParameterValue": value});
        json!({"Type": kind, "Parameters": parameters.iter().map(named).collect::<Vec<_>>()})
    };
    let query = [("MetadataExtractionQuery", ENDLESS), ("JsonParsingEngine", "JQ-1.6")];
    let processors =
        [processor("MetadataExtraction", &query), processor("RecordDeAggregation", &[("SubRecordType", "JSON")])];
    let mut endless = destination.clone();
    endless["Prefix"] = "endless/!{partitionKeyFromQuery:k}/".into();
    endless["ErrorOutputPrefix"] = "wrong/".into();
    endless["DynamicPartitioningConfiguration"] = json!({"Enabled": true});
    endless["ProcessingConfiguration"] = json!({"Enabled": true, "Processors": processors});
    let mut plain = destination;
    plain["Prefix"] = "plain/".into();
    for (name, destination) in [("endless", endless), ("plain", plain)] {
        let input = json!({"DeliveryStreamName": name, "ExtendedS3DestinationConfiguration": destination});
        call(&cloud, "CreateDeliveryStream", input).await;
    }
    let record = |text: &str| json!({"Data": BASE64_STANDARD.encode(text)});
    let records = vec![record(&"{\"a\":1}".repeat(20)); 20];
    call(&cloud, "PutRecordBatch", json!({"DeliveryStreamName": "endless", "Records": records})).await;
    call(&cloud, "PutRecord", json!({"DeliveryStreamName": "plain", "Record": record("x")})).await;
    cloud.pass(61);
    let list = b"GET /bkt?list-type=2&prefix=plain HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let landed = eventually(async || send(&cloud, list).await.contains("<Key>plain/").then_some(()));
    assert!(landed.await.is_some(), "the other stream has its turn");
    timeout(PATIENCE, cloud.stop()).await.expect("a stop doesn't wait for queries");
}
