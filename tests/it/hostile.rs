//! Clients that mean harm: whatever they send, their own request fails and the next one is answered.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use crate::helpers::cloud::TestCloud;
use crate::helpers::raw::{connect, encoded, exchange, form, json, send, status, well};

/// Enough of a text to know it by.
fn begin(text: &str) -> &str {
    text.get(..40).unwrap_or(text)
}

#[tokio::test]
async fn bodies_that_no_decoder_likes() {
    let cloud = TestCloud::start().await;
    let deep = 100_000;
    let bombs: [(&str, Vec<u8>); 9] = [
        ("brackets", "[".repeat(deep).into_bytes()),
        ("maps", "{\"a\":".repeat(deep).into_bytes()),
        ("a number beyond all floats", br#"{"MaxResults":1e400}"#.to_vec()),
        ("a number beyond all integers", br#"{"MaxResults":99999999999999999999999999}"#.to_vec()),
        ("half a surrogate", br#"{"QueueNamePrefix":"\ud800"}"#.to_vec()),
        ("bytes that are no text", b"{\"QueueNamePrefix\":\"\xff\xfe\"}".to_vec()),
        ("nothing", Vec::new()),
        ("a list for a structure", b"[1]".to_vec()),
        ("a field twice", br#"{"MaxResults":1,"MaxResults":2}"#.to_vec()),
    ];
    for (what, body) in &bombs {
        let answer = json(&cloud, "AmazonSQS.ListQueues", body).await;
        let fine = ["nothing", "a field twice"].contains(what) && status(&answer) == "200";
        assert!(fine || status(&answer) == "400", "{what}: {answer}");
        well(&cloud, what).await;
    }
    let members = (0..30_000).map(|n| format!("&Attributes.entry.{n}.key=k")).collect::<String>();
    let forms = [
        format!("Action=CreateTopic&Version=2010-03-31{members}"),
        format!("Action=CreateTopic&Version=2010-03-31&Name{}=x", ".member.1".repeat(20_000)),
        "Action=CreateTopic&Version=2010-03-31&Attributes.entry.99999999999999999999.key=k".to_owned(),
        "Action=CreateTopic&Version=2010-03-31&Name=%FF%FE".to_owned(),
        "Action=Create\r\nTopic&Version=2010-03-31".to_owned(),
    ];
    for body in &forms {
        let answer = form(&cloud, body).await;
        assert_eq!(status(&answer), "400", "{}: {answer}", begin(body));
        well(&cloud, begin(body)).await;
    }
}

/// Names and values that would write into an answer's head, or out of the data folder.
#[tokio::test]
async fn names_that_want_out() {
    let cloud = TestCloud::start().await;
    for name in ["a\r\nX-Evil: 1", "../../etc", "a\0b", "a/b"] {
        let answer = form(&cloud, &format!("Action=CreateQueue&Version=2012-11-05&QueueName={}", encoded(name))).await;
        assert_eq!(status(&answer), "400", "{name:?}: {answer}");
    }
    cloud.s3().create_bucket().bucket("jail").send().await.unwrap();
    let before = cloud.files_outside();
    for path in [
        "/jail/../../../../tmp/out",
        "/jail/%2e%2e/%2e%2e/%2e%2e/out",
        "/jail/..%2f..%2f..%2fout",
        "/..%2f..%2fout/key",
        "/jail/%00",
        "/jail//etc/passwd",
    ] {
        let put =
            format!("PUT {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 3\r\n\r\nout");
        send(&cloud, put.as_bytes()).await;
        well(&cloud, path).await;
    }
    assert_eq!(cloud.files_outside(), before, "a key is a name, not a path");
    let long = format!(
        "PUT /jail/{} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        "k".repeat(1_025)
    );
    assert!(send(&cloud, long.as_bytes()).await.contains("KeyTooLongError"));
    cloud.s3().put_object().bucket("jail").key("k").send().await.unwrap();
    let signed = "Authorization: AWS4-HMAC-SHA256 Credential=k/20300101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";
    let get = format!(
        "GET /jail/k?response-content-type=a%0d%0aX-Evil:%201 HTTP/1.1\r\nHost: localhost\r\n{signed}\r\nConnection: close\r\n\r\n"
    );
    let answer = send(&cloud, get.as_bytes()).await;
    assert_eq!(status(&answer), "200", "{answer}");
    assert!(!answer.to_ascii_lowercase().contains("\nx-evil"), "{answer}");
}

#[tokio::test]
async fn documents_that_explode() {
    let cloud = TestCloud::start().await;
    let laughs = "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">\
                  <!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\">]><Tagging><TagSet><Tag><Key>&c;</Key><Value>&c;</Value></Tag></TagSet></Tagging>";
    cloud.s3().create_bucket().bucket("xml").send().await.unwrap();
    for body in [laughs.to_owned(), "<a>".repeat(100_000), "<Tagging>".to_owned() + &"<!--".repeat(10_000)] {
        let put = format!(
            "PUT /xml?tagging HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let answer = send(&cloud, put.as_bytes()).await;
        assert_eq!(status(&answer), "400", "{answer}");
        well(&cloud, begin(&body)).await;
    }
    let aliases = "a: &a [x,x,x,x,x,x,x,x]\n".to_owned()
        + &('b'..='k')
            .map(|c| format!("{c}: &{c} [{}]\n", vec![format!("*{}", (c as u8 - 1) as char); 8].join(",")))
            .collect::<String>();
    let list: Vec<String> = (0..1_000).map(|n| format!("n{n}")).collect();
    let loops = (0..4).fold("Type: AWS::SQS::Queue".to_owned(), |inner, n| {
        format!("{{'Fn::ForEach::L{n}': [V{n}, [{}], {{'Q${{V{n}}}': {{{inner}}}}}]}}", list.join(","))
    });
    let templates = [
        aliases,
        "[".repeat(60_000 / 2),
        format!("Transform: AWS::LanguageExtensions\nResources: {loops}"),
        format!(
            "Resources: {{Q: {{Type: 'AWS::SQS::Queue', Properties: {{QueueName: !Sub '{}'}}}}}}",
            "${".repeat(20_000)
        ),
        "? ".repeat(20_000),
        "Resources: !Foo ".to_owned() + &"!Bar ".repeat(5_000),
    ];
    for template in &templates {
        let body = format!("Action=ValidateTemplate&Version=2010-05-15&TemplateBody={}", encoded(template));
        let answer = form(&cloud, &body).await;
        // What never closes is plain text to `Fn::Sub`.
        let fine = template.contains("!Sub") && status(&answer) == "200";
        assert!(fine || status(&answer) == "400", "{}: {answer}", begin(template));
        well(&cloud, begin(template)).await;
    }
}

/// Heads and bodies that lie about themselves, or never end.
#[tokio::test]
async fn connections_that_misbehave() {
    let cloud = TestCloud::start().await;
    let head = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    let many: String = (0..1_000).map(|n| format!("X-{n}: 1\r\n")).collect();
    let requests = [
        format!("{head}{many}\r\n"),
        format!("{head}X: {}\r\n\r\n", "x".repeat(300_000)),
        format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "x".repeat(300_000)),
        format!("{head}Content-Length: 99\r\nContent-Length: 5\r\n\r\nabcde"),
        format!("{head}Content-Length: -5\r\n\r\nabcde"),
        format!("{head}Content-Length: 18446744073709551615\r\n\r\nabcde"),
        format!("{head}Content-Length: 50\r\n\r\nends early"),
        format!("{head}Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx"),
        format!("{head}Transfer-Encoding: chunked\r\n\r\nzz\r\nx\r\n0\r\n\r\n"),
        "\0\u{1}\u{2}GET\r\n\r\n".to_owned(),
        "GET / HTTP/9.9\r\n\r\n".to_owned(),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
        format!("{}GARBAGE\r\n\r\n", "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(50)),
    ];
    for request in &requests {
        let answer = exchange(&cloud, request.as_bytes(), true).await;
        let last = answer.rsplit("HTTP/1.1 ").next().unwrap_or_default();
        assert!(!last.starts_with('2') || request.starts_with("GET /health"), "{}: {answer}", begin(request));
        well(&cloud, begin(request)).await;
    }
    // Many that never finish their head, and one that asks much and reads nothing.
    let mut slow = Vec::new();
    for _ in 0..500 {
        let mut stream = connect(&cloud).await;
        stream.write_all(b"POST / HTTP/1.1\r\nHost: local").await.unwrap();
        slow.push(stream);
    }
    cloud.s3().create_bucket().bucket("big").send().await.unwrap();
    cloud.s3().put_object().bucket("big").key("k").body(vec![0; 4 << 20].into()).send().await.unwrap();
    let mut deaf = connect(&cloud).await;
    let asks = "GET /big/k HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(100);
    let _ = timeout(Duration::from_secs(1), deaf.write_all(asks.as_bytes())).await;
    well(&cloud, "clients that wait").await;
}

/// What could be taken for the end of a line elsewhere, or for another body, is refused; but for a bare LF, which is an end of a line
/// here, as RFC 9112 (2.2) lets it be.
#[tokio::test]
async fn lines_end_where_others_see_them_end() {
    let cloud = TestCloud::start().await;
    let head = "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Amz-Target: AmazonSQS.ListQueues\r\n";
    let post = |more: &str| format!("{head}{more}\r\n");
    let refused = [
        post("X: a\rContent-Length: 5\r\n"),
        post("X: a\0b\r\n"),
        post("X: a\r\n folded\r\n"),
        post("X : a\r\n"),
        post(" X: a\r\n"),
        post("X\r\n"),
        post("Content-Length : 5\r\n"),
        post("Content-Length: 5, 5\r\n"),
        post("Content-Length: +5\r\n"),
        post("Content-Length: 5\r\nContent-Length: 6\r\n"),
        post("Transfer-Encoding: gzip\r\n"),
        post("Transfer-Encoding: chunked, gzip\r\n"),
        post("Transfer-Encoding: xchunked\r\n"),
        post("Transfer-Encoding: chunked\r\n").replace("HTTP/1.1", "HTTP/1.0"),
        post("Transfer-Encoding: chunked\r\n") + "1\nx\n0\n\n",
        post("Transfer-Encoding: chunked\r\n") + "1;a\nb\r\nx\r\n0\r\n\r\n",
        post("Transfer-Encoding: chunked\r\n") + "1\r\nxy\r\n0\r\n\r\n",
        post("Transfer-Encoding: chunked\r\n") + "0x1\r\nx\r\n0\r\n\r\n",
    ];
    for request in &refused {
        let answer = exchange(&cloud, request.as_bytes(), true).await;
        assert!(matches!(status(&answer), "400" | "closed"), "{request:?}: {answer}");
        assert!(answer.matches("HTTP/1.1").count() <= 1, "{request:?}: {answer}");
        well(&cloud, request).await;
    }
    let bare = send(&cloud, b"GET /health HTTP/1.1\nHost: localhost\nConnection: close\n\n").await;
    assert_eq!(status(&bare), "200");
}

/// A PUT that was refused by its head closed the connection without a word, and boto3's next request failed on it.
#[tokio::test]
async fn a_refused_body_does_not_swallow_the_next_request() {
    let cloud = TestCloud::start().await;
    let put = |more: &str, length: usize| {
        format!("PUT /no-such-bucket/k HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n{more}\r\n")
    };
    let health = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let body = "x".repeat(3 << 20);
    let chunked = "POST /no-such-bucket?delete HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n<a>\r\n0\r\n\r\n";
    for first in [put("", body.len()) + &body, put("", 1) + "x", chunked.to_owned()] {
        let answers = send(&cloud, (first.clone() + health).as_bytes()).await;
        let statuses: Vec<_> = answers.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect();
        assert!(matches!(statuses[..], ["404" | "501", "200"]), "{}: {answers}", begin(&first));
    }
    let waits = send(&cloud, put("Expect: 100-continue\r\n", 5).as_bytes()).await;
    assert_eq!(status(&waits), "404", "{waits}");
    assert!(waits.contains("connection: close"), "{waits}");
}

/// A body that is too long is refused before it is read.
#[tokio::test]
async fn each_service_bounds_its_bodies() {
    let cloud = TestCloud::start().await;
    for (target, mib) in [("AmazonSQS.SendMessage", 8), ("Firehose_20150804.PutRecord", 8)] {
        let head = format!(
            "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/x-amz-json-1.0\r\nX-Amz-Target: \
             {target}\r\nContent-Length: {}\r\n\r\n",
            (mib << 20) + 1
        );
        let answer = send(&cloud, head.as_bytes()).await;
        assert_eq!(status(&answer), "413", "{target}: {answer}");
    }
}

#[tokio::test]
async fn numbers_beyond_all_bounds() {
    let cloud = TestCloud::start().await;
    let url = crate::helpers::queues::queue(&cloud.sqs(), "q", &[]).await;
    for number in ["1e400", "99999999999999999999", "-1", "NaN", "-99999999999999999999", "Infinity"] {
        let body = format!(r#"{{"QueueUrl":"{url}","VisibilityTimeout":{number}}}"#);
        let answer = json(&cloud, "AmazonSQS.ReceiveMessage", body.as_bytes()).await;
        assert_eq!(status(&answer), "400", "{number}: {answer}");
        let body = format!("Action=ReceiveMessage&Version=2012-11-05&QueueUrl={url}&VisibilityTimeout={number}");
        assert_eq!(status(&form(&cloud, &body).await), "400", "{number}");
        let body = format!(r#"{{"QueueUrl":"{url}","Attributes":{{"DelaySeconds":"{number}"}}}}"#);
        let answer = json(&cloud, "AmazonSQS.SetQueueAttributes", body.as_bytes()).await;
        assert_eq!(status(&answer), "400", "{number}: {answer}");
    }
    well(&cloud, "numbers").await;
}
