//! How it stops, who is trusted, where its table is, and its alarms.

use reqwest::Client;
use serde_json::{Value, json};

use super::served::{Served, cloud, message, output, serve};
use crate::helpers::postgres::{PASSWORD, Postgres};
use crate::helpers::{eventually, messaging, run};

#[tokio::test]
async fn it_stops_gracefully_and_tells_what_it_did() {
    let cloud = cloud();
    let served = serve(&cloud, &["--json"]);
    let job = served.submit(&json!({ "a": 1 })).await;
    served.until(&job, "complete").await;
    served.get("/job-status/none").await;
    served.post("{").await;
    let metrics = served.get("/metrics").await.body.as_str().unwrap().to_owned();
    for line in [
        r#"jobs_part_invocations_total{part="simulator"} 1"#,
        r#"jobs_part_errors_total{part="status"} 0"#,
        r#"jobs_queue_messages_total{way="sent"} 1"#,
        r#"messaging_jobs_total{kind="job",outcome="done"} 1"#,
        r#"messaging_job_lead_seconds_count{kind="job"} 1"#,
    ] {
        assert!(metrics.contains(line), "{line}\n{metrics}");
    }
    let page = served.send(served.http.get(served.url("/dashboard"))).await;
    let html = page.body.as_str().unwrap();
    for part in ["api", "authorizer", "processor", "simulator", "status", "delayed", "deleted", "jobs-throttles"] {
        assert!(html.contains(&format!(">{part}<")), "{part}: {html}");
    }
    assert!(page.headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));

    let (status, said) = served.process.signal("TERM");
    assert!(status.success());
    let records: Vec<Value> = said.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let of = |kind: &str| records.iter().filter(|it| it["record"] == kind).collect::<Vec<_>>();
    let access = of("access");
    let refused = access.iter().find(|it| it["status"] == 400).unwrap();
    for member in ["id", "address", "time", "method", "route", "length", "error"] {
        assert!(!refused[member].is_null(), "{member}: {refused}");
    }
    let done = of("job");
    assert_eq!((done.len(), &done[0]["id"], &done[0]["outcome"]), (1, &json!(job), &json!("done")));
    assert!(done[0]["execution_ms"].as_f64().unwrap() > 0.0 && done[0]["lead_ms"].as_f64().unwrap() > 0.0);
    // CloudWatch makes metrics of these.
    for part in ["api", "authorizer", "processor", "simulator", "status"] {
        let line = records.iter().find(|it| it["Part"] == part).unwrap_or_else(|| panic!("no figures of {part}"));
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Namespace"], "messaging/jobs");
        for metric in directive["Metrics"].as_array().unwrap() {
            assert!(line[metric["Name"].as_str().unwrap()].is_number(), "{line}");
        }
    }
}

/// Its status stayed `Submitted` for ever: who moved the message was SQS, which writes into no table.
#[tokio::test]
async fn a_job_whose_worker_dies_each_time_has_failed() {
    let cloud = cloud();
    let (queue, dead) = (output(&cloud, "JobQueueUrl").await, output(&cloud, "JobDeadLetterQueueUrl").await);
    let job = {
        let served = serve(&cloud, &["--workers", "1"]);
        // Nobody gets to work on what is hidden for now.
        let delay = cloud.sqs().set_queue_attributes().queue_url(&queue);
        let name = aws_sdk_sqs::types::QueueAttributeName::DelaySeconds;
        delay.attributes(name.clone(), "5").send().await.unwrap();
        let job = served.submit(&json!({ "a": 1 })).await;
        cloud.sqs().set_queue_attributes().queue_url(&queue).attributes(name, "0").send().await.unwrap();
        job
    };
    let held = async |url: &str| {
        let name = aws_sdk_sqs::types::QueueAttributeName::ApproximateNumberOfMessages;
        let ask = cloud.sqs().get_queue_attributes().queue_url(url).attribute_names(name.clone());
        ask.send().await.unwrap().attributes.unwrap()[&name].clone()
    };
    eventually("SQS moves it", async || {
        let receive = cloud.sqs().receive_message().queue_url(&queue).visibility_timeout(0).wait_time_seconds(1);
        receive.send().await.unwrap();
        (held(&dead).await == "1").then_some(())
    })
    .await;
    let served = serve(&cloud, &[]);
    let status = served.until(&job, "failed").await;
    assert!(status["reason"].as_str().unwrap().starts_with("No worker ended it in 10 attempts"), "{status}");
    let letter = message(&cloud, &dead).await;
    assert_eq!(letter.message_id.as_deref(), Some(job.as_str()));
}

