//! `messaging deploy`: what it shows, what it writes down, and what it says of parameters.

use std::path::Path;

use crate::helpers::binary::{Ended, Local, folder, run};

const TEMPLATE: &str = include_str!("../../infra.yaml");

fn deploy(dir: &Path, local: &Local, args: &[&str]) -> Ended {
    let ended = run(dir, [&["deploy", "--endpoint-url", &local.endpoint][..], args].concat());
    assert_eq!(ended.code, Some(0), "{args:?}: {ended:#?}");
    ended
}

fn write(dir: &Path, template: &str) {
    std::fs::write(dir.join("infra.yaml"), template).unwrap();
}

/// A server at another address, --write-env, and the next command found nobody at the default address.
#[test]
fn what_the_next_command_needs_stands_in_the_env_file() {
    let dir = folder();
    let local = Local::start(dir.path(), &[]);
    let written = deploy(dir.path(), &local, &["--stack", "shop", "--region", "eu-west-1", "--write-env"]);
    let env = std::fs::read_to_string(dir.path().join(".env")).unwrap();
    for line in [
        "MESSAGING_TARGET='local'",
        &format!("AWS_ENDPOINT_URL='{}'", local.endpoint),
        "AWS_REGION='eu-west-1'",
        "MESSAGING_STACK='shop'",
    ] {
        assert!(env.lines().any(|it| it == line), "{line}: {env}");
    }
    assert!(env.contains("TOPIC_ARN='arn:aws:sns:eu-west-1:"), "{env}");
    assert!(written.stderr.contains("AWS_ENDPOINT_URL, AWS_REGION, MESSAGING_STACK"), "{written:#?}");
    for args in [&["publish", "--count", "2", "--rate", "max"][..], &["consume", "--until-empty"], &["deploy"]] {
        let ended = run(dir.path(), args);
        assert_eq!(ended.code, Some(0), "{args:?}: {ended:#?}");
        assert!(!ended.stderr.contains("us-east-1"), "{ended:#?}");
    }
}

/// A server that was started on another port went on naming queues by the old one, where nobody listens.
#[test]
fn queues_are_named_by_the_port_of_today() {
    let dir = folder();
    let local = Local::start(dir.path(), &[]);
    deploy(dir.path(), &local, &[]);
    let before = local.endpoint.clone();
    assert!(local.signal("TERM").success());
    let local = Local::start(dir.path(), &[]);
    deploy(dir.path(), &local, &["--write-env"]);
    let env = std::fs::read_to_string(dir.path().join(".env")).unwrap();
    assert!(env.contains(&format!("URL_ORDERS='{}/000000000000/", local.endpoint)), "{before}: {env}");
    assert!(local.endpoint == before || !env.contains(&before), "{before}: {env}");
    let updated = deploy(dir.path(), &local, &["--parameter", "MaxReceiveCount=2"]);
    assert!(!updated.stdout.contains("DELETE_"), "nothing is replaced: {updated:#?}");
}

/// "Nothing to change" was all that was said to somebody who had changed a default.
#[test]
fn a_changed_default_that_the_stack_does_not_take_is_told() {
    let dir = folder();
    let local = Local::start(dir.path(), &[]);
    write(dir.path(), TEMPLATE);
    deploy(dir.path(), &local, &["--parameter", "BufferingSeconds=1"]);
    let default = "moves to the dead-letter queue.\n    Type: Number\n    Default: ";
    write(dir.path(), &TEMPLATE.replace(&format!("{default}5"), &format!("{default}3")));
    for more in [&[][..], &["--dry-run"]] {
        let ended = deploy(dir.path(), &local, more);
        let said = "MaxReceiveCount stays 5, the stack's value; the template's default is 3 now: --parameter MaxReceiveCount=3";
        assert!(ended.stderr.contains(said), "{ended:#?}");
        // A value that was given on purpose, beside a default that is as it was.
        assert!(!ended.stderr.contains("BufferingSeconds stays"), "{ended:#?}");
    }
    let taken = deploy(dir.path(), &local, &["--parameter", "MaxReceiveCount=3"]);
    assert!(!taken.stderr.contains("stays"), "{taken:#?}");
    assert!(!deploy(dir.path(), &local, &[]).stderr.contains("stays"));
}

