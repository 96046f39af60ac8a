//! Processes that are killed, clients that vanish.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::{StreamExt, stream};
use reqwest::Client;
use serde_json::json;

use super::System;
use crate::helpers::{Cloud, eventually, run};

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let system = System::start(&["--role", "api"]);
    let body = [Ok(Bytes::from(vec![b'2'; 20 << 20])), Err(std::io::Error::other("the client is gone"))];
    let request = system.http.post(format!("{}/sum-even", system.service.address)).header("content-type", "text/plain");
    let body = reqwest::Body::wrap_stream(stream::iter(body));
    assert!(request.body(body).send().await.is_err());
    eventually("what was uploaded goes", async || {
        let uploads = system.cloud.s3().list_multipart_uploads().bucket(system.bucket().await).send().await.unwrap();
        uploads.uploads().is_empty().then_some(())
    })
    .await;
    assert_eq!(system.keys().await, [""; 0]);
}

// Sixteen clients that sent a byte now and then kept everybody else from sending more than 16 KiB, for ever.
#[tokio::test]
async fn slow_clients_keep_nobody_from_sending() {
    let system = System::start(&["--role", "api"]);
    let url = format!("{}/sum-even", system.service.address);
    let slow: Vec<_> = (0..16)
        .map(|_| {
            let begin = stream::iter([Ok::<_, std::io::Error>(Bytes::from(vec![b'2'; 20 << 10]))]);
            let body = reqwest::Body::wrap_stream(begin.chain(stream::pending()));
            tokio::spawn(system.http.post(&url).header("content-type", "text/plain").body(body).send())
        })
        .collect();
    // Their bytes are there when the last buffer of 1 MiB is taken: then somebody else waits.
    let begun = Instant::now();
    loop {
        let asked = Instant::now();
        system.token("sum-even", "text/plain", "2 ".repeat(100_000), &[]).await;
        if asked.elapsed() > Duration::from_secs(1) {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "nobody had to wait");
    }
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    let mut refused = 0;
    for slow in slow {
        if slow.is_finished() {
            assert_eq!(slow.await.unwrap().unwrap().status(), 408);
            refused += 1;
        } else {
            slow.abort();
        }
    }
    println!("{refused} of 16 refused by then");
}

// What was no JSON any more was answered with "doesn't answer at the moment", and tried eight times.
#[tokio::test]
async fn what_somebody_changed_in_the_bucket_is_told_at_once() {
    let system = System::start(&["--role", "api"]);
    let (bucket, s3) = (system.bucket().await, system.cloud.s3());
    let mut tokens = Vec::new();
    for _ in 0..3 {
        tokens.push(system.token("sum-even", "text/plain", "2 40", &[]).await);
    }
    let at = |token: &str, name: &str| format!("tasks/sum-even/{token}/{name}");
    let put =
        |key: String, text: String| s3.put_object().bucket(&bucket).key(key).body(text.into_bytes().into()).send();
    put(at(&tokens[0], "meta.json"), "{".into()).await.unwrap();
    // Another one's: it would work on that one's file.
    let meta = s3.get_object().bucket(&bucket).key(at(&tokens[2], "meta.json")).send().await.unwrap();
    let meta = String::from_utf8(meta.body.collect().await.unwrap().to_vec()).unwrap();
    put(at(&tokens[1], "meta.json"), meta).await.unwrap();
    for token in &tokens[..2] {
        let answer = system.get(&format!("/sum-even/{token}/status"), "*/*").await;
        assert_eq!(
            (answer.status(), &answer.headers()["content-type"]),
            (500.try_into().unwrap(), &"application/problem+json".parse().unwrap())
        );
    }
    let worker = system.cloud.serve("tasks", &["--role", "worker", "--json"]);
    system.end("sum-even", &tokens[2]).await;
    eventually("both are dead letters", async || {
        let dead = |line: &String| line.contains("isn't what it should be");
        (worker.said().iter().filter(|line| dead(line)).count() >= 2).then_some(())
    })
    .await;
    // A result, and an end.
    for (name, text) in [("result", "[]".to_owned()), ("result", "9".repeat(100_000)), ("end.json", "null".to_owned())]
    {
        put(at(&tokens[2], name), text).await.unwrap();
        let answer = system.get(&format!("/sum-even/{}/result", tokens[2]), "text/plain").await;
        assert_eq!(answer.status(), 500, "{name}");
    }
}

