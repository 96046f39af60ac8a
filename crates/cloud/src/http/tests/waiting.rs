//! Long polls that wait: they hold little, and are answered as any other request.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use wire::json::Json;
use wire::payload::Source;
use wire::{Names, Payload};

use crate::Cloud;
use crate::gateway::Gateway;
use crate::http::{Client, Workers, closing::Closing};
use crate::request::Context;
use crate::server::Options;
use crate::testing::call::{call, context};
use log::Durability;

/// How long a test waits for what has to happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server with a queue.
struct Server {
    address: SocketAddr,
    cx: Context,
    stop: CancellationToken,
    serves: JoinHandle<()>,
    _folder: tempfile::TempDir,
}

impl Server {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = Options { durability: Durability::Memory, ..Options::new(folder.path()) };
        let (cloud, _) = Cloud::open(options, |_| {}).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
        let gateway = Arc::new(Gateway::new(cloud.clone()));
        let serves = tokio::spawn(super::serve(listener, Workers::default(), gateway, stop.clone()));
        let server = Self { address, cx: context(cloud, "000000000000"), stop, serves, _folder: folder };
        server.call("CreateQueue", json!({"QueueName": "q"})).await;
        server
    }

    async fn call(&self, operation: &str, input: serde_json::Value) {
        call(&self.cx, &crate::sqs::SERVICE, operation, input).await.unwrap();
    }

    async fn send(&self, body: &str) {
        self.call("SendMessage", json!({"QueueUrl": "q", "MessageBody": body})).await;
    }

    /// A new connection that has sent this.
    async fn ask(&self, request: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    /// Returns once so many polls wait.
    async fn waiting(&self, count: usize) {
        let reached = async {
            while self.cx.cloud.core.waiters.waiting() != count {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, reached).await.expect("so many wait");
    }
}

/// A long poll with a head of this version, and more in it.
fn poll(version: &str, more: &str) -> String {
    let body = r#"{"QueueUrl":"q","WaitTimeSeconds":20}"#;
    let length = body.len();
    format!(
        "POST / HTTP/{version}\r\nHost: localhost\r\nX-Amz-Target: AmazonSQS.ReceiveMessage\r\n{more}Content-Length: \
         {length}\r\n\r\n{body}"
    )
}

/// Reads until this has come.
async fn read(stream: &mut TcpStream, end: &str) -> String {
    let mut answer = Vec::new();
    let all = async {
        while !String::from_utf8_lossy(&answer).contains(end) {
            assert!(stream.read_buf(&mut answer).await.unwrap() > 0, "{}", String::from_utf8_lossy(&answer));
        }
    };
    tokio::time::timeout(PATIENCE, all).await.expect("an answer");
    String::from_utf8(answer).unwrap()
}

/// What of an answer says where it ends, and the names of its headers.
fn framing(answer: &str) -> Vec<String> {
    let head = answer.split("\r\n\r\n").next().unwrap();
    let line = |line: &str| match line.split_once(':') {
        Some((name, value)) if name == "connection" => format!("{name}:{value}"),
        Some((name, _)) => name.to_owned(),
        None => line.to_owned(),
    };
    head.lines().map(line).collect()
}

#[tokio::test]
async fn whoever_waited_is_answered_as_whoever_did_not() {
    let server = Server::start().await;
    for (version, more) in [
        ("1.1", ""),
        ("1.1", "Connection: close\r\n"),
        ("1.0", ""),
        ("1.0", "Connection: keep-alive\r\n"),
        ("1.1", "Expect: 100-continue\r\n"),
    ] {
        server.send("first").await;
        let mut stream = server.ask(&poll(version, more)).await;
        let at_once = read(&mut stream, "}]}").await;
        let mut stream = server.ask(&poll(version, more)).await;
        server.waiting(1).await;
        server.send("second").await;
        let waited = read(&mut stream, "}]}").await;
        assert!(waited.contains("second"), "{waited}");
        // The word that the body may come is an answer of its own, which the other one may follow at once.
        let rest = |answer: &str| answer.trim_start_matches("HTTP/1.1 100 Continue\r\n\r\n").to_owned();
        assert_eq!(framing(&rest(&waited)), framing(&rest(&at_once)), "{version} {more}");
        let closes = waited.contains("connection: close") || (version == "1.0" && more.is_empty());
        stream.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        match closes {
            true => assert!(!matches!(stream.read(&mut [0; 16]).await, Ok(1..)), "{version} {more}"),
            false => assert!(read(&mut stream, "}").await.starts_with("HTTP/1.1 200"), "{version} {more}"),
        }
    }
}

#[tokio::test]
async fn what_is_sent_beside_a_poll_that_waits_is_answered_after_it() {
    let server = Server::start().await;
    let health = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    // With the poll, and once that waits; long enough that it is read in pieces.
    let mut stream = server.ask(&(poll("1.1", "") + health)).await;
    server.waiting(1).await;
    let long = format!("GET /health HTTP/1.1\r\nHost: localhost\r\nX-Long: {}\r\n\r\n", "x".repeat(20_000));
    stream.write_all(long.as_bytes()).await.unwrap();
    server.send("woken").await;
    let mut answers = read(&mut stream, "}]}").await;
    while answers.matches("\"status\":\"ok\"").count() < 2 {
        answers += &read(&mut stream, "\"status\":\"ok\"").await;
    }
    assert!(answers.find("woken") < answers.find("\"status\":\"ok\""), "{answers}");
    assert_eq!(answers.matches("HTTP/1.1 200").count(), 3);
}

/// A client that is gone took a message with it, which nobody saw for as long as its visibility timeout.
#[tokio::test]
async fn a_poll_whose_client_leaves_ends() {
    let server = Server::start().await;
    let stream = server.ask(&poll("1.1", "")).await;
    server.waiting(1).await;
    drop(stream);
    server.waiting(0).await;
    server.send("kept").await;
    let mut stream = server.ask(&poll("1.1", "")).await;
    assert!(read(&mut stream, "}]}").await.contains("kept"));
}

#[tokio::test]
async fn a_stop_answers_polls_that_wait() {
    let server = Server::start().await;
    let mut stream = server.ask(&poll("1.1", "")).await;
    server.waiting(1).await;
    server.stop.cancel();
    let mut answer = String::new();
    tokio::time::timeout(PATIENCE, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("{}"), "{answer}");
    server.serves.await.unwrap();
}

fn bytes<A, B, C, D, E, F>(_: fn(A, B, C, D, E) -> F) -> usize {
    size_of::<F>()
}

fn connection_bytes<A, B, C, D, F>(_: fn(A, B, C, D) -> F) -> usize {
    size_of::<F>()
}

/// A request's future is moved several times on its way: with S3's inside it had 11 KiB.
#[test]
fn a_request_is_a_small_future() {
    let bytes = bytes(super::super::answer::<Gateway>);
    assert!(bytes <= 1_600, "{bytes}");
}

/// Nine thousand polls that waited held 193 MiB, of which hyper's buffers were most.
#[tokio::test]
async fn a_poll_that_waits_holds_little() {
    let server = Server::start().await;
    let connection = connection_bytes::<TcpStream, Client, Arc<Gateway>, Arc<Closing>, _>(super::super::requests);
    let (body, mut scratch) = (json!({"QueueUrl": "q", "WaitTimeSeconds": 20}).to_string(), Vec::new());
    let operation = crate::sqs::SERVICE.operation("ReceiveMessage").unwrap();
    let source = Source::Json(Json::new(body.as_bytes(), &mut scratch));
    let payload = Payload { operation: operation.name, source, names: Names::Flat, namespace: "" };
    let receive = size_of_val(&*(operation.run)(&server.cx, &payload));
    let answer = bytes(super::super::answer::<Gateway>);
    let all = [connection, answer, receive];
    assert!(all.iter().sum::<usize>() <= 3_456, "{all:?}");
}
