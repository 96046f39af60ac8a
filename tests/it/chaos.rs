//! Faults by rules: each example of docs/chaos.md is planted, and seen by the real SDK.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_firehose::types::{
    BufferingHints, DynamicPartitioningConfiguration, ProcessorParameterName, ProcessorType,
};
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use cloud::ChaosRules;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::helpers::cloud::{PATIENCE, TestCloud, code, eventually};
use crate::helpers::queues::{attribute, bodies, delete, drain, queue, receive, send, system};
use crate::helpers::raw::{ask, form, status};
use crate::helpers::streams::{destination, landed, objects, processing, processors, put, with_stream};
use crate::helpers::topics::{publish, subscribe_only, topic};

const PAGE: &str = include_str!("../../docs/chaos.md");

/// The headings of the page's examples: each is planted by a test here.
const EXAMPLES: [&str; 11] = [
    "A service is down",
    "An operation fails now and then",
    "Too many requests",
    "Slow answers",
    "All of S3 in one region",
    "Messages that come again",
    "Messages out of order",
    "Batches that land late",
    "Batches that can't land",
    "An endpoint is down",
    "For a while",
];

/// The rules below a heading of the page.
fn example(heading: &str) -> &'static str {
    assert!(EXAMPLES.contains(&heading), "{heading} is in no list");
    let section = PAGE.split_once(&format!("### {heading}\n")).unwrap_or_else(|| panic!("no example {heading}")).1;
    let section = section.split("\n## ").next().unwrap().split("\n### ").next().unwrap();
    section.split_once("```json").unwrap().1.split_once('\n').unwrap().1.split_once("```").unwrap().0
}

/// Puts rules in force, with a chance that is always the same.
fn plant(cloud: &TestCloud, rules: &str) {
    ChaosRules::parse(rules).unwrap().plant(cloud.inside(), 1);
}

async fn rules(cloud: &TestCloud) -> Vec<Value> {
    let answer = ask(cloud, "localhost", "/_messaging/chaos").await;
    let page: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    page["rules"].as_array().unwrap().clone()
}

/// Waits until a rule has struck so often.
async fn struck(cloud: &TestCloud, times: u64) {
    let found = eventually(async || (rules(cloud).await[0]["strikes"].as_u64() >= Some(times)).then_some(())).await;
    assert!(found.is_some(), "{:#?}", rules(cloud).await);
}

#[test]
fn every_example_of_the_page_is_tried_here() {
    let sections = PAGE.split("\n### ").skip(1).filter(|section| section.contains("```json"));
    let headings: BTreeSet<&str> = sections.map(|section| section.lines().next().unwrap()).collect();
    assert_eq!(headings, BTreeSet::from(EXAMPLES));
    for rules in PAGE.split("```json").skip(1).map(|rest| rest.split_once('\n').unwrap().1.split_once("```").unwrap().0)
    {
        ChaosRules::parse(rules).unwrap_or_else(|why| panic!("{rules}: {why}"));
    }
}

#[tokio::test]
async fn a_service_that_is_down_says_so_in_its_own_protocol_and_others_go_on() {
    let cloud = TestCloud::start().await;
    let url = queue(&cloud.sqs(), "orders", &[]).await;
    plant(&cloud, &example("A service is down").replace("sns", "sqs"));
    let failed = cloud.sqs().send_message().queue_url(&url).message_body("x").send().await.unwrap_err();
    assert_eq!(failed.raw_response().unwrap().status().as_u16(), 503);
    assert_eq!(failed.code(), Some("ServiceUnavailable"));
    assert!(failed.message().unwrap().contains("chaos rule 1"), "{failed:?}");
    cloud.s3().create_bucket().bucket("bucket").send().await.unwrap();
    cloud.sns().create_topic().name("t").send().await.unwrap();
    plant(&cloud, example("A service is down"));
    assert_eq!(code(cloud.sns().list_topics().send().await), "ServiceUnavailable");
    let answer = form(&cloud, "Action=ListTopics&Version=2010-03-31").await;
    assert!(status(&answer) == "503" && answer.contains("<Code>ServiceUnavailable</Code>"), "{answer}");
    send(&cloud.sqs(), &url, "x").await;
    cloud.notice_with(&["the rule 2 struck for the first time", "sns ListTopics"]).await;
}

