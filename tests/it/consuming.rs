//! What `consume` does with messages that take long, and with those that fail: it keeps the ones, and has the others tried again.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::helpers::api::found;
use crate::helpers::binary::{Ended, Local, folder, messaging, run};
use crate::helpers::cloud::{TestCloud, config};
use crate::helpers::queues::{queue, send};

const TEMPLATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/infra.yaml");

/// A cloud with the fan-out, and so many events in it.
fn published(folder: &Path, events: &str) -> Local {
    let local = Local::start(folder, &["--template", TEMPLATE, "--parameter", "MaxReceiveCount=2"]);
    let published = ask(folder, &local, &["publish", "--count", events, "--rate", "max"]);
    assert_eq!(published.code, Some(0), "{published:#?}");
    local
}

fn ask(folder: &Path, local: &Local, args: &[&str]) -> Ended {
    run(folder, [args, &["--endpoint-url", &local.endpoint]].concat())
}

fn records(ended: &Ended) -> Vec<Value> {
    ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{ended:#?}"))).collect()
}

/// Work that took longer than the visibility timeout was done again meanwhile, and ended as a dead letter that was done.
#[test]
fn what_takes_longer_than_the_visibility_timeout_is_handled_once() {
    let dir = folder();
    let local = published(dir.path(), "3");
    let long =
        ["consume", "--api", "orders", "--work", "2500ms", "--visibility-timeout", "1", "--until-empty", "--json"];
    let kept = ask(dir.path(), &local, &[&long[..], &["--concurrency", "1", "--prefetch", "2"]].concat());
    let records = records(&kept);
    let handled: Vec<_> = records.iter().filter(|it| it["record"] == "handled").map(|it| &it["receives"]).collect();
    assert_eq!(handled, [1, 1, 1], "{kept:#?}");
    assert!(kept.code == Some(0) && !kept.stderr.contains("come again"), "{kept:#?}");
    assert_eq!(records.last().unwrap()["queues"][0]["dead_letters"]["ended"], 0, "{kept:#?}");
}

#[test]
fn without_heartbeats_long_work_is_warned_of() {
    let dir = folder();
    let local = published(dir.path(), "1");
    let mut long = vec!["consume", "--api", "orders", "--work", "1500ms", "--visibility-timeout", "1", "--count", "1"];
    assert!(!ask(dir.path(), &local, &long).stderr.contains("messages come again before they are done"));
    published_again(dir.path(), &local);
    long.push("--no-heartbeat");
    let warned = ask(dir.path(), &local, &long);
    assert!(warned.stderr.contains("messages come again before they are done"), "{warned:#?}");
}

fn published_again(folder: &Path, local: &Local) {
    let published = ask(folder, local, &["publish", "--count", "1", "--rate", "max"]);
    assert_eq!(published.code, Some(0), "{published:#?}");
}

#[tokio::test]
async fn what_is_tried_again_and_fails_is_a_dead_letter_with_its_reason() {
    let dir = folder();
    let local = published(dir.path(), "2");
    let failing = ["consume", "--api", "orders", "--fail-rate", "100%", "--until-empty", "--json"];
    let consumed = ask(dir.path(), &local, &[&failing[..], &["--retry", "exponential:1s..2s"]].concat());
    let report = records(&consumed).pop().unwrap();
    let queue = &report["queues"][0];
    assert_eq!((&queue["failed"], &queue["dead_letters"]["ended"]), (&4.into(), &2.into()), "{consumed:#?}");

    let sqs = aws_sdk_sqs::Client::new(&config(&local.endpoint));
    let dead = sqs.get_queue_url().queue_name("api-orders-created-consumer-dlq").send().await.unwrap();
    let request =
        sqs.receive_message().set_queue_url(dead.queue_url).max_number_of_messages(10).message_attribute_names("All");
    let messages = request.send().await.unwrap().messages.unwrap();
    assert_eq!(messages.len(), 2);
    for message in messages {
        let attributes: BTreeMap<String, String> = message
            .message_attributes
            .unwrap()
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.string_value?)))
            .collect();
        let told =
            ["DeadLetterReason", "DeadLetterSourceQueue", "DeadLetterReceives"].map(|name| attributes[name].as_str());
        assert_eq!(told, ["made to fail by --fail-rate", "api-orders-created-consumer", "2"]);
        // Its own are there too, and the body as it was.
        assert!(attributes.contains_key("kind") && message.body.unwrap().contains("specversion"), "{attributes:?}");
    }
}

#[test]
fn a_policy_that_is_none_is_refused_with_one_that_is() {
    let dir = folder();
    let refused = messaging(dir.path()).args(["consume", "--retry", "linear"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("exponential:1s..5m"), "{refused:?}");
}

/// What the user calls an application is asked for by every SDK, and `consume` didn't: the console showed it as `aws-sdk-rust`.
#[tokio::test]
async fn an_application_has_the_name_that_the_environment_gives_it() {
    let dir = folder();
    let cloud = TestCloud::start().await;
    let url = queue(&cloud.sqs(), "q", &[]).await;
    let id = send(&cloud.sqs(), &url, "{}").await;
    let mut consuming = messaging(dir.path());
    consuming.args(["consume", "--api", "orders", "--orders-url", &url, "--count", "1", "--endpoint-url"]);
    consuming.arg(&cloud.endpoint).env("AWS_SDK_UA_APP_ID", "orders-api");
    let output = tokio::task::spawn_blocking(move || consuming.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{output:?}");
    let life = found(&cloud, &format!("/messages/{id}")).await["copies"][0]["life"].clone();
    assert!(life.as_array().unwrap().iter().any(|it| it["by"] == "orders-api"), "{life:#}");
}
