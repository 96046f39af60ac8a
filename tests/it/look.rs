//! Looking without taking: `messaging status`, `messaging peek`, and the pages of the server behind them.

use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use serde_json::Value;

use crate::helpers::binary::{Ended, Local, folder, run};
use crate::helpers::cloud::{TestCloud, config};
use crate::helpers::elsewhere;
use crate::helpers::queues::{attribute, queue, receive, send};
use crate::helpers::signed::{A, Ask, B, Guarded, status};

const TEMPLATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/infra.yaml");

fn records(ended: &Ended) -> Vec<Value> {
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{ended:#?}"))).collect()
}

#[test]
fn a_look_takes_nothing_and_status_has_a_line_for_each_queue() {
    let dir = folder();
    let local = Local::start(dir.path(), &["--template", TEMPLATE]);
    let ask = |args: &[&str]| run(dir.path(), [args, &["--endpoint-url", &local.endpoint]].concat());
    assert_eq!(ask(&["publish", "--count", "12", "--rate", "max", "--seed", "1"]).code, Some(0));
    for _ in 0..2 {
        let seen = records(&ask(&["peek", "orders", "--json"]));
        assert_eq!(seen.len(), 10);
        for message in &seen {
            assert_eq!((&message["state"], &message["receives"]), (&"visible".into(), &0.into()));
            assert_eq!(message["attributes"]["kind"]["type"], "String", "{message:#}");
        }
    }
    let shown = ask(&["peek", "orders"]);
    assert!(shown.stdout.contains("never received") && shown.stderr.contains("--max shows more"), "{shown:#?}");
    let status = records(&ask(&["status", "--json"])).remove(0);
    assert_eq!(status["queues"].as_array().unwrap().len(), 4, "{status:#}");
    let orders = status["queues"].as_array().unwrap().iter().find(|it| it["name"] == "api-orders-created-consumer");
    let orders = orders.unwrap();
    assert_eq!((&orders["visible"], &orders["in_flight"], &orders["dead_letters"]), (&12.into(), &0.into(), &0.into()));
    assert!(orders["oldest_age_ms"].is_u64(), "{orders:#}");
    assert_eq!(status["topics"][0]["subscriptions"], 3);
    assert_eq!(status["streams"][0]["records"], 12);
    let table = ask(&["status", "--all"]);
    // Through a pipe a queue's name and its figures are one line, so that they can be searched for.
    let dead = table.stdout.lines().find(|line| line.contains("api-payment-created-consumer-dlq")).unwrap();
    assert_eq!(dead.split_whitespace().skip(2).collect::<Vec<_>>(), ["0", "0", "0", "-"], "{table:#?}");
    let nothing = ask(&["status", "--stack", "none"]);
    assert!(nothing.code == Some(2) && nothing.stderr.contains("--all"), "{nothing:#?}");
    let consumed = ask(&["consume", "--api", "orders", "--until-empty", "--json"]);
    let received_once = records(&consumed).iter().filter(|it| it["receives"] == 1).count();
    assert_eq!(received_once, 12, "{consumed:#?}");
}

/// A queue is named by its name, its URL and its ARN; what a message holds can't steer the terminal.
#[tokio::test]
async fn states_are_shown_and_what_is_hostile_is_escaped() {
    let dir = folder();
    let local = Local::start(dir.path(), &[]);
    let sqs = aws_sdk_sqs::Client::new(&config(&local.endpoint));
    let url = queue(&sqs, "q", &[(Attribute::VisibilityTimeout, "600")]).await;
    send(&sqs, &url, "first").await;
    assert_eq!(receive(&sqs, &url).await.len(), 1);
    sqs.send_message().queue_url(&url).message_body("later").delay_seconds(600).send().await.unwrap();
    send(&sqs, &url, "\u{9b}31m \u{202e}\nsecond line").await;
    let arn = attribute(&sqs, &url, Attribute::QueueArn).await;
    for name in ["q", &url, &arn] {
        let seen = records(&run(dir.path(), ["peek", name, "--json", "--endpoint-url", &local.endpoint]));
        let states: Vec<_> = seen.iter().map(|it| (it["state"].as_str().unwrap(), it["receives"].as_u64())).collect();
        assert_eq!(states, [("in_flight", Some(1)), ("delayed", Some(0)), ("visible", Some(0))], "{name}");
    }
    let shown = run(dir.path(), ["peek", "q", "--endpoint-url", &local.endpoint]);
    assert!(!shown.stdout.contains(|c| c != '\n' && messaging::escape::is_harmful(c)), "{shown:#?}");
    for words in ["in flight, visible in ", "delayed, visible in ", "   second line"] {
        assert!(shown.stdout.contains(words), "{words}: {shown:#?}");
    }
    let none = run(dir.path(), ["peek", "q", "--dead-letters", "--endpoint-url", &local.endpoint]);
    assert!(none.code == Some(2) && none.stderr.contains("no dead-letter queue"), "{none:#?}");
    let elsewhere = arn.replace("us-east-1", "eu-west-1");
    let elsewhere = run(dir.path(), ["peek", &elsewhere, "--endpoint-url", &local.endpoint]);
    assert!(elsewhere.stderr.contains("--region eu-west-1"), "{elsewhere:#?}");
}

#[tokio::test]
async fn what_landed_is_looked_at_too() {
    let dir = folder();
    let local = Local::start(dir.path(), &[]);
    let s3 = crate::helpers::cloud::s3(&local.endpoint);
    s3.create_bucket().bucket("landing").send().await.unwrap();
    s3.put_object().bucket("landing").key("day/one").body(b"{\"a\":1}\n".to_vec().into()).send().await.unwrap();
    let ask = |what: &str| run(dir.path(), ["peek", what, "--endpoint-url", &local.endpoint]);
    assert!(ask("s3://landing").stdout.contains("s3://landing/day/one"));
    assert_eq!(ask("s3://landing/day/one").stdout, "{\"a\":1}\n");
    let none = ask("s3://landing/none");
    assert!(none.code == Some(1) && none.stderr.contains("messaging peek s3://landing"), "{none:#?}");
}

/// The pages have bounds: so many messages, and so many bytes of them.
#[tokio::test]
async fn the_pages_of_the_server_are_bounded() {
    let cloud = TestCloud::start().await;
    let sqs = cloud.sqs();
    let url = queue(&sqs, "big", &[]).await;
    let body = "x".repeat(1_000_000);
    for _ in 0..6 {
        send(&sqs, &url, &body).await;
    }
    let get = |target: String| {
        let address = cloud.endpoint.strip_prefix("http://").unwrap().to_owned();
        async move { crate::helpers::signed::send(&address, &Ask::new("GET", &target).bytes()).await }
    };
    let json = |answer: &str| -> Value { serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap() };
    let arn = "arn:aws:sqs:us-east-1:000000000000:big";
    let first = json(&get(format!("/_messaging/peek?queue={arn}&max=100")).await);
    let messages = first["messages"].as_array().unwrap();
    assert_eq!((messages.len(), &first["more"]), (5, &true.into()));
    let after = &messages[4]["position"];
    let rest = json(&get(format!("/_messaging/peek?queue={url}&after={after}")).await);
    assert_eq!((rest["messages"].as_array().unwrap().len(), &rest["more"]), (1, &false.into()));
    for (query, code) in [
        (format!("queue={arn}&max=0"), "400"),
        (format!("queue={arn}&max=101"), "400"),
        (format!("queue={arn}&after=x"), "400"),
        ("queue=".into(), "400"),
        (format!("queue={arn}x"), "404"),
    ] {
        assert_eq!(status(&get(format!("/_messaging/peek?{query}")).await), code, "{query}");
    }
    let queues = json(&get("/_messaging/queues".into()).await);
    assert_eq!((&queues["queues"][0]["visible"], &queues["next"]), (&6.into(), &Value::Null), "{queues:#}");
}

/// With keys the pages are for who has one, and of his account.
#[tokio::test]
async fn a_queue_of_another_account_is_not_looked_into() {
    let cloud = Guarded::start().await;
    for action in ["CreateQueue&QueueName=mine", "SendMessage&QueueUrl=mine&MessageBody=SECRET"] {
        let answer = cloud.signed(&Ask::form(&format!("Action={action}&Version=2012-11-05")), A, "sqs").await;
        assert_eq!(status(&answer), "200", "{answer}");
    }
    let peek = Ask::new("GET", "/_messaging/peek?queue=arn:aws:sqs:us-east-1:111111111111:mine");
    let queues = Ask::new("GET", "/_messaging/queues");
    assert!(cloud.signed(&peek, A, "sqs").await.contains("SECRET"));
    assert!(cloud.signed(&queues, A, "sqs").await.contains(":mine"));
    for ask in [&peek, &queues] {
        let (unsigned, other) = (cloud.send(ask).await, cloud.signed(ask, B, "sqs").await);
        assert_eq!(status(&unsigned), "403", "{unsigned}");
        assert!(!other.contains("SECRET") && !other.contains("\"mine\""), "{other}");
    }
    assert_eq!(status(&cloud.signed(&peek, B, "sqs").await), "404");
}

/// Another cloud has no such pages: that is said, and what to do instead.
#[test]
fn on_another_cloud_a_peek_is_refused_by_name() {
    let endpoint = elsewhere::start();
    let dir = folder();
    let refused = run(dir.path(), ["peek", "q", "--endpoint-url", &endpoint]);
    assert_eq!(refused.code, Some(2), "{refused:#?}");
    for words in ["can't be looked at", "--visibility-timeout 0", "messaging status"] {
        assert!(refused.stderr.contains(words), "{words}: {refused:#?}");
    }
}
