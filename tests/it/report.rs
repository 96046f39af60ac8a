//! `--report`: a run as one HTML file.

use std::path::Path;

use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;

use crate::helpers::binary::{Ended, Local, folder, run};

const TEMPLATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/infra.yaml");

/// What `--json` says at the end.
fn report(ended: &Ended) -> Value {
    ended.stdout.lines().last().and_then(|line| serde_json::from_str(line).ok()).unwrap_or_else(|| panic!("{ended:#?}"))
}

/// The data of a page that is well formed and refers to nothing outside, and its text.
fn page(file: &Path) -> (Value, String) {
    let html = std::fs::read_to_string(file).unwrap();
    let mut reader = Reader::from_str(&html);
    loop {
        match reader.read_event().unwrap_or_else(|error| panic!("{error} at {}", reader.buffer_position())) {
            Event::Start(tag) | Event::Empty(tag) => {
                for attribute in tag.attributes().map(Result::unwrap) {
                    assert!(!["src", "href", "srcset", "action"].contains(&attribute.key.as_ref()), "{attribute:?}");
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    for bad in ["url(", "@import", "<link", "NaN"] {
        assert!(!html.contains(bad), "{bad}");
    }
    let json = html.split_once("id=\"data\">").unwrap().1.split_once("</script>").unwrap().0;
    (serde_json::from_str(json).unwrap(), html)
}

#[test]
fn a_simulation_leaves_a_page_with_all_that_its_report_says() {
    let dir = folder();
    let file = dir.path().join("run.html");
    std::fs::write(&file, "an older report").unwrap();
    let args = ["simulate", "--json", "--load", "10/s..40/s:1s", "--buffering-seconds", "0", "--report", "run.html"];
    let ended = run(dir.path(), args);
    let said = report(&ended);
    assert!(ended.code == Some(0) && ended.stderr.contains("The report is in run.html."), "{ended:#?}");
    let (data, html) = page(&file);
    assert_eq!(data["report"], said);
    assert_eq!(data["about"]["template_sha256"].as_str().unwrap().len(), 64);
    for words in ["✔ Nothing lost", "Latency to S3", "Latency of publishing by rate", "Messages in the payments queue"]
    {
        assert!(html.contains(words), "{words}");
    }
    // What was noted of each leg adds up to what came.
    let over = &data["over_time"];
    let numbers = |list: &Value| list.as_array().unwrap().iter().filter_map(Value::as_f64).collect::<Vec<_>>();
    let sum = |list: &Value| numbers(list).iter().sum::<f64>() * over["slice_s"].as_f64().unwrap();
    let events = said["published"]["events"].as_f64().unwrap();
    for leg in over["legs"].as_array().unwrap() {
        // The last slice isn't full.
        assert!(sum(&leg["per_second"]) >= events * 0.999, "{leg}");
        let longest = numbers(&leg["latency"]["max_ms"]).into_iter().fold(0.0, f64::max);
        assert!(longest > 0.0, "{leg}");
    }
    assert!((sum(&data["asked_per_second"]) - events).abs() < 0.5, "{data}");
    assert!(!numbers(&over["queues"][0]["visible"]).is_empty(), "{over}");
    assert_eq!(over["legs"].as_array().unwrap().len(), 4);
    let names = std::fs::read_dir(dir.path()).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.filter(|name| name.ends_with(".html")).collect::<Vec<_>>(), ["run.html"]);
}

#[test]
fn publishing_leaves_a_page_with_its_faults() {
    let dir = folder();
    let local = Local::start(dir.path(), &["--template", TEMPLATE]);
    let rules = r#"[{"service": "sns", "operation": "Publish", "probability": 0.2, "error": {"code": "Odd.Code", "statusCode": 503}}]"#;
    std::fs::write(dir.path().join("rules.json"), rules).unwrap();
    let to = ["--endpoint-url", &local.endpoint];
    let planted = run(dir.path(), [&["chaos", "add", "rules.json"][..], &to].concat());
    assert_eq!(planted.code, Some(0), "{planted:#?}");
    let args = ["publish", "--json", "--count", "60", "--rate", "max", "--report", "run.html"];
    let ended = run(dir.path(), [&args[..], &to].concat());
    let (data, html) = page(&dir.path().join("run.html"));
    assert_eq!(data["report"], report(&ended));
    let failed: u64 = data["over_time"]["failed_requests"].as_array().unwrap().iter().filter_map(Value::as_u64).sum();
    assert!(failed > 0 && html.contains("Errors by type") && html.contains("class=\"band\""), "{html}");
    assert!(html.contains("rule 1: sns Publish"), "{html}");
}

/// A run of an hour would have ended with nothing to show.
#[test]
fn a_page_that_cant_be_written_is_refused_before_anything_is_done() {
    let dir = folder();
    std::fs::create_dir(dir.path().join("folder")).unwrap();
    for path in ["none/run.html", "folder"] {
        let ended = run(dir.path(), ["simulate", "--count", "1", "--report", path]);
        assert!(ended.code == Some(2) && ended.stderr.contains("Can't write the report"), "{ended:#?}");
        assert!(!dir.path().join(".messaging").exists());
        let ended = run(dir.path(), ["publish", "--endpoint-url", "http://127.0.0.1:9", "--report", path]);
        assert!(ended.code == Some(2) && ended.stderr.contains("Can't write the report"), "{ended:#?}");
    }
}

/// Strikes lay hours beyond the end of the run: they are told by the cloud's time.
#[test]
fn faults_of_a_fast_clock_lie_within_the_run() {
    let dir = folder();
    std::fs::write(
        dir.path().join("rules.json"),
        r#"[{"service": "sqs", "operation": "ReceiveMessage", "latency": "1ms"}]"#,
    )
    .unwrap();
    let args = ["simulate", "--json", "--clock", "x600", "--count", "40", "--rate", "5/m", "--chaos", "rules.json"];
    let ended = run(dir.path(), [&args[..], &["--buffering-seconds", "0", "--report", "run.html"]].concat());
    let (said, (data, html)) = (report(&ended), page(&dir.path().join("run.html")));
    let fault = &said["faults"][0];
    let (from, to) = (fault["from_s"].as_f64().unwrap(), fault["to_s"].as_f64().unwrap());
    let elapsed = said["elapsed_s"].as_f64().unwrap();
    assert!(from < elapsed && from < to && to <= elapsed + 1.0, "{said:#}");
    assert!(fault["strikes"].as_u64() > Some(3) && fault["name"] == "rule 1: sqs ReceiveMessage", "{said:#}");
    assert!(data["faults"] == said["faults"] && html.contains("class=\"strip\""), "{data}");
    // The way of an event goes through all legs, and never back in time.
    let way = &data["way"];
    let arrived = way["arrived"].as_array().unwrap();
    assert_eq!(arrived.len(), 3, "{way}");
    assert!(arrived.iter().all(|it| it["at_ms"].as_f64() >= way["left_ms"].as_f64()), "{way}");
    assert!(html.contains("The way of event ") && html.contains("What it costs"), "{html}");
}

#[cfg(feature = "scenarios")]
#[test]
fn the_simulation_of_a_scenario_leaves_a_page() {
    let dir = folder();
    let ended = run(dir.path(), ["simulate", "archive", "--count", "10", "--json", "--report", "run.html"]);
    let (data, html) = page(&dir.path().join("run.html"));
    assert_eq!((ended.code, &data["report"]), (Some(0), &report(&ended)), "{ended:#?}");
    for words in ["✔ Nothing lost", "Requests so far", "From a request to its effect", "Checks"] {
        assert!(html.contains(words), "{words}: {html}");
    }
    assert!(!data["progress"]["points"].as_array().unwrap().is_empty(), "{data}");
}
