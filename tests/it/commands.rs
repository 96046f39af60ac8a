//! Every command as a process, against a `messaging local` of its own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use serde_json::Value;

use crate::helpers::binary::{Ended, HEARS_HANGUPS, Local, folder, messaging, messaging_under, run, signal, wait};
use crate::helpers::cloud::{config, eventually};
use crate::helpers::queues::attribute;

const TEMPLATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/infra.yaml");

/// A cloud with the stack `messaging`, whose stream lands within a second.
fn deployed(folder: &Path) -> Local {
    Local::start(folder, &["--template", TEMPLATE, "--parameter", "BufferingSeconds=1"])
}

impl Local {
    /// Runs a command against it; it must succeed.
    fn run(&self, folder: &Path, args: &[&str]) -> Ended {
        let ended = self.try_run(folder, args);
        assert_eq!(ended.code, Some(0), "{args:?}: {ended:#?}");
        ended
    }

    fn try_run(&self, folder: &Path, args: &[&str]) -> Ended {
        run(folder, [args, &["--endpoint-url", &self.endpoint]].concat())
    }

    fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&config(&self.endpoint))
    }

    async fn queue(&self, name: &str) -> String {
        self.sqs().get_queue_url().queue_name(name).send().await.unwrap().queue_url.unwrap()
    }
}

