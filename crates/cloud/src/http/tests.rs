//! The whole way of a request, over a real port.

mod waiting;

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::serve;
use crate::Cloud;
use crate::core::clock::Clock;
use crate::gateway::{Access, Gateway};
use crate::server::Options;
use crate::sigv4::{Credentials, Key};
use log::Durability;

const AUTH: &str = "Authorization: AWS4-HMAC-SHA256 Credential=111122223333/20260101/eu-west-1/sts/aws4_request, \
                    SignedHeaders=host, Signature=00\r\n";

/// Sends one raw request to a new server and returns the raw answer.
async fn ask(request: &str) -> String {
    ask_with(Access::default(), request).await
}

async fn ask_with(access: Access, request: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        durability: Durability::Memory,
        clock: Clock::manual(1_440_938_160_000),
        ..Options::new(folder.path())
    };
    let (cloud, _) = Cloud::open(options, |_| {}).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let gateway = Arc::new(Gateway::with_access(cloud, access));
    let server = tokio::spawn(serve(listener, super::Workers::default(), gateway, stop.clone()));
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

#[tokio::test]
async fn a_foreign_page_is_refused() {
    for line in ["Host: evil.example", "Host: localhost\r\nOrigin: https://evil.example"] {
        let answer = ask(&format!("GET /health HTTP/1.1\r\n{line}\r\nConnection: close\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    }
}

#[tokio::test]
async fn with_credentials_an_unsigned_or_unknown_request_is_refused() {
    let access = || {
        let mut credentials = Credentials::default();
        credentials.add("AKID", Key { secret: "s".into(), session_token: None, account: None });
        Access { credentials: Some(credentials), ..Access::default() }
    };
    let date = "X-Amz-Date: 20150830T123600Z\r\n";
    let answer = ask_with(access(), &form("Action=GetCallerIdentity&Version=2011-06-15", date)).await;
    assert!(answer.contains("<Code>MissingAuthenticationToken</Code>"), "{answer}");
    let answer =
        ask_with(access(), &form("Action=GetCallerIdentity&Version=2011-06-15", &format!("{date}{AUTH}"))).await;
    assert!(answer.contains("<Code>InvalidClientTokenId</Code>"), "{answer}");
    // Of a bucket anybody may ask whether it is open to everybody, as on AWS, and nothing else.
    for (line, code) in
        [("PUT /bucket", "AccessDenied"), ("GET /bucket?acl", "AccessDenied"), ("GET /bucket", "NoSuchBucket")]
    {
        let answer =
            ask_with(access(), &format!("{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")).await;
        assert!(answer.contains(&format!("<Error><Code>{code}</Code>")), "{line}: {answer}");
    }
}

#[tokio::test]
async fn with_credentials_the_servers_own_pages_are_closed() {
    let access = || Access { credentials: Some(Credentials::default()), ..Access::default() };
    let request =
        |line: &str, more: &str| format!("{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{more}\r\n");
    let console = ask_with(access(), &request("GET /_messaging", "")).await;
    assert!(console.starts_with("HTTP/1.1 403") && !console.contains("What leads where"), "{console}");
    for line in ["GET /_messaging/metrics", "POST /_messaging/reset", "GET /_messaging/notices"] {
        let answer = ask_with(access(), &request(line, "")).await;
        assert!(answer.contains("<Code>MissingAuthenticationToken</Code>"), "{line}: {answer}");
    }
    for (line, code) in [("GET /", "AccessDenied"), ("GET /metrics", "NoSuchBucket")] {
        let answer = ask_with(access(), &request(line, "Accept: text/html\r\n")).await;
        assert!(answer.contains(&format!("<Code>{code}</Code>")), "{line}: {answer}");
    }
    for line in ["GET /health", "GET /_localstack/health", "GET /_messaging/ca.pem"] {
        assert!(ask_with(access(), &request(line, "")).await.starts_with("HTTP/1.1 200"), "{line}");
    }
}

#[tokio::test]
async fn bodies_and_heads_have_bounds() {
    let head = "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Amz-Target: AmazonSQS.Dance\r\n";
    let answer = ask(&format!("{head}Content-Length: 99999999999\r\n\r\n{{}}")).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n1\r\n{{\r\n1\r\n}}\r\n0\r\n\r\n");
    assert!(ask(&chunked).await.contains("UnknownOperationException"));
    let headers: String = (0..200).map(|n| format!("X-H{n}: 1\r\n")).collect();
    assert!(ask(&format!("{head}{headers}\r\n")).await.starts_with("HTTP/1.1 431"));
}

#[tokio::test]
async fn a_queue_url_without_an_action_is_no_operation() {
    let answer = ask("GET /000000000000/q HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    assert!(answer.contains("<UnknownOperationException"), "{answer}");
}

#[tokio::test]
async fn a_panic_ends_its_own_request_alone() {
    let mut told = String::new();
    let panic = std::panic::AssertUnwindSafe(async { panic!("what a pity") });
    let response = super::survive(panic, true, |what| told = what.to_owned()).await;
    assert_eq!((response.status().as_u16(), told.as_str()), (500, "what a pity"));
}

#[tokio::test]
async fn stopping_closes_idle_connections() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let folder = tempfile::tempdir().unwrap();
    let options = Options { durability: Durability::Memory, ..Options::new(folder.path()) };
    let (cloud, _) = Cloud::open(options, |_| {}).unwrap();
    let server = tokio::spawn(serve(listener, super::Workers::default(), Arc::new(Gateway::new(cloud)), stop.clone()));
    let mut stream = TcpStream::connect(address).await.unwrap();
    for _ in 0..2 {
        stream.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"}") {
            stream.read_buf(&mut answer).await.unwrap();
        }
    }
    stop.cancel();
    server.await.unwrap();
    assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);
    assert!(TcpStream::connect(address).await.is_err());
}

/// A connection of a client that said the first byte of a handshake.
async fn begun(listener: &TcpListener) -> (TcpStream, TcpStream) {
    let (there, here) = tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
    let mut there = there.unwrap();
    there.write_all(b"\x16").await.unwrap();
    (there, here.unwrap().0)
}

/// Handshakes that were begun and left alone held memory, as many as their clients liked.
#[tokio::test]
async fn handshakes_have_their_number() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { durability: Durability::Memory, ..Options::new(folder.path()) };
    let (cloud, _) = Cloud::open(options, |_| {}).unwrap();
    let gateway = Gateway::new(cloud);
    let client = super::Client { address: [127, 0, 0, 1].into(), secure: true };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let turns = Semaphore::new(1);
    let (first, here) = begun(&listener).await;
    let (mut second, there) = begun(&listener).await;
    let slow = super::tls::accept(here, client, &gateway, &turns);
    let others = async {
        assert!(super::tls::accept(there, client, &gateway, &turns).await.is_none());
        assert!(!matches!(second.read(&mut [0; 1_024]).await, Ok(1..)), "it is hung up on");
        assert_eq!(turns.available_permits(), 0);
        drop(first);
    };
    let (slow, ()) = tokio::join!(slow, others);
    assert!(slow.is_none());
    assert_eq!(turns.available_permits(), 1, "there is room for the next");
}

proptest::proptest! {
    /// Whatever a request says of its service, it is answered, not dropped.
    #[test]
    fn any_head_is_routed(
        path in "/[!-~]{0,30}", host in "[a-z0-9.:-]{0,30}", target in "[!-~]{0,20}", auth in "[ -~]{0,60}",
    ) {
        use crate::gateway::route;
        use crate::request::{host_of, queue_path, region_of_address};
        use crate::sigv4::Claim;
        let request = http::Request::builder().uri(path).header("x-amz-target", target).header("authorization", auth);
        if let Ok(request) = request.body(()) {
            let (mut parts, ()) = request.into_parts();
            let claim = Claim::of(&parts).unwrap_or_default();
            let _ = route(&parts, host_of(&host), claim.as_ref().and_then(Claim::scope));
            let _ = (region_of_address(&crate::services::SERVICES, host_of(&host), parts.uri.path()), queue_path(parts.uri.path()));
            parts.headers.clear();
            let claim = Claim::of(&parts).unwrap_or_default();
            let _ = route(&parts, host_of(&host), claim.as_ref().and_then(Claim::scope));
        }
    }
}
