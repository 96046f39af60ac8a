//! Firehose by the real SDK: when a batch lands, under which name, and what is in it.

use std::io::Read;

use aws_sdk_firehose::types::{
    BufferingHints, CompressionFormat, DynamicPartitioningConfiguration, ExtendedS3DestinationUpdate,
    ProcessorParameterName, ProcessorType,
};
use serde_json::{Value, json};

use crate::helpers::cloud::{TestCloud, code};
use crate::helpers::streams::{
    BUCKET, create, destination, landed, objects, processing, processors, put, record, text, with_stream,
};
use crate::helpers::topics::{publish, subscribe_only, topic};

#[tokio::test]
async fn a_batch_lands_when_its_oldest_record_is_as_old_as_the_hint_says() {
    let cloud = with_stream(destination()).await;
    put(&cloud, "a").await;
    cloud.pass(40);
    put(&cloud, "b").await;
    cloud.pass(19);
    assert!(objects(&cloud).await.is_empty());
    cloud.pass(1);
    let objects = landed(&cloud, 1).await;
    assert_eq!(text(&objects[0].1), "ab");
    // AWS's own name: the hour of UTC, the stream, its version, the time, something random.
    let (key, tail) = objects[0].0.split_at("2026/03/14/23/events-1-2026-03-14-23-30-00-".len());
    assert_eq!(key, "2026/03/14/23/events-1-2026-03-14-23-30-00-");
    assert_eq!(tail.len(), 36, "{tail}");
    // The next batch has its own minute.
    put(&cloud, "c").await;
    cloud.pass(60);
    landed(&cloud, 2).await;
}

#[tokio::test]
async fn a_batch_lands_at_once_when_it_is_as_large_as_the_hint_says() {
    let cloud = with_stream(destination()).await;
    let half = vec![b'x'; 1 << 19];
    let batch = |count: usize| {
        let records = (0..count).map(|_| record(half.clone())).collect();
        cloud.firehose().put_record_batch().delivery_stream_name("events").set_records(Some(records)).send()
    };
    let put = batch(1).await.unwrap();
    assert_eq!(put.failed_put_count, 0);
    assert!(objects(&cloud).await.is_empty());
    batch(1).await.unwrap();
    assert_eq!(landed(&cloud, 1).await[0].1.len(), 1 << 20);
}

#[tokio::test]
async fn an_object_belongs_to_the_day_of_its_oldest_record() {
    let cloud =
        with_stream(destination().prefix("landing_date=!{timestamp:yyyy-MM-dd}/").error_output_prefix("errors/")).await;
    cloud.pass(29 * 60 + 50);
    put(&cloud, "before midnight").await;
    cloud.pass(20);
    put(&cloud, ", after midnight").await;
    cloud.pass(40);
    let objects = landed(&cloud, 1).await;
    assert!(objects[0].0.starts_with("landing_date=2026-03-14/events-1-2026-03-14-23-59-50-"), "{}", objects[0].0);
    assert_eq!(text(&objects[0].1), "before midnight, after midnight");
    put(&cloud, "the day after").await;
    cloud.pass(60);
    let objects = landed(&cloud, 2).await;
    assert!(objects[1].0.starts_with("landing_date=2026-03-15/events-1-2026-03-15-00-00-50-"), "{}", objects[1].0);
}

#[tokio::test]
async fn a_delimiter_makes_each_record_a_line() {
    let cloud = with_stream(
        destination().processing_configuration(processors([processing(ProcessorType::AppendDelimiterToRecord, &[])])),
    )
    .await;
    for data in ["one", "two", "three"] {
        put(&cloud, data).await;
    }
    cloud.pass(60);
    assert_eq!(text(&landed(&cloud, 1).await[0].1), "one\ntwo\nthree\n");
}

