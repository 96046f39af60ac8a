//! Deliveries to an endpoint of the test's own: confirmation, notification, and what comes of a failure.

use std::sync::Arc;
use std::time::Duration;

use rsa::pkcs1v15::{Signature, SigningKey};
use rsa::pkcs8::{EncodePrivateKey, EncodePublicKey};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use x509_cert::builder::{Builder, CertificateBuilder, Profile};
use x509_cert::der::Encode;
use x509_cert::der::asn1::Ia5String;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::SubjectPublicKeyInfoOwned;
use x509_cert::time::Validity;

use crate::core::clock::Clock;
use crate::core::receive;
use crate::request::Context;
use crate::sns::publishing::publish::{PublishInput, publish};
use crate::sns::subscription::subscribe::{SubscribeInput, subscribe};
use crate::sns::subscription::unsubscribe::{UnsubscribeInput, unsubscribe};
use crate::sns::topic::create::{CreateTopicInput, create_topic};
use crate::testing::served::{declare, serve};
use engine::queue::Receive;

/// Takes one request and answers it; its head in lower case and its body.
async fn take(endpoint: &TcpListener, status: u16) -> (String, String) {
    let (stream, _) = endpoint.accept().await.unwrap();
    answer(stream, &status.to_string()).await
}

/// Takes a request on a connection, and answers it with a status and more header lines.
async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin, status: &str) -> (String, String) {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 8192]);
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_ascii_lowercase();
            let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
            if body.len() >= length.and_then(|length| length.parse().ok()).unwrap_or(0) {
                let (code, headers) = status.split_once('\n').unwrap_or((status, ""));
                let answer = format!("HTTP/1.1 {code} X\r\nContent-Length: 0\r\n{headers}\r\n");
                stream.write_all(answer.as_bytes()).await.unwrap();
                stream.flush().await.unwrap();
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
    let url = notification["SigningCertURL"].as_str().unwrap();
    assert!(url.starts_with("https://"), "{url}");
    let certificate = get(&url.replacen("https", "http", 1)).await;
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
        let patience = Duration::from_secs(20);
        let (messages, _) = cx.cloud.core.receive(queue, receive, patience).await.unwrap().unwrap();
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

/// A server's side of TLS for `localhost`, and its certificate.
fn tls() -> (TlsAcceptor, CertificateDer<'static>) {
    let key = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).unwrap();
    let signer = SigningKey::<sha2::Sha256>::new(key.clone());
    let public = key.to_public_key().to_public_key_der().unwrap();
    let name: x509_cert::name::Name = "CN=localhost".parse().unwrap();
    let mut builder = CertificateBuilder::new(
        Profile::Leaf { issuer: name.clone(), enable_key_agreement: false, enable_key_encipherment: true },
        SerialNumber::from(7_u32),
        Validity::from_now(std::time::Duration::from_secs(3600)).unwrap(),
        name,
        SubjectPublicKeyInfoOwned::try_from(public.as_bytes()).unwrap(),
        &signer,
    )
    .unwrap();
    let host = GeneralName::DnsName(Ia5String::new("localhost").unwrap());
    builder.add_extension(&SubjectAltName(vec![host])).unwrap();
    let certificate = CertificateDer::from(builder.build::<Signature>().unwrap().to_der().unwrap());
    let key = PrivateKeyDer::Pkcs8(key.to_pkcs8_der().unwrap().as_bytes().to_vec().into());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), certificate)
}

/// "Fanout Amazon SNS notifications to HTTPS endpoints": SNI, and Basic authentication when it is asked for.
#[tokio::test]
async fn an_https_endpoint_gets_messages_over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let (server, cx) = serve(folder.path(), Clock::System).await;
    let (acceptor, certificate) = tls();
    cx.cloud.tls.trust(vec![certificate]);
    let endpoint = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let take = async |status: &str| {
        let (stream, _) = endpoint.accept().await.unwrap();
        let stream = acceptor.accept(stream).await.unwrap();
        assert_eq!(stream.get_ref().1.server_name(), Some("localhost"));
        answer(stream, status).await
    };
    let topic = create_topic(&cx, CreateTopicInput { name: Some("t".into()), ..Default::default() }).await.unwrap();
    let url = format!("https://user:pass%20word@localhost:{}/here", endpoint.local_addr().unwrap().port());
    let input = SubscribeInput {
        topic_arn: Some(topic.topic_arn.clone().into()),
        protocol: Some("https".into()),
        endpoint: Some(url.into()),
        attributes: Default::default(),
        return_subscription_arn: true,
    };
    subscribe(&cx, input).await.unwrap();
    let (head, _) = take("401\nWWW-Authenticate: Basic realm=\"x\"\r\n").await;
    assert!(!head.contains("authorization"));
    let (head, body) = take("200").await;
    assert!(head.contains("authorization: basic dxnlcjpwyxnzihdvcmq="), "{head}");
    let confirmation: Value = serde_json::from_str(&body).unwrap();
    get(confirmation["SubscribeURL"].as_str().unwrap()).await;
    say(&cx, &topic.topic_arn, "hello").await;
    let (head, body) = take("200").await;
    assert!(head.starts_with("post /here http/1.1") && body.contains("hello"), "{head}");
    drop(cx);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_certificate_that_nobody_trusts_is_a_failed_delivery_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let (server, cx) = serve(folder.path(), Clock::System).await;
    let ((acceptor, _), (_, other)) = (tls(), tls());
    cx.cloud.tls.trust(vec![other]);
    let endpoint = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = endpoint.local_addr().unwrap().port();
    let accept = tokio::spawn(async move {
        loop {
            let (stream, _) = endpoint.accept().await.unwrap();
            _ = acceptor.accept(stream).await;
        }
    });
    let topic = create_topic(&cx, CreateTopicInput { name: Some("t".into()), ..Default::default() }).await.unwrap();
    let never = r#"{"healthyRetryPolicy":{"minDelayTarget":1,"maxDelayTarget":1,"numRetries":0}}"#;
    let input = SubscribeInput {
        topic_arn: Some(topic.topic_arn.into()),
        protocol: Some("https".into()),
        endpoint: Some(format!("https://localhost:{port}/").into()),
        attributes: [("DeliveryPolicy".into(), never.into())].into_iter().collect(),
        return_subscription_arn: true,
    };
    subscribe(&cx, input).await.unwrap();
    let refused = |text: &str| text.contains("no TLS connection: invalid peer certificate");
    while !cx.cloud.notices.all().iter().any(|(_, text)| refused(text)) {
        tokio::task::yield_now().await;
    }
    accept.abort();
    drop(cx);
    server.stop().await.unwrap();
}
