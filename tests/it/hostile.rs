//! What hostile clients send over a real port: each attack is answered or cut off, and the same server goes on.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::cloud::{PATIENCE, TestCloud};

/// Sends bytes as they are, and returns what comes back until the server closes.
async fn send(cloud: &TestCloud, bytes: &[u8]) -> String {
    let address = cloud.endpoint.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The server may answer, and close, before it has read all.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let read = async { while matches!(stream.read_buf(&mut answer).await, Ok(1..)) {} };
    tokio::time::timeout(PATIENCE, read).await.expect("an attack is answered or cut off");
    String::from_utf8_lossy(&answer).into_owned()
}

fn head(line: &str, headers: &str, length: usize) -> Vec<u8> {
    format!("{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n")
        .into()
}

fn with(mut head: Vec<u8>, body: &[u8]) -> Vec<u8> {
    head.extend_from_slice(body);
    head
}

fn json(target: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let headers = format!("X-Amz-Target: {target}\r\nContent-Type: application/x-amz-json-1.0\r\n");
    with(head("POST /", &headers, body.len()), body)
}

fn form(body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    with(head("POST /", "Content-Type: application/x-www-form-urlencoded\r\n", body.len()), body)
}

fn s3(line: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let auth = "Authorization: AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, \
                Signature=0\r\nx-amz-content-sha256: UNSIGNED-PAYLOAD\r\n";
    with(head(line, auth, body.as_ref().len()), body.as_ref())
}

/// The status of an answer; 0 for none.
fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}

