//! `messaging simulate`: which template it runs, how its stream buffers, and what its report says.

use std::path::Path;

use serde_json::Value;

use crate::helpers::binary::{Ended, Local, folder, run};

const TEMPLATE: &str = include_str!("../../infra.yaml");

/// A short run in a folder.
fn simulate(dir: &Path, args: &[&str]) -> Ended {
    run(dir, [&["simulate", "--count", "5", "--rate", "max", "--json"][..], args].concat())
}

fn report(ended: &Ended) -> Value {
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    serde_json::from_str(ended.stdout.lines().last().unwrap()).unwrap()
}

fn with_topic(name: &str) -> String {
    TEMPLATE.replace("Default: created-consumer\n", &format!("Default: {name}\n"))
}

/// It said that it deploys infra.yaml, and deployed the built-in template: the verdict was about another architecture.
#[test]
fn the_template_of_this_folder_is_what_is_simulated() {
    let dir = folder();
    let quick = ["--buffering-seconds", "0"];
    let first = simulate(dir.path(), &quick);
    assert_eq!(report(&first)["template"], "the built-in template");
    assert!(first.stderr.contains("Deploying the built-in template as the stack messaging"), "{first:#?}");
    // An edited default counts, also where the stack of an earlier run has another value.
    for name in ["my-own-topic", "another"] {
        std::fs::write(dir.path().join("infra.yaml"), with_topic(name)).unwrap();
        let ended = simulate(dir.path(), &quick);
        let report = report(&ended);
        let arn = report["published"]["topic_arn"].as_str().unwrap();
        assert!(arn.ends_with(&format!(":{name}")), "{report:#}");
        assert_eq!(report["template"], "infra.yaml of this folder");
        assert!(ended.stderr.contains("Deploying infra.yaml of this folder as"), "{ended:#?}");
    }
    std::fs::write(dir.path().join("my.yaml"), TEMPLATE).unwrap();
    let args = ["--template", "my.yaml", "--parameter", "TopicName=given", "--parameter", "BufferingSeconds=0"];
    let report = report(&simulate(dir.path(), &args));
    assert_eq!(report["template"], "my.yaml");
    assert!(report["published"]["topic_arn"].as_str().unwrap().ends_with(":given"), "{report:#}");
}

/// What can't be simulated is refused with what it lacks, and nothing was started.
#[test]
fn a_template_without_a_topic_is_refused_before_anything_is_done() {
    let dir = folder();
    let queue = "Resources: {Q: {Type: 'AWS::SQS::Queue'}}\nOutputs: {TopicArn: {Value: x}}\n";
    std::fs::write(dir.path().join("infra.yaml"), queue).unwrap();
    let refused = simulate(dir.path(), &[]);
    assert_eq!(refused.code, Some(2), "{refused:#?}");
    for words in [
        "infra.yaml of this folder can't be simulated",
        "queues, and no topic",
        "a subscription of a queue or a stream",
    ] {
        assert!(refused.stderr.contains(words), "{words}: {refused:#?}");
    }
    let fixed = TEMPLATE.replace("!Ref BufferingSeconds", "1").replace("  BufferingSeconds:", "  Unused:");
    std::fs::write(dir.path().join("infra.yaml"), fixed).unwrap();
    let refused = simulate(dir.path(), &["--buffering-seconds", "3"]);
    assert_eq!(refused.code, Some(2), "{refused:#?}");
    assert!(refused.stderr.contains("infra.yaml of this folder has no parameter BufferingSeconds"), "{refused:#?}");
    assert!(!dir.path().join(".messaging").exists());
    // Without the flag it is the stream that says how it buffers.
    let ended = simulate(dir.path(), &[]);
    assert!(ended.stderr.contains("lands a batch after 1 s or 5 MiB"), "{ended:#?}");
}

#[test]
fn a_run_says_what_it_does_in_words() {
    let dir = folder();
    let ended = simulate(dir.path(), &["--buffering-seconds", "0"]);
    assert!(ended.stderr.contains("Publishing 5 events as fast as possible"), "{ended:#?}");
    assert!(ended.stderr.contains("lands a batch at once"), "{ended:#?}");
    let ended = run(dir.path(), ["simulate", "--count", "1", "--rate", "200/m", "--buffering-seconds", "0"]);
    assert!(ended.stderr.contains("Publishing 1 event at 200/m"), "{ended:#?}");
    for words in ["messaging local --data-dir .messaging/simulate", "dead letters: orders 0, payments 0"] {
        assert!(ended.stdout.contains(words), "{words}: {ended:#?}");
    }
    assert!(!ended.stdout.contains("run run"), "{ended:#?}");
}