#[tokio::test]
async fn an_operation_fails_now_and_then_and_no_other_does() {
    let cloud = TestCloud::start().await;
    let (sqs, url) = (cloud.sqs(), queue(&cloud.sqs(), "orders", &[]).await);
    let other = queue(&sqs, "payments", &[]).await;
    let mut runs = Vec::new();
    for _ in 0..2 {
        // A reset numbers rules from 1 again, and takes the queues with it.
        plant(&cloud, example("An operation fails now and then"));
        let mut run = Vec::new();
        for _ in 0..40 {
            send(&sqs, &other, "x").await;
            receive(&sqs, &url).await;
            match sqs.send_message().queue_url(&url).message_body("x").send().await {
                Ok(_) => run.push(false),
                Err(error) => {
                    assert_eq!(error.code(), Some("InternalFailure"));
                    run.push(true);
                }
            }
        }
        runs.push(run);
        let reset = "POST /_messaging/reset HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        assert_eq!(status(&crate::helpers::raw::send(&cloud, reset.as_bytes()).await), "200");
        assert!(rules(&cloud).await.is_empty());
        queue(&sqs, "orders", &[]).await;
        queue(&sqs, "payments", &[]).await;
    }
    assert_eq!(runs[0], runs[1], "the same seed decided otherwise");
    let failed = runs[0].iter().filter(|failed| **failed).count();
    assert!((4..20).contains(&failed), "{failed} of 40");
}

#[tokio::test]
async fn each_service_has_its_own_words_for_too_many_requests() {
    let cloud = TestCloud::start().await;
    let url = queue(&cloud.sqs(), "orders", &[]).await;
    plant(&cloud, example("Too many requests"));
    let sent = cloud.sqs().send_message().queue_url(&url).message_body("x").send().await;
    assert_eq!(code(sent), "RequestThrottled");
    assert_eq!(code(cloud.sns().list_topics().send().await), "ThrottlingException");
    assert_eq!(code(cloud.s3().list_buckets().send().await), "SlowDown");
    // Three strikes, and it is over.
    cloud.s3().list_buckets().send().await.unwrap();
    assert_eq!(rules(&cloud).await[0]["holds"], false);
}

#[tokio::test]
async fn a_slow_answer_comes_by_the_clouds_clock() {
    let cloud = TestCloud::start().await;
    let topic = topic(&cloud.sns(), "events", &[]).await;
    plant(&cloud, example("Slow answers"));
    let (sns, arn) = (cloud.sns(), topic.clone());
    let slow = tokio::spawn(async move { publish(&sns, &arn, "x").await });
    struck(&cloud, 1).await;
    assert!(!slow.is_finished());
    cloud.clock.advance(Duration::from_millis(300));
    tokio::time::timeout(PATIENCE, slow).await.unwrap().unwrap();
}

#[tokio::test]
async fn an_outage_of_s3_has_a_region_and_tells_bodies_and_heads() {
    let cloud = TestCloud::start().await;
    let s3 = cloud.s3();
    s3.create_bucket().bucket("bucket").send().await.unwrap();
    plant(&cloud, example("All of S3 in one region"));
    let bytes = aws_sdk_s3::primitives::ByteStream::from_static(&[7; 300_000]);
    assert_eq!(code(s3.put_object().bucket("bucket").key("k").body(bytes).send().await), "InternalError");
    let head = s3.head_object().bucket("bucket").key("k").send().await.unwrap_err();
    assert_eq!(head.raw_response().unwrap().status().as_u16(), 500);
    plant(&cloud, &example("All of S3 in one region").replace("us-east-1", "eu-west-1"));
    assert_eq!(code(s3.get_object().bucket("bucket").key("k").send().await), "NoSuchKey");
}

/// Each of them once more, and no more than that: the counts of the queue are what is there.
#[tokio::test]
async fn what_is_deleted_comes_again_once_and_is_counted() {
    let cloud = TestCloud::start().await;
    let sqs = cloud.sqs();
    let url = queue(&sqs, "orders", &[]).await;
    plant(&cloud, &example("Messages that come again").replace("0.2", "1"));
    let id = send(&sqs, &url, "x").await;
    let first = receive(&sqs, &url).await;
    delete(&sqs, &url, &first[0]).await;
    assert_eq!(attribute(&sqs, &url, Attribute::ApproximateNumberOfMessages).await, "1");
    let again = receive(&sqs, &url).await;
    assert_eq!(again[0].message_id.as_deref(), Some(&*id));
    assert_eq!(system(&again[0], "ApproximateReceiveCount".into()), "2");
    assert_eq!(attribute(&sqs, &url, Attribute::ApproximateNumberOfMessagesNotVisible).await, "1");
    delete(&sqs, &url, &again[0]).await;
    cloud.pass(100);
    assert!(receive(&sqs, &url).await.is_empty());
    // By chance some of many do.
    plant(&cloud, example("Messages that come again"));
    for n in 0..100 {
        send(&sqs, &url, &n.to_string()).await;
    }
    let all = drain(&sqs, &url).await;
    let different: BTreeSet<&str> = bodies(&all).into_iter().collect();
    assert!(different.len() == 100 && (105..140).contains(&all.len()), "{} receives", all.len());
}

