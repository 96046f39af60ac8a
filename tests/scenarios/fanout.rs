//! The fan-out as a service.

use serde_json::{Value, json};

use crate::helpers::{Cloud, eventually};

fn deployed() -> Cloud {
    let cloud = Cloud::start();
    let ended = cloud.run(&["deploy"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    cloud
}

#[tokio::test]
async fn an_event_that_is_posted_is_handled_by_both_apis() {
    let cloud = deployed();
    let served = cloud.serve("fanout", &["--json"]);
    let http = reqwest::Client::new();
    let posted = http.post(format!("{}/events", served.address)).json(&json!({ "hello": 1 })).send().await.unwrap();
    assert_eq!(posted.status(), 202);
    let posted: Value = posted.json().await.unwrap();
    assert!(!posted["messageId"].as_str().unwrap().is_empty());
    let handled = || {
        let lines = served.said();
        let records = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let done = records.filter(|record| record["record"] == "job" && record["outcome"] == "done");
        done.map(|record| record["kind"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let mut apis = eventually("both APIs handle it", async || Some(handled()).filter(|apis| apis.len() >= 2)).await;
    apis.sort();
    assert_eq!(apis, ["orders", "payments"]);
    let metrics = reqwest::get(format!("{}/metrics", served.address)).await.unwrap().text().await.unwrap();
    assert!(metrics.contains(r#"messaging_jobs_total{kind="orders",outcome="done"} 1"#), "{metrics}");
    let (ended, said) = served.signal("TERM");
    assert_eq!(ended.code(), Some(0));
    // It told of requests without an answer, again and again, where none had failed: two listeners heard each attempt.
    let notes = said.iter().filter(|line| line.contains(r#""record":"note""#)).collect::<Vec<_>>();
    assert!(notes.is_empty(), "{notes:?}");
}

#[tokio::test]
async fn what_is_no_event_is_refused_with_a_problem() {
    let cloud = deployed();
    let served = cloud.serve("fanout", &["--role", "api"]);
    let http = reqwest::Client::new();
    let large = format!("\"{}\"", "x".repeat(300_000));
    for body in ["{", "", large.as_str()] {
        let answer = http.post(format!("{}/events", served.address)).body(body.to_owned()).send().await.unwrap();
        assert_eq!(answer.status(), 400);
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
    }
}