// Each result was looked at once, as soon as it was there: what changed later was called balanced.
#[tokio::test]
async fn a_simulation_sees_a_result_that_changes_after_its_end() {
    let cloud = Cloud::start();
    let s3 = cloud.s3();
    let change = async {
        let key = eventually("a sum is there", async || {
            let buckets = s3.list_buckets().send().await.unwrap();
            let bucket = buckets.buckets().first()?.name()?.to_owned();
            let list = s3.list_objects_v2().bucket(&bucket).prefix("tasks/sum-even/").send().await.unwrap();
            let end = list.contents().iter().find_map(|object| object.key()?.strip_suffix("end.json"));
            end.map(|task| (bucket.clone(), format!("{task}result")))
        });
        let (bucket, key) = key.await;
        let text = r#"{"sum":"1","even":1,"odd":0,"not_numbers":0,"first_not_numbers":[]}"#;
        s3.put_object().bucket(bucket).key(key).body(text.as_bytes().to_vec().into()).send().await.unwrap();
    };
    let simulate = tokio::task::spawn_blocking({
        let (folder, endpoint) = (cloud.folder.path().to_owned(), cloud.endpoint().to_owned());
        move || run(&folder, &["simulate", "tasks", "--count", "100", "--endpoint-url", &endpoint])
    });
    let (ended, ()) = tokio::join!(simulate, change);
    let ended = ended.unwrap();
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.stdout.contains("Not right: sums are the sums"), "{ended:?}");
}

#[test]
fn a_size_that_no_text_has_is_refused() {
    let cloud = Cloud::start();
    cloud.deploy("tasks");
    for role in ["api", "worker"] {
        let ended = cloud.run(&["serve", "tasks", "--addr", "127.0.0.1:0", "--role", role, "--tasks-max-size", "0"]);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.stderr.contains("TASKS_MAX_SIZE is 0"), "{ended:?}");
    }
}

#[tokio::test]
async fn a_killed_workers_task_is_done_by_another() {
    let cloud = Cloud::start();
    let deployed = cloud.run(&["deploy", "--scenario", "tasks", "--parameter", "VisibilityTimeoutSeconds=2"]);
    assert_eq!(deployed.code, Some(0), "{deployed:?}");
    let service = cloud.serve("tasks", &["--role", "api"]);
    let system = System { cloud, service, http: Client::new() };
    let worker = system.cloud.serve("tasks", &["--role", "worker"]);
    // Long enough to be killed in the middle of it.
    let text = "1234567890123456788 77 ".repeat(400_000);
    let token = system.token("sum-even", "text/plain", text, &[]).await;
    eventually("it is received", async || {
        (system.status("sum-even", &token).await["status"] == "received").then_some(())
    })
    .await;
    worker.kill();
    let _other = system.cloud.serve("tasks", &["--role", "worker"]);
    let status = system.end("sum-even", &token).await;
    assert_eq!((&status["status"], &status["attempts"]), (&json!("finished"), &json!(2)));
    let answer = system.get(&format!("/sum-even/{token}/result"), "text/plain").await;
    assert_eq!(answer.text().await.unwrap(), (1_234_567_890_123_456_788_u128 * 400_000).to_string());
}

#[tokio::test]
async fn a_task_that_kills_every_worker_is_given_up() {
    let cloud = Cloud::start();
    let parameters = ["--parameter", "VisibilityTimeoutSeconds=2", "--parameter", "MaxReceiveCount=2"];
    let deployed = cloud.run(&[&["deploy", "--scenario", "tasks"], &parameters[..]].concat());
    assert_eq!(deployed.code, Some(0), "{deployed:?}");
    let service = cloud.serve("tasks", &["--role", "api"]);
    let system = System { cloud, service, http: Client::new() };
    let worker = system.cloud.serve("tasks", &["--role", "worker"]);
    let token = system.token("sum-even", "text/plain", "1234567890123456788 77 ".repeat(400_000), &[]).await;
    eventually("it is received", async || {
        (system.status("sum-even", &token).await["status"] == "received").then_some(())
    })
    .await;
    worker.kill();
    let _other = system.cloud.serve("tasks", &["--role", "worker"]);
    let status = system.end("sum-even", &token).await;
    assert_eq!(status["status"], "errored");
    assert_eq!(status["error"], "given up after 1 attempts");
}

#[tokio::test]
async fn a_cloud_that_crashes_loses_no_task() {
    let mut system = System::start(&[]);
    let tokens =
        futures::future::join_all((0..20).map(|n| system.token("sum-even", "text/plain", format!("2 {n}"), &[]))).await;
    system.cloud.crash_and_restart();
    for token in tokens {
        assert_eq!(system.end("sum-even", &token).await["status"], "finished");
    }
}