#[tokio::test]
async fn neither_fifo_queues_nor_what_a_dead_letter_queue_would_take_come_again() {
    let cloud = TestCloud::start().await;
    let sqs = cloud.sqs();
    let dead = queue(&sqs, "dead", &[]).await;
    let target = attribute(&sqs, &dead, Attribute::QueueArn).await;
    let policy = json!({"deadLetterTargetArn": target, "maxReceiveCount": 1}).to_string();
    let strict = queue(&sqs, "strict", &[(Attribute::RedrivePolicy, &policy)]).await;
    let fifo = queue(&sqs, "q.fifo", &[(Attribute::FifoQueue, "true")]).await;
    plant(&cloud, r#"[{"duplicate": 1}, {"reorder": 1}]"#);
    send(&sqs, &strict, "x").await;
    for n in 0..20 {
        let send = sqs.send_message().queue_url(&fifo).message_body(n.to_string()).message_group_id("g");
        send.message_deduplication_id(n.to_string()).send().await.unwrap();
    }
    assert_eq!(drain(&sqs, &strict).await.len(), 1);
    let order: Vec<String> = (0..20).map(|n| n.to_string()).collect();
    assert_eq!(bodies(&drain(&sqs, &fifo).await), order);
    cloud.pass(100);
    assert!(drain(&sqs, &dead).await.is_empty() && drain(&sqs, &strict).await.is_empty());
}

#[tokio::test]
async fn a_standard_queue_gives_its_messages_out_of_order_and_each_once() {
    let cloud = TestCloud::start().await;
    let sqs = cloud.sqs();
    let url = queue(&sqs, "orders", &[]).await;
    let fill = async || {
        for n in 0..60 {
            send(&sqs, &url, &format!("{n:02}")).await;
        }
    };
    let order: Vec<String> = (0..60).map(|n| format!("{n:02}")).collect();
    fill().await;
    assert_eq!(bodies(&drain(&sqs, &url).await), order, "without rules they come in order");
    plant(&cloud, example("Messages out of order"));
    fill().await;
    let all = drain(&sqs, &url).await;
    assert_ne!(bodies(&all), order);
    let sorted: BTreeSet<&str> = bodies(&all).into_iter().collect();
    assert!(all.len() == 60 && sorted.into_iter().eq(order.iter().map(String::as_str)));
}

#[tokio::test]
async fn a_batch_that_is_due_lands_as_much_later_as_a_rule_says() {
    let cloud = with_stream(destination()).await;
    plant(&cloud, example("Batches that land late"));
    put(&cloud, "a").await;
    cloud.pass(60);
    struck(&cloud, 1).await;
    cloud.pass(29);
    put(&cloud, "b").await;
    assert!(objects(&cloud).await.is_empty());
    cloud.pass(1);
    assert_eq!(landed(&cloud, 1).await[0].1, b"ab");
    // A rule that is gone holds nothing up, also where another one delays another stream: then it did.
    put(&cloud, "c").await;
    cloud.pass(60);
    struck(&cloud, 2).await;
    let other = r#"[{"delay": "1h", "resource": "others"}]"#;
    let length = other.len();
    let put = format!(
        "PUT /_messaging/chaos HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{other}"
    );
    assert_eq!(status(&crate::helpers::raw::send(&cloud, put.as_bytes()).await), "200");
    landed(&cloud, 2).await;
}

/// Partitions have buffers of their own; what is due of them waits together.
#[tokio::test]
async fn partitions_land_late_and_fail_by_the_same_rules() {
    let metadata = processing(
        ProcessorType::MetadataExtraction,
        &[
            (ProcessorParameterName::MetadataExtractionQuery, "{k: .k}"),
            (ProcessorParameterName::JsonParsingEngine, "JQ-1.6"),
        ],
    );
    let partitioned = destination()
        .buffering_hints(BufferingHints::builder().interval_in_seconds(60).size_in_mbs(64).build())
        .prefix("k=!{partitionKeyFromQuery:k}/")
        .error_output_prefix("errors/")
        .dynamic_partitioning_configuration(DynamicPartitioningConfiguration::builder().enabled(true).build())
        .processing_configuration(processors([metadata]));
    let cloud = with_stream(partitioned).await;
    plant(&cloud, r#"[{"delay": "30s", "count": 1}, {"service": "s3", "resource": "landing", "count": 2}]"#);
    put(&cloud, r#"{"k": "a"}"#).await;
    put(&cloud, r#"{"k": "b"}"#).await;
    cloud.pass(60);
    struck(&cloud, 1).await;
    let strikes = async || rules(&cloud).await[1]["strikes"].as_u64().unwrap();
    assert_eq!(strikes().await, 0);
    cloud.pass(30);
    assert!(eventually(async || (strikes().await == 2).then_some(())).await.is_some());
    cloud.pass(60);
    let keys: Vec<String> = landed(&cloud, 2).await.into_iter().map(|(key, _)| key).collect();
    assert!(keys[0].starts_with("k=a/") && keys[1].starts_with("k=b/"), "{keys:?}");
}

/// Firehose tries again, as long as it would on AWS, and lands each record once.
#[tokio::test]
async fn a_batch_that_cannot_land_lands_when_the_rule_is_over() {
    let cloud = with_stream(destination()).await;
    plant(&cloud, example("Batches that can't land"));
    // A client's own put is not the stream's.
    let bytes = aws_sdk_s3::primitives::ByteStream::from_static(b"x");
    cloud.s3().put_object().bucket("landing").key("own").body(bytes).send().await.unwrap();
    put(&cloud, "a").await;
    cloud.pass(60);
    struck(&cloud, 1).await;
    cloud.notice_with(&["the delivery stream events can't deliver: SlowDown"]).await;
    cloud.pass(2);
    struck(&cloud, 2).await;
    assert_eq!(objects(&cloud).await.len(), 1);
    cloud.pass(120);
    let all = landed(&cloud, 2).await;
    assert_eq!(all.iter().filter(|(_, body)| body == b"a").count(), 1);
}

/// An endpoint that answers each request with 200, and tells its head and body.
async fn endpoint() -> (String, UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/here", listener.local_addr().unwrap());
    let (tell, told) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut taken = Vec::new();
            while !taken.trim_ascii_end().ends_with(b"}") {
                if stream.read_buf(&mut taken).await.unwrap_or_default() == 0 {
                    break;
                }
            }
            _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
            _ = tell.send(String::from_utf8_lossy(&taken).into_owned());
        }
    });
    (url, told)
}

#[tokio::test]
async fn an_endpoint_that_is_down_gets_its_notification_by_a_retry() {
    let cloud = TestCloud::start().await;
    let topic = topic(&cloud.sns(), "alerts", &[]).await;
    let (url, mut told) = endpoint().await;
    subscribe_only(&cloud, &topic, "http", &url, &[]).await;
    let confirmation = tokio::time::timeout(PATIENCE, told.recv()).await.unwrap().unwrap();
    let body: Value = serde_json::from_str(confirmation.split_once("\r\n\r\n").unwrap().1).unwrap();
    let token = body["Token"].as_str().unwrap();
    cloud.sns().confirm_subscription().topic_arn(&topic).token(token).send().await.unwrap();
    plant(&cloud, example("An endpoint is down"));
    publish(&cloud.sns(), &topic, "x").await;
    struck(&cloud, 1).await;
    assert!(told.try_recv().is_err());
    cloud.pass(60);
    let notification = tokio::time::timeout(PATIENCE, told.recv()).await.unwrap().unwrap();
    assert!(
        notification.contains("\"Message\" : \"x\"") || notification.contains("\"Message\":\"x\""),
        "{notification}"
    );
}

#[tokio::test]
async fn a_rule_holds_from_when_until_when_it_says_and_so_many_times() {
    let cloud = TestCloud::start().await;
    plant(&cloud, example("For a while"));
    let works = async || cloud.sqs().list_queues().send().await.is_ok();
    assert!(works().await);
    cloud.pass(10);
    assert!(!works().await);
    cloud.pass(19);
    assert!(!works().await);
    cloud.pass(1);
    assert!(works().await);
    let rule = &rules(&cloud).await[0];
    let times = [&rule["first_strike"], &rule["last_strike"], &rule["added"]];
    assert_eq!(times, ["2026-03-14T23:30:10.000Z", "2026-03-14T23:30:29.000Z", "2026-03-14T23:30:00.000Z"]);
    assert_eq!((&rule["strikes"], &rule["matched"], &rule["holds"]), (&json!(2), &json!(2), &json!(false)));
}
