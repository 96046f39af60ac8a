//! What a run leaves beside its report: what it costs, a log of histograms; and reports that are merged and compared.

use std::path::Path;

use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
use serde_json::{Value, json};

use crate::helpers::binary::{Ended, folder, run};

/// A short run in a folder; what it printed is kept in a file there.
fn simulate(dir: &Path, file: &str, args: &[&str]) -> Value {
    let quick = ["simulate", "--count", "40", "--rate", "max", "--buffering-seconds", "0", "--json"];
    let ended = run(dir, [&quick[..], args].concat());
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    std::fs::write(dir.join(file), &ended.stdout).unwrap();
    report(&ended)
}

fn report(ended: &Ended) -> Value {
    ended.stdout.lines().last().and_then(|line| serde_json::from_str(line).ok()).unwrap_or_else(|| panic!("{ended:#?}"))
}

fn histogram(text: &str) -> Histogram<u64> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).unwrap();
    Deserializer::new().deserialize(&mut bytes.as_slice()).unwrap()
}

/// What a simulation counted is what it cost; its log holds every latency; two of them are one report.
#[test]
fn a_run_has_costs_and_a_log_and_two_runs_are_one_report() {
    let dir = folder();
    let one = simulate(dir.path(), "one.json", &["--batch", "10", "--hlog", "one.hlog", "--concurrency", "1"]);
    let two = simulate(dir.path(), "two.json", &[]);

    let usage = &one["merge"]["usage"];
    assert_eq!((&usage["topic"]["events"], &usage["topic"]["requests"]), (&json!(40), &json!(4)), "{usage:#}");
    assert_eq!((&usage["topic"]["to_queues"], &usage["firehose"]["records"]), (&json!(80), &json!(40)));
    assert_eq!((&usage["queues"]["messages"], &usage["firehose"]["rounded_bytes"]), (&json!(80), &json!(40 * 5_120)));
    let bytes = usage["firehose"]["bytes"].as_u64().unwrap();
    assert_eq!(
        (usage["queues"]["bytes"].as_u64(), usage["topic"]["to_queues_bytes"].as_u64()),
        (Some(2 * bytes), Some(2 * bytes))
    );
    assert!(usage["queues"]["deletes"].as_u64() > Some(0) && usage["bucket"]["objects"].as_u64() > Some(0));
    let lines = one["cost"]["lines"].as_array().unwrap();
    let publishes = lines.iter().find(|line| line["dimension"] == "publish").unwrap();
    assert_eq!(
        (&publishes["quantity"], publishes["cost"].as_f64()),
        (&json!(4), Some(4.0 * 0.5 / 1e6)),
        "{publishes:#}"
    );
    assert_eq!((&one["cost"]["charged"], &one["cost"]["at_least"]), (&json!(false), &json!(false)));

    let log = std::fs::read(dir.path().join("one.hlog")).unwrap();
    let mut seen = std::collections::BTreeMap::<String, u64>::new();
    for entry in IntervalLogIterator::new(&log) {
        if let LogEntry::Interval(interval) = entry.unwrap() {
            *seen.entry(interval.tag().unwrap().as_str().into()).or_default() +=
                histogram(interval.encoded_histogram()).len();
        }
    }
    let legs = ["landing", "orders.e2e", "payments.e2e", "publish"].map(|leg| (leg.to_owned(), 40));
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), legs);

    let ended = run(dir.path(), ["report", "one.json", "two.json", "--json"]);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    let both = report(&ended);
    assert_eq!((&both["published"]["events"], &both["verdict"]), (&json!(80), &json!("nothing_lost")));
    let of = |report: &Value| histogram(report["merge"]["histograms"]["orders.e2e"].as_str().unwrap());
    let mut sum = of(&one);
    sum.add(of(&two)).unwrap();
    assert_eq!(of(&both), sum);
    std::fs::write(dir.path().join("both.json"), &ended.stdout).unwrap();

    let ended = run(dir.path(), ["report", "both.json", "--cost"]);
    for words in ["The ledger", "30 days at this rate", "sqs requests", "total", "Nothing lost"] {
        assert!(ended.stdout.contains(words), "{words}: {ended:#?}");
    }
    let again = run(dir.path(), ["report", "both.json", "one.json"]);
    assert_eq!(again.code, Some(2), "{again:#?}");
    let why = format!("both.json line 1 and one.json line 1 are both of the run {}", one["run"].as_str().unwrap());
    assert!(again.stderr.split_whitespace().collect::<Vec<_>>().join(" ").contains(&why), "{why}: {again:#?}");

    let compare =
        |limits: &[&str]| run(dir.path(), [&["report", "--compare", "one.json", "two.json"][..], limits].concat());
    let within = compare(&["--max-lost", "0", "--max-p99", "1h"]);
    assert!(within.code == Some(0) && within.stdout.contains("Within the limits"), "{within:#?}");
    let beyond = compare(&["--max-p99", "0ms", "--json"]);
    assert_eq!((beyond.code, &report(&beyond)["regressed"]), (Some(1), &json!(true)), "{beyond:#?}");
}

