//! Tests of dynamic partitioning: each partition has its own buffer, and what has landed stays landed.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::core::clock::Clock;
use crate::firehose::destination::Destination;
use crate::gateway::Access;
use crate::server::{Options, Server};
use engine::change::Put;
use tokio::net::TcpListener;

/// 2026-03-14T23:30:00Z.
const LATE_EVENING: u64 = 1_773_531_000_000;

struct Bench {
    server: Server,
    clock: Clock,
    s3: aws_sdk_s3::Client,
}

async fn serve(folder: &Path, clock: &Clock) -> Bench {
    let options = Options { clock: clock.clone(), ..Options::new(folder) };
    let (cloud, _) = Cloud::open(options, |_| {}).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = Server::start(cloud, listener, Access::default()).unwrap();
    let config = aws_sdk_s3::Config::builder()
        .behavior_version_latest()
        .endpoint_url(format!("http://{}", server.address))
        .region(aws_config::Region::new("us-east-1"))
        .credentials_provider(aws_credential_types::Credentials::new("test", "test", None, None, "test"))
        .force_path_style(true)
        .build();
    Bench { server, clock: clock.clone(), s3: aws_sdk_s3::Client::from_conf(config) }
}

/// A document of a stream, 64 MiB or 60 s, records split by lines and partitioned by `.k`.
fn document() -> Document {
    let destination: Destination = serde_json::from_value(json!({
        "RoleARN": "arn:aws:iam::000000000000:role/firehose",
        "BucketARN": "arn:aws:s3:::landing",
        "Prefix": "k=!{partitionKeyFromQuery:k}/",
        "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/",
        "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 60},
        "CompressionFormat": "UNCOMPRESSED",
        "EncryptionConfiguration": {},
        "CloudWatchLoggingOptions": {},
        "DynamicPartitioningConfiguration": {"Enabled": true},
        "ProcessingConfiguration": {"Enabled": true, "Processors": [
            {"Type": "RecordDeAggregation", "Parameters": [{"ParameterName": "SubRecordType", "ParameterValue": "JSON"}]},
            {"Type": "MetadataExtraction", "Parameters": [
                {"ParameterName": "MetadataExtractionQuery", "ParameterValue": "{k: .k}"},
                {"ParameterName": "JsonParsingEngine", "ParameterValue": "JQ-1.6"},
            ]},
        ]},
    }))
    .unwrap();
    Document {
        name: "events".into(),
        account: "000000000000".into(),
        region: "us-east-1".into(),
        version: 1,
        created: LATE_EVENING,
        updated: None,
        destination,
        encryption: None,
        tags: BTreeMap::new(),
    }
}

impl Bench {
    async fn create(&self) {
        self.s3.create_bucket().bucket("landing").send().await.unwrap();
        let core = &self.server.cloud.core;
        core.execute(|tx| {
            let config = document().config(StreamId(tx.engine().next_id()))?;
            tx.apply(&Change::Stream(std::borrow::Cow::Owned(config)));
            Ok(())
        })
        .await
        .unwrap();
    }

