//! The console's API: pages and bounds, events, actions, who may look and act.

use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use engine::config::{Attributes, QueueConfig};
use engine::{Change, QueueId};
use serde_json::{Value, json};
use std::borrow::Cow;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::helpers::api::{address, done, found, get, post, read};
use crate::helpers::cloud::{PATIENCE, TestCloud, eventually};
use crate::helpers::queues::{arn, attribute, queue, receive, send};
use crate::helpers::signed::{self, A, Ask, B, Guarded, status};
use crate::helpers::topics::topic;

const API: &str = "/_messaging/api/v1";

#[tokio::test]
async fn actions_do_what_their_lines_say() {
    let cloud = TestCloud::start().await;
    let sqs = cloud.sqs();
    let dead = queue(&sqs, "dead", &[]).await;
    let redrive = json!({"deadLetterTargetArn": arn(&sqs, &dead).await, "maxReceiveCount": 1}).to_string();
    let url = queue(&sqs, "q", &[(Attribute::RedrivePolicy, &redrive)]).await;
    let input = json!({"queue": "q", "body": "it's", "attributes": {"n": 1}});
    let sent = done(&cloud, "send", &input).await;
    assert!(
        sent["result"]["MessageId"].is_string() && sent["cli"].as_str().unwrap().contains(r"'it'\''s'"),
        "{sent:#}"
    );
    let (refused, error) = post(&cloud, "/actions/purge", &json!({"queue": "q"})).await;
    assert!(refused == "400" && error["error"]["message"].as_str().unwrap().contains("confirm"), "{error:#}");
    assert_eq!(attribute(&sqs, &url, Attribute::ApproximateNumberOfMessages).await, "1");
    done(&cloud, "purge", &json!({"queue": "q", "confirm": "q"})).await;
    assert_eq!(attribute(&sqs, &url, Attribute::ApproximateNumberOfMessages).await, "0");
    send(&sqs, &dead, "back").await;
    let moving = done(&cloud, "redrive", &json!({"queue": "dead", "to": "q", "rate": 100})).await;
    assert!(moving["cli"].as_str().unwrap().contains("--max-number-of-messages-per-second 100"), "{moving:#}");
    let moved = eventually(async || {
        let dead = found(&cloud, "/queues/dead").await;
        (dead["moves"][0]["status"] == "COMPLETED").then_some(dead)
    });
    assert_eq!(moved.await.unwrap()["moves"][0]["moved"], 1);
    assert_eq!(receive(&sqs, &url).await.len(), 1);
    topic(&cloud.sns(), "t", &[]).await;
    assert!(done(&cloud, "publish", &json!({"topic": "t", "body": "x"})).await["result"]["MessageId"].is_string());
    let policy = r#"{"kind": ["a"], "n": [{"numeric": [">", 5]}]}"#;
    let tried = json!({"policy": policy, "body": "", "attributes": "kind=a\nn:Number=3"});
    let (_, tried) = post(&cloud, "/topics/t/try", &tried).await;
    assert_eq!((&tried["matches"], tried["conditions"].as_array().unwrap().len()), (&false.into(), 2), "{tried:#}");
    let failing = tried["conditions"].as_array().unwrap().iter().find(|it| it["matches"] == false).unwrap();
    assert!(failing["key"] == "n" && failing["why"].as_str().unwrap().starts_with("n is 3"), "{tried:#}");
    done(&cloud, "chaos", &json!({"do": "add", "rules": [{"service": "s3"}]})).await;
    let cleared = done(&cloud, "chaos", &json!({"do": "clear"})).await;
    assert_eq!((&cleared["result"]["rules"], &cleared["cli"]), (&json!([]), &"messaging chaos clear".into()));
    let before = cloud.now();
    done(&cloud, "clock", &json!({"by": "2h"})).await;
    assert_eq!(cloud.now(), before + 7_200_000);
}

