//! `messaging tail`: topics and queues by the journal, buckets and streams by what lands; nothing is taken.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};

use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use serde_json::{Value, json};

use crate::helpers::binary::{Local, folder, messaging, run, signal, wait};
use crate::helpers::cloud::{config, s3};
use crate::helpers::elsewhere;
use crate::helpers::queues::{arn, attribute, queue, send};
use crate::helpers::topics::lets_send;

/// A `tail` that runs, and its records.
struct Tail {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Tail {
    fn start(dir: &Path, endpoint: &str, args: &[&str]) -> Self {
        let mut command = messaging(dir);
        command.arg("tail").args(args).args(["--json", "--endpoint-url", endpoint]).stdin(Stdio::null());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    fn next(&mut self) -> Value {
        let line = self.lines.next().expect("a record comes").unwrap();
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"))
    }

    fn end(mut self) {
        signal(&self.child, "TERM");
        assert_eq!(wait(&mut self.child).code(), Some(0));
    }
}

/// A topic shows what is published, a queue what reaches it, both as it comes; and nothing was received.
#[tokio::test]
async fn messages_are_followed_as_they_come_and_none_is_received() {
    let dir = folder();
    let local = Local::start(dir.path(), &[]);
    let config = config(&local.endpoint);
    let (sns, sqs) = (aws_sdk_sns::Client::new(&config), aws_sdk_sqs::Client::new(&config));
    let topic = sns.create_topic().name("news").send().await.unwrap().topic_arn.unwrap();
    let url = queue(&sqs, "paid", &[]).await;
    let queue_arn = arn(&sqs, &url).await;
    let policy = lets_send(&topic, &queue_arn);
    sqs.set_queue_attributes().queue_url(&url).attributes(Attribute::Policy, policy).send().await.unwrap();
    let subscribe = sns.subscribe().topic_arn(&topic).protocol("sqs").endpoint(&queue_arn);
    let filter = json!({"kind": ["paid"]}).to_string();
    subscribe.attributes("FilterPolicy", filter).send().await.unwrap();
    let publish = async |kind: &str, body: &str| {
        let kind = aws_sdk_sns::types::MessageAttributeValue::builder().data_type("String").string_value(kind).build();
        sns.publish().topic_arn(&topic).message(body).message_attributes("kind", kind.unwrap()).send().await.unwrap();
    };
    publish("paid", "first").await;
    let mut of_topic = Tail::start(dir.path(), &local.endpoint, &["news"]);
    let mut of_queue = Tail::start(dir.path(), &local.endpoint, &["paid", "--last", "5"]);
    assert_eq!((&of_topic.next()["body"], &of_queue.next()["body"]), (&"first".into(), &"first".into()));
    publish("other", "second").await;
    publish("paid", "third").await;
    send(&sqs, &url, "straight").await;
    assert_eq!((&of_topic.next()["body"], &of_topic.next()["body"]), (&"second".into(), &"third".into()));
    let of_queue_came = [of_queue.next(), of_queue.next()];
    assert_eq!((&of_queue_came[0]["body"], &of_queue_came[1]["body"]), (&"third".into(), &"straight".into()));
    assert_eq!(of_queue_came[0]["topic"], topic, "{of_queue_came:#?}");
    of_topic.end();
    of_queue.end();
    let received = attribute(&sqs, &url, Attribute::ApproximateNumberOfMessagesNotVisible).await;
    assert_eq!(
        (received.as_str(), attribute(&sqs, &url, Attribute::ApproximateNumberOfMessages).await),
        ("0", "3".into())
    );
    let shown = run(dir.path(), ["tail", &topic, "--last", "2", "--max", "2", "--endpoint-url", &local.endpoint]);
    assert!(shown.stdout.lines().count() == 2 && shown.stdout.ends_with("  third\n"), "{shown:#?}");
}

/// What lands is followed by its bucket; a name that means two things, or none, is told so.
#[tokio::test]
async fn what_lands_is_followed_and_a_name_must_mean_one_thing() {
    let dir = folder();
    let local = Local::start(dir.path(), &[]);
    let (s3, sqs) = (s3(&local.endpoint), aws_sdk_sqs::Client::new(&config(&local.endpoint)));
    s3.create_bucket().bucket("landing").send().await.unwrap();
    let put = async |key: &str, body: &str| {
        s3.put_object().bucket("landing").key(key).body(body.as_bytes().to_vec().into()).send().await.unwrap();
    };
    put("a/one", "{\"n\":1}\n").await;
    let mut tail = Tail::start(dir.path(), &local.endpoint, &["landing", "--cat"]);
    assert_eq!(tail.next()["line"]["n"], 1);
    // A key that sorts before what was seen.
    put("0", "{\"n\":2}\n").await;
    assert_eq!(tail.next()["line"]["n"], 2);
    tail.end();
    queue(&sqs, "landing", &[]).await;
    let ask = |name: &str, more: &[&str]| {
        run(dir.path(), [&["tail", name, "--max", "1", "--endpoint-url", &local.endpoint], more].concat())
    };
    let two = ask("landing", &[]);
    assert!(two.code == Some(2) && two.stderr.contains("s3://landing") && two.stderr.contains(":landing"), "{two:#?}");
    let none = ask("nothing", &[]);
    assert!(none.code == Some(1) && none.stderr.contains("Nothing here is called"), "{none:#?}");
    let cat = ask("arn:aws:sqs:us-east-1:000000000000:landing", &["--cat"]);
    assert!(cat.code == Some(2) && cat.stderr.contains("--cat"), "{cat:#?}");
}

/// Another cloud has no journal: it is said why, and what to do instead.
#[test]
fn on_another_cloud_a_queue_is_not_followed() {
    let endpoint = elsewhere::start();
    let dir = folder();
    let queue = "arn:aws:sqs:us-east-1:000000000000:q";
    let refused = run(dir.path(), ["tail", queue, "--endpoint-url", &endpoint]);
    assert_eq!(refused.code, Some(2), "{refused:#?}");
    for words in ["can't be followed", "whoever receives it", "messaging tail s3://BUCKET"] {
        let told = refused.stderr.split_whitespace().collect::<Vec<_>>().join(" ").replace("│ ", "");
        assert!(told.contains(words), "{words}: {refused:#?}");
    }
}

/// `tail | head -1` went on until the next message came, which may be never.
#[tokio::test]
async fn who_reads_no_more_ends_it() {
    let dir = folder();
    let local = Local::start(dir.path(), &[]);
    let config = config(&local.endpoint);
    let sqs = aws_sdk_sqs::Client::new(&config);
    let url = queue(&sqs, "q", &[]).await;
    s3(&local.endpoint).create_bucket().bucket("landing").send().await.unwrap();
    send(&sqs, &url, "first").await;
    let mut of_queue = Tail::start(dir.path(), &local.endpoint, &["q"]);
    assert_eq!(of_queue.next()["body"], "first");
    let of_bucket = Tail::start(dir.path(), &local.endpoint, &["s3://landing"]);
    for tail in [of_queue, of_bucket] {
        let Tail { mut child, lines } = tail;
        drop(lines);
        assert_eq!(wait(&mut child).code(), Some(0));
    }
}
