//! The requests of the benchmark, built once and sent in turn: what a client's own code costs is not measured.

use std::fmt::Write;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// Different requests of a kind.
const POOL: usize = 2_000;
const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";
const JSON: &str = "application/x-amz-json-1.0";

/// An event of about 450 bytes.
pub(crate) fn event(n: usize) -> String {
    format!(
        r#"{{"event_id":"{n:08x}-0000-4000-8000-000000000000","event_type":"order.created","occurred_at":"2026-11-20T12:00:00Z","order":{{"order_id":"order-{n}","consumer_id":"consumer-{}","currency":"EUR","total":"129.90","items":[{{"sku":"SKU-00017","name":"Ergonomic Wooden Chair","quantity":2,"unit_price":"49.95"}},{{"sku":"SKU-00231","name":"Small Granite Lamp","quantity":1,"unit_price":"30.00"}}]}}}}"#,
        n % 1_000
    )
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// A whole request; the signature is a dummy.
pub(crate) fn request(service: &str, content_type: &str, target: Option<&str>, body: &str) -> Vec<u8> {
    let mut head = format!(
        "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {content_type}\r\nX-Amz-Date: 20261120T120000Z\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential=test/20261120/us-east-1/{service}/aws4_request, \
         SignedHeaders=host;x-amz-date, Signature={:064}\r\nContent-Length: {}\r\n",
        0,
        body.len()
    );
    if let Some(target) = target {
        // Writing to a string can't fail.
        _ = write!(head, "X-Amz-Target: AmazonSQS.{target}\r\n");
    }
    format!("{head}\r\n{body}").into_bytes()
}

/// A request of SQS.
pub(crate) fn sqs(operation: &str, body: &serde_json::Value) -> Vec<u8> {
    request("sqs", JSON, Some(operation), &body.to_string())
}

fn attribute(prefix: &str) -> String {
    let entry = format!("{prefix}MessageAttributes.entry.1");
    format!("&{entry}.Name=event_type&{entry}.Value.DataType=String&{entry}.Value.StringValue=order.created")
}

/// Publish, one event each.
pub(crate) fn publish(topic: &str) -> Vec<Vec<u8>> {
    let one = |n| {
        let (topic, event) = (encoded(topic), encoded(&event(n)));
        let body = format!("Action=Publish&Version=2010-03-31&TopicArn={topic}&Message={event}{}", attribute(""));
        request("sns", FORM, None, &body)
    };
    (0..POOL).map(one).collect()
}

/// PublishBatch, ten events each.
pub(crate) fn publish_batch(topic: &str) -> Vec<Vec<u8>> {
    let one = |n: usize| {
        let mut body = format!("Action=PublishBatch&Version=2010-03-31&TopicArn={}", encoded(topic));
        for i in 1..=10 {
            let entry = format!("PublishBatchRequestEntries.member.{i}.");
            let event = encoded(&event(n * 10 + i));
            _ = write!(body, "&{entry}Id={i}&{entry}Message={event}{}", attribute(&entry));
        }
        request("sns", FORM, None, &body)
    };
    (0..POOL / 10).map(one).collect()
}

/// SendMessage, one event each.
pub(crate) fn send(url: &str) -> Vec<Vec<u8>> {
    let one = |n| sqs("SendMessage", &serde_json::json!({"QueueUrl": url, "MessageBody": event(n)}));
    (0..POOL).map(one).collect()
}
