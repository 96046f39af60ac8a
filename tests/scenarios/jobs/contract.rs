//! What the API promises, and what becomes of a job.

use reqwest::Client;
use serde_json::{Value, json};

use super::served::{Served, cloud, message, output, serve, token};
use crate::helpers::{Cloud, run};

#[tokio::test]
async fn a_job_goes_its_whole_way() {
    let cloud = cloud();
    let served = serve(&cloud, &[]);
    let trace = "Root=1-5759e988-bd862e3fe1be46a994272793";
    let request =
        served.http.post(served.url("/submit-job")).bearer_auth(&served.token).header("x-amzn-trace-id", trace);
    let answer = served.send(request.body(r#"{"station":"SYD","n":12345678901234567890123}"#)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.headers["x-amzn-trace-id"], trace);
    let job = answer.body["jobId"].as_str().unwrap();
    assert_eq!(answer.body.as_object().unwrap().len(), 1);

    let status = served.until(job, "complete").await;
    assert_eq!(
        (&status["jobId"], &status["jobRequestId"], &status["trace"]),
        (&json!(job), &json!(job), &json!(trace))
    );
    assert!(status["executionMs"].as_f64().unwrap() > 0.0);
    assert!(status["leadMs"].as_f64().unwrap() >= status["executionMs"].as_f64().unwrap(), "{status}");
    assert_eq!(status["attempts"], 1);

    // The link works without any token, for an hour.
    let link = status["jobProcessedPayloadLink"].as_str().unwrap();
    assert!(link.contains("X-Amz-Expires=3600"), "{link}");
    let payload: Value = reqwest::get(link).await.unwrap().json().await.unwrap();
    let observations = payload["weatherData"].as_array().unwrap();
    assert_eq!((payload.as_object().unwrap().len(), observations.len()), (1, 99));
    for name in ["station", "position", "time", "conditions", "temperature", "pressure", "humidity"] {
        assert!(observations.iter().all(|it| !it[name].is_null()), "{name}");
    }
    let bucket = output(&cloud, "ResultBucketName").await;
    let object = cloud.s3().get_object().bucket(&bucket).key(job).send().await.unwrap();
    assert_eq!(object.metadata().unwrap()["trace"], trace);
    assert_eq!(object.content_type(), Some("application/json"));
}

#[tokio::test]
async fn who_may_call_is_decided_before_anything_else() {
    let cloud = cloud();
    let served = serve(&cloud, &[]);
    for (method, path) in [("POST", "/submit-job-request"), ("POST", "/submit-job"), ("GET", "/job-status/x")] {
        let request = |token: Option<&str>| {
            let request = served.http.request(method.parse().unwrap(), served.url(path));
            // A body that is no JSON: nobody looks at it.
            let request = if method == "POST" { request.body("{".repeat(2 << 10)) } else { request };
            match token {
                Some(token) => request.header("authorization", token),
                None => request,
            }
        };
        let answer = served.send(request(None)).await;
        assert_eq!((answer.status, &answer.body["status"]), (401, &json!(401)), "{path}");
        assert!(answer.headers["www-authenticate"].to_str().unwrap().starts_with("Bearer"));
        let mut forged = served.token.clone().into_bytes();
        let at = forged.len() - 100;
        forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
        let forged = format!("Bearer {}", String::from_utf8(forged).unwrap());
        for bad in [forged.as_str(), "Bearer x", "Basic YTpi", "x"] {
            let answer = served.send(request(Some(bad))).await;
            assert_eq!(answer.status, 403, "{path} {bad}");
            assert_eq!(answer.headers["content-type"], "application/problem+json");
        }
    }
    // One that is good for too long isn't to be had.
    assert_eq!(run(cloud.folder.path(), &["token", "jobs", "--ttl", "31d"]).code, Some(2));
    let no_tokens = run(cloud.folder.path(), &["token", "archive"]);
    assert!(no_tokens.code == Some(2) && no_tokens.stderr.contains("possible values: jobs"), "{no_tokens:?}");
    // The key that signs is shown, and only its owner can read its file.
    let keys = served.get("/.well-known/jwks.json").await.body;
    assert_eq!((&keys["keys"][0]["kty"], &keys["keys"][0]["d"]), (&json!("RSA"), &Value::Null));
    let key = std::fs::metadata(cloud.folder.path().join("jobs/token-key.pem")).unwrap();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&key.permissions()) & 0o777, 0o600);
}

