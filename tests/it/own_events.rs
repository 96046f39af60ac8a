//! Events of the user's own: from a file or stdin to the queues, and what `consume` makes of them.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use serde_json::Value;

use crate::helpers::binary::{Ended, Local, folder, messaging, run};
use crate::helpers::cloud::config;
use crate::helpers::queues::{attribute, queue};

const TEMPLATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/infra.yaml");

fn deployed(folder: &Path) -> Local {
    Local::start(folder, &["--template", TEMPLATE, "--parameter", "MaxReceiveCount=1"])
}

fn ask(folder: &Path, local: &Local, args: &[&str]) -> Ended {
    run(folder, [args, &["--endpoint-url", &local.endpoint]].concat())
}

fn records(ended: &Ended) -> Vec<Value> {
    ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{ended:#?}"))).collect()
}

fn report(ended: &Ended) -> Value {
    records(ended).pop().unwrap_or_else(|| panic!("{ended:#?}"))
}

/// `consume` called them unreadable, and they became dead letters.
#[test]
fn lines_of_a_file_reach_the_queues_as_they_are_and_are_handled() {
    let dir = folder();
    let local = deployed(dir.path());
    let lines = "{\"order\": 1.0, \"total\": 149.90}\n\n{\"message\": {\"order\": 2}, \"attributes\": {\"kind\": \"order\"}}\n[3]\n";
    std::fs::write(dir.path().join("events.jsonl"), lines).unwrap();
    let published =
        ask(dir.path(), &local, &["publish", "--file", "events.jsonl", "--attribute", "n:Number=7", "--json"]);
    assert_eq!(published.code, Some(0), "{published:#?}");
    assert_eq!(report(&published)["published"]["events"], 3);
    assert_eq!(records(&published)[1]["line"], 3);
    let consumed = ask(dir.path(), &local, &["consume", "--until-empty", "--json"]);
    for queue in report(&consumed)["queues"].as_array().unwrap() {
        for (name, n) in [("handled", 3), ("own_events", 3), ("failed", 0), ("unreadable", 0)] {
            assert_eq!(queue[name], n, "{name}: {consumed:#?}");
        }
    }
    let own: Vec<_> = records(&consumed).iter().filter_map(|it| it["own"].as_str().map(str::to_owned)).collect();
    for text in ["{\"order\": 1.0, \"total\": 149.90}", "{\"order\": 2}", "[3]"] {
        assert_eq!(own.iter().filter(|own| *own == text).count(), 2, "{text}: {own:?}");
    }
    for args in [&["--count", "2"][..], &["--rate", "50/s"], &["--every", "10ms", "--for", "10s"], &["--batch", "10"]] {
        let all = [&["publish", "--file", "events.jsonl", "--json"], args].concat();
        let ended = ask(dir.path(), &local, &all);
        let sent = if args[0] == "--count" { 2 } else { 3 };
        assert_eq!((ended.code, &report(&ended)["published"]["events"]), (Some(0), &sent.into()), "{args:?}");
    }
}

#[tokio::test]
async fn a_bad_line_of_a_file_is_told_before_anything_is_sent() {
    let dir = folder();
    let local = deployed(dir.path());
    std::fs::write(dir.path().join("events.jsonl"), "{\"a\": 1}\nno json\n").unwrap();
    let refused = ask(dir.path(), &local, &["publish", "--file", "events.jsonl"]);
    assert_eq!(refused.code, Some(2), "{refused:#?}");
    assert!(refused.stderr.contains("events.jsonl line 2: not JSON"), "{}", refused.stderr);
    let sqs = aws_sdk_sqs::Client::new(&config(&local.endpoint));
    let url = sqs.get_queue_url().queue_name("api-orders-created-consumer").send().await.unwrap().queue_url.unwrap();
    assert_eq!(attribute(&sqs, &url, Attribute::ApproximateNumberOfMessages).await, "0");
    for (file, says) in [("none", "Can't read none"), (".", "is a folder")] {
        let refused = ask(dir.path(), &local, &["publish", "--file", file]);
        assert!(refused.code == Some(2) && refused.stderr.contains(says), "{refused:#?}");
    }
}

/// What comes by a pipe can't be read before: a bad line is told, and the rest is sent.
#[test]
fn stdin_is_published_as_it_comes() {
    let dir = folder();
    let local = deployed(dir.path());
    let mut child = messaging(dir.path())
        .args(["publish", "--file", "-", "--batch", "10", "--json", "--endpoint-url", &local.endpoint])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"{\"a\": 1}\nno json\n{\"a\": 2}").unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let ended = Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) };
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    let published = &report(&ended)["published"];
    assert_eq!((&published["events"], &published["refused"]), (&2.into(), &1.into()));
    assert!(ended.stderr.contains("line 2 was not published: not JSON"), "{}", ended.stderr);
}

