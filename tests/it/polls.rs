//! Connections on which a long poll waits, and what else their clients send.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::helpers::cloud::{PATIENCE, TestCloud, eventually};
use crate::helpers::queues::{queue, receive, send};
use crate::helpers::raw::{ask, connect};

const POLL: &str = "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: AmazonSQS.ReceiveMessage\r\n\
    Content-Type: application/x-amz-json-1.0\r\n";

fn poll(url: &str) -> String {
    let body = format!("{{\"QueueUrl\":\"{url}\",\"WaitTimeSeconds\":20}}");
    format!("{POLL}Content-Length: {}\r\n\r\n{body}", body.len())
}

/// Of what was sent behind two polls, only a part was read; the rest was lost without a word, and the connection hung.
#[tokio::test]
async fn all_that_is_sent_behind_polls_is_answered() {
    let cloud = TestCloud::start().await;
    let url = queue(&cloud.sqs(), "q", &[]).await;
    let mut stream = connect(&cloud).await;
    // A large request first: then more is read at once.
    let body = "x".repeat(200_000);
    let large = format!("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let health = format!("GET /health HTTP/1.1\r\nHost: localhost\r\nX-Padding: {}\r\n\r\n", "y".repeat(400));
    let last = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let mut answers = Vec::new();
    for _ in 0..3 {
        stream.write_all(large.as_bytes()).await.unwrap();
        while answers.windows(4).filter(|four| *four == b"\r\n\r\n").count() == 0 {
            assert!(stream.read_buf(&mut answers).await.unwrap() > 0);
        }
    }
    answers.clear();
    let all = [poll(&url), poll(&url), health.repeat(100), poll(&url), health.repeat(3), last.to_owned()].concat();
    let (mut from, mut to) = stream.into_split();
    let sent = async { to.write_all(all.as_bytes()).await };
    let read = async { timeout(PATIENCE, from.read_to_end(&mut answers)).await.expect("all is answered") };
    // The polls end when the clock has gone on.
    let moved = async {
        loop {
            cloud.clock.advance(Duration::from_secs(21));
            tokio::task::yield_now().await;
        }
    };
    let done = async { tokio::try_join!(sent, async { read.await.map(drop) }) };
    tokio::select! {
        done = done => drop(done.unwrap()),
        () = moved => {}
    }
    let text = String::from_utf8_lossy(&answers);
    // Of the three large requests an answer may still have been on its way.
    assert!((107..=109).contains(&text.matches("HTTP/1.1 ").count()), "{}", text.matches("HTTP/1.1 ").count());
    assert_eq!(text.matches("\"status\":\"ok\"").count(), 104);
}

/// Whoever had sent one byte behind a poll was taken to be there for good: its poll received for nobody.
#[tokio::test]
async fn who_goes_away_behind_a_poll_receives_nothing() {
    let cloud = TestCloud::start().await;
    let sqs = cloud.sqs();
    let url = queue(&sqs, "q", &[]).await;
    for behind in ["G", "GET /health HTTP/1.1\r\n"] {
        let mut stream = connect(&cloud).await;
        stream.write_all(format!("{}{behind}", poll(&url)).as_bytes()).await.unwrap();
        let polls = async |count: &str| {
            let metrics = ask(&cloud, "localhost", "/_messaging/metrics").await;
            metrics.lines().any(|line| line.strip_prefix("messaging_long_polls ") == Some(count)).then_some(())
        };
        assert!(eventually(async || polls("1").await).await.is_some(), "it waits");
        drop(stream);
        assert!(eventually(async || polls("0").await).await.is_some(), "it is noticed: {behind}");
        send(&sqs, &url, "for somebody").await;
        assert_eq!(receive(&sqs, &url).await.len(), 1);
    }
}