/// The JSON records that a command printed, a line each.
fn records(ended: &Ended) -> Vec<Value> {
    ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

/// The record that ends them.
fn report(ended: &Ended) -> Value {
    records(ended).pop().filter(|record| record["record"] == "report").unwrap_or_else(|| panic!("{ended:#?}"))
}

#[test]
fn local_says_what_it_promises_and_stops_when_told_to() {
    let dir = folder();
    for (name, durability) in [("TERM", "process"), ("INT", "power")] {
        let local = Local::start(dir.path(), &["--durability", durability]);
        for words in [local.endpoint.as_str(), "data", durability, "survives"] {
            assert!(local.ready.contains(words), "{}", local.ready);
        }
        assert_eq!(local.signal(name).code(), Some(0));
    }
}

#[test]
fn a_second_local_on_the_same_folder_is_refused() {
    let dir = folder();
    let _first = Local::start(dir.path(), &[]);
    let second = run(dir.path(), ["local", "--addr", "127.0.0.1:0", "--data-dir", "data"]);
    assert_eq!(second.code, Some(1), "{second:#?}");
    assert!(second.stderr.contains("data") && second.stderr.contains("process"), "{}", second.stderr);
    assert_eq!(second.stdout, "");
}

#[test]
fn local_serves_others_only_when_told_outright() {
    let dir = folder();
    let refused = run(dir.path(), ["local", "--addr", "0.0.0.0:0"]);
    assert_eq!(refused.code, Some(2), "{refused:#?}");
    assert!(refused.stderr.contains("--credentials FILE"), "{}", refused.stderr);
}

#[tokio::test]
async fn local_in_memory_forgets() {
    let dir = folder();
    let local = Local::start(dir.path(), &["--durability", "memory"]);
    local.sqs().create_queue().queue_name("orders").send().await.unwrap();
    assert_eq!(local.signal("TERM").code(), Some(0));
    let local = Local::start(dir.path(), &["--durability", "memory"]);
    assert!(local.sqs().list_queues().send().await.unwrap().queue_urls().is_empty());
}

#[tokio::test]
async fn from_deploy_to_consume() {
    let dir = folder();
    let local = Local::start(dir.path(), &[]);
    let deployed = local.run(dir.path(), &["deploy", "--template", TEMPLATE, "--parameter", "BufferingSeconds=1"]);
    for words in ["CREATE_COMPLETE", "OrdersQueue", "TopicArn", "arn:aws:sns:us-east-1:000000000000:created-consumer"] {
        assert!(deployed.stdout.contains(words), "{words}: {}", deployed.stdout);
    }
    let again = local.run(dir.path(), &["deploy", "--template", TEMPLATE]);
    assert!(again.stderr.contains("nothing to change"), "{}", again.stderr);

    let publish = ["publish", "--count", "30", "--rate", "max", "--seed", "7", "--concurrency", "2", "--json"];
    let published = local.run(dir.path(), &publish);
    assert_eq!(report(&published)["published"]["events"], 30);
    let consumed = local.run(dir.path(), &["consume", "--until-empty", "--json"]);
    let queues = report(&consumed)["queues"].clone();
    for queue in queues.as_array().unwrap() {
        assert_eq!((&queue["handled"], &queue["failed"], &queue["unreadable"]), (&30.into(), &0.into(), &0.into()));
    }
    assert_eq!(queues.as_array().unwrap().len(), 2);
    // The same seed tells the same story.
    let ids = |ended: &Ended| {
        let mut ids: Vec<_> =
            records(ended).iter().filter_map(|it| it["event"]["id"].as_str().map(str::to_owned)).collect();
        ids.sort();
        ids
    };
    assert!(!ids(&published).is_empty(), "{}", published.stdout);
    assert_eq!(ids(&published), ids(&local.run(dir.path(), &publish)));
    let one = local.run(dir.path(), &["consume", "--api", "orders", "--count", "10", "--json"]);
    assert_eq!(report(&one)["queues"][0]["handled"], 10);

    let deleted = local.run(dir.path(), &["deploy", "--delete"]);
    assert!(deleted.stderr.contains("deleted"), "{}", deleted.stderr);
    let nothing = local.try_run(dir.path(), &["publish", "--count", "1"]);
    assert_eq!(nothing.code, Some(2), "{nothing:#?}");
    assert!(nothing.stderr.contains("there is no stack messaging"), "{}", nothing.stderr);
}

#[test]
fn a_dry_run_shows_and_changes_nothing() {
    let dir = folder();
    let local = Local::start(dir.path(), &[]);
    let shown = local.run(dir.path(), &["deploy", "--template", TEMPLATE, "--dry-run"]);
    assert!(shown.stdout.contains("AWS::SNS::Topic"), "{}", shown.stdout);
    let nothing = local.try_run(dir.path(), &["publish", "--count", "1"]);
    assert!(nothing.stderr.contains("there is no stack messaging"), "{}", nothing.stderr);
    local.run(dir.path(), &["deploy", "--template", TEMPLATE]);
    let shown =
        local.run(dir.path(), &["deploy", "--template", TEMPLATE, "--dry-run", "--parameter", "MaxReceiveCount=9"]);
    assert!(shown.stdout.contains("OrdersQueue") && !shown.stdout.contains("AWS::SNS::Topic"), "{}", shown.stdout);
    let same = local.run(dir.path(), &["deploy", "--template", TEMPLATE, "--dry-run"]);
    assert!(same.stdout.contains("No changes"), "{}", same.stdout);
}

#[test]
fn a_failed_creation_gives_the_first_reason_and_can_be_tried_again() {
    let dir = folder();
    let local = Local::start(dir.path(), &[]);
    let template = dir.path().join("bad.yaml");
    let text = "Resources:\n  Good: {Type: 'AWS::SQS::Queue'}\n  Bad:\n    Type: AWS::SQS::Queue\n    DependsOn: Good\n    \
                Properties: {VisibilityTimeout: 99999}\n";
    std::fs::write(&template, text).unwrap();
    let failed = local.try_run(dir.path(), &["deploy", "--template", "bad.yaml"]);
    assert_eq!(failed.code, Some(1), "{failed:#?}");
    assert!(failed.stderr.contains("rolled back") && failed.stderr.contains("VisibilityTimeout"), "{}", failed.stderr);
    std::fs::write(&template, text.replace("99999", "9")).unwrap();
    let deployed = local.run(dir.path(), &["deploy", "--template", "bad.yaml"]);
    assert!(deployed.stdout.contains("CREATE_COMPLETE"), "{}", deployed.stdout);
}

#[test]
fn outputs_are_written_into_the_env_file_and_used_from_there() {
    let dir = folder();
    let local = deployed(dir.path());
    std::fs::write(dir.path().join(".env"), "# mine\nCOLOUR=blue\n").unwrap();
    local.run(dir.path(), &["deploy", "--template", TEMPLATE, "--write-env"]);
    let env = std::fs::read_to_string(dir.path().join(".env")).unwrap();
    assert!(env.starts_with("# mine\nCOLOUR=blue\n"), "{env}");
    for name in ["ARN='arn:aws:sns:", "URL_ORDERS='http", "URL_PAYMENTS='http"] {
        assert!(env.contains(name), "{env}");
    }
    // With a stack of that name missing, only .env can have told.
    local.run(dir.path(), &["publish", "--count", "1", "--rate", "max", "--stack", "none"]);
    let consumed = local.run(dir.path(), &["consume", "--until-empty", "--json", "--stack", "none"]);
    assert_eq!(report(&consumed)["queues"][1]["handled"], 1);
}

#[tokio::test]
async fn what_fails_or_cannot_be_read_is_left_for_redrive() {
    let dir = folder();
    let local = deployed(dir.path());
    local.run(dir.path(), &["publish", "--count", "4", "--rate", "max"]);
    let failing = ["consume", "--api", "payments", "--count", "4", "--fail-rate", "100%", "--json"];
    let failed = local.run(dir.path(), &failing);
    assert_eq!(report(&failed)["queues"][0]["failed"], 4);
    let payments = local.queue("api-payment-created-consumer").await;
    let in_flight = Attribute::ApproximateNumberOfMessagesNotVisible;
    assert_eq!(attribute(&local.sqs(), &payments, in_flight.clone()).await, "4");

    local.run(dir.path(), &["consume", "--api", "orders", "--count", "4"]);
    let orders = local.queue("api-orders-created-consumer").await;
    local.sqs().send_message().queue_url(&orders).message_body("{\"no\": \"event\"").send().await.unwrap();
    let unreadable = local.run(dir.path(), &["consume", "--api", "orders", "--count", "1", "--json"]);
    assert_eq!(report(&unreadable)["queues"][0]["unreadable"], 1);
    assert_eq!(attribute(&local.sqs(), &orders, in_flight).await, "1");
}

#[test]
fn simulate_proves_that_nothing_is_lost() {
    let dir = folder();
    let args = ["simulate", "--count", "300", "--rate", "max", "--batch", "5", "--buffering-seconds", "1"];
    let ended = run(dir.path(), [&args[..], &["--json"]].concat());
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    let report = report(&ended);
    assert_eq!(report["verdict"], "nothing_lost", "{report:#}");
    assert_eq!(report["published"]["events"], 300);
    for leg in [&report["queues"][0], &report["queues"][1], &report["landed"]] {
        assert_eq!((&leg["lost"], &leg["duplicated"]), (&0.into(), &0.into()), "{report:#}");
    }
    // Again on the same folder, for people.
    let ended = run(dir.path(), args);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    for words in ["300", "lost", "landing_date=", "p99"] {
        assert!(ended.stdout.contains(words), "{words}: {}", ended.stdout);
    }
}

#[test]
fn simulate_runs_against_a_cloud_that_is_there() {
    let dir = folder();
    let local = Local::start(dir.path(), &[]);
    let args = ["simulate", "--count", "50", "--rate", "max", "--buffering-seconds", "1", "--json", "--delete-after"];
    let ended = local.run(dir.path(), &args);
    assert_eq!(report(&ended)["verdict"], "nothing_lost");
    let gone = local.try_run(dir.path(), &["publish", "--count", "1"]);
    assert!(gone.stderr.contains("there is no stack"), "{}", gone.stderr);
}

/// The end of its terminal once ended it without a report.
#[cfg(target_os = "linux")]
#[test]
fn a_hangup_ends_a_run_as_ctrl_c_does() {
    let dir = folder();
    let local = deployed(dir.path());
    let mut command = messaging_under(dir.path(), &HEARS_HANGUPS);
    command.args(["publish", "--every", "5ms", "--json", "--endpoint-url", &local.endpoint]);
    let (code, text) = interrupted(command, "HUP");
    assert_eq!(code, Some(0), "{text}");
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(last["record"], "report", "{last}");
    // Whoever started it with nohup wants it to go on.
    let nohup = "trap '' HUP; exec \"$0\" publish --every 5ms --count 200 --json --endpoint-url \"$1\"";
    let mut command = Command::new("sh");
    let program = messaging(dir.path());
    command.args(["-c", nohup]).arg(program.get_program()).arg(&local.endpoint).current_dir(dir.path());
    let (code, text) = interrupted(command, "HUP");
    assert_eq!(code, Some(0), "{text}");
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(last["published"]["events"], 200, "{last}");
}

/// Starts an endless command, waits for its first line, stops it with a signal.
fn interrupted(mut command: Command, by: &str) -> (Option<i32>, String) {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    stdout.read_line(&mut text).unwrap();
    signal(&child, by);
    std::io::Read::read_to_string(&mut stdout, &mut text).unwrap();
    (wait(&mut child).code(), text)
}

#[tokio::test]
async fn ctrl_c_ends_what_is_endless_and_finishes_what_is_in_flight() {
    let dir = folder();
    let local = deployed(dir.path());
    let endless = |args: &[&str]| {
        let mut command = messaging(dir.path());
        command.args(args).args(["--json", "--endpoint-url", &local.endpoint]);
        interrupted(command, "INT")
    };
    let (code, text) = endless(&["publish", "--every", "5ms"]);
    assert_eq!(code, Some(0), "{text}");
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    let published = last["published"]["events"].as_u64().unwrap();
    let orders = local.queue("api-orders-created-consumer").await;
    let queued = attribute(&local.sqs(), &orders, Attribute::ApproximateNumberOfMessages).await;
    assert_eq!(queued, published.to_string());
    let (code, text) = endless(&["consume"]);
    assert_eq!(code, Some(0), "{text}");
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    let handled = last["queues"][0]["handled"].as_u64().unwrap();
    // What was taken was handled and deleted, or is given back.
    let left = async || {
        let count =
            attribute(&local.sqs(), &orders, Attribute::ApproximateNumberOfMessages).await.parse::<u64>().unwrap();
        let held = attribute(&local.sqs(), &orders, Attribute::ApproximateNumberOfMessagesNotVisible).await;
        (count + held.parse::<u64>().unwrap() + handled == published).then_some(())
    };
    eventually(left).await.expect("every message is handled or still there");
}