#[tokio::test]
async fn objects_are_compressed_as_declared() {
    type Unpack = fn(&[u8]) -> Vec<u8>;
    let gzip: Unpack = |bytes| {
        let mut text = Vec::new();
        flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut text).unwrap();
        text
    };
    let zip: Unpack = |bytes| {
        let mut text = Vec::new();
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
        archive.by_index(0).unwrap().read_to_end(&mut text).unwrap();
        text
    };
    let snappy: Unpack = |bytes| {
        let mut text = Vec::new();
        snap::read::FrameDecoder::new(bytes).read_to_end(&mut text).unwrap();
        text
    };
    for (format, extension, unpack) in [
        (CompressionFormat::Gzip, ".gz", gzip),
        (CompressionFormat::Zip, ".zip", zip),
        (CompressionFormat::Snappy, ".snappy", snappy),
    ] {
        let cloud = with_stream(destination().compression_format(format)).await;
        let line = "the same again and again ".repeat(1000);
        put(&cloud, &line).await;
        put(&cloud, "end").await;
        cloud.pass(60);
        let objects = landed(&cloud, 1).await;
        assert!(objects[0].0.ends_with(extension), "{}", objects[0].0);
        assert!(objects[0].1.len() < line.len() / 2);
        assert_eq!(text(&unpack(&objects[0].1)), line + "end");
    }
}

