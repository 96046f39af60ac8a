//! Pages that have bound their own name to the server's address (DNS rebinding): no foreign page by any header but `Host`.

use cloud::Access;
use cloud::Guard;

use crate::helpers::signed::{Ask, Guarded, status};

/// With `--open-to-all` every name was served, so a page of evil.example could read all and call all.
#[tokio::test]
async fn a_server_for_other_machines_answers_to_its_names_alone() {
    let guard = Guard::new([0, 0, 0, 0].into(), vec!["build-host".into()]);
    let cloud = Guarded::with(Access { guard, ..Access::default() }).await;
    for (host, expected) in [
        ("evil.example", "403"),
        ("evil.example:4566", "403"),
        ("build-host.evil.example", "403"),
        ("10.0.0.1.evil.example", "403"),
        ("evil-1.us-east-1.elb.amazonaws.com", "403"),
        ("ec2-192-0-2-1.compute-1.amazonaws.com:4566", "403"),
        ("build-host:4566", "200"),
        ("BUILD-HOST", "200"),
        ("10.0.0.1:4566", "200"),
        ("[fe80::1]:4566", "200"),
        ("localhost:4566", "200"),
        ("sqs.us-east-1.amazonaws.com", "200"),
    ] {
        for target in ["/", "/?Action=ListQueues&Version=2012-11-05", "/health", "/_messaging/outbox"] {
            let ask = Ask::new("GET", target).host(host).header("sec-fetch-site", "same-origin");
            let answer = cloud.send(&ask).await;
            // A queue service's host has no other paths.
            let fine = status(&answer) == expected || (host.starts_with("sqs.") && target == "/");
            assert!(fine, "{host} {target}: {answer}");
        }
    }
}

/// Such a server was called by any page's `<img src="http://10.0.0.1:4566/?Action=DeleteQueue...">`: a GET to an address that
/// isn't loopback has neither `Origin` nor `Sec-Fetch-Site`.
#[tokio::test]
async fn a_page_cannot_hide_in_a_get() {
    let guard = Guard::new([0, 0, 0, 0].into(), vec![]);
    let cloud = Guarded::with(Access { guard, ..Access::default() }).await;
    let get = |target: &str| Ask::new("GET", target).host("10.0.0.1:4566").header("user-agent", "Mozilla/5.0 (X11)");
    let answer = cloud.send(&get("/?Action=CreateQueue&QueueName=q&Version=2012-11-05")).await;
    assert!(status(&answer) == "403" && answer.contains("A browser may not call"), "{answer}");
    let link = cloud.send(&get("/?Action=Unsubscribe&SubscriptionArn=arn:aws:sns:us-east-1:000000000000:t:u")).await;
    assert!(!link.contains("A browser may not call"), "a link of a message is for a browser: {link}");
    assert_eq!(status(&cloud.send(&get("/health")).await), "200");
    let tool = Ask::new("GET", "/?Action=ListQueues&Version=2012-11-05").host("10.0.0.1:4566");
    assert_eq!(status(&cloud.send(&tool.header("user-agent", "curl/8.0")).await), "200");
}

/// `fetch(..., {method: "HEAD", mode: "no-cors"})` doesn't say what page it comes from, and ran any operation; so did every
/// other method but GET and POST.
#[tokio::test]
async fn what_is_no_call_calls_nothing() {
    let guard = Guard::new([0, 0, 0, 0].into(), vec![]);
    let cloud = Guarded::with(Access { guard, ..Access::default() }).await;
    let made = cloud.send(&Ask::form("Action=CreateQueue&QueueName=q&Version=2012-11-05")).await;
    assert_eq!(status(&made), "200", "{made}");
    let delete = "Action=DeleteQueue&Version=2012-11-05&QueueUrl=http://localhost/000000000000/q";
    let hosts = ["10.0.0.1:4566", "localhost", "sqs.us-east-1.localhost", "sqs.us-east-1.amazonaws.com"];
    for method in ["HEAD", "PUT", "OPTIONS", "DELETE", "PATCH"] {
        for host in hosts {
            for path in ["/", "/000000000000/q", "/bucket/key"] {
                let ask = Ask::new(method, &format!("{path}?{delete}")).host(host);
                for agent in ["Mozilla/5.0 (X11)", "curl/8.0"] {
                    let answer = cloud.send(&ask.clone().header("user-agent", agent)).await;
                    assert_eq!(status(&answer), "405", "{method} {host} {path} {agent}: {answer}");
                }
            }
        }
        let form = Ask { method, ..Ask::form(delete) }.host("sqs.localhost");
        assert!(matches!(status(&cloud.send(&form).await), "404" | "405"), "{method}");
    }
    for method in ["GET", "HEAD", "PUT"] {
        let call = Ask::json("AmazonSQS.DeleteQueue", r#"{"QueueUrl":"http://localhost/000000000000/q"}"#);
        let answer = cloud.send(&Ask { method, ..call }).await;
        assert_eq!(status(&answer), "405", "{method}: {answer}");
    }
    let left = cloud.send(&Ask::form("Action=ListQueues&Version=2012-11-05")).await;
    assert!(left.contains("/000000000000/q<"), "{left}");
}
