//! `--metrics`: what Prometheus is told of a run while it goes; `--trace`: what a trace's context becomes on its way.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::helpers::binary::{Ended, Local, folder, messaging, run, signal, wait};

const TEMPLATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/infra.yaml");
const PATIENCE: Duration = Duration::from_secs(20);

/// The address that a command with `--metrics` says; what else it says goes on to be read.
fn address(child: &mut Child) -> String {
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    loop {
        let from = said.len();
        assert!(stderr.read_line(&mut said).unwrap() > 0, "it ended: {said}");
        if let Some((_, address)) = said[from..].split_once("Figures for Prometheus: http://") {
            let address = address.trim_end().trim_end_matches("/metrics").to_owned();
            std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
            return address;
        }
    }
}

/// What is answered to a request's head.
fn ask(address: &str, head: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    // Who asks for too much is hung up on.
    _ = stream.read_to_string(&mut answer);
    answer
}

/// A figure of the page, by its name with its labels.
fn figure(page: &str, name: &str) -> Option<f64> {
    page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
}

#[test]
fn prometheus_is_told_how_a_run_goes_until_it_ends() {
    let dir = folder();
    let mut command = messaging(dir.path());
    command.args(["simulate", "--load", "40/s:30s", "--buffering-seconds", "0", "--metrics", "0"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let address = address(&mut child);
    assert!(address.starts_with("127.0.0.1:"), "{address}");
    let started = Instant::now();
    let queue = "api-orders-created-consumer";
    let page = loop {
        let page = ask(&address, "GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n");
        let handled =
            format!("messaging_handled_total{{messaging_system=\"aws_sqs\",messaging_destination_name=\"{queue}\"}}");
        let landed = figure(&page, "messaging_landed_total{leg=\"S3\"}");
        let looked = page.contains(&format!("ApproximateNumberOfMessagesVisible{{QueueName=\"{queue}\"}}"));
        if figure(&page, &handled) > Some(10.0) && landed > Some(0.0) && looked {
            break page;
        }
        assert!(started.elapsed() < PATIENCE, "{page}");
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n") && page.contains("text/plain; version=0.0.4"), "{page}");
    let topic = "{messaging_system=\"aws.sns\",messaging_destination_name=\"created-consumer\"";
    let operation = format!("{topic},messaging_operation_name=\"publish\"");
    let published = figure(&page, &format!("messaging_published_total{topic}}}")).unwrap();
    let count = format!("messaging_client_operation_duration_seconds_count{operation}}}");
    let all = format!("messaging_client_operation_duration_seconds_bucket{operation},le=\"+Inf\"}}");
    assert_eq!((figure(&page, &count), figure(&page, &all)), (Some(published), Some(published)), "{page}");
    assert!(figure(&page, &format!("messaging_client_sent_messages_total{operation}}}")) >= Some(published), "{page}");
    assert_eq!(figure(&page, "messaging_expected_publish_rate"), Some(40.0), "{page}");
    assert_eq!(figure(&page, "messaging_verdict_so_far{verdict=\"nothing_lost\"}"), Some(0.0), "{page}");
    assert!(figure(&page, "messaging_on_the_way{leg=\"payments\"}").is_some(), "{page}");

    for (head, status) in [
        ("GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 404 "),
        ("GET /metricsx HTTP/1.1\r\n\r\n", "HTTP/1.1 404 "),
        ("GET /metrics HTTP/1.1\r\nHost: a-page.example:80\r\n\r\n", "HTTP/1.1 403 "),
        ("POST /metrics HTTP/1.1\r\n\r\n", "HTTP/1.1 405 "),
        (&format!("GET /metrics HTTP/1.1\r\n{}", "x: y\r\n".repeat(10_000)), ""),
    ] {
        let answer = ask(&address, head);
        assert!(answer.starts_with(status) && (!status.is_empty() || answer.is_empty()), "{status}: {answer}");
    }
    signal(&child, "INT");
    assert!(!wait(&mut child).success());
    assert!(TcpStream::connect(&address).is_err(), "somebody answers at {address}");
}

#[test]
fn a_port_that_is_taken_is_refused_before_anything_is_done() {
    let dir = folder();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().to_string();
    for command in ["simulate", "publish", "consume"] {
        let ended = run(dir.path(), [command, "--metrics", &port]);
        assert!(ended.code == Some(1) && ended.stderr.contains("for --metrics"), "{ended:#?}");
        let ended = run(dir.path(), [command, "--metrics", "localhost"]);
        assert!(ended.code == Some(2) && ended.stderr.contains("127.0.0.1:9464"), "{ended:#?}");
    }
    assert!(!dir.path().join(".messaging").exists());
}

/// What a scenario's clients came to and what its service says of itself are on one page; what it has anyway, or hasn't, is refused by name.
#[test]
fn a_scenario_tells_prometheus_and_refuses_traces_by_name() {
    let dir = folder();
    let mut command = messaging(dir.path());
    command.args(["simulate", "jobs", "--count", "100k", "--rate", "50/s", "--metrics", "0"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let address = address(&mut child);
    let started = Instant::now();
    loop {
        let page = ask(&address, "GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n");
        let service = page.contains("messaging_jobs_total{kind=\"job\",outcome=\"done\"}");
        let asked = figure(&page, "messaging_requests_asked_total");
        if service && asked > Some(5.0) && figure(&page, "messaging_effects_total") > Some(0.0) {
            break;
        }
        assert!(started.elapsed() < PATIENCE, "{page}");
        std::thread::sleep(Duration::from_millis(20));
    }
    signal(&child, "INT");
    assert!(!wait(&mut child).success());
    for (args, says) in [
        (&["simulate", "tasks", "--trace"][..], "X-Amzn-Trace-Id"),
        (&["serve", "jobs", "--trace"], "X-Amzn-Trace-Id"),
        (&["serve", "fanout", "--trace"], "X-Amzn-Trace-Id"),
        (&["serve", "tasks", "--metrics", "9464"], "/metrics"),
    ] {
        let ended = run(dir.path(), args);
        assert!(ended.code == Some(2) && ended.stderr.contains(says), "{ended:#?}");
    }
}

fn records(ended: &Ended, kind: &str) -> Vec<Value> {
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    let all = ended.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    all.filter(|record| record["record"] == kind).collect()
}

/// One queue gets the attribute with the message, the other in SNS's envelope.
#[test]
fn a_trace_goes_with_its_event_raw_and_in_an_envelope() {
    let dir = folder();
    let template =
        std::fs::read_to_string(TEMPLATE).unwrap().replacen("RawMessageDelivery: true", "RawMessageDelivery: false", 1);
    std::fs::write(dir.path().join("my.yaml"), template).unwrap();
    let local = Local::start(dir.path(), &["--template", "my.yaml"]);
    let to = ["--endpoint-url", &local.endpoint, "--json"];
    let published =
        run(dir.path(), [&["publish", "--count", "20", "--rate", "max", "--batch", "5", "--trace"][..], &to].concat());
    let begun: std::collections::BTreeMap<_, _> = records(&published, "published")
        .into_iter()
        .map(|record| (record["event_id"].clone().to_string(), record["traceparent"].as_str().unwrap().to_owned()))
        .collect();
    assert!(
        begun.len() == 20 && begun.values().all(|trace| trace.len() == 55 && trace.starts_with("00-")),
        "{begun:?}"
    );
    let consumed = run(dir.path(), [&["consume", "--until-empty", "--trace"][..], &to].concat());
    let handled = records(&consumed, "handled");
    assert_eq!(handled.len(), 40, "{consumed:#?}");
    for record in handled {
        assert_eq!(record["traceparent"], begun[&record["event_id"].to_string()], "{record}");
    }
    // Who asks for no trace is told of none.
    run(dir.path(), [&["publish", "--count", "1", "--trace"][..], &to].concat());
    let consumed = run(dir.path(), [&["consume", "--until-empty"][..], &to].concat());
    assert!(records(&consumed, "handled").iter().all(|record| record["traceparent"].is_null()), "{consumed:#?}");
}