#[tokio::test]
async fn a_fifo_topic_takes_the_groups_of_the_lines_in_order() {
    let dir = folder();
    let local = Local::start(dir.path(), &[]);
    let (sns, sqs) =
        (aws_sdk_sns::Client::new(&config(&local.endpoint)), aws_sdk_sqs::Client::new(&config(&local.endpoint)));
    let topic = sns.create_topic().name("t.fifo").attributes("FifoTopic", "true").send().await.unwrap();
    let topic = topic.topic_arn.unwrap();
    let url = queue(&sqs, "q.fifo", &[(Attribute::FifoQueue, "true")]).await;
    let arn = attribute(&sqs, &url, Attribute::QueueArn).await;
    let subscribe = sns.subscribe().topic_arn(&topic).protocol("sqs").endpoint(arn);
    subscribe.attributes("RawMessageDelivery", "true").send().await.unwrap();
    let file = dir.path().join("f");
    std::fs::write(&file, "{\"a\": 1}\n").unwrap();
    let publish = ["publish", "--topic-arn", &topic, "--file", "f"];
    let refused = ask(dir.path(), &local, &publish);
    assert!(refused.code == Some(2) && refused.stderr.contains("no group"), "{refused:#?}");
    let line = |n: u32| format!("{{\"message\": \"{n}\", \"group\": \"g{}\"}}\n", n % 2);
    std::fs::write(&file, (0..30).map(line).collect::<String>()).unwrap();
    let published = ask(dir.path(), &local, &publish);
    assert_eq!(published.code, Some(0), "{published:#?}");
    let peeked = ask(dir.path(), &local, &["peek", "q.fifo", "--max", "100", "--json"]);
    let records = records(&peeked);
    let seen: Vec<_> = records.iter().map(|it| (it["body"].as_str().unwrap(), it["group"].as_str().unwrap())).collect();
    let expected: Vec<_> = (0..30).map(|n| (n.to_string(), format!("g{}", n % 2))).collect();
    assert_eq!(seen, expected.iter().map(|(body, group)| (&**body, &**group)).collect::<Vec<_>>());
}

/// A dead letter took minutes, and the report counted attempts only.
#[test]
fn a_dead_letter_is_seen_within_seconds_and_counted() {
    let dir = folder();
    let local = deployed(dir.path());
    let published = ask(dir.path(), &local, &["publish", "--count", "4", "--rate", "max"]);
    assert_eq!(published.code, Some(0), "{published:#?}");
    let failing = ["consume", "--api", "orders", "--fail-rate", "100%", "--visibility-timeout", "1", "--until-empty"];
    let consumed = ask(dir.path(), &local, &[&failing[..], &["--json"]].concat());
    let queue = report(&consumed)["queues"][0].clone();
    assert_eq!((&queue["failed"], &queue["dead_letters"]["ended"]), (&4.into(), &4.into()), "{consumed:#?}");
    let peeked = ask(dir.path(), &local, &["peek", "orders", "--dead-letters"]);
    for words in ["4 messages in api-orders-created-consumer-dlq", "from api-orders-created-consumer"] {
        assert!(peeked.stdout.contains(words) || peeked.stderr.contains(words), "{words}: {peeked:#?}");
    }
}

/// Above a rate `publish` showed nothing, and didn't say why.
#[test]
fn that_events_are_not_shown_is_said() {
    let dir = folder();
    let local = deployed(dir.path());
    let few = ask(dir.path(), &local, &["publish", "--count", "20", "--rate", "max"]);
    assert!(!few.stderr.contains("--show-events") && few.stdout.contains("consumer.created"), "{few:#?}");
    let fast = ["publish", "--count", "21", "--rate", "max"];
    let hidden = ask(dir.path(), &local, &fast);
    assert!(hidden.stderr.contains("--show-events"), "{hidden:#?}");
    let shown = ask(dir.path(), &local, &[&fast[..], &["--show-events"]].concat());
    assert!(!shown.stderr.contains("--show-events"), "{shown:#?}");
    let events = shown.stdout.lines().filter(|line| line.contains("consumer.created") || line.contains("order.placed"));
    assert!(events.count() >= 1, "{shown:#?}");
}
