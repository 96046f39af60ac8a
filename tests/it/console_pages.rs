//! The console's pages over HTTP: each is there, keeps its rules, shows what strangers write as text, and does what its forms say.

use aws_sdk_sqs::types::QueueAttributeName as Attribute;

use crate::helpers::cloud::TestCloud;
use crate::helpers::queues::{arn, attribute, queue, send as send_message};
use crate::helpers::raw::{post, send, status};
use crate::helpers::topics::{publish, subscribe, topic};

const HOSTILE: &str = "<script>alert(1)</script>\"'&<img src=x onerror=alert(2)>";

async fn get(cloud: &TestCloud, path: &str) -> String {
    let head = "Host: localhost\r\nAccept: text/html\r\nConnection: close";
    send(cloud, format!("GET {path} HTTP/1.1\r\n{head}\r\n\r\n").as_bytes()).await
}

/// A page of the console, which keeps the rules of all of them.
async fn page(cloud: &TestCloud, path: &str) -> String {
    let page = get(cloud, &format!("/_messaging/console{path}")).await;
    let head = page.split("\r\n\r\n").next().unwrap().to_ascii_lowercase();
    for line in [
        "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        "x-content-type-options: nosniff",
        "referrer-policy: same-origin",
        "cache-control: no-store",
    ] {
        assert!(head.contains(line), "{path}: {line} is missing in {head}");
    }
    assert!(!page.contains("<script>") && !page.contains("<img") && !page.contains(" style="), "{path}: {page}");
    page
}

/// Fills a form in and sends it, as a browser of the same site does.
async fn act(cloud: &TestCloud, action: &str, fields: &[(&str, &str)]) -> String {
    let encode =
        |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let head =
        "Content-Type: application/x-www-form-urlencoded\r\nOrigin: http://localhost\r\nSec-Fetch-Site: same-origin";
    post(cloud, &format!("/_messaging/console/actions/{action}"), head, fields.join("&").as_bytes()).await
}

