//! The commands against an embedded cloud in a process of its own: deploy, publish, consume, simulate, as a user does.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;

use crate::cli::{messaging, program};

/// `messaging local` in a folder that goes away, as is it itself when this is dropped.
struct Local {
    folder: tempfile::TempDir,
    endpoint: String,
    process: Child,
}

impl Local {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = program(folder.path());
        command.args(["local", "--addr", "127.0.0.1:0"]).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        let mut ready = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        let endpoint = ready.split([' ', ',']).find(|word| word.starts_with("http://"));
        let endpoint = endpoint.unwrap_or_else(|| panic!("no address in the ready line: {ready:?}")).to_owned();
        Self { folder, endpoint, process }
    }

    fn dir(&self) -> &Path {
        self.folder.path()
    }

    /// A command against this cloud.
    fn run(&self, args: &[&str]) -> assert_cmd::Command {
        let mut command = messaging(self.dir());
        command.args(args).env("AWS_ENDPOINT_URL", &self.endpoint);
        command
    }

    /// The records that a command prints with `--json`; it must succeed.
    fn records(&self, args: &[&str]) -> Vec<Value> {
        let output = self.run(args).arg("--json").assert().code(0).get_output().clone();
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}"))).collect()
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        // It may have ended by itself, which the test has noticed then.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What two runs of one seed have in common.
fn stories(records: &[Value]) -> Vec<(Value, Value)> {
    let events = records.iter().filter(|record| record["record"] == "published").map(|record| &record["event"]);
    events.map(|event| (event["id"].clone(), event["data"].clone())).collect()
}

#[test]
fn a_stack_is_created_shown_updated_and_deleted() {
    let local = Local::start();
    std::fs::write(local.dir().join(".env"), "# mine\nOTHER='a b'\n").unwrap();

    local.run(&["deploy", "--dry-run"]).assert().code(0).stdout(contains("+ add").and(contains("AWS::SNS::Topic")));
    local.run(&["deploy", "--delete"]).assert().code(0).stderr(contains("There is no stack messaging"));

    let created = contains("CREATE_COMPLETE").and(contains("TopicArn")).and(contains("arn:aws:sns:us-east-1:"));
    local.run(&["deploy", "--write-env"]).assert().code(0).stdout(created).stderr(contains("is created"));
    let env = std::fs::read_to_string(local.dir().join(".env")).unwrap();
    assert!(env.starts_with("# mine\nOTHER='a b'\n"), "{env}");
    for name in ["TOPIC_ARN=", "URL_ORDERS=", "URL_PAYMENTS=", "BUCKET_NAME="] {
        assert!(env.lines().any(|line| line.starts_with(name)), "{env}");
    }

    local.run(&["deploy"]).assert().code(0).stderr(contains("nothing to change"));
    let buffering = ["deploy", "--parameter", "BufferingSeconds=7"];
    local.run(&[&buffering[..], &["--dry-run"]].concat()).assert().code(0).stdout(contains("~ modify"));
    local.run(&buffering).assert().code(0).stderr(contains("is updated"));
    // What isn't given keeps its value.
    local.run(&["deploy"]).assert().code(0).stderr(contains("nothing to change"));

    local.run(&["deploy", "--delete"]).assert().code(0).stderr(contains("is deleted"));
    local
        .run(&["publish", "--count", "1", "--stack", "messaging"])
        .assert()
        .code(1)
        .stderr(contains("TOPIC_ARN in .env"));
}

#[test]
fn a_creation_that_fails_says_why_and_leaves_nothing() {
    let local = Local::start();
    let template = local.dir().join("bad.yaml");
    let text = "Resources:\n  First: {Type: AWS::SQS::Queue}\n  Second:\n    Type: AWS::SNS::Subscription\n    DependsOn: First\n    \
                Properties: {TopicArn: 'arn:aws:sns:us-east-1:000000000000:nope', Protocol: sqs, Endpoint: !GetAtt First.Arn}\n";
    std::fs::write(&template, text).unwrap();
    let deploy = || local.run(&["deploy", "--template", "bad.yaml"]);
    deploy().assert().code(1).stderr(contains("rolled back").and(contains("Second (AWS::SNS::Subscription)")));
    // What is left of it doesn't stand in the way of the next try.
    deploy().assert().code(1).stderr(contains("it is deleted first").and(contains("Second (AWS::SNS::Subscription)")));
}

