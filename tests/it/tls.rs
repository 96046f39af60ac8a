//! TLS on the port of HTTP, with the certificate authority of the data folder.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::helpers::cloud::{PATIENCE, TestCloud};
use crate::helpers::raw::{ask, connect, send, status, well};

/// The certificate to trust, as a client gets it.
async fn authority(cloud: &TestCloud) -> String {
    let answer = ask(cloud, "localhost", "/_messaging/ca.pem").await;
    assert_eq!(status(&answer), "200", "{answer}");
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

/// A connection over TLS to a server that is called `name`, trusting `pem` alone; or why there is none.
async fn connect_tls(cloud: &TestCloud, pem: &str, name: &str) -> Result<TlsStream<TcpStream>, String> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let client = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut client = client.with_root_certificates(roots).with_no_client_auth();
    client.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let stream = TlsConnector::from(Arc::new(client)).connect(name, connect(cloud).await).await;
    let stream = stream.map_err(|error| error.to_string())?;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    Ok(stream)
}

/// What the server answers to a request over TLS, or why there is no connection.
async fn send_tls(cloud: &TestCloud, pem: &str, name: &str, request: &str) -> Result<String, String> {
    let mut stream = connect_tls(cloud, pem, name).await?;
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
    Ok(String::from_utf8(answer).unwrap())
}

fn get(host: &str, path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
}

#[tokio::test]
async fn one_port_speaks_http_and_tls() {
    let cloud = TestCloud::start().await;
    let pem = authority(&cloud).await;
    for name in ["localhost", "127.0.0.1", "bucket.s3.us-east-1.amazonaws.com", "sns.eu-west-1.amazonaws.com"] {
        let answer = send_tls(&cloud, &pem, name, &get(name, "/health")).await.unwrap();
        assert!(answer.contains("\"status\":\"ok\""), "{name}: {answer}");
    }
    well(&cloud, "TLS").await;
    assert_eq!(std::fs::read_to_string(cloud.data().join("ca.pem")).unwrap(), pem);
    // A name that isn't the server's has no certificate, so that a client that looks never asks.
    assert!(send_tls(&cloud, &pem, "evil.example", &get("evil.example", "/health")).await.is_err());
}

