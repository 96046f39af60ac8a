//! Firehose's limits, names and pages, each with the page of AWS that says so.

use std::borrow::Cow;
use std::io::Write;

use aws_sdk_firehose::types::{
    BufferingHints, DynamicPartitioningConfiguration, ExtendedS3DestinationUpdate, ProcessorParameterName,
    ProcessorType, RetryOptions, Tag, builders::ExtendedS3DestinationConfigurationBuilder,
};
use engine::config::StreamConfig;
use engine::{Change, StreamId};
use serde_json::Value;

use crate::helpers::cloud::{TestCloud, code};
use crate::helpers::streams::{
    BUCKET, create, destination, landed, processing, processors, put, record, text, with_stream,
};

async fn try_create(cloud: &TestCloud, name: &str, destination: ExtendedS3DestinationConfigurationBuilder) -> String {
    let create = cloud.firehose().create_delivery_stream().delivery_stream_name(name);
    code(create.extended_s3_destination_configuration(destination.build().unwrap()).send().await)
}

/// "CreateDeliveryStream": names; "ExtendedS3DestinationConfiguration": patterns.
#[tokio::test]
async fn names_and_patterns() {
    let cloud = TestCloud::start().await;
    for name in ["", "with space", "a/b", &"x".repeat(65)] {
        assert_eq!(try_create(&cloud, name, destination()).await, "ValidationException", "{name}");
    }
    let wrong = [
        destination().role_arn("arn:aws:iam::12:role/x"),
        destination().role_arn("role"),
        destination().bucket_arn("landing"),
        destination().bucket_arn("arn:aws:s3:::"),
        destination().file_extension("json"),
        destination().file_extension(".a b"),
        destination().file_extension(format!(".{}", "x".repeat(128))),
        destination().buffering_hints(BufferingHints::builder().interval_in_seconds(901).size_in_mbs(1).build()),
        destination().buffering_hints(BufferingHints::builder().interval_in_seconds(1).size_in_mbs(129).build()),
    ];
    for (index, destination) in wrong.into_iter().enumerate() {
        assert_eq!(try_create(&cloud, "events", destination).await, "ValidationException", "{index}");
    }
    let wrong = [
        destination().custom_time_zone("Mars/Olympus"),
        destination().prefix("!{timestamp:yyyy}/"),
        destination().buffering_hints(BufferingHints::builder().interval_in_seconds(60).build()),
    ];
    for (index, destination) in wrong.into_iter().enumerate() {
        assert_eq!(try_create(&cloud, "events", destination).await, "InvalidArgumentException", "{index}");
    }
    create(&cloud, destination()).await;
    assert_eq!(try_create(&cloud, "events", destination()).await, "ResourceInUseException");
}

/// "Buffer data for dynamic partitioning", "Use Amazon S3 bucket prefix to deliver data", "RetryOptions": 0 to 7200 s.
#[tokio::test]
async fn dynamic_partitioning_is_declared_whole_and_for_good() {
    let cloud = TestCloud::start().await;
    let query = [
        (ProcessorParameterName::MetadataExtractionQuery, "{k:.k}"),
        (ProcessorParameterName::JsonParsingEngine, "JQ-1.6"),
    ];
    let enabled = |seconds| {
        let retry = RetryOptions::builder().duration_in_seconds(seconds).build();
        DynamicPartitioningConfiguration::builder().enabled(true).retry_options(retry).build()
    };
    let hints = |seconds, size| BufferingHints::builder().interval_in_seconds(seconds).size_in_mbs(size).build();
    let partitioned = || {
        destination()
            .buffering_hints(hints(60, 64))
            .prefix("k=!{partitionKeyFromQuery:k}/")
            .error_output_prefix("errors/!{firehose:error-output-type}/")
            .dynamic_partitioning_configuration(enabled(300))
            .processing_configuration(processors([processing(ProcessorType::MetadataExtraction, &query)]))
    };
    let wrong = [
        partitioned().buffering_hints(hints(60, 63)),
        partitioned().buffering_hints(hints(0, 64)),
        partitioned().prefix(""),
        partitioned().prefix("no keys/"),
        partitioned().set_error_output_prefix(None),
        partitioned().set_processing_configuration(None),
        partitioned().set_dynamic_partitioning_configuration(None),
    ];
    for (index, destination) in wrong.into_iter().enumerate() {
        assert_eq!(try_create(&cloud, "events", destination).await, "InvalidArgumentException", "{index}");
    }
    let patient = partitioned().dynamic_partitioning_configuration(enabled(7201));
    assert_eq!(try_create(&cloud, "events", patient).await, "ValidationException");
    create(&cloud, partitioned()).await;
    let switched_off = DynamicPartitioningConfiguration::builder().enabled(false).build();
    let update = ExtendedS3DestinationUpdate::builder().dynamic_partitioning_configuration(switched_off).build();
    assert_eq!(update_destination(&cloud, "destinationId-000000000001", update).await, "InvalidArgumentException");
}

