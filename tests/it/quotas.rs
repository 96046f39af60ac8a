//! AWS's quotas of throughput, where they are asked for: what is too much in a second is answered as AWS answers it.

use aws_sdk_firehose::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::helpers::accounts::{Caller, OWNER};
use crate::helpers::cloud::{TestCloud, code};
use crate::helpers::queues::{queue, receive};
use crate::helpers::raw::connect;
use crate::helpers::streams::{BUCKET, create, destination, record};

#[tokio::test]
async fn a_fifo_queue_takes_300_requests_of_an_action_in_a_second() {
    let cloud = TestCloud::with_quotas().await;
    let sqs = cloud.sqs();
    let fifo = queue(&sqs, "q.fifo", &[(Attribute::FifoQueue, "true")]).await;
    let high = [
        (Attribute::FifoQueue, "true"),
        (Attribute::DeduplicationScope, "messageGroup"),
        (Attribute::FifoThroughputLimit, "perMessageGroupId"),
    ];
    let high = queue(&sqs, "high.fifo", &high).await;
    for _ in 0..300 {
        receive(&sqs, &fifo).await;
    }
    assert_eq!(code(sqs.receive_message().queue_url(&fifo).send().await), "ThrottlingException");
    let send =
        sqs.send_message().queue_url(&fifo).message_body("x").message_group_id("g").message_deduplication_id("d");
    send.send().await.unwrap();
    for _ in 0..301 {
        receive(&sqs, &high).await;
    }
    cloud.pass(1);
    assert_eq!(receive(&sqs, &fifo).await.len(), 1);
}

#[tokio::test]
async fn an_account_publishes_so_many_messages_in_a_region_and_a_second() {
    let cloud = TestCloud::with_quotas().await;
    let caller = Caller { cloud: &cloud, account: OWNER, region: "eu-north-1" };
    let created = caller.form("sns", "CreateTopic", &[("Name", "t")]).await;
    let topic = created.element("TopicArn");
    let entries: Vec<(String, String)> = (1..=10)
        .flat_map(|n| {
            let member = format!("PublishBatchRequestEntries.member.{n}");
            [(format!("{member}.Id"), n.to_string()), (format!("{member}.Message"), "x".to_owned())]
        })
        .collect();
    let mut batch = vec![("TopicArn", topic.as_str())];
    batch.extend(entries.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    for _ in 0..30 {
        caller.form("sns", "PublishBatch", &batch).await.ok();
    }
    let one = [("TopicArn", topic.as_str()), ("Message", "x")];
    assert_eq!(caller.form("sns", "Publish", &one).await.code(), "ThrottlingException");
    cloud.pass(1);
    caller.form("sns", "Publish", &one).await.ok();
}

#[tokio::test]
async fn a_stream_takes_so_many_bytes_in_a_second() {
    let cloud = TestCloud::with_quotas().await;
    cloud.s3().create_bucket().bucket(BUCKET).send().await.unwrap();
    create(&cloud, destination()).await;
    let put = async || {
        let records = (0..4).map(|_| record(vec![7; 900_000])).collect();
        let put = cloud.firehose().put_record_batch().delivery_stream_name("events").set_records(Some(records));
        put.send().await
    };
    put().await.unwrap();
    let refused = put().await.unwrap_err();
    assert_eq!(refused.code(), Some("ServiceUnavailableException"));
    assert_eq!(refused.raw_response().unwrap().status().as_u16(), 500);
    cloud.pass(1);
    put().await.unwrap();
}

#[tokio::test]
async fn a_prefix_of_a_bucket_is_read_so_often_in_a_second() {
    let cloud = TestCloud::with_quotas().await;
    cloud.s3().create_bucket().bucket(BUCKET).send().await.unwrap();
    let ask = |more: &str| format!("HEAD /{BUCKET}/a/key HTTP/1.1\r\nHost: localhost\r\n{more}\r\n");
    let asks = ask("").repeat(5_500) + &ask("Connection: close\r\n");
    let (mut from, mut to) = connect(&cloud).await.into_split();
    let mut answers = Vec::new();
    let (sent, read) = tokio::join!(to.write_all(asks.as_bytes()), from.read_to_end(&mut answers));
    sent.unwrap();
    read.unwrap();
    let answers = String::from_utf8(answers).unwrap();
    let count = |status: &str| answers.matches(&format!("HTTP/1.1 {status}")).count();
    assert_eq!((count("404"), count("503")), (5_500, 1));
    assert_eq!(code(cloud.s3().get_object().bucket(BUCKET).key("a/key").send().await), "SlowDown");
    assert_eq!(code(cloud.s3().get_object().bucket(BUCKET).key("b/key").send().await), "NoSuchKey");
}