#[tokio::test]
async fn the_simulation_balances() {
    // With --literal no status tells that a job failed, and jobs that were meant to counted as lost.
    for literal in [&[][..], &["--literal"]] {
        let folder = tempfile::tempdir().unwrap();
        let args = ["simulate", "jobs", "--count", "60", "--seed", "7", "--json"];
        let ended = run(folder.path(), &[&args, literal].concat());
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let report = ended.stdout.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let report = report.into_iter().find(|it| it["record"] == "report").unwrap();
        let leg = &report["legs"][0];
        let figures =
            ["asked", "refused", "done", "dead", "lost", "twice", "failed"].map(|name| leg[name].as_u64().unwrap());
        assert_eq!(figures, [60, 2, 55, 3, 0, 0, 0], "{report}");
        for check in report["checks"].as_array().unwrap() {
            assert!(check["of"] == check["right"] && check["of"].as_u64().unwrap() > 0, "{check}");
        }
        assert_eq!(report["checks"].as_array().unwrap().len(), 8, "{report}");
    }
}

#[tokio::test]
async fn what_only_this_machine_may_trust_is_not_trusted_beyond() {
    let cloud = cloud();
    let refused = |args: &[&str]| {
        let ended = cloud.run(&[&["serve", "jobs", "--data-dir", "x"], args].concat());
        assert_eq!(ended.code, Some(2), "{ended:?}");
        ended.stderr
    };
    let told = refused(&["--addr", "0.0.0.0:0"]);
    for name in ["JWT_JWKS", "JWT_ISSUER", "JWT_AUDIENCE"] {
        assert!(told.contains(name), "{told}");
    }
    let url = "https://id.example.com/jwks.json";
    assert!(refused(&["--addr", "127.0.0.1:0", "--jwt-jwks", url, "--jwt-issuer", "us"]).contains("JWT_AUDIENCE"));
    let plain =
        refused(&["--addr", "0", "--jwt-jwks", "http://id.example.com/", "--jwt-issuer", "a", "--jwt-audience", "b"]);
    assert!(plain.contains("https"), "{plain}");
    let file = refused(&["--addr", "0", "--jwt-jwks", "none.json", "--jwt-issuer", "a", "--jwt-audience", "b"]);
    assert!(file.contains("none.json"), "{file}");
    for role in ["api", "worker"] {
        let told = refused(&["--addr", "127.0.0.1:0", "--role", role]);
        assert!(told.contains("DATABASE_URL") && told.contains("JOBS_TABLE"), "{told}");
    }
    assert!(refused(&["--addr", "0", "--jobs-table", "jobs"]).contains("DYNAMODB_ENDPOINT_URL"));
}

#[tokio::test]
async fn tokens_of_an_issuer_are_checked_by_its_keys() {
    let cloud = cloud();
    // The first one's key is the issuer's.
    let issuer = serve(&cloud, &[]);
    let keys = issuer.url("/.well-known/jwks.json");
    let file = cloud.folder.path().join("keys.json");
    std::fs::write(&file, issuer.get("/.well-known/jwks.json").await.body.to_string()).unwrap();
    for source in [keys.as_str(), file.to_str().unwrap()] {
        let common = ["--jwt-jwks", source, "--jwt-audience", "jobs"];
        let served = cloud
            .serve("jobs", &[&common[..], &["--data-dir", "other", "--jwt-issuer", "urn:messaging:local"]].concat());
        let served = Served { process: served, token: issuer.token.clone(), http: Client::new() };
        let job = served.submit(&json!({ "a": 1 })).await;
        // Only accepted, not done: the issuer's workers, whose table is another file, may take it from the same queue.
        assert_eq!(served.get(&format!("/job-status/{job}")).await.status, 200);
        // The key in its own folder is nobody's.
        let own = run(cloud.folder.path(), &["token", "jobs", "--data-dir", "other"]);
        let own = Served { token: own.stdout.trim().to_owned(), ..served };
        let answer = own.get("/job-status/x").await;
        assert!(answer.status == 403 && answer.body["detail"].as_str().unwrap().contains("unknown key"), "{answer:?}");
        assert_eq!(own.get("/.well-known/jwks.json").await.status, 404);
        drop(own);
        let other = cloud.serve("jobs", &[&common[..], &["--data-dir", "other", "--jwt-issuer", "us"]].concat());
        let other = Served { process: other, token: issuer.token.clone(), http: Client::new() };
        assert_eq!(other.get("/job-status/x").await.status, 403);
    }
    let mut token = messaging(cloud.folder.path());
    let ended = token.args(["token", "jobs"]).env("JWT_JWKS", &keys).output().unwrap();
    assert_eq!(ended.status.code(), Some(2), "this machine's key isn't what that API trusts");
}

