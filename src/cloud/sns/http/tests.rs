//! Deliveries to an endpoint of the test's own: confirmation, notification, and what comes of a failure.

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::cloud::clock::Clock;
use crate::cloud::gateway::Context;
use crate::cloud::receive;
use crate::cloud::sns::bench::{declare, serve};
use crate::cloud::sns::publish::one::{PublishInput, publish};
use crate::cloud::sns::subscription::subscribe::{SubscribeInput, subscribe};
use crate::cloud::sns::subscription::unsubscribe::{UnsubscribeInput, unsubscribe};
use crate::cloud::sns::topic::create::{CreateTopicInput, create_topic};
use crate::engine::queue::Receive;

/// Takes one request and answers it; its head in lower case and its body.
async fn take(endpoint: &TcpListener, status: u16) -> (String, String) {
    let (mut stream, _) = endpoint.accept().await.unwrap();
    let (mut bytes, mut buffer) = (Vec::new(), [0; 8192]);
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_ascii_lowercase();
            let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
            if body.len() >= length.and_then(|length| length.parse().ok()).unwrap_or(0) {
                let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n");
                stream.write_all(answer.as_bytes()).await.unwrap();
                return (head, body.to_owned());
            }
        }
        let read = stream.read(&mut buffer).await.unwrap();
        bytes.extend_from_slice(&buffer[..read]);
    }
}

async fn get(url: &str) -> String {
    let (authority, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(authority).await.unwrap();
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn subscribed(cx: &Context, endpoint: &TcpListener, attributes: &[(&'static str, String)]) -> (String, String) {
    let topic = create_topic(cx, CreateTopicInput { name: Some("t".into()), ..Default::default() }).await.unwrap();
    let url = format!("http://{}/here", endpoint.local_addr().unwrap());
    let input = SubscribeInput {
        topic_arn: Some(topic.topic_arn.clone().into()),
        protocol: Some("http".into()),
        endpoint: Some(url.into()),
        attributes: attributes.iter().map(|(name, value)| ((*name).into(), value.as_str().into())).collect(),
        return_subscription_arn: true,
    };
    let subscription = subscribe(cx, input).await.unwrap().subscription_arn;
    let (head, body) = take(endpoint, 200).await;
    assert!(
        head.starts_with("post /here http/1.1") && head.contains("x-amz-sns-message-type: subscriptionconfirmation")
    );
    let confirmation: Value = serde_json::from_str(&body).unwrap();
    let answer = get(confirmation["SubscribeURL"].as_str().unwrap()).await;
    assert!(answer.contains(&format!("<SubscriptionArn>{subscription}</SubscriptionArn>")), "{answer}");
    (topic.topic_arn, subscription)
}

async fn say(cx: &Context, topic: &str, message: &str) {
    let input = PublishInput { topic_arn: Some(topic.into()), message: Some(message.into()), ..Default::default() };
    publish(cx, input).await.unwrap();
}

#[tokio::test]
async fn a_confirmed_endpoint_gets_notifications_until_it_is_unsubscribed() {
    let folder = tempfile::tempdir().unwrap();
    let (server, cx) = serve(folder.path(), Clock::System).await;
    let endpoint = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (topic, subscription) = subscribed(&cx, &endpoint, &[]).await;
    say(&cx, &topic, "hello").await;
    let (head, body) = take(&endpoint, 200).await;
    assert!(
        head.contains("x-amz-sns-message-type: notification")
            && head.contains("content-type: text/plain; charset=utf-8")
    );
    assert!(head.contains(&format!("x-amz-sns-subscription-arn: {subscription}")));
    let notification: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((notification["Message"].as_str(), notification["TopicArn"].as_str()), (Some("hello"), Some(&*topic)));
    let certificate = get(notification["SigningCertURL"].as_str().unwrap()).await;
    assert!(certificate.contains("-----BEGIN CERTIFICATE-----"));

    unsubscribe(&cx, UnsubscribeInput { subscription_arn: Some(subscription.as_str().into()) }).await.unwrap();
    let (head, body) = take(&endpoint, 200).await;
    assert!(head.contains("x-amz-sns-message-type: unsubscribeconfirmation"));
    // The link brings the subscription back.
    let goodbye: Value = serde_json::from_str(&body).unwrap();
    let answer = get(goodbye["SubscribeURL"].as_str().unwrap()).await;
    assert!(answer.contains(&format!("<SubscriptionArn>{topic}:")), "{answer}");
    say(&cx, &topic, "again").await;
    assert!(take(&endpoint, 200).await.1.contains("again"));
    drop(cx);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn what_an_endpoint_refuses_goes_to_the_dead_letter_queue() {
    let folder = tempfile::tempdir().unwrap();
    let (server, cx) = serve(folder.path(), Clock::System).await;
    let endpoint = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dead = "arn:aws:sqs:us-east-1:000000000000:dead";
    let queue = declare(&cx.cloud, dead).await;
    let at_once =
        r#"{"healthyRetryPolicy":{"minDelayTarget":1,"maxDelayTarget":1,"numRetries":1,"numNoDelayRetries":1}}"#;
    let attributes = [
        ("RedrivePolicy", format!(r#"{{"deadLetterTargetArn":"{dead}"}}"#)),
        ("DeliveryPolicy", at_once.to_owned()),
        ("RawMessageDelivery", "true".to_owned()),
    ];
    let (topic, _) = subscribed(&cx, &endpoint, &attributes).await;
    let receive = Receive { max: 1, visibility: None, attempt: None };
    let arrives = async || {
        let deadline = cx.cloud.core.now() + 20_000;
        let (messages, _) = cx.cloud.core.receive(queue, receive, deadline).await.unwrap().unwrap();
        let sent = receive::sent(&messages[0].record).unwrap();
        sent.bodies[0].to_owned()
    };
    // A server's error is tried again, a client's is not.
    say(&cx, &topic, "500").await;
    for _ in 0..2 {
        let (head, body) = take(&endpoint, 500).await;
        assert!(head.contains("x-amz-sns-rawdelivery: true") && body == "500");
    }
    assert_eq!(arrives().await, "500");
    say(&cx, &topic, "404").await;
    take(&endpoint, 404).await;
    assert_eq!(arrives().await, "404");
    drop(cx);
    server.stop().await.unwrap();
}