#[tokio::test]
async fn any_json_is_a_job_and_nothing_else_is() {
    let cloud = cloud();
    let served = serve(&cloud, &[]);
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    for payload in ["null", " [1, 2.50] ", "\"\u{fffe}\u{ffff}\\u0000\"", "{\"a\":1e400}", &deep] {
        let answer = served.post(payload.to_owned()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        served.until(answer.body["jobId"].as_str().unwrap(), "complete").await;
    }
    for wrong in [&b""[..], b"{", b"a=b", b"{} {}", b"\"\xff\"", b"NaN"] {
        let answer = served.post(wrong.to_vec()).await;
        assert_eq!((answer.status, &answer.body["status"]), (400, &json!(400)), "{wrong:?}");
    }
    // As large as it may be, and one more.
    let largest = (1 << 20) - (8 << 10);
    let sized = |size: usize| format!("\"{}\"", "x".repeat(size - 2));
    let answer = served.post(sized(largest)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    served.until(answer.body["jobId"].as_str().unwrap(), "complete").await;
    let answer = served.post(sized(largest + 1)).await;
    assert_eq!((answer.status, &answer.body["status"]), (413, &json!(413)));
    // It fits, but not once what a message can't have is escaped.
    let answer = served.post(format!("\"{}\"", "\u{ffff}".repeat(largest / 3 - 1))).await;
    assert_eq!(answer.status, 413);
}

#[tokio::test]
async fn an_unknown_job_is_404_or_literally_200() {
    let cloud = cloud();
    for (args, status) in [(&[][..], 404), (&["--literal"], 200)] {
        let served = serve(&cloud, args);
        for id in ["0b2f2c1e-5a3f-4a55-8f5e-3a3d6b9f9a10", "x%00y", "%3Cb%3E", "a%20b%2Fc"] {
            let answer = served.get(&format!("/job-status/{id}")).await;
            assert_eq!(answer.status, status, "{answer:?}");
            let message = answer.body["Error Message"].as_str().unwrap();
            assert!(message.starts_with("No Job data found for Job Id : "), "{message}");
            assert_eq!(answer.headers["content-type"], "application/json");
        }
        // Another caller's is unknown, too.
        let job = served.submit(&json!({ "a": 1 })).await;
        served.until(&job, "complete").await;
        let other = Served { token: token(&cloud, "bob"), http: Client::new(), process: served.process };
        let answer = other.get(&format!("/job-status/{job}")).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.body["Error Message"], format!("No Job data found for Job Id : {job}"));
    }
}

/// A producer of its own sends what is no JSON. In the published system one such message repeated its whole batch for four days.
#[tokio::test]
async fn one_bad_message_holds_up_no_other_and_is_a_dead_letter_with_its_reason() {
    let cloud = cloud();
    let served = serve(&cloud, &["--workers", "4"]);
    let queue = output(&cloud, "JobQueueUrl").await;
    let bad = cloud.sqs().send_message().queue_url(&queue).message_body("no JSON").send().await.unwrap();
    let bad = bad.message_id.unwrap();
    let mut jobs = Vec::new();
    for n in 0..20 {
        jobs.push(served.submit(&json!({ "n": n })).await);
    }
    for job in &jobs {
        assert_eq!(served.until(job, "complete").await["attempts"], 1, "nothing is repeated for another's sake");
    }
    let dead = message(&cloud, &output(&cloud, "JobDeadLetterQueueUrl").await).await;
    let attributes = dead.message_attributes.unwrap();
    let text = |name: &str| attributes[name].string_value.clone().unwrap();
    assert!(text("DeadLetterReason").contains("no JSON"), "{attributes:?}");
    assert!(attributes.values().any(|value| value.string_value.as_deref() == Some(&bad)), "{attributes:?}");
    assert_eq!(dead.body.as_deref(), Some("no JSON"));
}

/// A job whose result can't be written ends in the dead-letter queue; sent back, it is the same job, and is done.
#[tokio::test]
async fn a_failed_job_says_why_and_can_be_done_later() {
    let cloud = Cloud::start();
    let deployed = cloud.run(&["deploy", "--scenario", "jobs", "--parameter", "MaxReceiveCount=1"]);
    assert_eq!(deployed.code, Some(0), "{deployed:?}");
    let served = serve(&cloud, &[]);
    let bucket = output(&cloud, "ResultBucketName").await;
    let s3 = cloud.s3();
    s3.delete_bucket().bucket(&bucket).send().await.unwrap();
    let job = served.submit(&json!({ "a": 1 })).await;
    let status = served.until(&job, "failed").await;
    assert!(status["reason"].as_str().unwrap().contains("NoSuchBucket"), "{status}");
    assert!(status["jobProcessedPayloadLink"].is_null());
    let health = served.get("/health").await;
    assert_eq!(health.status, 503);
    assert!(
        health.body["dependencies"].as_array().unwrap().iter().any(|it| it["name"] == "bucket" && it["ok"] == false)
    );

    s3.create_bucket().bucket(&bucket).send().await.unwrap();
    let (queue, dead) = (output(&cloud, "JobQueueUrl").await, output(&cloud, "JobDeadLetterQueueUrl").await);
    let letter = message(&cloud, &dead).await;
    let sqs = cloud.sqs();
    let back = sqs.send_message().queue_url(&queue).message_body(letter.body.unwrap());
    back.set_message_attributes(letter.message_attributes).send().await.unwrap();
    sqs.delete_message().queue_url(&dead).receipt_handle(letter.receipt_handle.unwrap()).send().await.unwrap();
    let status = served.until(&job, "complete").await;
    assert!(status["reason"].is_null());
    assert!(reqwest::get(status["jobProcessedPayloadLink"].as_str().unwrap()).await.unwrap().status().is_success());
}

#[tokio::test]
async fn killed_at_any_moment_every_accepted_job_is_done_once() {
    let cloud = cloud();
    let mut jobs = Vec::new();
    for round in 0..3 {
        let served = serve(&cloud, &["--workers", "2"]);
        for n in 0..8 {
            jobs.push(served.submit(&json!({ "round": round, "n": n })).await);
        }
        // The workers are in the middle of it.
        served.process.kill();
    }
    let served = serve(&cloud, &["--workers", "4"]);
    for job in &jobs {
        served.until(job, "complete").await;
    }
    let bucket = output(&cloud, "ResultBucketName").await;
    let objects = cloud.s3().list_objects_v2().bucket(&bucket).send().await.unwrap();
    let mut keys: Vec<String> = objects.contents().iter().map(|it| it.key().unwrap().to_owned()).collect();
    keys.sort();
    jobs.sort();
    assert_eq!(keys, jobs);
}