#[test]
fn what_is_published_is_consumed_by_both_apis() {
    let local = Local::start();
    local.run(&["deploy"]).assert().code(0);
    let publish = ["publish", "--count", "40", "--rate", "max", "--seed", "42", "--concurrency", "3"];
    let first = local.records(&publish);
    assert_eq!(stories(&first).len(), 40);
    assert_eq!(first.last().unwrap()["published"]["events"], 40);

    let consumed = local.records(&["consume", "--until-empty"]);
    let report = consumed.last().unwrap();
    for queue in report["queues"].as_array().unwrap() {
        assert_eq!((&queue["handled"], &queue["failed"], &queue["unreadable"]), (&40.into(), &0.into(), &0.into()));
        assert_eq!(queue["duplicated"], 0);
    }

    let mut again = local.records(&publish);
    let by_id = |stories: &mut Vec<(Value, Value)>| stories.sort_by_key(|(id, _)| id.to_string());
    let (mut one, mut two) = (stories(&first), stories(&again));
    by_id(&mut one);
    by_id(&mut two);
    assert_eq!(one, two, "the same seed gives the same events");
    again.retain(|record| record["record"] == "published");
    assert!(again.iter().all(|record| record["event"]["runid"] != first[0]["event"]["runid"]));

    let kinds = local.records(&["publish", "--count", "10", "--rate", "max", "--batch", "10", "--kind", "payment"]);
    assert!(kinds[..10].iter().all(|record| record["event"]["type"] == "payment.captured"));
    let taken = local.records(&["consume", "--api", "orders", "--count", "50"]);
    assert_eq!(taken.last().unwrap()["queues"][0]["handled"], 50);
}

#[test]
fn what_cant_be_handled_is_left_for_redrive() {
    let local = Local::start();
    // One try only, so that nothing need be waited for.
    local.run(&["deploy", "--parameter", "MaxReceiveCount=1"]).assert().code(0);
    local.run(&["publish", "--count", "5", "--rate", "max"]).assert().code(0);
    let failed = local.records(&["consume", "--count", "10", "--fail-rate", "100%"]);
    assert_eq!(failed.iter().filter(|record| record["record"] == "failed").count(), 10);
    local
        .run(&["consume", "--count", "1", "--topic-arn", "x"])
        .assert()
        .code(2)
        .stderr(contains("unexpected argument '--topic-arn'"));
}

#[test]
fn a_topic_or_queue_that_isnt_there_names_where_it_was_found() {
    let local = Local::start();
    let no_stack = || contains("there is no stack messaging").and(contains("messaging deploy"));
    local.run(&["publish", "--count", "1"]).assert().code(2).stderr(no_stack());
    local.run(&["consume", "--until-empty"]).assert().code(2).stderr(no_stack());
    let arn = "arn:aws:sns:us-east-1:000000000000:gone";
    local
        .run(&["publish", "--count", "1", "--topic-arn", arn])
        .assert()
        .code(1)
        .stderr(contains("comes from --topic-arn"));
    local.run(&["publish", "--count", "1"]).env("ARN", "nonsense").assert().code(2).stderr(contains("variable ARN"));
    std::fs::write(local.dir().join(".env"), format!("\nURL_ORDERS={}/000000000000/gone\n", local.endpoint)).unwrap();
    let consume = ["consume", "--api", "orders", "--until-empty"];
    local.run(&consume).assert().code(1).stderr(contains("URL_ORDERS in .env line 2"));
}

#[test]
fn a_simulation_balances_and_keeps_its_data() {
    let folder = tempfile::tempdir().unwrap();
    let simulate = |seed: &str| {
        let mut command = messaging(folder.path());
        let fast = ["--count", "60", "--rate", "max", "--buffering-seconds", "1", "--seed", seed];
        command.arg("simulate").args(fast);
        command
    };
    let output = simulate("1").arg("--json").assert().code(0).get_output().stdout.clone();
    let report: Value = serde_json::from_slice(&output).unwrap();
    assert_eq!((&report["record"], &report["verdict"]), (&"report".into(), &"nothing_lost".into()));
    assert_eq!((&report["published"]["events"], &report["seed"]), (&60.into(), &1.into()));
    for leg in report["queues"].as_array().unwrap().iter().chain([&report["landed"]]) {
        assert_eq!((&leg["received"], &leg["lost"], &leg["duplicated"]), (&60.into(), &0.into(), &0.into()));
    }
    assert!(report["landed"]["partitions"][0].as_str().unwrap().starts_with("landing_date="));
    assert!(folder.path().join(report["data_dir"].as_str().unwrap()).is_dir());
    // Again on the same data, for people this time.
    simulate("2").assert().code(0).stdout(contains("Nothing lost").and(contains("landed in S3")));
}
