//! The whole way of a request, over a real port.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::serve;
use crate::cloud::Cloud;
use crate::cloud::gateway::Gateway;
use crate::cloud::server::Options;
use crate::log::Durability;

const AUTH: &str = "Authorization: AWS4-HMAC-SHA256 Credential=111122223333/20260101/eu-west-1/sts/aws4_request, \
                    SignedHeaders=host, Signature=00\r\n";

/// Sends one raw request to a new server and returns the raw answer.
async fn ask(request: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let folder = tempfile::tempdir().unwrap();
    let options = Options { durability: Durability::Memory, ..Options::new(folder.path()) };
    let (cloud, _) = Cloud::open(options, |_| {}).unwrap();
    let gateway = Arc::new(Gateway::new(cloud));
    let server = tokio::spawn(serve(listener, gateway, stop.clone()));
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    stop.cancel();
    server.await.unwrap();
    answer
}

fn form(body: &str, head: &str) -> String {
    format!(
        "POST / HTTP/1.1\r\nHost: localhost:4566\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         {head}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn sts_answers_who_am_i() {
    let answer = ask(&form("Action=GetCallerIdentity&Version=2011-06-15", AUTH)).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("content-type: text/xml\r\n"), "{answer}");
    assert!(answer.contains("<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"));
    assert!(answer.contains("<Arn>arn:aws:iam::111122223333:root</Arn>"), "{answer}");
}

#[tokio::test]
async fn an_unknown_action_is_refused_by_name() {
    let answer = ask(&form("Action=Dance&Version=2011-06-15", AUTH)).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(answer.contains("<Message>Could not find operation Dance for version 2011-06-15</Message>"), "{answer}");
}

#[tokio::test]
async fn json_names_its_errors() {
    let request = "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Amz-Target: AmazonSQS.Dance\r\n\
                   Content-Length: 2\r\n\r\n{}";
    let answer = ask(request).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(answer.contains("com.amazon.coral.service#UnknownOperationException"), "{answer}");
    assert!(answer.contains("content-type: application/x-amz-json-1.0"), "{answer}");
}

#[tokio::test]
async fn says_that_it_is_well() {
    let answer = ask("GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await;
    assert!(answer.contains("\"status\":\"ok\""), "{answer}");
}