    async fn put(&self, data: &str) {
        let core = &self.server.cloud.core;
        core.execute(|tx| {
            let stream = tx.engine().streams("").next().unwrap();
            let (id, position) = (stream.config.id, stream.next_position());
            let put = Put { seq: tx.engine().next_seq(), at: tx.now, stream: id, position, data: data.as_bytes() };
            tx.apply(&Change::Put(put));
            Ok(())
        })
        .await
        .unwrap();
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// First folders and bodies, once there are `count` objects, and no more.
    async fn landed(&self, count: usize) -> Vec<(String, String)> {
        loop {
            let listed = self.s3.list_objects_v2().bucket("landing").send().await.unwrap();
            if listed.contents().len() < count {
                tokio::task::yield_now().await;
                continue;
            }
            assert_eq!(listed.contents().len(), count, "{:?}", listed.contents());
            let mut objects = Vec::new();
            for key in listed.contents().iter().filter_map(|object| object.key()) {
                let body = self.s3.get_object().bucket("landing").key(key).send().await.unwrap().body;
                let body = String::from_utf8(body.collect().await.unwrap().to_vec()).unwrap();
                let folder =
                    key.rsplit_once("/2026/").or_else(|| key.rsplit_once('/')).map_or(key, |(folder, _)| folder);
                objects.push((folder.to_owned(), body));
            }
            return objects;
        }
    }

    fn buffered(&self) -> usize {
        self.server.cloud.core.read(|engine, _| engine.streams("").next().unwrap().len())
    }
}

fn pairs(objects: &[(String, String)]) -> Vec<(&str, &str)> {
    objects.iter().map(|(folder, body)| (folder.as_str(), body.as_str())).collect()
}

#[tokio::test]
async fn each_partition_has_its_own_interval() {
    let folder = tempfile::tempdir().unwrap();
    let bench = serve(folder.path(), &Clock::manual(LATE_EVENING)).await;
    bench.create().await;
    bench.put(r#"{"k":"a"}"#).await;
    bench.pass(30);
    bench.put(r#"{"k":"b"}"#).await;
    bench.put(r#"{"k":"a","n":2}"#).await;
    bench.pass(30);
    assert_eq!(pairs(&bench.landed(1).await), [("k=a", r#"{"k":"a"}{"k":"a","n":2}"#)]);
    // A partition that has landed is gone: the next record begins a new one.
    bench.put(r#"{"k":"a","n":3}"#).await;
    bench.pass(30);
    let objects = bench.landed(2).await;
    assert_eq!(objects[1], ("k=b".to_owned(), r#"{"k":"b"}"#.to_owned()));
    bench.pass(30);
    assert_eq!(bench.landed(3).await[1].1, r#"{"k":"a","n":3}"#);
    bench.server.stop().await.unwrap();
}

#[tokio::test]
async fn each_partition_has_its_own_size() {
    let folder = tempfile::tempdir().unwrap();
    let bench = serve(folder.path(), &Clock::manual(LATE_EVENING)).await;
    bench.create().await;
    bench.put(r#"{"k":"small"}"#).await;
    // 67 x 1,000,000 bytes are less than 64 MiB; one more is not.
    let large = format!(r#"{{"k":"large","x":"{}"}}"#, "x".repeat(999_980));
    assert_eq!(large.len(), 1_000_000);
    for _ in 0..68 {
        bench.put(&large).await;
    }
    let objects = bench.landed(1).await;
    assert_eq!((objects[0].0.as_str(), objects[0].1.len()), ("k=large", 68 * 1_000_000));
    assert_eq!(bench.buffered(), 1);
    bench.server.stop().await.unwrap();
}

#[tokio::test]
async fn parts_of_a_record_land_once_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::manual(LATE_EVENING);
    let bench = serve(folder.path(), &clock).await;
    bench.create().await;
    bench.put(r#"{"k":"a"}"#).await;
    bench.pass(30);
    bench.put(r#"{"k":"a","n":2}{"k":"b"}"#).await;
    bench.pass(30);
    assert_eq!(pairs(&bench.landed(1).await), [("k=a", r#"{"k":"a"}{"k":"a","n":2}"#)]);
    assert_eq!(bench.buffered(), 1);
    bench.server.stop().await.unwrap();
    let bench = serve(folder.path(), &clock).await;
    bench.pass(30);
    assert_eq!(bench.landed(2).await[1], ("k=b".to_owned(), r#"{"k":"b"}"#.to_owned()));
    assert_eq!(bench.buffered(), 0);
    bench.server.stop().await.unwrap();
}

#[tokio::test]
async fn what_waits_lands_as_the_changed_stream_says_and_what_has_landed_does_not_land_again() {
    let folder = tempfile::tempdir().unwrap();
    let bench = serve(folder.path(), &Clock::manual(LATE_EVENING)).await;
    bench.create().await;
    bench.put(r#"{"k":"a"}"#).await;
    bench.pass(30);
    bench.put(r#"{"k":"a","n":2}{"k":"b"}"#).await;
    bench.pass(30);
    bench.landed(1).await;
    let mut changed = document();
    changed.version = 2;
    changed.destination.prefix = Some("new/k=!{partitionKeyFromQuery:k}/".to_owned());
    let change = bench.server.cloud.core.execute(|tx| {
        let id = tx.engine().streams("").next().unwrap().config.id;
        tx.apply(&Change::Stream(std::borrow::Cow::Owned(changed.config(id)?)));
        Ok(())
    });
    change.await.unwrap();
    bench.pass(30);
    assert_eq!(bench.landed(2).await[1], ("new/k=b".to_owned(), r#"{"k":"b"}"#.to_owned()));
    assert_eq!(bench.buffered(), 0);
    bench.server.stop().await.unwrap();
}

/// "Buffer data for dynamic partitioning": beyond 500 active partitions records go to the error prefix.
#[tokio::test]
async fn the_partition_that_is_one_too_many_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let bench = serve(folder.path(), &Clock::manual(LATE_EVENING)).await;
    bench.create().await;
    for chunk in 0..2 {
        let records: String = (0..250).map(|n| format!(r#"{{"k":{}}}"#, 1000 + chunk * 250 + n)).collect();
        bench.put(&records).await;
    }
    bench.put(r#"{"k":"one too many"}{"k":1000}{"x":1}"#).await;
    bench.pass(60);
    let objects = bench.landed(502).await;
    let errors: Vec<Value> = objects[..2].iter().map(|(_, body)| serde_json::from_str(body).unwrap()).collect();
    assert_eq!(objects[0].0, "errors/activePartitionExceeded");
    assert_eq!(errors[0]["errorCode"], "DynamicPartitioning.ActivePartitionsLimitExceeded");
    assert_eq!(errors[0]["errorMessage"], "The number of active partitions has exceeded the configured limit");
    assert_eq!(errors[0]["rawData"], "eyJrIjoib25lIHRvbyBtYW55In0=");
    assert_eq!(errors[1]["errorCode"], "DynamicPartitioning.MetadataExtractionFailed");
    assert_eq!(objects[2], ("k=1000".to_owned(), r#"{"k":1000}{"k":1000}"#.to_owned()));
    assert_eq!(bench.buffered(), 0);
    bench.server.stop().await.unwrap();
}

#[tokio::test]
async fn a_partition_that_s3_refuses_holds_up_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let bench = serve(folder.path(), &Clock::manual(LATE_EVENING)).await;
    bench.create().await;
    let policy = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::landing/k=b/*",
    }]});
    bench.s3.put_bucket_policy().bucket("landing").policy(policy.to_string()).send().await.unwrap();
    bench.put(r#"{"k":"a"}{"k":"b"}{"k":"c"}"#).await;
    bench.pass(60);
    let objects = bench.landed(2).await;
    assert_eq!(pairs(&objects), [("k=a", r#"{"k":"a"}"#), ("k=c", r#"{"k":"c"}"#)]);
    // After a day the part is given up, and the record with it.
    bench.pass(24 * 3600 - 60);
    let lost = |text: &str| text.starts_with("DATA LOSS: 1 records");
    while !bench.server.cloud.notices.all().iter().any(|(_, text)| lost(text)) {
        tokio::task::yield_now().await;
    }
    assert_eq!(bench.buffered(), 0);
    bench.server.stop().await.unwrap();
}
