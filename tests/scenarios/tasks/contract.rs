//! The contract: sums, states, keys, errors.

use std::convert::Infallible;

use futures::stream;
use serde_json::{Value, json};

use super::System;
use crate::helpers::eventually;

#[tokio::test]
async fn sums_are_exact_whatever_the_numbers_look_like() {
    let system = System::start(&[]);
    let sum = system.sum("1, 2;-4\r\n+6\t8").await;
    assert_eq!((&sum["sum"], &sum["even"], &sum["odd"]), (&json!("12"), &json!(4), &json!(1)));
    // The sum of the numbers in 5 GB of such lines doesn't fit 64 bits; that of three doesn't either.
    let sum = system.sum("9999999999999999998\n".repeat(3)).await;
    assert_eq!(sum["sum"], "29999999999999999994");
    let long = format!("{} {}", "8".repeat(100), "8".repeat(100));
    assert_eq!(system.sum(long).await["sum"], format!("1{}6", "7".repeat(99)));
    // What is no number is counted and named by where it begins.
    let sum = system.sum("\u{feff}2 x 4 1.5").await;
    assert_eq!((&sum["sum"], &sum["not_numbers"]), (&json!("6"), &json!(2)));
    let first: Vec<_> =
        sum["first_not_numbers"].as_array().unwrap().iter().map(|it| (&it["offset"], &it["text"])).collect();
    assert_eq!(first, [(&json!(5), &json!("x")), (&json!(9), &json!("1.5"))]);
    assert_eq!(system.sum("").await["sum"], "0");
    // Chunked, with a number that lies across chunks.
    let chunks = stream::iter(["12", "34 5", "6"].map(Ok::<_, Infallible>));
    assert_eq!(system.sum(reqwest::Body::wrap_stream(chunks)).await["sum"], "1290");
    // As text it is the sum alone.
    let token = system.token("sum-even", "text/plain", "2 40", &[]).await;
    system.end("sum-even", &token).await;
    for accept in ["*/*", "text/plain"] {
        let answer = system.get(&format!("/sum-even/{token}/result"), accept).await;
        assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/plain"));
        assert_eq!(answer.text().await.unwrap(), "42");
    }
}

#[tokio::test]
async fn the_state_goes_from_requested_over_received_to_finished() {
    let system = System::start(&["--role", "api"]);
    let token = system
        .token("sum-even", "text/plain", "2 4", &[("x-amzn-trace-id", "Root=1-5759e988-bd862e3fe1be46a994272793")])
        .await;
    let status = system.status("sum-even", &token).await;
    assert_eq!((&status["status"], &status["attempts"]), (&json!("requested"), &json!(0)));
    let result = system.get(&format!("/sum-even/{token}/result"), "*/*").await;
    assert_eq!(
        (result.status().as_u16(), result.json::<Value>().await.unwrap()),
        (404, json!({ "message": "not found" }))
    );
    // Of the right form, but no task's; of another kind; and of no form at all.
    for (path, is_result) in [
        (format!("/sum-even/{}/status", "0".repeat(32)), false),
        (format!("/randomize/{token}/status"), false),
        ("/sum-even/..%2f..%2fmeta/status".to_owned(), false),
        (format!("/sum-even/{}/result", "0".repeat(32)), true),
        (format!("/randomize/{token}/result"), true),
        ("/randomize/x/result".to_owned(), true),
    ] {
        let answer = system.get(&path, "*/*").await;
        assert_eq!(answer.status(), 404, "{path}");
        let kind = answer.headers()["content-type"].clone();
        let body: Value = answer.json().await.unwrap();
        match is_result {
            true => assert_eq!(body, json!({ "message": "not found" }), "{path}"),
            false => assert_eq!((kind.to_str().unwrap(), &body["status"]), ("application/problem+json", &json!(404))),
        }
    }
    // A worker of another process does it, and the trace goes with it.
    let worker = system.cloud.serve("tasks", &["--role", "worker", "--json"]);
    let status = system.end("sum-even", &token).await;
    assert_eq!(status["status"], "finished");
    let key = format!("tasks/sum-even/{token}/result");
    let head = system.cloud.s3().head_object().bucket(system.bucket().await).key(key).send().await.unwrap();
    assert_eq!(head.metadata().unwrap()["trace"], "Root=1-5759e988-bd862e3fe1be46a994272793");
    let record = eventually("the worker tells of the job", async || {
        let records = worker.said().into_iter().filter_map(|line| serde_json::from_str::<Value>(&line).ok());
        records.into_iter().find(|record| record["record"] == "job" && record["id"] == token.as_str())
    })
    .await;
    assert_eq!(
        (&record["kind"], &record["outcome"], &record["attempts"]),
        (&json!("sum-even"), &json!("done"), &json!(1))
    );
    assert!(record["lead_ms"].as_f64().unwrap() >= record["execution_ms"].as_f64().unwrap());
    let metrics = reqwest::get(format!("{}/metrics", worker.address)).await.unwrap().text().await.unwrap();
    for figure in [
        "messaging_jobs_total{kind=\"sum-even\",outcome=\"done\"} 1",
        "messaging_job_lead_seconds_count{kind=\"sum-even\"} 1",
    ] {
        assert!(metrics.contains(figure), "{metrics}");
    }
    // The worker has no API, and the API's dependencies are well.
    assert_eq!(reqwest::get(format!("{}/sum-even/{token}/status", worker.address)).await.unwrap().status(), 404);
    let health: Value = system.get("/health", "*/*").await.json().await.unwrap();
    assert_eq!(health["status"], "ok", "{health}");
    let (ended, _) = worker.signal("TERM");
    assert!(ended.success());
}