#[test]
fn a_dry_run_shows_values_before_and_after_and_what_is_replaced() {
    let dir = folder();
    let local = Local::start(dir.path(), &[]);
    write(dir.path(), TEMPLATE);
    let new = deploy(dir.path(), &local, &["--dry-run"]);
    assert!(new.stderr.contains("Comparing infra.yaml of this folder with the stack messaging"), "{new:#?}");
    assert!(new.stdout.contains("QueueName: api-orders-created-consumer"), "{new:#?}");
    deploy(dir.path(), &local, &[]);
    let args = ["--dry-run", "--parameter", "BufferingSeconds=5", "--parameter", "TopicName=other"];
    let shown = deploy(dir.path(), &local, &args).stdout;
    assert!(shown.contains("BufferingHints.IntervalInSeconds 60 → 5"), "{shown}");
    let topic = shown.lines().find(|line| line.contains(" Topic ")).unwrap();
    assert!(topic.starts_with("~ modify") && topic.contains("replaced"), "{shown}");
    assert!(shown.contains("TopicName created-consumer → other (replaces it)"), "{shown}");
    assert!(deploy(dir.path(), &local, &["--dry-run"]).stdout.contains("No changes"));
}

#[test]
fn a_dry_run_of_a_deletion_lists_what_goes_and_what_stays() {
    let dir = folder();
    let local = Local::start(dir.path(), &[]);
    let plain = "Resources:\n  Kept: {Type: 'AWS::S3::Bucket', DeletionPolicy: Retain}\n  Full: {Type: 'AWS::S3::Bucket'}\n  \
                 Queue: {Type: 'AWS::SQS::Queue'}\nOutputs:\n  Full: {Value: !Ref Full}\n";
    write(dir.path(), plain);
    let deployed = deploy(dir.path(), &local, &[]);
    let bucket = deployed.stdout.lines().find_map(|line| line.strip_prefix("Full  ")).unwrap().to_owned();
    let put = |key: &str| {
        let address = local.endpoint.strip_prefix("http://").unwrap();
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        let request = format!(
            "PUT /{bucket}/{key} HTTP/1.1\r\nHost: {address}\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx"
        );
        std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
        std::io::read_to_string(stream).unwrap()
    };
    assert!(put("k").starts_with("HTTP/1.1 200"));
    let shown = deploy(dir.path(), &local, &["--delete", "--dry-run"]);
    let line = |ended: &Ended, id: &str| {
        let lines = ended.stdout.lines().find(|line| line.contains(&format!(" {id} ")));
        lines.unwrap_or_else(|| panic!("{ended:#?}")).to_owned()
    };
    assert!(line(&shown, "Queue").starts_with("- delete"), "{shown:#?}");
    assert!(line(&shown, "Kept").starts_with("= stays") && line(&shown, "Kept").contains("Retain"), "{shown:#?}");
    assert!(line(&shown, "Full").starts_with("! blocks") && line(&shown, "Full").contains("1 object"), "{shown:#?}");
    assert!(shown.stderr.contains("Nothing was deleted"), "{shown:#?}");
    let shown = deploy(dir.path(), &local, &["--delete", "--dry-run", "--empty-bucket"]);
    assert!(line(&shown, "Full").starts_with("- delete") && line(&shown, "Kept").starts_with("- delete"), "{shown:#?}");
    assert!(deploy(dir.path(), &local, &[]).stderr.contains("nothing to change"));
}

#[test]
fn a_deployment_tells_how_its_stream_buffers_and_how_long_events_took() {
    let dir = folder();
    let local = Local::start(dir.path(), &[]);
    let deployed = deploy(dir.path(), &local, &["--parameter", "BufferingMegabytes=7"]);
    assert!(deployed.stderr.contains("created-consumer-landing lands a batch after 60 s or 7 MiB."), "{deployed:#?}");
    assert!(deployed.stdout.lines().next().unwrap().trim_start().starts_with("0 ms "), "{deployed:#?}");
}

/// A type that isn't there was named, and not which resource has it.
#[test]
fn a_refusal_names_the_resource() {
    let dir = folder();
    let local = Local::start(dir.path(), &[]);
    write(dir.path(), "Resources: {Good: {Type: 'AWS::SQS::Queue'}, Wrong: {Type: 'AWS::SQS::Queu'}}\n");
    let refused = run(dir.path(), ["deploy", "--endpoint-url", &local.endpoint]);
    assert_eq!(refused.code, Some(1), "{refused:#?}");
    assert!(refused.stderr.contains("Wrong is of the type AWS::SQS::Queu"), "{refused:#?}");
}