/// The rate of 50 events as fast as possible was said to be 8.3/s: it was that of the whole run.
#[test]
fn the_rate_is_that_of_publishing() {
    let dir = folder();
    let report = report(&simulate(dir.path(), &["--buffering-seconds", "2"]));
    let (rate, elapsed) = (report["published"]["per_second"].as_f64().unwrap(), report["elapsed_s"].as_f64().unwrap());
    assert!(rate > 2.0 * 5.0 / elapsed, "{report:#}");
}

/// What a filter policy keeps out was called lost, after most of a minute.
#[test]
fn a_filter_policy_is_expected_to_keep_events_out() {
    let dir = folder();
    let subscription = "      Protocol: sqs\n";
    assert!(TEMPLATE.contains(subscription));
    let filtered =
        TEMPLATE.replacen(subscription, &format!("{subscription}      FilterPolicy: {{kind: [order]}}\n"), 1);
    std::fs::write(dir.path().join("infra.yaml"), filtered).unwrap();
    // A consumer, and its orders: something is kept out and something isn't.
    let told = ["--concurrency", "1", "--seed", "1", "--mix", "consumer=1,order=50"];
    let ended = simulate(dir.path(), &[&["--buffering-seconds", "0"][..], &told].concat());
    let report = report(&ended);
    assert_eq!(report["verdict"], "nothing_lost", "{report:#}");
    let (one, other) = (&report["queues"][0], &report["queues"][1]);
    let filtered = one["filtered"].as_u64().or(other["filtered"].as_u64()).unwrap();
    assert!(filtered > 0, "{report:#}");
    assert!(
        one["filtered"].is_null() != other["filtered"].is_null() && report["landed"]["filtered"].is_null(),
        "{report:#}"
    );
    assert!(ended.stderr.contains("gets what its filter policy lets through: {\"kind\""), "{ended:#?}");
}

/// A dead letter took two and a half minutes, and no report said how many there were.
#[test]
fn dead_letters_are_there_within_seconds_and_counted() {
    let dir = folder();
    let template = dir.path().join("t.yaml");
    std::fs::write(&template, TEMPLATE).unwrap();
    let quick = ["VisibilityTimeoutSeconds=0", "MaxReceiveCount=1", "BufferingSeconds=0"];
    let parameters = quick.iter().flat_map(|it| ["--parameter", it]);
    let args: Vec<&str> = ["--template", "t.yaml"].into_iter().chain(parameters).collect();
    let local = Local::start(dir.path(), &args);
    let to = ["--endpoint-url", &local.endpoint];
    run(dir.path(), [&["publish", "--count", "3", "--rate", "max"][..], &to].concat());
    run(dir.path(), [&["consume", "--api", "orders", "--count", "3", "--fail-rate", "100%"][..], &to].concat());
    // What others sent was taken and deleted by a run that said "nothing lost".
    let refused = run(dir.path(), [&["simulate", "--count", "3", "--rate", "max"][..], &to].concat());
    assert_eq!(refused.code, Some(2), "{refused:#?}");
    assert!(refused.stderr.contains("queue holds") && refused.stderr.contains("already"), "{refused:#?}");
    run(dir.path(), [&["consume", "--until-empty"][..], &to].concat());
    let ended = simulate(dir.path(), &to);
    assert!(ended.stderr.contains("as it is deployed"), "{ended:#?}");
    let report: Value = serde_json::from_str(ended.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(report["template"], "the stack as it is deployed");
    let orders = &report["queues"][0]["dead_letters"];
    // That a visibility of nothing makes it more is as on AWS: two receivers get the same message.
    assert!(orders["messages"].as_u64().unwrap() >= 3, "{report:#}");
    assert!(orders["queue_url"].as_str().unwrap().ends_with("api-orders-created-consumer-dlq"), "{report:#}");
    assert!(report["queues"][1]["dead_letters"]["before"].is_u64(), "{report:#}");
}