#[tokio::test]
async fn the_same_key_with_the_same_file_is_the_same_task() {
    let system = System::start(&[]);
    let key = [("idempotency-key", "\"0b8a9a0c-6a51\""), ("x-tenant", "acme")];
    let same = futures::future::join_all((0..4).map(|_| system.token("sum-even", "text/plain", "2 4", &key))).await;
    assert!(same.iter().all(|token| *token == same[0]), "{same:?}");
    system.end("sum-even", &same[0]).await;
    assert_eq!(system.token("sum-even", "text/plain", "2 4", &key).await, same[0], "also when it has ended");
    let other = system.post("sum-even", "text/plain", "2 6", &key).await;
    assert_eq!(
        (other.status().as_u16(), &other.headers()["content-type"]),
        (422, &"application/problem+json".parse().unwrap())
    );
    let tenant = [key[0], ("x-tenant", "umbrella")];
    assert_ne!(system.token("sum-even", "text/plain", "2 4", &tenant).await, same[0], "each tenant has its own keys");
    // Of the five uploads one payload is left.
    let prefix = format!("tasks/sum-even/{}/payload", same[0]);
    let payloads = system.keys().await.into_iter().filter(|key| key.starts_with(&prefix)).count();
    assert_eq!(payloads, 1);
}

#[tokio::test]
async fn other_errors_are_problem_documents() {
    let system = System::start(&["--role", "api", "--tasks-max-size", "1MiB"]);
    for (kind, body, more, status) in [
        ("application/json", "[2]".to_owned(), None, 415),
        ("text/plain", "2".to_owned(), Some(("x-tenant", "")), 400),
        ("text/plain", "2 ".repeat(1 << 19) + "2", None, 413),
    ] {
        let answer = system.post("sum-even", kind, body, more.as_slice()).await;
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["content-type"]),
            (status, &"application/problem+json".parse().unwrap())
        );
        let problem: Value = answer.json().await.unwrap();
        assert!(
            problem["status"] == status && problem["title"].is_string() && problem["detail"].is_string(),
            "{problem}"
        );
    }
    let answer = system.http.delete(format!("{}/sum-even", system.service.address)).send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["content-type"]),
        (405, &"application/problem+json".parse().unwrap())
    );
    let document: Value = system.get("/openapi.json", "*/*").await.json().await.unwrap();
    for path in ["/randomize", "/sum-even", "/randomize/{token}/status", "/sum-even/{token}/result"] {
        assert!(document["paths"][path].is_object(), "{document}");
    }
    assert_eq!(system.get("/apidocs/", "*/*").await.status(), 200);
    for size in ["x", "0", "1000TB"] {
        let ended = system.cloud.run(&["serve", "tasks", "--addr", "127.0.0.1:0", "--tasks-max-size", size]);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.stderr.contains("TASKS_MAX_SIZE"), "{ended:?}");
    }
}
