//! A cloud that isn't ours: it knows a queue, and has no pages of its own.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use serde_json::json;

/// Serves one until the test ends: its address. Its queue is `q`, of the default account in us-east-1.
pub(crate) fn start() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = vec![0; 16_384];
            let n = stream.read(&mut head).unwrap_or(0);
            let head = String::from_utf8_lossy(&head[..n]).to_lowercase();
            let (code, body) = match head.as_str() {
                head if head.contains("getqueueurl") => (200, json!({"QueueUrl": "http://q/000000000000/q"})),
                head if head.contains("getqueueattributes") => {
                    (200, json!({"Attributes": {"QueueArn": "arn:aws:sqs:us-east-1:000000000000:q"}}))
                }
                _ => (404, json!({"what": "no such page"})),
            };
            let body = body.to_string();
            let answer =
                format!("HTTP/1.1 {code} x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
            _ = stream.write_all(answer.as_bytes());
        }
    });
    endpoint
}