/// Whatever stands in a file, it is refused by its name and line.
#[test]
fn what_is_no_report_is_refused_by_name_and_line() {
    let dir = folder();
    let told = |text: &str| {
        std::fs::write(dir.path().join("x.json"), text).unwrap();
        let ended = run(dir.path(), ["report", "x.json"]);
        assert_eq!(ended.code, Some(2), "{text}: {ended:#?}");
        ended.stderr.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let with = |n: &str| {
        let seed = u64::MAX;
        format!(r#"{{"record":"report","command":"publish","seed":{seed},"a":[{n}],"merge":{{"version":1}}}}"#)
    };
    for (text, why) in [
        ("", "x.json holds no report"),
        ("{\"record\":\"published\"}\n", "x.json holds no report"),
        (&with("18446744073709551615"), "a number that can't be"),
        (&with("3000"), "it is no report of version 1: missing field"),
        ("\nhello\n", "x.json line 2 can't be merged"),
        ("{}\n", "it is no record: missing field `record`"),
        ("{\"record\":\"report\",\"command\":\"consume\"}", "it is a report of \"consume\""),
        ("{\"record\":\"report\",\"command\":\"publish\"}", "it has no \"merge\""),
        (
            "{\"record\":\"report\",\"command\":\"publish\",\"merge\":{\"version\":2}}",
            "of the version 2, and this program knows 1",
        ),
        (
            "{\"record\":\"report\",\"command\":\"publish\",\"merge\":{\"version\":1}}",
            "it is no report of version 1: missing field",
        ),
    ] {
        let stderr = told(text);
        assert!(stderr.contains(why), "{text}: {stderr}");
    }
    assert!(told(&format!("{{\"record\":\"{}\"}}", "x".repeat(5 << 20))).contains("longer than 4 MiB"));
    // A pipe was waited for, and signals weren't heard.
    assert!(std::process::Command::new("mkfifo").arg(dir.path().join("pipe")).status().unwrap().success());
    let ended = run(dir.path(), ["report", "pipe"]);
    assert!(ended.code == Some(2) && ended.stderr.contains("no regular file"), "{ended:#?}");
    let ended = run(dir.path(), ["report", "nowhere.json"]);
    assert!(ended.code == Some(2) && ended.stderr.contains("Can't read nowhere.json"), "{ended:#?}");
    let ended = run(dir.path(), ["report", "--compare", "x.json"]);
    assert!(ended.code == Some(2) && ended.stderr.contains("--compare needs two files"), "{ended:#?}");
    let ended = run(dir.path(), ["simulate", "--hlog", "no/such/folder"]);
    assert!(ended.code == Some(2) && ended.stderr.contains("can't write no/such/folder"), "{ended:#?}");
    assert!(!dir.path().join(".messaging").exists(), "nothing was started");
}