#[tokio::test]
async fn partitions_come_from_the_records_and_what_has_none_is_an_error() {
    let metadata = processing(
        ProcessorType::MetadataExtraction,
        &[
            (ProcessorParameterName::MetadataExtractionQuery, "{region:.data.region}"),
            (ProcessorParameterName::JsonParsingEngine, "JQ-1.6"),
        ],
    );
    let cloud = with_stream(
        destination()
            .buffering_hints(BufferingHints::builder().interval_in_seconds(60).size_in_mbs(64).build())
            .prefix("region=!{partitionKeyFromQuery:region}/")
            .error_output_prefix("errors/!{firehose:error-output-type}/")
            .dynamic_partitioning_configuration(DynamicPartitioningConfiguration::builder().enabled(true).build())
            .processing_configuration(processors([metadata])),
    )
    .await;
    for data in
        [r#"{"data":{"region":"eu"}}"#, r#"{"data":{"region":"us"}}"#, r#"{"data":{"region":"eu"}} "#, "no JSON"]
    {
        put(&cloud, data).await;
    }
    cloud.pass(60);
    let objects = landed(&cloud, 3).await;
    assert!(objects[0].0.starts_with("errors/processing-failed/"), "{}", objects[0].0);
    let error: Value = serde_json::from_slice(&objects[0].1).unwrap();
    assert_eq!(error["errorCode"], "DynamicPartitioning.MetadataExtractionFailed");
    assert_eq!(error["rawData"], "bm8gSlNPTg==");
    assert!(objects[1].0.starts_with("region=eu/events-1-"), "{}", objects[1].0);
    assert_eq!(text(&objects[1].1), r#"{"data":{"region":"eu"}}{"data":{"region":"eu"}} "#);
    assert!(objects[2].0.starts_with("region=us/events-1-"), "{}", objects[2].0);
}

#[tokio::test]
async fn a_topic_feeds_a_stream_raw_or_in_envelopes() {
    let lines = processors([processing(ProcessorType::AppendDelimiterToRecord, &[])]);
    let cloud = with_stream(destination().processing_configuration(lines)).await;
    let (sns, stream) = (cloud.sns(), "arn:aws:firehose:us-east-1:000000000000:deliverystream/events");
    let role = ("SubscriptionRoleArn", "arn:aws:iam::000000000000:role/sns");
    let raw = topic(&sns, "raw", &[]).await;
    let enveloped = topic(&sns, "enveloped", &[]).await;
    subscribe_only(&cloud, &raw, "firehose", stream, &[role, ("RawMessageDelivery", "true")]).await;
    subscribe_only(&cloud, &enveloped, "firehose", stream, &[role]).await;
    publish(&sns, &raw, r#"{"number":1}"#).await;
    publish(&sns, &enveloped, r#"{"number":2}"#).await;
    cloud.pass(60);
    let objects = landed(&cloud, 1).await;
    let lines: Vec<Value> = text(&objects[0].1).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0], json!({"number": 1}));
    assert_eq!((&lines[1]["Type"], &lines[1]["Message"]), (&json!("Notification"), &json!(r#"{"number":2}"#)));
    assert!(objects[0].1.ends_with(b"\n"));
}

#[tokio::test]
async fn what_cannot_land_is_said_kept_and_lands_later() {
    let cloud = TestCloud::start().await;
    create(&cloud, destination()).await;
    put(&cloud, "patient").await;
    cloud.pass(60);
    cloud.notice_with(&["events", BUCKET]).await;
    cloud.s3().create_bucket().bucket(BUCKET).send().await.unwrap();
    cloud.pass(60);
    assert_eq!(text(&landed(&cloud, 1).await[0].1), "patient");
}

#[tokio::test]
async fn a_buffer_survives_a_restart_and_lands_once() {
    let mut cloud = with_stream(destination()).await;
    put(&cloud, "before, ").await;
    cloud.pass(30);
    cloud.restart().await;
    put(&cloud, "after").await;
    cloud.pass(30);
    assert_eq!(text(&landed(&cloud, 1).await[0].1), "before, after");
    cloud.restart().await;
    put(&cloud, "later").await;
    cloud.pass(60);
    let objects = landed(&cloud, 2).await;
    assert_eq!(objects.iter().map(|(_, bytes)| text(bytes)).collect::<String>(), "before, afterlater");
}

#[tokio::test]
async fn a_destination_is_changed_by_who_knows_its_version() {
    let cloud = with_stream(destination()).await;
    let firehose = cloud.firehose();
    let describe = async || {
        let described = firehose.describe_delivery_stream().delivery_stream_name("events").send().await.unwrap();
        described.delivery_stream_description.unwrap()
    };
    let before = describe().await;
    assert_eq!(before.version_id, "1");
    assert_eq!(before.delivery_stream_status.as_str(), "ACTIVE");
    let update = |version: &str| {
        let update = ExtendedS3DestinationUpdate::builder().prefix("new/").build();
        let id = before.destinations[0].destination_id.clone();
        firehose
            .update_destination()
            .delivery_stream_name("events")
            .current_delivery_stream_version_id(version)
            .destination_id(id)
            .extended_s3_destination_update(update)
            .send()
    };
    assert_eq!(code(update("7").await), "ConcurrentModificationException");
    update("1").await.unwrap();
    let after = describe().await;
    assert_eq!(after.version_id, "2");
    let s3 = after.destinations[0].extended_s3_destination_description.as_ref().unwrap();
    assert_eq!(s3.prefix.as_deref(), Some("new/"));
    // What wasn't mentioned stays.
    assert_eq!(s3.buffering_hints.as_ref().unwrap().interval_in_seconds, Some(60));
    put(&cloud, "x").await;
    cloud.pass(60);
    assert!(landed(&cloud, 1).await[0].0.starts_with("new/2026/03/14/23/events-2-"));
}

#[tokio::test]
async fn what_is_too_much_or_unknown_is_refused() {
    let cloud = with_stream(destination()).await;
    let firehose = cloud.firehose();
    let many = Some(vec![record("x"); 501]);
    let many = firehose.put_record_batch().delivery_stream_name("events").set_records(many).send().await;
    assert_eq!(code(many), "ValidationException");
    let large = firehose.put_record().delivery_stream_name("events").record(record(vec![0; 1_024_001])).send().await;
    assert_eq!(code(large), "ValidationException");
    let unknown = firehose.put_record().delivery_stream_name("nobody").record(record("x")).send().await;
    assert_eq!(code(unknown), "ResourceNotFoundException");
    firehose.delete_delivery_stream().delivery_stream_name("events").send().await.unwrap();
    let gone = firehose.put_record().delivery_stream_name("events").record(record("x")).send().await;
    assert_eq!(code(gone), "ResourceNotFoundException");
}