async fn is_well(cloud: &TestCloud, after: &str) {
    let answer = send(cloud, &json("AmazonSQS.CreateQueue", r#"{"QueueName":"well"}"#)).await;
    assert_eq!(status(&answer), 200, "after {after}: {answer}");
}

/// The attack fails with an error of the client's, and alone.
async fn refused(cloud: &TestCloud, name: &str, attack: &[u8]) {
    let answer = send(cloud, attack).await;
    let status = status(&answer);
    let shown: String = answer.chars().take(600).collect();
    assert!((400..500).contains(&status), "{name}: {shown}");
    is_well(cloud, name).await;
}

#[tokio::test]
async fn numbers_beyond_all_bounds() {
    let cloud = TestCloud::start().await;
    is_well(&cloud, "the start").await;
    let url = format!("{}/000000000000/well", cloud.endpoint);
    for number in ["1e400", "99999999999999999999", "-1", "NaN", "-99999999999999999999", "Infinity"] {
        let body = format!(r#"{{"QueueUrl":"{url}","VisibilityTimeout":{number}}}"#);
        refused(&cloud, number, &json("AmazonSQS.ReceiveMessage", body)).await;
        let body = format!("Action=ReceiveMessage&Version=2012-11-05&QueueUrl={url}&VisibilityTimeout={number}");
        refused(&cloud, number, &form(body)).await;
        let body = format!(r#"{{"QueueUrl":"{url}","Attributes":{{"DelaySeconds":"{number}"}}}}"#);
        refused(&cloud, number, &json("AmazonSQS.SetQueueAttributes", body)).await;
    }
}

#[tokio::test]
async fn nesting_without_end() {
    const DEEP: usize = 100_000;
    let cloud = TestCloud::start().await;
    let nested = [format!("{{\"QueueName\":{}", "[".repeat(DEEP)), "{\"a\":".repeat(DEEP)];
    for body in &nested {
        refused(&cloud, "nested JSON", &json("AmazonSQS.CreateQueue", body)).await;
        refused(&cloud, "nested JSON", &json("Firehose_20150804.CreateDeliveryStream", body)).await;
    }
    let create = "Action=CreateStack&Version=2010-05-15&StackName=s&TemplateBody=";
    for template in ["[".repeat(DEEP), "- ".repeat(DEEP), "%7B%22a%22%3A".repeat(DEEP)] {
        refused(&cloud, "nested template", &form(format!("{create}{template}"))).await;
    }
    let made = send(&cloud, &s3("PUT /bucket", "")).await;
    assert_eq!(status(&made), 200, "{made}");
    for target in ["PUT /bucket?tagging", "POST /bucket?delete", "PUT /bucket?lifecycle", "PUT /other"] {
        refused(&cloud, target, &s3(target, "<a>".repeat(DEEP))).await;
    }
}

#[tokio::test]
async fn what_expands_without_end() {
    let cloud = TestCloud::start().await;
    let mut anchors = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
    for n in 1..12 {
        let list = vec![format!("*a{}", n - 1); 9].join(",");
        anchors.push_str(&format!("a{n}: &a{n} [{list}]\n"));
    }
    let body =
        format!("Action=CreateStack&Version=2010-05-15&StackName=s&TemplateBody={}", anchors.replace('&', "%26"));
    refused(&cloud, "aliases of aliases", &form(body)).await;
    let mut entities = String::from("<!DOCTYPE a [<!ENTITY e0 \"xxxxxxxxxx\">");
    for n in 1..12 {
        entities.push_str(&format!("<!ENTITY e{n} \"{}\">", format!("&e{};", n - 1).repeat(10)));
    }
    entities.push_str(
        "]><CreateBucketConfiguration><LocationConstraint>&e11;</LocationConstraint></CreateBucketConfiguration>",
    );
    refused(&cloud, "entities of entities", &s3("PUT /laughs", entities)).await;
}

#[tokio::test]
async fn names_that_break_out() {
    let cloud = TestCloud::start().await;
    for name in ["a\\r\\nX-Evil: 1", "../../etc", "a\\u0000b", "\\ud800", ""] {
        let body = format!(r#"{{"QueueName":"{name}"}}"#);
        refused(&cloud, name, &json("AmazonSQS.CreateQueue", body)).await;
    }
    refused(&cloud, "no UTF-8", &json("AmazonSQS.CreateQueue", b"{\"QueueName\":\"\xff\xfe\"}")).await;
    refused(&cloud, "no UTF-8", &form(b"Action=CreateTopic&Version=2010-03-31&Name=%ff%fe")).await;
    for bucket in ["PUT /..", "PUT /%2e%2e", "PUT /a%00b", "PUT /..%2f..%2fetc", "PUT /%0d%0aX-Evil:1"] {
        refused(&cloud, bucket, &s3(bucket, "")).await;
    }
    let made = send(&cloud, &s3("PUT /bucket", "")).await;
    assert_eq!(status(&made), 200, "{made}");
    let long = format!("PUT /bucket/{}", "k".repeat(1025));
    refused(&cloud, "a key of 1025 bytes", &s3(&long, "x")).await;
    // Keys are names in a log's index, never paths: what AWS takes is kept, and nothing is written beside the data folder.
    for key in ["..%2f..%2f..%2fescaped", "a/%2e%2e/%2e%2e/%2e%2e/%2e%2e/escaped", "a%0d%0aX-Evil:1"] {
        let answer = send(&cloud, &s3(&format!("PUT /bucket/{key}"), "x")).await;
        assert!(matches!(status(&answer), 200 | 400), "{key}: {answer}");
        let answer = send(&cloud, &s3(&format!("GET /bucket/{key}"), "")).await;
        assert!(!answer.to_ascii_lowercase().contains("\r\nx-evil"), "{answer}");
    }
    let folder = cloud.folder();
    for above in folder.ancestors().take(5) {
        assert!(!above.join("escaped").exists(), "{}", above.display());
    }
    is_well(&cloud, "the keys").await;
}

#[tokio::test]
async fn bytes_that_lie_about_themselves() {
    let cloud = TestCloud::start().await;
    let target = "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Amz-Target: AmazonSQS.CreateQueue\r\n";
    for (name, rest) in [
        ("a chunk that is no number", "Transfer-Encoding: chunked\r\n\r\nxyz\r\n{}\r\n0\r\n\r\n"),
        ("a chunk beyond 64 bits", "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}\r\n0\r\n\r\n"),
        ("two lengths", "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x"),
        ("a length beyond 64 bits", "Content-Length: 99999999999999999999\r\n\r\n{}"),
        ("a length below zero", "Content-Length: -1\r\n\r\n{}"),
    ] {
        refused(&cloud, name, format!("{target}{rest}").as_bytes()).await;
    }
    for garbage in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc"[..],
        b"GET\0/ HTTP/9.9\r\n\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let answer = send(&cloud, &[garbage, b"\r\n\r\n"].concat()).await;
        assert_ne!(status(&answer), 200, "{answer}");
        is_well(&cloud, "garbage").await;
    }
    let long = format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "a".repeat(300_000));
    assert!(matches!(status(&send(&cloud, long.as_bytes()).await), 0 | 414 | 431));
    is_well(&cloud, "a head without end").await;
}

#[tokio::test]
async fn clients_that_stall_keep_nobody_waiting() {
    let cloud = TestCloud::start().await;
    let address = cloud.endpoint.strip_prefix("http://").unwrap();
    let mut stalled = Vec::new();
    for n in 0..200 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let part: &[u8] = match n % 3 {
            0 => b"POST / HT",
            1 => b"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: AmazonSQS.ListQueues\r\nContent-Length: 9\r\n\r\n{",
            _ => &b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(50),
        };
        stream.write_all(part).await.unwrap();
        stalled.push(stream);
    }
    is_well(&cloud, "200 connections that stall").await;
}