#[tokio::test]
async fn each_page_is_there_and_what_strangers_write_is_text_on_it() {
    let cloud = TestCloud::start().await;
    let (sqs, sns) = (cloud.sqs(), cloud.sns());
    // Where there is nothing, a page says how to make the first.
    for (path, line) in [
        ("/topics", "sns create-topic"),
        ("/queues", "sqs create-queue"),
        ("/streams", "firehose create-delivery-stream"),
        ("/buckets", "s3 mb"),
        ("/stacks", "cloudformation deploy"),
    ] {
        assert!(page(&cloud, path).await.contains(line), "{path}");
    }
    let orders = queue(&sqs, "orders", &[]).await;
    let events = topic(&sns, "events", &[]).await;
    let filter = serde_json::json!({"kind": [HOSTILE]}).to_string();
    subscribe(&cloud, &events, &orders, &[("FilterPolicy", &filter)]).await;
    let id = publish(&sns, &events, HOSTILE).await;
    send_message(&sqs, &orders, &format!("{{\"a\":[\"{}\"]}}", HOSTILE.replace('"', "\\\""))).await;
    cloud.s3().create_bucket().bucket("landing").send().await.unwrap();
    let body = aws_sdk_s3::primitives::ByteStream::from(format!("{HOSTILE}\n{{}}\n").into_bytes());
    cloud.s3().put_object().bucket("landing").key("a/<b>").body(body).send().await.unwrap();
    for (path, words) in [
        ("", "What leads where"),
        ("/topics", "events"),
        ("/topics/events", "Try a filter policy"),
        ("/queues", "orders"),
        ("/queues/orders", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("/queues/orders?text=alert&view=raw", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("/buckets", "landing"),
        ("/buckets/landing", "a/"),
        ("/buckets/landing?prefix=a%2F", "&lt;b&gt;"),
        ("/buckets/landing/object?key=a%2F%3Cb%3E", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("/messages", "&lt;script&gt;"),
        ("/messages?text=%3Cscript%3E", "&lt;script&gt;"),
        (&format!("/messages/{id}"), "What each subscription decided"),
        ("/charts", "The busiest of this account"),
        ("/chaos", "Put a rule in force"),
        ("/notices", "Notices"),
    ] {
        let page = page(&cloud, path).await;
        assert!(status(&page) == "200" && page.contains(words), "{path}: {page}");
    }
    for path in ["/queues/%3Cscript%3E", "/nothing", "/topics/none", "/messages/x", "/buckets/landing/object?key=none"]
    {
        assert_eq!(status(&page(&cloud, path).await), "404", "{path}");
    }
    // Nothing of all that was received.
    assert_eq!(attribute(&sqs, &orders, Attribute::ApproximateNumberOfMessages).await, "1");
    let (script, style) = (page(&cloud, "/console.js").await, page(&cloud, "/console.css").await);
    assert!(script.contains("text/javascript") && style.contains("text/css"), "{script} {style}");
}

#[tokio::test]
async fn forms_do_what_they_say_and_come_back_with_the_line_of_the_cli() {
    let cloud = TestCloud::start().await;
    let sqs = cloud.sqs();
    let dead = queue(&sqs, "dead", &[]).await;
    let redrive = format!("{{\"deadLetterTargetArn\":\"{}\",\"maxReceiveCount\":1}}", arn(&sqs, &dead).await);
    queue(&sqs, "orders", &[(Attribute::RedrivePolicy, &redrive)]).await;
    let back = "/_messaging/console/queues/dead";
    let body = format!("it's {HOSTILE}");
    let fields = [("queue", "dead"), ("body", &body), ("attributes", "kind=a\nn:Number=1"), ("back", back)];
    let sent = act(&cloud, "send", &fields).await;
    assert!(status(&sent) == "200" && sent.contains("Done:") && sent.contains("send-message"), "{sent}");
    assert!(sent.contains("<h1>Queue dead</h1>") && !sent.contains("<script>"), "{sent}");
    assert_eq!(attribute(&sqs, &dead, Attribute::ApproximateNumberOfMessages).await, "1");
    let wrong = act(&cloud, "send", &[("queue", "dead"), ("body", "x"), ("attributes", "none"), ("back", back)]).await;
    assert!(wrong.contains("Not done:") && wrong.contains("attributes are"), "{wrong}");
    let unsure = act(&cloud, "purge", &[("queue", "dead"), ("confirm", "orders"), ("back", back)]).await;
    assert!(unsure.contains("Not done:"), "{unsure}");
    assert_eq!(attribute(&sqs, &dead, Attribute::ApproximateNumberOfMessages).await, "1");
    let purged = act(&cloud, "purge", &[("queue", "dead"), ("confirm", "dead"), ("back", back)]).await;
    assert!(purged.contains("Done:") && purged.contains("purge-queue"), "{purged}");
    assert_eq!(attribute(&sqs, &dead, Attribute::ApproximateNumberOfMessages).await, "0");
    // Where it goes back to is a page of the console, whatever a form says.
    for back in ["https://evil.example/", "//evil.example", "/_messaging/reset", ""] {
        let answer = act(&cloud, "send", &[("queue", "dead"), ("body", "x"), ("back", back)]).await;
        assert!(answer.contains("Done:") && !answer.contains("evil.example"), "{answer}");
    }
    let head = "Content-Type: application/x-www-form-urlencoded\r\nOrigin: https://evil.example";
    let foreign = post(&cloud, "/_messaging/console/actions/purge", head, b"queue=dead&confirm=dead").await;
    assert_eq!(status(&foreign), "403", "{foreign}");
    assert_eq!(attribute(&sqs, &dead, Attribute::ApproximateNumberOfMessages).await, "4");
}

#[tokio::test]
async fn a_policy_is_tried_without_publishing() {
    let cloud = TestCloud::start().await;
    topic(&cloud.sns(), "events", &[]).await;
    let policy = "%7B%22kind%22%3A%5B%22a%22%5D%2C%22n%22%3A%5B1%5D%7D";
    let tried = page(&cloud, &format!("/topics/events?policy={policy}&body=x&attributes=kind%3Da")).await;
    assert!(tried.contains("filtered out") && tried.contains("holds") && tried.contains("fails"), "{tried}");
    let broken = page(&cloud, "/topics/events?policy=%7B&body=x").await;
    assert!(broken.contains("It can't be tried"), "{broken}");
}