async fn update_destination(cloud: &TestCloud, id: &str, update: ExtendedS3DestinationUpdate) -> String {
    let firehose = cloud.firehose();
    let request = firehose.update_destination().delivery_stream_name("events").destination_id(id);
    code(request.current_delivery_stream_version_id("1").extended_s3_destination_update(update).send().await)
}

/// "UpdateDestination": the destination must be the stream's own.
#[tokio::test]
async fn another_destination_is_not_found() {
    let cloud = with_stream(destination()).await;
    let update = || ExtendedS3DestinationUpdate::builder().prefix("x").build();
    assert_eq!(update_destination(&cloud, "destinationId-000000000002", update()).await, "InvalidArgumentException");
}

/// "PutRecord": 1,000 KiB before base64. "PutRecordBatch": 500 records, 4 MiB.
#[tokio::test]
async fn the_largest_that_fits() {
    let cloud = with_stream(destination()).await;
    let firehose = cloud.firehose();
    let one = firehose.put_record().delivery_stream_name("events").record(record(vec![0; 1000 << 10])).send().await;
    one.unwrap();
    let batch =
        |records: Vec<_>| firehose.put_record_batch().delivery_stream_name("events").set_records(Some(records)).send();
    let all = batch(vec![record("x"); 500]).await.unwrap();
    assert_eq!((all.failed_put_count, all.request_responses.len()), (0, 500));
    assert!(all.request_responses.iter().all(|entry| entry.record_id.is_some() && entry.error_code.is_none()));
    batch(vec![record(vec![0; 1 << 19]); 8]).await.unwrap();
    let mut too_much = vec![record(vec![0; 1 << 19]); 8];
    too_much.push(record("x"));
    assert_eq!(code(batch(too_much).await), "InvalidArgumentException");
    assert_eq!(code(batch(Vec::new()).await), "ValidationException");
}

/// "ListDeliveryStreams": 10 unless told otherwise, in order of name, from a name on.
#[tokio::test]
async fn streams_are_listed_in_pages() {
    let cloud = TestCloud::start().await;
    let firehose = cloud.firehose();
    for number in 10..23 {
        let create = firehose.create_delivery_stream().delivery_stream_name(format!("s{number}"));
        create.extended_s3_destination_configuration(destination().build().unwrap()).send().await.unwrap();
    }
    let page = firehose.list_delivery_streams().send().await.unwrap();
    assert_eq!((page.delivery_stream_names.len(), page.has_more_delivery_streams), (10, true));
    let after = firehose.list_delivery_streams().exclusive_start_delivery_stream_name("s19");
    let page = after.send().await.unwrap();
    assert_eq!((page.delivery_stream_names.join(" "), page.has_more_delivery_streams), ("s20 s21 s22".into(), false));
    let page = firehose.list_delivery_streams().limit(2).send().await.unwrap();
    assert_eq!((page.delivery_stream_names.join(" "), page.has_more_delivery_streams), ("s10 s11".into(), true));
    for limit in [0, 10_001] {
        assert_eq!(code(firehose.list_delivery_streams().limit(limit).send().await), "ValidationException");
    }
}

/// "TagDeliveryStream": 50 tags a stream. "ListTagsForDeliveryStream": in order of key, from a key on.
#[tokio::test]
async fn tags_are_listed_in_pages() {
    let cloud = with_stream(destination()).await;
    let firehose = cloud.firehose();
    let tag = |number: usize| Tag::builder().key(format!("k{number:02}")).value("v").build().unwrap();
    let add = |numbers: std::ops::Range<usize>| {
        let tags = Some(numbers.map(tag).collect());
        firehose.tag_delivery_stream().delivery_stream_name("events").set_tags(tags).send()
    };
    add(0..40).await.unwrap();
    assert_eq!(code(add(40..51).await), "LimitExceededException");
    add(30..50).await.unwrap();
    let list = || firehose.list_tags_for_delivery_stream().delivery_stream_name("events");
    let page = list().limit(2).exclusive_start_tag_key("k07").send().await.unwrap();
    let keys: Vec<_> = page.tags.iter().map(|tag| tag.key.as_str()).collect();
    assert_eq!((keys, page.has_more_tags), (vec!["k08", "k09"], true));
    let page = list().exclusive_start_tag_key("k08").send().await.unwrap();
    assert_eq!((page.tags.len(), page.has_more_tags), (41, false));
    assert_eq!(code(list().limit(51).send().await), "ValidationException");
}