/// Each refusal says what was wrong, in the API's own form.
#[tokio::test]
async fn hostile_parameters_are_refused() {
    let cloud = TestCloud::start().await;
    queue(&cloud.sqs(), "q", &[]).await;
    for (path, code) in [
        ("/queues?limit=0", "400"),
        ("/queues?limit=1001", "400"),
        ("/queues?limit=x", "400"),
        ("/queues?account=1", "400"),
        ("/queues?region=%00", "400"),
        ("/queues/none", "404"),
        ("/queues/..%2F..%2Fetc", "404"),
        ("/queues/arn:aws:sqs:us-east-1:111111111111:q", "404"),
        ("/queues/q/messages?next=-1", "400"),
        ("/queues/q/messages?path=a", "400"),
        ("/queues/q/messages?state=lost", "400"),
        ("/messages?from=x", "400"),
        ("/messages?attribute=x", "400"),
        ("/messages?next=x", "400"),
        ("/messages/x", "404"),
        ("/messages/%3Cscript%3E", "404"),
        ("/series?of=x", "404"),
        ("/series?of=arn:aws:sqs:us-east-1:000000000000:q&span=9y", "400"),
        ("/notices?after=x", "400"),
        ("/buckets/none/object", "400"),
        ("/stacks/none", "404"),
        ("/nowhere", "404"),
        ("/actions/send", "405"),
    ] {
        let (status, json) = get(&cloud, path).await;
        assert_eq!(status, code, "{path}: {json:#}");
        assert!(json["api"] == 1 && json["error"]["message"].is_string(), "{path}: {json:#}");
    }
    for (path, code) in [("/queues", "405"), ("/actions/none", "404"), ("/actions/send", "400")] {
        assert_eq!(post(&cloud, path, &json!({})).await.0, code, "{path}");
    }
    // Another method was told in plain text that POST is taken, which was refused as well.
    for (path, takes) in [("queues", "GET, HEAD."), ("actions/send", "POST.")] {
        for method in ["DELETE", "PUT", "PATCH"] {
            let answer = signed::send(address(&cloud), &Ask::new(method, &format!("{API}/{path}")).bytes()).await;
            let is_told = answer.contains(&format!("This path takes {takes}")) && answer.contains("\"api\":1");
            assert!(status(&answer) == "405" && is_told, "{method} {path}: {answer}");
        }
    }
    let foreign = |header: (&str, &str)| Ask::new("POST", &format!("{API}/actions/send")).header(header.0, header.1);
    // A page of another port of this machine sent messages.
    let pages = [
        ("origin", "https://evil.example"),
        ("origin", "http://localhost:1"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ];
    for header in pages {
        let answer = signed::send(address(&cloud), &foreign(header).body("{}").bytes()).await;
        assert_eq!(status(&answer), "403", "{answer}");
    }
    // What curl sends calls itself a form, and was told that it has no queue.
    let curl =
        Ask::new("POST", &format!("{API}/actions/send")).header("content-type", "application/x-www-form-urlencoded");
    let answer = signed::send(address(&cloud), &curl.body(r#"{"queue": "nobody", "body": "x"}"#).bytes()).await;
    assert!(answer.contains("nobody"), "{answer}");
}

/// Many queues come in pages; of the map the busiest are drawn, and it says how many are not.
#[tokio::test]
async fn five_thousand_queues_come_in_pages() {
    let cloud = TestCloud::start().await;
    let made = cloud.inside().core.execute(|tx| {
        for number in 0..5_000 {
            let id = QueueId(tx.engine().next_id());
            let arn = format!("arn:aws:sqs:us-east-1:000000000000:q{number:04}");
            let (attributes, tags) = (Attributes::new(), Attributes::new());
            let config = QueueConfig { id, arn, attributes, tags, created: 0, modified: 0, hidden: false };
            tx.apply(&Change::Queue(Cow::Owned(config)));
        }
        Ok(())
    });
    made.await.unwrap();
    send(&cloud.sqs(), "q4999", "busy").await;
    let (mut names, mut next) = (Vec::new(), String::new());
    for _ in 0..5 {
        let page = found(&cloud, &format!("/queues?limit=1000&next={next}")).await;
        names.extend(page["queues"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap().to_owned()));
        next = page["next"].as_str().unwrap_or_default().to_owned();
    }
    assert_eq!((names.len(), next.as_str(), names.is_sorted()), (5_000, "", true));
    let map = found(&cloud, "/map").await;
    let drawn: Vec<_> = map["nodes"].as_array().unwrap().iter().map(|it| &it["name"]).collect();
    assert_eq!((&map["more"], drawn.len(), drawn.contains(&&"q4999".into())), (&4_500.into(), 500, true));
}

/// A listener: its connection, and what came.
struct Listener(TcpStream, String);

impl Listener {
    async fn join(cloud: &TestCloud, last: &str) -> Self {
        let mut stream = TcpStream::connect(address(cloud)).await.unwrap();
        let last = if last.is_empty() { String::new() } else { format!("Last-Event-ID: {last}\r\n") };
        let head = format!("GET {API}/events HTTP/1.1\r\nHost: {}\r\n{last}\r\n", address(cloud));
        stream.write_all(head.as_bytes()).await.unwrap();
        Self(stream, String::new())
    }

    /// Reads on until the text is there.
    async fn until(&mut self, text: &str) -> &str {
        let mut some = [0; 4_096];
        while !self.1.contains(text) {
            let n = timeout(PATIENCE, self.0.read(&mut some)).await.expect("it comes").unwrap();
            assert!(n > 0, "it ended: {}", self.1);
            self.1 += &String::from_utf8_lossy(&some[..n]);
        }
        &self.1
    }
}

#[tokio::test]
async fn events_tell_what_moves_and_who_was_away_is_told_what_it_missed() {
    let cloud = TestCloud::start().await;
    let url = queue(&cloud.sqs(), "q", &[]).await;
    let mut listener = Listener::join(&cloud, "").await;
    listener.until("event: hello").await;
    let hello = listener.1.split("\nid: ").nth(1).unwrap().lines().next().unwrap().to_owned();
    send(&cloud.sqs(), &url, "x").await;
    let told = listener.until("event: figures").await.to_owned();
    listener.until(r#""visible":1"#).await;
    drop(listener);
    // Comes again with the id of the hello: the figures since are told once more.
    let mut again = Listener::join(&cloud, &hello).await;
    again.until(r#""visible":1"#).await;
    assert!(!again.1.contains("event: dropped"), "{told}");
    let mut stranger = Listener::join(&cloud, "00000000-7").await;
    stranger.until("event: dropped").await;
    cloud.inside().notice("something happened");
    let told = stranger.until("event: notice").await;
    assert!(told.contains("something happened"), "{told}");
    let of = arn(&cloud.sqs(), &url).await;
    let series = eventually(async || {
        let series = found(&cloud, &format!("/series?of={of}&span=5m")).await;
        let noted = series["values"]["queued"].as_array().unwrap().iter().any(|it| it.as_f64() > Some(0.0));
        noted.then_some(series)
    });
    assert_eq!(series.await.unwrap()["values"]["visible"].as_array().unwrap().len(), 300);
}

/// A key sees its account alone, by signature or by a session that it began.
#[tokio::test]
async fn keys_see_their_account_alone() {
    let cloud = Guarded::start().await;
    for action in ["CreateQueue&QueueName=mine", "SendMessage&QueueUrl=mine&MessageBody=SECRET"] {
        let answer = cloud.signed(&Ask::form(&format!("Action={action}&Version=2012-11-05")), A, "sqs").await;
        assert_eq!(status(&answer), "200", "{answer}");
    }
    let look = |path: &str| Ask::new("GET", &format!("{API}{path}"));
    for path in ["/overview", "/map", "/queues", "/queues/mine", "/queues/mine/messages", "/messages"] {
        let (none, own, other) = (
            cloud.send(&look(path)).await,
            cloud.signed(&look(path), A, "sqs").await,
            cloud.signed(&look(path), B, "sqs").await,
        );
        assert_eq!((status(&none), status(&own)), ("403", "200"), "{path}: {none} {own}");
        assert!(!other.contains("mine\"") && !other.contains("SECRET"), "{path}: {other}");
    }
    let (_, found) = read(&cloud.signed(&look("/messages?text=SECRET"), A, "sqs").await);
    let id = found["messages"][0]["id"].as_str().unwrap();
    assert_eq!(status(&cloud.signed(&look(&format!("/messages/{id}")), B, "sqs").await), "404");
    assert_eq!(status(&cloud.signed(&look("/queues?account=111111111111"), B, "sqs").await), "403");
    let sign_in = |secret: &str| {
        let ask = Ask::new("POST", "/_messaging/sign-in").header("content-type", "application/x-www-form-urlencoded");
        ask.body(&format!("access_key=AKIAA&secret={secret}"))
    };
    assert_eq!(status(&cloud.send(&sign_in("wrong")).await), "403");
    assert_eq!(status(&cloud.send(&sign_in("sa").header("origin", "http://localhost:1")).await), "403");
    let answer = cloud.send(&sign_in("sa")).await;
    assert!(answer.contains("HttpOnly; SameSite=Strict") && !answer.contains("Location"), "{answer}");
    let cookie = answer.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let with = |ask: Ask| ask.header("cookie", &cookie);
    let (ok, queues) = read(&cloud.send(&with(look("/queues"))).await);
    assert_eq!((ok.as_str(), &queues["queues"][0]["name"]), ("200", &Value::from("mine")), "{queues:#}");
    let act = || with(Ask::new("POST", &format!("{API}/actions/send"))).body(r#"{"queue": "mine", "body": "x"}"#);
    let origin = |ask: Ask, origin: &str| ask.header("origin", origin);
    assert_eq!(status(&cloud.send(&origin(act(), "http://localhost:1")).await), "403");
    assert_eq!(status(&cloud.send(&origin(act(), "http://localhost")).await), "200");
    cloud.send(&with(Ask::new("POST", "/_messaging/sign-out"))).await;
    assert_eq!(status(&cloud.send(&with(look("/queues"))).await), "403");
}
