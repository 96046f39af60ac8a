//! `--load` and the flags that shape traffic, end to end: profiles that run to their end, a generator that is late, and a ledger
//! that knows what is wrong on purpose.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use serde_json::Value;

use crate::helpers::binary::{Ended, Local, folder, run};
use crate::helpers::cloud::config;
use crate::helpers::queues::{attribute, queue};

/// The messages of a queue, as `peek` shows them.
fn peek(folder: &Path, local: &Local, queue: &str) -> Vec<Value> {
    let peeked = run(folder, ["peek", queue, "--max", "100", "--json", "--endpoint-url", &local.endpoint]);
    peeked.stdout.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{peeked:#?}"))).collect()
}

const TEMPLATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/infra.yaml");

fn report(ended: &Ended) -> Value {
    ended.stdout.lines().last().and_then(|line| serde_json::from_str(line).ok()).unwrap_or_else(|| panic!("{ended:#?}"))
}

fn deployed(folder: &Path) -> Local {
    Local::start(folder, &["--template", TEMPLATE, "--parameter", "BufferingSeconds=0"])
}

fn publish(folder: &Path, local: &Local, args: &[&str]) -> Ended {
    run(folder, [&["publish", "--json", "--endpoint-url", &local.endpoint], args].concat())
}

#[test]
fn a_profile_runs_to_its_end_and_the_report_tells_the_publish_delay() {
    let dir = folder();
    let local = deployed(dir.path());
    std::fs::write(dir.path().join("load.csv"), "t,rate\n0,20\n1,60\n").unwrap();
    for (load, events) in [("40/s:500ms,0/s:1ms,500ms:20", 20 + 5), ("@load.csv", 40), ("day --count 3", 3)] {
        let args: Vec<&str> = ["--load"].into_iter().chain(load.split(' ')).collect();
        let ended = publish(dir.path(), &local, &args);
        let published = report(&ended)["published"].clone();
        assert_eq!((ended.code, &published["events"], &published["not_sent"]), (Some(0), &events.into(), &0.into()));
        assert_eq!(published["model"], "open");
        let (delay, latency) = (&published["delay"]["max_ms"], &published["latency"]["max_ms"]);
        assert!(delay.as_f64() <= latency.as_f64() && published["late_at_most_ms"] == *delay, "{published:#}");
    }
    let ended = publish(dir.path(), &local, &["--load", "black-friday", "--count", "1"]);
    assert!(ended.stderr.contains("black-friday (50/s:20s,"), "{ended:#?}");
    assert!(ended.stderr.contains("events in 2m 00s, 1,000/s at most; run"), "{ended:#?}");
    // The closed model has no moments, and nobody is late.
    let closed = report(&publish(dir.path(), &local, &["--rate", "max", "--count", "20"]))["published"].clone();
    assert_eq!((&closed["model"], &closed["load"]), (&"closed".into(), &"as fast as possible".into()));
    assert!(closed["delay"].is_null() && closed["late_at_most_ms"].is_null(), "{closed:#}");
    let text = ["publish", "--count", "2", "--rate", "100/s", "--hlog", "p.hlog", "--endpoint-url", &local.endpoint];
    let text = run(dir.path(), text);
    let log = std::fs::read_to_string(dir.path().join("p.hlog")).unwrap();
    assert!(log.contains("\nTag=publish,0.000,") && log.contains("\nTag=publish.delay,0.000,"), "{log}");
    assert!(text.stdout.contains("open model, 100/s: sent p50"), "{text:#?}");
}

#[test]
fn a_simulation_publishes_all_of_a_profile() {
    let dir = folder();
    let ended = run(dir.path(), ["simulate", "--json", "--load", "20/s:500ms,500ms:40", "--buffering-seconds", "0"]);
    let report = report(&ended);
    assert_eq!((ended.code, &report["published"]["events"]), (Some(0), &(10 + 15).into()), "{report:#}");
    assert_eq!((&report["verdict"], &report["published"]["model"]), (&"nothing_lost".into(), &"open".into()));
    assert!(ended.stderr.contains("Publishing 25 events at 20/s:500ms,500ms:40, seed"), "{ended:#?}");
}

/// One publisher can't send 200,000 a second: what `--for` cut off was neither sent nor told.
#[test]
fn what_is_due_at_the_end_and_was_not_sent_is_counted() {
    let dir = folder();
    let local = deployed(dir.path());
    for args in [&["--rate", "200000/s", "--for", "300ms"][..], &["--load", "200000/s:300ms"]] {
        let ended = publish(dir.path(), &local, &[args, &["--concurrency", "1"]].concat());
        let published = report(&ended)["published"].clone();
        let count = |name: &str| published[name].as_u64().unwrap();
        assert_eq!(count("events") + count("not_sent"), 60_000, "{published:#}");
        assert!(count("not_sent") > 0 && published["late_at_most_ms"].as_f64() > Some(1_000.0), "{published:#}");
    }
}

#[test]
fn a_load_that_makes_no_sense_is_refused_before_anything_is_asked() {
    let dir = folder();
    std::fs::write(dir.path().join("load.csv"), "0,1\nsoon,2\n").unwrap();
    assert!(std::process::Command::new("mkfifo").arg(dir.path().join("pipe")).status().unwrap().success());
    for (args, says) in [
        (&["--load", "100/s"][..], "a rate and how long are needed, like 100/s:60s"),
        (&["--load", "100/s:60s,5/d:1s"], "at character 11, \"5/d\": a rate like 200/s"),
        (&["--load", "@load.csv"], "load.csv line 2: a duration like"),
        (&["--load", "@none.csv"], "can't read none.csv"),
        // It was waited for, deaf to signals.
        (&["--load", "@pipe"], "can't read pipe: it is no regular file"),
        (&["--load", "@."], "it is no regular file"),
        (&["--load", "@/dev/zero"], "it is no regular file"),
        (&["--load", "day", "--rate", "5/s"], "cannot be used with"),
        (&["--mix", "order=1", "--kind", "order"], "cannot be used with"),
        (&["--size", "4KiB", "--file", "load.csv"], "cannot be used with"),
    ] {
        let ended = run(dir.path(), [&["publish", "--endpoint-url", "http://127.0.0.1:9"], args].concat());
        assert!(ended.code == Some(2) && ended.stderr.contains(says), "{args:?}: {ended:#?}");
    }
}

/// Doubles that were sent on purpose were the cloud's, and what nobody can handle was lost.
#[test]
fn a_simulation_balances_with_doubles_and_poison() {
    let dir = folder();
    let args = ["simulate", "--json", "--seed", "7", "--count", "200", "--rate", "max", "--buffering-seconds", "0"];
    let shape =
        ["--duplicates", "10%", "--poison", "5%", "--tenants", "3", "--mix", "consumer=1,order=1", "--size", "2KiB"];
    let ended = run(dir.path(), [&args[..], &shape].concat());
    let report = report(&ended);
    let again = report["published"]["again"].as_u64().unwrap();
    let poison = report["published"]["poison"].as_u64().unwrap();
    assert!(ended.code == Some(0) && again > 5 && poison > 2, "{report:#}");
    assert!(report["landed"]["bytes"].as_u64() > Some(200 * 1_024), "{report:#}");
    for queue in report["queues"].as_array().unwrap() {
        assert_eq!((&queue["lost"], &queue["duplicated"]), (&0.into(), &0.into()), "{report:#}");
        assert_eq!((&queue["poison"], &queue["duplicated_on_purpose"]), (&poison.into(), &again.into()), "{report:#}");
    }
}

#[tokio::test]
async fn groups_are_for_fifo_topics_which_take_a_double_once_and_tenants_for_the_others() {
    let dir = folder();
    let local = Local::start(dir.path(), &[]);
    let (sns, sqs) =
        (aws_sdk_sns::Client::new(&config(&local.endpoint)), aws_sdk_sqs::Client::new(&config(&local.endpoint)));
    let mut topics = Vec::new();
    for (end, fifo) in [("", false), (".fifo", true)] {
        let attributes = [(Attribute::FifoQueue, "true")];
        let url = queue(&sqs, &format!("q{end}"), if fifo { &attributes[..] } else { &[] }).await;
        let arn = attribute(&sqs, &url, Attribute::QueueArn).await;
        let topic = sns.create_topic().name(format!("t{end}"));
        let topic = if fifo { topic.attributes("FifoTopic", "true") } else { topic };
        let topic = topic.send().await.unwrap().topic_arn.unwrap();
        sns.subscribe().topic_arn(&topic).protocol("sqs").endpoint(arn).send().await.unwrap();
        topics.push(topic);
    }
    let of = |topic, shape: &[&str]| {
        let all = ["--seed", "5", "--rate", "max", "--count", "60", "--concurrency", "2", "--topic-arn", topic];
        publish(dir.path(), &local, &[&all[..], shape].concat())
    };
    let refused = of(&topics[0], &["--groups", "5"]);
    assert!(refused.code == Some(2) && refused.stderr.contains("--groups is for FIFO topics"), "{refused:#?}");
    let groups = ["--groups", "3,zipf(1)", "--tenants", "a=1,b=9", "--duplicates", "20%", "--batch", "10"];
    let again = report(&of(&topics[1], &groups))["published"]["again"].as_u64().unwrap();
    let taken = peek(dir.path(), &local, "q.fifo");
    assert!(again > 3 && taken.len() as u64 == 60 - again, "{again} of {}", taken.len());
    let named: BTreeSet<_> = taken.iter().map(|it| it["group"].as_str().unwrap()).collect();
    assert_eq!(named, BTreeSet::from(["group-1", "group-2", "group-3"]));
    // Elsewhere a double comes twice, and the tenant is the group and an attribute.
    let ended = of(&topics[0], &groups[2..]);
    assert_eq!(report(&ended)["published"]["again"], again);
    let mut times = BTreeMap::<String, u64>::new();
    for message in peek(dir.path(), &local, "q") {
        let envelope: Value = serde_json::from_str(message["body"].as_str().unwrap()).unwrap();
        let event: Value = serde_json::from_str(envelope["Message"].as_str().unwrap()).unwrap();
        assert_eq!(envelope["MessageAttributes"]["tenant"]["Value"], message["group"], "{message:#}");
        assert!(["a", "b"].contains(&message["group"].as_str().unwrap()), "{message:#}");
        *times.entry(event["id"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    assert_eq!(times.values().filter(|times| **times == 2).count() as u64, again);
    assert_eq!(times.values().sum::<u64>(), 60);
}
