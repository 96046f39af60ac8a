//! `messaging health`, against services that are well and others.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use crate::helpers::binary::{Local, folder, run};

/// The URL of a service that gives one request this answer.
fn answering(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/health", listener.local_addr().unwrap());
    thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let mut request = [0; 1024];
        assert!(connection.read(&mut request).unwrap() > 0);
        connection.write_all(answer.as_bytes()).unwrap();
    });
    url
}

#[test]
fn health_ends_as_the_service_is() {
    let dir = folder();
    let ask = |url: &str| run(dir.path(), ["health", url]);
    let well = ask(&answering("HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n{\"status\":\"ok\"}"));
    assert_eq!((well.code, well.stdout.trim_end()), (Some(0), r#"{"status":"ok"}"#), "{well:#?}");
    let ill = ask(&answering("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 17\r\n\r\nthe queue is gone"));
    assert_eq!(ill.code, Some(1), "{ill:#?}");
    assert!(ill.stdout.contains("the queue is gone") && ill.stderr.contains("503"), "{ill:#?}");
    let broken = ask(&answering("HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n{"));
    assert_eq!(broken.code, Some(4), "an answer that breaks off is none: {broken:#?}");
    let local = Local::start(dir.path(), &[]);
    let cloud = ask(&format!("{}/_messaging/queues", local.endpoint));
    assert_eq!(cloud.code, Some(0), "{cloud:#?}");
}

#[test]
fn health_refuses_what_is_no_address_and_tells_of_silence() {
    let dir = folder();
    for url in ["https://localhost/health", "localhost:8080", "ftp://localhost", "http://"] {
        let ended = run(dir.path(), ["health", url]);
        assert_eq!(ended.code, Some(2), "{url}: {ended:#?}");
    }
    // Nobody listens there any more.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ended = run(dir.path(), ["health", &format!("http://{free}/health")]);
    assert_eq!(ended.code, Some(4), "{ended:#?}");
}
