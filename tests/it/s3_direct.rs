//! A plain request for an object goes past much of what reads other requests; one more header sends it the long way round. Both say
//! the same.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::helpers::cloud::TestCloud;
use crate::helpers::raw;

/// A header that says nothing, and that sends a request the long way.
const LONG: &str = "X-Says-Nothing: 1\r\n";
const SHA256_OF_BODY: &str =
    "X-Amz-Content-Sha256: 230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5\r\n";
const BODY: &str = "body";

fn request(line: &str, head: &str, body: &str) -> String {
    let length =
        if head.contains("Transfer-Encoding") { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    format!("{line} HTTP/1.1\r\nHost: localhost\r\n{head}{length}Connection: close\r\n\r\n{body}")
}

/// An answer without what differs from one to the next.
fn trimmed(answer: &str) -> String {
    const OWN: [&str; 4] = ["x-amz-request-id:", "x-amz-id-2:", "date:", "last-modified:"];
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    let mut lines: Vec<_> = head.lines().filter(|line| !OWN.iter().any(|own| line.starts_with(own))).collect();
    lines[1..].sort_unstable();
    let body = match body.split_once("<RequestId>") {
        Some((before, _)) => before,
        None => body,
    };
    format!("{}\n\n{body}", lines.join("\n"))
}

/// Heads and bodies of requests that read.
const READS: [(&str, &str); 9] = [
    ("", ""),
    ("Range: bytes=2-4\r\n", ""),
    ("Range: bytes=99-\r\n", ""),
    ("If-Match: \"no\"\r\n", ""),
    ("If-None-Match: *\r\n", ""),
    ("If-Modified-Since: Sat, 01 Jan 2000 00:00:00 GMT\r\n", ""),
    ("X-Amz-Checksum-Mode: ENABLED\r\n", ""),
    ("X-Amz-Content-Sha256: wrong\r\n", ""),
    ("X-Amz-Content-Sha256: UNSIGNED-PAYLOAD\r\nUser-Agent: a\r\n", "a body that nobody reads"),
];

/// What only one of the two ways did alike was found by clients that send one header more.
#[tokio::test]
async fn both_ways_to_an_object_say_the_same() {
    let cloud = TestCloud::start().await;
    for bucket in ["plain", "versions"] {
        raw::send(&cloud, request(&format!("PUT /{bucket}"), "", "").as_bytes()).await;
    }
    let versions = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    raw::send(&cloud, request("PUT /versions?versioning", "", versions).as_bytes()).await;
    raw::send(
        &cloud,
        request("PUT /plain/there", "Content-Type: text/x\r\nX-Amz-Meta-A: b\r\n", "0123456789").as_bytes(),
    )
    .await;
    let large = "x".repeat(1_100_000);
    raw::send(&cloud, request("PUT /plain/large", "", &large).as_bytes()).await;
    let chunked = "Content-Encoding: aws-chunked\r\nX-Amz-Decoded-Content-Length: 4\r\n";
    let trailed = "X-Amz-Content-Sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\r\nX-Amz-Decoded-Content-Length: 4\r\n\
                   X-Amz-Trailer: x-amz-checksum-crc32\r\n";
    for method in ["GET", "HEAD"] {
        for path in [
            "/plain/there",
            "/plain/large",
            "/plain/absent",
            "/absent/key",
            "/Wrong_/key",
            "/plain/%74here?x-id=GetObject",
        ] {
            for (head, body) in READS {
                let line = format!("{method} {path}");
                let direct = raw::send(&cloud, request(&line, head, body).as_bytes()).await;
                let long = raw::send(&cloud, request(&line, &format!("{LONG}{head}"), body).as_bytes()).await;
                assert!(trimmed(&direct) == trimmed(&long), "{line} {head}\n{direct:.900}\n{long:.900}");
                assert_ne!(raw::status(&direct), "500", "{line} {head}");
            }
        }
    }
    let writes = [
        ("Content-Type: text/y\r\nCache-Control: no-store\r\nX-Amz-Meta-A: b\r\n", BODY),
        ("", ""),
        (SHA256_OF_BODY, BODY),
        (SHA256_OF_BODY, "other"),
        (SHA256_OF_BODY, ""),
        ("Content-MD5: hBotaJrYa9FhFEdFPCLG/A==\r\n", BODY),
        ("Content-MD5: hBotaJrYa9FhFEdFPCLG/A==\r\n", "other"),
        ("Content-MD5: junk\r\n", BODY),
        ("X-Amz-Checksum-Crc32: AAAAAA==\r\n", BODY),
        ("X-Amz-Checksum-Crc32: junk\r\n", BODY),
        ("X-Amz-Checksum-Crc32: AAAAAA==\r\nX-Amz-Checksum-Sha1: AAAAAA==\r\n", BODY),
        ("X-Amz-Sdk-Checksum-Algorithm: CRC32\r\n", BODY),
        ("X-Amz-Trailer: x-amz-checksum-crc32\r\n", BODY),
        ("If-None-Match: *\r\n", BODY),
        ("If-Match: \"no\"\r\n", BODY),
        ("X-Amz-Tagging: a=b\r\n", BODY),
        ("X-Amz-Object-Lock-Mode: GOVERNANCE\r\n", BODY),
        (chunked, "4\r\nbody\r\n0\r\n\r\n"),
        (chunked, "5\r\nbodyy\r\n0\r\n\r\n"),
        (trailed, "4\r\nbody\r\n0\r\nx-amz-checksum-crc32:26gLsg==\r\n\r\n"),
        (trailed, "4\r\nbody\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n"),
        ("X-Amz-Decoded-Content-Length: 4\r\n", BODY),
        ("Transfer-Encoding: chunked\r\n", "4\r\nbody\r\n0\r\n\r\n"),
        ("", &large),
    ];
    for path in ["/plain/put", "/versions/put", "/absent/put", "/plain/put?x-id=PutObject"] {
        for (head, body) in writes {
            let line = format!("PUT {path}");
            let mut said = Vec::new();
            for head in [head.to_owned(), format!("{LONG}{head}")] {
                let put = raw::send(&cloud, request(&line, &head, body).as_bytes()).await;
                let put: Vec<_> =
                    trimmed(&put).lines().filter(|it| !it.starts_with("x-amz-version-id")).map(str::to_owned).collect();
                let get = raw::send(&cloud, request("GET /plain/put", LONG, "").as_bytes()).await;
                said.push((put.join("\n"), trimmed(&get)));
            }
            assert!(said[0] == said[1], "{line} {head}\n{:.900}\n{:.900}", said[0].0, said[1].0);
        }
    }
}

/// A body that comes in pieces, and one that its client breaks off, or waits with until it is asked for.
#[tokio::test]
async fn a_short_body_may_come_in_pieces() {
    let cloud = TestCloud::start().await;
    raw::send(&cloud, request("PUT /plain", "", "").as_bytes()).await;
    let head = |more: &str, length: usize| {
        format!(
            "PUT /plain/k HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\nConnection: close\r\n{more}\r\n"
        )
    };
    let mut stream = raw::connect(&cloud).await;
    for piece in [head("", 6).as_str(), "ab", "cd", "ef"] {
        stream.write_all(piece.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
        tokio::task::yield_now().await;
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert_eq!(raw::status(&answer), "200", "{answer}");
    // Nothing of what was broken off is kept.
    raw::exchange(&cloud, format!("{}abc", head("", 6)).as_bytes(), true).await;
    let read = raw::send(&cloud, request("GET /plain/k", "", "").as_bytes()).await;
    assert!(read.ends_with("\r\n\r\nabcdef"), "{read}");
    // Who waits to be asked isn't asked where the answer is no.
    let asked = head("Expect: 100-continue\r\n", 4).replace("/plain/", "/absent/");
    let refused = raw::send(&cloud, asked.as_bytes()).await;
    assert_eq!(raw::status(&refused), "404", "{refused}");
}