#[tokio::test]
async fn api_and_workers_run_apart_over_postgresql() {
    let cloud = cloud();
    let postgres = Postgres::new();
    let database = ["--database-url", postgres.url.as_str()];
    let api = serve(&cloud, &[&database[..], &["--role", "api", "--json"]].concat());
    // Nobody works: an accepted job is known all the same.
    let mut jobs = Vec::new();
    for n in 0..5 {
        let job = api.submit(&json!({ "n": n, "text": "\u{0}" })).await;
        let status = api.get(&format!("/job-status/{job}")).await.body;
        assert_eq!(status["jobStatus"], "Submitted", "{status}");
        assert!(status["jobProcessedPayloadLink"].is_null() && status["executionMs"].is_null());
        jobs.push(job);
    }
    let worker = serve(&cloud, &[&database[..], &["--role", "worker"]].concat());
    for job in &jobs {
        api.until(job, "complete").await;
    }
    assert_eq!(worker.get("/health").await.status, 200);
    assert_eq!(worker.get("/job-status/x").await.status, 404);
    assert!(worker.get("/job-status/x").await.body["Error Message"].is_null(), "it has no such route");
    assert_eq!(postgres.sql("SELECT count(*), status FROM jobs.jobs GROUP BY status"), "5|complete");
    let (_, said) = api.process.signal("TERM");
    assert!(!said.concat().contains(PASSWORD));
}