#[tokio::test]
async fn a_client_that_came_by_tls_is_led_back_by_tls() {
    let cloud = TestCloud::start().await;
    let pem = authority(&cloud).await;
    let body = "Action=CreateQueue&Version=2012-11-05&QueueName=q";
    let request = format!(
        "POST / HTTP/1.1\r\nHost: localhost:1\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = send_tls(&cloud, &pem, "localhost", &request).await.unwrap();
    assert!(answer.contains("<QueueUrl>https://localhost:1/000000000000/q</QueueUrl>"), "{answer}");
    let answer = send(&cloud, request.as_bytes()).await;
    assert!(answer.contains("<QueueUrl>http://localhost:1/000000000000/q</QueueUrl>"), "{answer}");
}

#[tokio::test]
async fn the_authority_outlives_the_server_and_is_the_folders_own() {
    let mut cloud = TestCloud::start().await;
    let pem = authority(&cloud).await;
    cloud.restart().await;
    assert!(send_tls(&cloud, &pem, "localhost", &get("localhost", "/health")).await.is_ok());
    assert_eq!(authority(&cloud).await, pem);
    let other = TestCloud::start().await;
    assert!(send_tls(&other, &pem, "localhost", &get("localhost", "/health")).await.is_err());
    assert_ne!(authority(&other).await, pem);
}

/// The validators of SNS's messages take a certificate by https only.
#[tokio::test]
async fn the_certificate_of_a_signature_comes_by_https() {
    let cloud = TestCloud::start().await;
    let pem = authority(&cloud).await;
    let (sqs, sns) = (cloud.sqs(), cloud.sns());
    let queue = sqs.create_queue().queue_name("q").send().await.unwrap().queue_url.unwrap();
    let topic = sns.create_topic().name("t").send().await.unwrap().topic_arn.unwrap();
    let arn = "arn:aws:sqs:us-east-1:000000000000:q";
    sns.subscribe().topic_arn(&topic).protocol("sqs").endpoint(arn).send().await.unwrap();
    sns.publish().topic_arn(&topic).message("hello").send().await.unwrap();
    let got = sqs.receive_message().queue_url(&queue).wait_time_seconds(5).send().await.unwrap();
    let envelope: Value = serde_json::from_str(got.messages()[0].body().unwrap()).unwrap();
    let url = envelope["SigningCertURL"].as_str().unwrap();
    let own = cloud.endpoint.replacen("http", "https", 1);
    let path = url.strip_prefix(&own).unwrap_or_else(|| panic!("{url} is not at {own}"));
    let answer = send_tls(&cloud, &pem, "127.0.0.1", &get("127.0.0.1", path)).await.unwrap();
    assert!(answer.contains("-----BEGIN CERTIFICATE-----"), "{answer}");
}

/// What a client names is no reason to make a certificate for it, nor to fall over.
#[tokio::test]
async fn a_name_that_is_not_the_servers_gets_no_certificate() {
    let cloud = TestCloud::start().await;
    let pem = authority(&cloud).await;
    let long = format!("{}.localhost", ["a".repeat(60).as_str(); 3].join("."));
    for (name, trusted) in [
        ("LOCALHOST", true),
        ("xn--nxasmq6b.localhost", true),
        ("a_b.localhost", true),
        (long.as_str(), true),
        ("evil.example", false),
        ("localhost.evil.example", false),
        ("evil.elb.amazonaws.com", false),
        ("evil.localhostx", false),
    ] {
        let answer = send_tls(&cloud, &pem, name, &get("localhost", "/health")).await;
        assert_eq!(answer.is_ok(), trusted, "{name}: {answer:?}");
    }
    well(&cloud, "names").await;
}

/// After the handshake the same rules hold as without: a foreign page over TLS is foreign.
#[tokio::test]
async fn tls_opens_nothing_that_is_closed() {
    let cloud = TestCloud::start().await;
    let pem = authority(&cloud).await;
    let answer = send_tls(&cloud, &pem, "localhost", &get("evil.example", "/health")).await.unwrap();
    assert_eq!(status(&answer), "403");
    let page = "POST /_messaging/reset HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\n\
                Connection: close\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(status(&send_tls(&cloud, &pem, "localhost", page).await.unwrap()), "403");
}

/// A client that goes away takes no message with it, whether it says goodbye or not.
#[tokio::test]
async fn a_long_poll_over_tls_ends_with_its_connection() {
    let cloud = TestCloud::live().await;
    let pem = authority(&cloud).await;
    let queue = cloud.sqs().create_queue().queue_name("q").send().await.unwrap().queue_url.unwrap();
    let poll = "GET /000000000000/q?Action=ReceiveMessage&Version=2012-11-05&WaitTimeSeconds=20 HTTP/1.1\r\n\
                Host: localhost\r\n\r\n";
    for says_goodbye in [true, false] {
        let mut stream = connect_tls(&cloud, &pem, "localhost").await.unwrap();
        stream.write_all(poll.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
        while cloud.inside().core.waiters.waiting() == 0 {
            tokio::task::yield_now().await;
        }
        if says_goodbye {
            stream.shutdown().await.unwrap();
        }
        drop(stream);
        while cloud.inside().core.waiters.waiting() > 0 {
            tokio::task::yield_now().await;
        }
    }
    cloud.sqs().send_message().queue_url(&queue).message_body("x").send().await.unwrap();
    let got = cloud.sqs().receive_message().queue_url(&queue).send().await.unwrap();
    assert_eq!(got.messages().len(), 1);
}

/// Whoever begins and says no more, or speaks nonsense, holds up neither others nor the end.
#[tokio::test]
async fn handshakes_that_do_not_end_hold_up_nothing() {
    let mut cloud = TestCloud::start().await;
    let mut open = Vec::new();
    for begin in [&b""[..], b"\x16", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"] {
        for _ in 0..20 {
            let mut stream = connect(&cloud).await;
            stream.write_all(begin).await.unwrap();
            open.push(stream);
        }
    }
    for nonsense in
        [&b"\x16\x16\x16\x16\x16\x16\x16\x16"[..], b"\x16\x03\x01\x00\x04GET ", b"\x16GET / HTTP/1.1\r\n\r\n"]
    {
        send(&cloud, nonsense).await;
    }
    // A hello of 16 KB that comes in pieces, and more of it than a hello may have.
    let piece = [&b"\x16\x03\x01\x40\x00"[..], b"\x01\x0f\xff\xfc", &[0; 16_380]].concat();
    send(&cloud, &piece.repeat(20)).await;
    well(&cloud, "handshakes that don't end").await;
    timeout(PATIENCE, cloud.stop()).await.expect("the server stops all the same");
    drop(open);
}