/// "CreateDeliveryStream": up to 5,000 streams a Region.
#[tokio::test]
async fn streams_have_a_quota() {
    let cloud = TestCloud::start().await;
    let fill = cloud.inside().core.execute(|transaction| {
        for number in 0..5_000 {
            let id = StreamId(transaction.engine().next_id());
            let arn = format!("arn:aws:firehose:us-east-1:000000000000:deliverystream/full-{number}");
            let document = "{}".to_owned();
            let config = StreamConfig { id, arn, document, buffer_bytes: 1, buffer_millis: 1, created: 0 };
            transaction.apply(&Change::Stream(Cow::Owned(config)));
        }
        Ok(())
    });
    fill.await.unwrap();
    assert_eq!(try_create(&cloud, "one-more", destination()).await, "LimitExceededException");
}

/// "BufferingHints": 0 s is zero buffering.
#[tokio::test]
async fn without_buffering_a_record_lands_at_once() {
    let hints = BufferingHints::builder().interval_in_seconds(0).size_in_mbs(1).build();
    let cloud = with_stream(destination().buffering_hints(hints)).await;
    put(&cloud, "now").await;
    assert_eq!(text(&landed(&cloud, 1).await[0].1), "now");
}

/// "ExtendedS3DestinationConfiguration": FileExtension overrides the compression's, CustomTimeZone is the prefixes' zone.
#[tokio::test]
async fn names_have_the_streams_zone_and_extension() {
    let destination = destination()
        .custom_time_zone("Asia/Tokyo")
        .file_extension(".json.gz")
        .compression_format(aws_sdk_firehose::types::CompressionFormat::Gzip)
        .prefix("day=!{timestamp:yyyy-MM-dd}/")
        .error_output_prefix("errors/!{firehose:error-output-type}/!{timestamp:yyyy}/");
    let cloud = with_stream(destination).await;
    put(&cloud, "x").await;
    cloud.pass(60);
    let key = landed(&cloud, 1).await.remove(0).0;
    assert!(key.starts_with("day=2026-03-15/events-1-2026-03-15-08-30-00-") && key.ends_with(".json.gz"), "{key}");
}

/// "Decompress CloudWatch Logs", "Troubleshoot decompression in Firehose".
#[tokio::test]
async fn log_batches_become_messages_and_what_is_not_compressed_an_error() {
    let list = [
        processing(ProcessorType::Decompression, &[(ProcessorParameterName::CompressionFormat, "GZIP")]),
        processing(ProcessorType::CloudWatchLogProcessing, &[(ProcessorParameterName::DataMessageExtraction, "true")]),
    ];
    let destination = || {
        destination()
            .error_output_prefix("errors/!{firehose:error-output-type}/")
            .processing_configuration(processors(list.clone()))
    };
    let cloud = with_stream(destination()).await;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(br#"{"logEvents":[{"message":"one"},{"message":"two"}]}"#).unwrap();
    let batch = record(encoder.finish().unwrap());
    let firehose = cloud.firehose();
    firehose.put_record().delivery_stream_name("events").record(batch.clone()).send().await.unwrap();
    put(&cloud, "plain").await;
    cloud.pass(60);
    let objects = landed(&cloud, 2).await;
    assert_eq!(text(&objects[0].1), "one\ntwo\n");
    assert!(objects[1].0.starts_with("errors/decompression-failed/"), "{}", objects[1].0);
    let error: Value = serde_json::from_slice(&objects[1].1).unwrap();
    assert_eq!((error["attemptsMade"].as_u64(), error["rawData"].as_str()), (Some(1), Some("cGxhaW4=")));
    // "PutRecord": only CloudWatch Logs may put to such a stream.
    let strict = TestCloud::strict().await;
    strict.s3().create_bucket().bucket(BUCKET).send().await.unwrap();
    create(&strict, destination()).await;
    let refused = strict.firehose().put_record().delivery_stream_name("events").record(batch).send().await;
    assert_eq!(code(refused), "InvalidSourceException");
}