#[tokio::test]
async fn a_database_that_is_away_is_told_without_its_password() {
    let cloud = cloud();
    let ended = cloud.run(&["serve", "jobs", "--addr", "0", "--database-url", "postgres://me:hush@127.0.0.1:1/jobs"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("postgres://me@127.0.0.1:1/jobs") && !ended.stderr.contains("hush"), "{ended:?}");
}

/// Everything that raises an alarm, and the topic hears of it, and of its end.
#[tokio::test]
async fn each_alarm_is_caused_and_published() {
    let cloud = cloud();
    let (sqs, sns) = (cloud.sqs(), aws_sdk_sns::Client::new(&cloud.config()));
    let ears = sqs.create_queue().queue_name("ears").send().await.unwrap().queue_url.unwrap();
    let topic = output(&cloud, "AlarmTopicArn").await;
    let account = topic.split(':').nth(4).unwrap();
    let ears_arn = format!("arn:aws:sqs:us-east-1:{account}:ears");
    let policy = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": { "Service": "sns.amazonaws.com" },
        "Action": "sqs:SendMessage", "Resource": ears_arn }] });
    let name = aws_sdk_sqs::types::QueueAttributeName::Policy;
    sqs.set_queue_attributes().queue_url(&ears).attributes(name, policy.to_string()).send().await.unwrap();
    sns.subscribe().topic_arn(&topic).protocol("sqs").endpoint(&ears_arn).send().await.unwrap();

    let period = ["--jobs-alarm-period", "0.5"];
    // Too many requests; then no bucket: the simulator fails, and with it the processor.
    let served = serve(&cloud, &[&period[..], &["--jobs-throttle", "2"]].concat());
    let bucket = output(&cloud, "ResultBucketName").await;
    cloud.s3().delete_bucket().bucket(&bucket).send().await.unwrap();
    served.submit(&json!({ "a": 1 })).await;
    let answers = futures::future::join_all((0..6).map(|_| served.get("/job-status/x"))).await;
    let throttled = answers.iter().find(|it| it.status == 429).expect("one is too many");
    assert_eq!(throttled.headers["retry-after"], "1");
    // Nobody has the keys.
    let gone = "http://127.0.0.1:1/jwks.json";
    let keyless = [&period[..], &["--jwt-jwks", gone, "--jwt-issuer", "a", "--jwt-audience", "b"]].concat();
    let keyless = serve(&cloud, &keyless);
    assert_eq!(keyless.get("/job-status/x").await.status, 503);
    assert_eq!(keyless.get("/health").await.status, 503);
    // Nobody has the table.
    let nowhere = ["--jobs-table", "jobs", "--dynamodb-endpoint-url", "http://127.0.0.1:1", "--role", "api"];
    let tableless = serve(&cloud, &[&period[..], &nowhere].concat());
    assert_eq!(tableless.get("/job-status/x").await.status, 503);
    let accepted = tableless.post("{}").await;
    assert!(accepted.status == 503 && accepted.body["jobId"].is_string(), "it is in the queue: {accepted:?}");

    let mut heard = std::collections::BTreeSet::new();
    let names =
        ["api-errors", "authorizer-errors", "processor-errors", "simulator-errors", "status-errors", "throttles"];
    eventually("all alarms, and their ends", async || {
        let receive = sqs.receive_message().queue_url(&ears).max_number_of_messages(10).send().await.unwrap();
        for message in receive.messages.unwrap_or_default() {
            let envelope: Value = serde_json::from_str(message.body.as_deref().unwrap()).unwrap();
            let notice: Value = serde_json::from_str(envelope["Message"].as_str().unwrap()).unwrap();
            assert_eq!(notice["Trigger"]["Namespace"], "messaging/jobs");
            let (name, state) = (&notice["AlarmName"], &notice["NewStateValue"]);
            assert!(envelope["Subject"].as_str().unwrap().starts_with(state.as_str().unwrap()));
            heard.insert((name.as_str().unwrap()["jobs-".len()..].to_owned(), state.as_str().unwrap().to_owned()));
            sqs.delete_message().queue_url(&ears).receipt_handle(message.receipt_handle.unwrap()).send().await.unwrap();
        }
        let has = |name: &str, state: &str| heard.contains(&(name.to_owned(), state.to_owned()));
        // The processor goes on failing at the job, which comes again and again: its end need not come in time.
        let ended = |name: &&str| ["processor-errors", "simulator-errors"].contains(name) || has(name, "OK");
        names.iter().all(|name| has(name, "ALARM") && ended(name)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_cloud_that_is_away_is_told_and_nothing_is_lost() {
    let mut cloud = cloud();
    let served = serve(&cloud, &[]);
    let before = served.submit(&json!({ "n": 1 })).await;
    cloud.crash_and_restart();
    // The first requests may meet the end of the old connections.
    let after = eventually("a job", async || {
        let answer = served.post("{}").await;
        assert!(answer.status == 200 || answer.status == 503, "{answer:?}");
        answer.body["jobId"].as_str().map(str::to_owned)
    })
    .await;
    for job in [before, after] {
        served.until(&job, "complete").await;
    }
    let health = eventually("health", async || Some(served.get("/health").await).filter(|it| it.status == 200)).await;
    let names: Vec<&str> =
        health.body["dependencies"].as_array().unwrap().iter().filter_map(|it| it["name"].as_str()).collect();
    assert_eq!(names, ["queue", "bucket", "database", "keys"]);
}

#[tokio::test]
async fn clients_side_by_side_see_their_own_jobs_at_once() {
    let cloud = cloud();
    let served = serve(&cloud, &["--workers", "8"]);
    let jobs = futures::future::join_all((0..50).map(async |n| {
        let job = served.submit(&json!({ "n": n })).await;
        // Between the answer and the end there is no moment in which the job is unknown.
        served.until(&job, "complete").await;
        job
    }))
    .await;
    let distinct: std::collections::BTreeSet<_> = jobs.iter().collect();
    assert_eq!(distinct.len(), 50);
}
