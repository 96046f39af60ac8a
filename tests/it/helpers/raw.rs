//! Requests that no SDK makes: bytes to the server's port, and what comes back.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::cloud::{PATIENCE, TestCloud};

pub(crate) async fn connect(cloud: &TestCloud) -> TcpStream {
    TcpStream::connect(cloud.endpoint.strip_prefix("http://").unwrap()).await.unwrap()
}

/// Sends bytes and reads until the server closes; an error of the connection ends it as well.
pub(crate) async fn send(cloud: &TestCloud, bytes: &[u8]) -> String {
    exchange(cloud, bytes, false).await
}

/// As [`send`]; with `leave` the client then says that it has no more to say, which ends what still runs.
pub(crate) async fn exchange(cloud: &TestCloud, bytes: &[u8], leave: bool) -> String {
    let mut stream = connect(cloud).await;
    // The server may refuse before it has read everything.
    let _ = stream.write_all(bytes).await;
    if leave {
        let _ = stream.shutdown().await;
    }
    let mut answer = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut answer))
        .await
        .expect("the server answers or hangs up")
        .unwrap_or_default();
    String::from_utf8_lossy(&answer).into_owned()
}

pub(crate) async fn post(cloud: &TestCloud, path: &str, head: &str, body: &[u8]) -> String {
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n{head}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    send(cloud, &request).await
}

pub(crate) fn status(answer: &str) -> &str {
    answer.split_whitespace().nth(1).unwrap_or("closed")
}

/// The same server still does what it is asked.
pub(crate) async fn well(cloud: &TestCloud, after: &str) {
    let answer = send(cloud, b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await;
    assert_eq!(status(&answer), "200", "after {after}");
    let answer = form(cloud, "Action=ListTopics&Version=2010-03-31").await;
    assert_eq!(status(&answer), "200", "after {after}: {answer}");
}

pub(crate) async fn form(cloud: &TestCloud, body: &str) -> String {
    post(cloud, "/", "Content-Type: application/x-www-form-urlencoded", body.as_bytes()).await
}

pub(crate) async fn json(cloud: &TestCloud, target: &str, body: &[u8]) -> String {
    post(cloud, "/", &format!("Content-Type: application/x-amz-json-1.0\r\nX-Amz-Target: {target}"), body).await
}

pub(crate) fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// The whole answer to a GET of `path` from `host`.
pub(crate) async fn ask(cloud: &TestCloud, host: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(cloud.endpoint.strip_prefix("http://").unwrap()).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}
