//! `simulate --clock frozen`: the same seed gives the same run, to the byte, wherever and beside whatever it runs; and at x600 the same
//! events.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::helpers::binary::{Ended, Local, folder, run};
use crate::helpers::cloud::config;

const TEMPLATE: &str = include_str!("../../infra.yaml");

/// All that a run leaves behind.
#[derive(PartialEq)]
struct Left {
    code: Option<i32>,
    stdout: String,
    stderr: String,
    page: String,
    log: String,
    objects: BTreeMap<String, Vec<u8>>,
}

impl Left {
    fn report(&self) -> Value {
        let last = self.stdout.lines().last().unwrap_or_else(|| panic!("{}", self.stderr));
        serde_json::from_str(last).unwrap_or_else(|_| panic!("{}", self.stdout))
    }

    /// What landed: each event's type, id and data.
    fn events(&self) -> BTreeSet<String> {
        let text = self.objects.values().map(|bytes| std::str::from_utf8(bytes).unwrap());
        let event = |line: &str| {
            let event: Value = serde_json::from_str(line).unwrap();
            format!("{} {} {} {} {}", event["publisher"], event["sequence"], event["type"], event["id"], event["data"])
        };
        text.flat_map(str::lines).map(event).collect()
    }
}

/// Simulates in a folder of its own.
async fn simulate(files: &[(&str, &str)], line: &str) -> Left {
    let dir = folder();
    for (name, text) in files {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    let more = "--data-dir data --report run.html --hlog run.hlog";
    let all: Vec<_> = ["simulate"].into_iter().chain(line.split_whitespace()).chain(more.split(' ')).collect();
    let Ended { code, stdout, stderr } = run(dir.path(), all);
    assert!(matches!(code, Some(0 | 3)), "{stdout}\n{stderr}");
    let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap();
    let mut left =
        Left { code, stdout, stderr, page: read("run.html"), log: read("run.hlog"), objects: BTreeMap::new() };
    left.objects = objects(dir.path()).await;
    left
}

/// All objects in a data folder's buckets, by bucket and key.
async fn objects(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let local = Local::start(dir, &["--clock", "frozen"]);
    let config = aws_sdk_s3::config::Builder::from(&config(&local.endpoint)).force_path_style(true).build();
    let s3 = aws_sdk_s3::Client::from_conf(config);
    let mut objects = BTreeMap::new();
    for bucket in s3.list_buckets().send().await.unwrap().buckets() {
        let name = bucket.name().unwrap();
        let mut keys = s3.list_objects_v2().bucket(name).into_paginator().send();
        while let Some(page) = keys.next().await {
            for object in page.unwrap().contents() {
                let key = object.key().unwrap();
                let got = s3.get_object().bucket(name).key(key).send().await.unwrap();
                let at = format!("{name}/{key} {}", object.last_modified().unwrap());
                objects.insert(at, got.body.collect().await.unwrap().to_vec());
            }
        }
    }
    objects
}

/// Two runs, side by side: each is the other's load.
async fn twice(files: &'static [(&'static str, &'static str)], line: &str) -> Left {
    let again = tokio::task::spawn_blocking({
        let line = line.to_owned();
        move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(simulate(files, &line))
        }
    });
    let one = simulate(files, line).await;
    let other = again.await.unwrap();
    let beside = |name: &str, one: &str, other: &str| {
        let differs = one.lines().zip(other.lines()).find(|(one, other)| one != other);
        assert!(one == other, "{line}: {name} differs: {differs:#?}");
    };
    beside("stdout", &one.stdout, &other.stdout);
    beside("stderr", &one.stderr, &other.stderr);
    beside("the page", &one.page, &other.page);
    beside("the log", &one.log, &other.log);
    assert_eq!(one.objects.keys().collect::<Vec<_>>(), other.objects.keys().collect::<Vec<_>>(), "{line}");
    assert!(one == other, "{line}: an object differs");
    assert!(!one.objects.is_empty(), "{line}: nothing landed");
    one
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seed_gives_the_same_run_to_the_byte_and_another_seed_another() {
    let one = twice(&[], "--clock frozen --seed 42 --count 200 --json").await;
    let report = one.report();
    assert_eq!((one.code, report["published"]["events"].as_u64()), (Some(0), Some(200)), "{report:#}");
    assert!(one.stderr.contains("seed 42") && one.page.contains("2026-01-01 00:00:"), "{}", one.stderr);
    // Nothing of where it ran.
    assert!(report["data_dir"].is_null() && report["target"] == "local (within this process, us-east-1)", "{report:#}");
    let other = simulate(&[], "--clock frozen --seed 43 --count 200 --json").await;
    assert!(other.report()["run"] != report["run"] && other.events() != one.events());
    assert!(other.objects.keys().next() != one.objects.keys().next());
}

/// A run whose load has an end never ended: time went on in leaps, and nobody looked at what had landed.
#[tokio::test(flavor = "multi_thread")]
async fn a_load_that_ends_ends_the_run() {
    let left = simulate(&[], "--clock frozen --seed 1 --load 2/s:5s --json").await;
    assert_eq!((left.code, left.report()["published"]["events"].as_u64()), (Some(0), Some(10)), "{}", left.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_dies_comes_twice_or_late_does_so_in_the_same_way() {
    for line in [
        "--seed 1 --count 120 --fail-rate 5% --visibility-timeout 2s --work lognormal(20ms,2) --retry exponential:1s..5s",
        "--seed 2 --count 120 --crash-rate 5% --visibility-timeout 3s --slow-start 2s --receive 3 --work 5ms..50ms",
        "--seed 3 --count 120 --duplicates 10% --poison 3% --visibility-timeout 1s --tenants 3,noisy=9 --size 200B..4KiB --batch 4",
        "--seed 4 --count 120 --rate max --no-heartbeat --visibility-timeout 1s --work 100ms..1500ms --trace --cost",
    ] {
        let left = twice(&[], &format!("--clock frozen {line} --buffering-seconds 2")).await;
        assert_eq!(left.code, Some(0), "{}", left.stdout);
    }
}

/// SDKs sent the attributes of a message in an order of chance, in which they stood in the envelopes that landed; and the key that signs
/// notifications was of real chance.
#[tokio::test(flavor = "multi_thread")]
async fn envelopes_are_the_same() {
    let template: &str = TEMPLATE.replace("RawMessageDelivery: true", "RawMessageDelivery: false").leak();
    let files: &'static [_] = vec![("infra.yaml", template)].leak();
    let left =
        twice(files, "--clock frozen --seed 6 --count 60 --tenants 3 --attribute a=1 --attribute b=2 --json").await;
    let landed = left.objects.values().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect::<String>();
    assert!(landed.contains("\"MessageAttributes\":{\"a\":"), "{landed}");
    // The log has the key and the secret of a user, too.
    let user = "Resources:\n  User: {Type: AWS::IAM::User}\n  Key: {Type: AWS::IAM::AccessKey, Properties: {UserName: !Ref User}}\n";
    let logged = |seed: &str| {
        let dir = folder();
        std::fs::write(dir.path().join("infra.yaml"), template.replacen("Resources:\n", user, 1)).unwrap();
        let ended =
            run(dir.path(), ["simulate", "--clock", "frozen", "--count", "3", "--data-dir", "data", "--seed", seed]);
        assert_eq!(ended.code, Some(0), "{ended:#?}");
        std::fs::read(dir.path().join("data/log/00000001.log")).unwrap()
    };
    assert!(logged("6") == logged("6"), "the log differs");
}

/// A batch that chaos held up for longer than anybody waited was told as lost.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_rule_holds_up_is_waited_for() {
    let rules = [("rules.json", r#"[{"service": "firehose", "delay": "uniform(5m,10m)"}]"#)];
    let left = simulate(&rules, "--clock frozen --seed 1 --count 30 --chaos rules.json --json").await;
    assert_eq!((left.code, left.report()["verdict"].as_str()), (Some(0), Some("nothing_lost")), "{}", left.stderr);
}

const CHAOS: &[(&str, &str)] = &[(
    "rules.json",
    r#"[{"service": "sns", "operation": "Publish", "probability": 0.1, "error": {"statusCode": 503}},
        {"service": "sqs", "probability": 0.2, "latency": "lognormal(50ms,3)"},
        {"service": "sqs", "operation": "DeleteMessageBatch", "probability": 0.1, "error": "throttling"},
        {"duplicate": 0.1}, {"reorder": 0.3}, {"delay": "uniform(1s,4s)", "probability": 0.5}]"#,
)];

/// Waits of chaos are of the run's own time: who waits for an hour has waited for none.
#[tokio::test(flavor = "multi_thread")]
async fn chaos_strikes_the_same() {
    let left = twice(CHAOS, "--clock frozen --seed 5 --count 150 --chaos rules.json --json").await;
    let report = left.report();
    let struck = |n: usize| report["faults"][n]["strikes"].as_u64().unwrap_or_default();
    assert!((0..6).filter(|n| struck(*n) > 0).count() >= 5, "{report:#}");
    assert!(report["faults"][1]["to_s"].as_f64() > report["faults"][1]["from_s"].as_f64(), "{report:#}");
    let others = twice(CHAOS, "--clock frozen --seed 5 --chaos-seed 6 --count 150 --chaos rules.json --json").await;
    assert!(others.report()["faults"] != report["faults"]);
}

const FIFO: &[(&str, &str)] = &[(
    "fifo.yaml",
    "Resources:
  Ledger: {Type: 'AWS::SNS::Topic', Properties: {TopicName: ledger.fifo, FifoTopic: true}}
  Book: {Type: 'AWS::SQS::Queue', Properties: {QueueName: book.fifo, FifoQueue: true, VisibilityTimeout: 2}}
  Copy: {Type: 'AWS::SQS::Queue', Properties: {QueueName: copy.fifo, FifoQueue: true, VisibilityTimeout: 2}}
  ToBook: {Type: 'AWS::SNS::Subscription', Properties: {TopicArn: !Ref Ledger, Protocol: sqs, Endpoint: !GetAtt Book.Arn, RawMessageDelivery: true}}
  ToCopy: {Type: 'AWS::SNS::Subscription', Properties: {TopicArn: !Ref Ledger, Protocol: sqs, Endpoint: !GetAtt Copy.Arn}}
  May:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Book, !Ref Copy]
      PolicyDocument:
        Statement:
          - {Effect: Allow, Principal: {Service: sns.amazonaws.com}, Action: 'sqs:SendMessage', Resource: '*'}
",
)];

#[tokio::test(flavor = "multi_thread")]
async fn message_groups_keep_the_same_order() {
    let dir = (folder(), folder());
    let line = "simulate --clock frozen --seed 8 --template fifo.yaml --count 150 --groups 7,zipf(1.1) --duplicates 5% --crash-rate 3% --json";
    let go = |dir: &Path| {
        std::fs::write(dir.join("fifo.yaml"), FIFO[0].1).unwrap();
        run(dir, line.split_whitespace())
    };
    let (one, other) = (go(dir.0.path()), go(dir.1.path()));
    assert_eq!((&one.stdout, &one.stderr), (&other.stdout, &other.stderr));
    let report: Value = serde_json::from_str(&one.stdout).unwrap_or_else(|_| panic!("{one:#?}"));
    assert!(one.code == Some(0) && report["queues"][0]["order_broken"] == 0, "{report:#}");
    // Without --data-dir nothing is kept.
    assert!(!dir.0.path().join(".messaging").exists());
}

/// The stream's time zone is Berlin's, where on the 29th of March 2026 the hour after 02:00 wasn't there.
#[tokio::test(flavor = "multi_thread")]
async fn days_and_summer_time_begin_at_the_same_events() {
    let line = "--seed 9 --count 60 --rate 6/m --buffering-seconds 60";
    let night = twice(&[], &format!("--clock frozen@2026-03-14T23:55:00Z {line}")).await;
    let days: BTreeSet<_> = night.objects.keys().map(|key| key.split('/').nth(1).unwrap()).collect();
    let of = |days: &BTreeSet<&str>| days.iter().map(|day| (*day).to_owned()).collect::<Vec<_>>();
    assert_eq!(of(&days), ["landing_date=2026-03-14", "landing_date=2026-03-15"], "{:?}", night.objects.keys());
    let zone = TEMPLATE.replace(
        "Prefix: landing_date=!{timestamp:yyyy-MM-dd}/\n",
        "CustomTimeZone: Europe/Berlin\n        Prefix: at=!{timestamp:yyyy-MM-dd'T'HH}/\n",
    );
    assert_ne!(zone, TEMPLATE);
    let files: &'static [(&str, &str)] = Box::leak(Box::new([("berlin.yaml", &*Box::leak(zone.into_boxed_str()))]));
    let summer = twice(files, &format!("--clock frozen@2026-03-29T00:55:00Z --template berlin.yaml {line}")).await;
    let hours: BTreeSet<_> = summer.objects.keys().map(|key| key.split('/').nth(1).unwrap()).collect();
    assert_eq!(of(&hours), ["at=2026-03-29T01", "at=2026-03-29T03"], "{:?}", summer.objects.keys());
}

/// How much of the cloud's time may lie between an event's and its batch's at x600: the stream buffers for a minute, and a machine that is
/// busy is late by a second of the wall's or two.
const JITTER: i64 = 60 + 2 * 600;

/// Of each event by its id: when it was sent, and the day under which it landed at last.
fn landed(left: &Left) -> BTreeMap<String, (Timestamp, String)> {
    let lines = left.objects.iter().flat_map(|(key, bytes)| {
        let day = key.split(['/', '=']).nth(2).unwrap();
        std::str::from_utf8(bytes).unwrap().lines().map(move |line| (line, day.to_owned()))
    });
    let event = |(line, day): (&str, String)| {
        let event: Value = serde_json::from_str(line).unwrap();
        let text = |field: &str| event[field].as_str().unwrap().to_owned();
        (text("id"), (text("time").parse().unwrap(), day))
    };
    lines.map(event).collect()
}

/// Whether midnight is so few seconds away from a moment.
fn is_near_midnight(time: Timestamp, seconds: i64) -> bool {
    let day = |seconds| (time + SignedDuration::from_secs(seconds)).strftime("%Y-%m-%d").to_string();
    day(-seconds) != day(seconds)
}

/// The wall's clock decides there what lands together; what happens is the same.
#[tokio::test(flavor = "multi_thread")]
async fn at_x600_the_events_and_totals_are_those_of_a_frozen_clock() {
    let line = "--seed 10 --count 100 --rate 100/h --concurrency 2 --duplicates 5% --visibility-timeout 12h --buffering-seconds 60 --json";
    let frozen = simulate(&[], &format!("--clock frozen@2026-03-14T23:30:00Z {line}")).await;
    let fast = simulate(&[], &format!("--clock x600@2026-03-14T23:30:00Z {line}")).await;
    assert_eq!(frozen.events(), fast.events());
    let (one, other) = (frozen.report(), fast.report());
    for field in ["events", "again", "poison", "refused"] {
        assert_eq!(one["published"][field], other["published"][field], "{field}");
    }
    for n in 0..2 {
        for field in ["received", "lost", "duplicated", "duplicated_on_purpose"] {
            assert_eq!(one["queues"][n][field], other["queues"][n][field], "{field}: {other:#}");
        }
    }
    for field in ["received", "lost"] {
        assert_eq!(one["landed"][field], other["landed"][field], "{field}: {other:#}");
    }
    assert_eq!(one["landed"]["partitions"].as_array().unwrap().len(), 2, "{one:#}");
    // Sent at the wall's time there, so the frozen clock's run tells when it was due.
    let (here, there) = (landed(&frozen), landed(&fast));
    for (id, (time, day)) in here {
        assert!(is_near_midnight(time, 60) || time.strftime("%Y-%m-%d").to_string() == day, "{id} of {time}: {day}");
        assert!(is_near_midnight(time, JITTER) || there[&id].1 == day, "{id} of {time}: {day}, {}", there[&id].1);
    }
}

#[test]
fn what_can_not_be_the_same_each_time_is_refused_by_name() {
    let dir = folder();
    for (more, told) in [
        ("--kill-every 5s", "--kill-every goes by the wall clock"),
        ("--metrics 0", "--metrics and --clock frozen don't go together"),
        ("--durability power", "--durability power and --clock frozen don't go together"),
        ("--endpoint-url http://127.0.0.1:9", "--clock is for the embedded cloud of a simulation"),
        ("--target aws", "--clock is for the embedded cloud of a simulation"),
    ] {
        let ended = run(dir.path(), ["simulate", "--clock", "frozen"].into_iter().chain(more.split(' ')));
        assert!(ended.code == Some(2) && ended.stderr.contains(told), "{more}: {ended:#?}");
    }
    std::fs::create_dir(dir.path().join("used")).unwrap();
    std::fs::write(dir.path().join("used/log"), "").unwrap();
    let used = run(dir.path(), ["simulate", "--clock", "frozen", "--count", "1", "--data-dir", "used"]);
    assert!(used.stderr.contains("used isn't empty"), "{used:#?}");
}

/// Tokio chooses by chance among what is ready, and no seed reaches that.
#[test]
fn whoever_waits_for_several_things_looks_at_them_in_their_order() {
    fn sources(dir: &Path, found: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
            match entry.is_dir() {
                _ if entry.file_stem().is_some_and(|name| name == "tests") => {}
                true => sources(&entry, found),
                false => found.push(entry),
            }
        }
    }
    let mut found = Vec::new();
    let parts = ["core", "firehose", "s3", "sns", "sqs"].map(|room| format!("crates/cloud/src/{room}"));
    let parts = parts.iter().map(String::as_str).chain(["src/traffic", "src/deploy", "crates/worker/src"]);
    parts.for_each(|part| sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(part), &mut found));
    let mut selects = 0;
    for path in found {
        let text = std::fs::read_to_string(&path).unwrap();
        for (_, behind) in text.match_indices("select! {").map(|(at, it)| text.split_at(at + it.len())) {
            selects += 1;
            assert!(behind.trim_start().starts_with("biased;"), "{} has a select! by chance", path.display());
        }
    }
    assert!(selects > 20, "{selects}");
}
