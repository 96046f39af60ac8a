//! Parts of it in processes of their own.

use reqwest::Method;
use serde_json::{Value, json};

use super::stage::Stage;
use crate::helpers::{Cloud, Process, eventually, run};

#[test]
fn a_role_alone_with_a_file_is_refused_with_what_to_set() {
    let cloud = Cloud::start();
    cloud.deploy("workflows");
    for role in ["api", "worker"] {
        let ended = cloud.run(&["serve", "workflows", "--role", role, "--addr", "127.0.0.1:0"]);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.stderr.contains("DATABASE_URL") && ended.stderr.contains("postgres://"), "{}", ended.stderr);
    }
}

// What was neither on nor off was off.
#[test]
fn a_switch_that_makes_no_sense_is_refused_by_its_name() {
    let cloud = Cloud::start();
    cloud.deploy("workflows");
    for (name, value) in [("WORKFLOWS_CONSUME", "2"), ("LITERAL", "maybe")] {
        let mut command = cloud.serve_command("workflows", &[]);
        let ended = command.env(name, value).output().unwrap();
        let stderr = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.code() == Some(2) && stderr.contains(name), "{ended:?}");
    }
}

/// What workers consume on their own can be had by its uuid.
async fn until_consumed(stage: &Stage, uuid: &str) -> Value {
    eventually("a consumed workflow", async || {
        let shown = stage.show(uuid).await;
        (shown["status"] == "consumed").then_some(shown)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_consume_on_their_own_if_they_are_told_to() {
    let stage = Stage::sqlite(&["--workflows-consume", "--workers", "4"]);
    for n in 0..20 {
        let uuid = stage.uuid(json!({ "n": n })).await;
        let shown = until_consumed(&stage, &uuid).await;
        assert!(shown["lead_ms"].is_u64(), "{shown}");
        let csv = stage.get(&format!("/workflow/{uuid}/csv")).await.text().await.unwrap();
        assert_eq!(csv, format!("n\r\n{n}\r\n"));
    }
    stage.until_messages("workflows", 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn api_and_workers_run_apart_on_postgres() {
    let mut stage = Stage::postgres(&["--role", "api"]);
    let uuid = stage.uuid(json!({"n": 1})).await;
    let worker = stage.another(&["--role", "worker", "--workflows-consume"]);
    until_consumed(&stage, &uuid).await;
    assert_eq!(stage.get(&format!("/workflow/{uuid}/csv")).await.text().await.unwrap(), "n\r\n1\r\n");
    let at = |path: &str| format!("{}{path}", worker.address);
    assert_eq!(reqwest::get(at("/health")).await.unwrap().status(), 200);
    let metrics = reqwest::get(at("/metrics")).await.unwrap().text().await.unwrap();
    assert!(metrics.contains(r#"messaging_jobs_total{kind="workflow",outcome="done"} 1"#), "{metrics}");
    assert_eq!(reqwest::get(at("/workflow")).await.unwrap().status(), 404);
    let (ended, _) = worker.signal("TERM");
    assert_eq!(ended.code(), Some(0));

    // What an API that was killed has left in the outbox, any other process sends: a row as it leaves it.
    stage.stop();
    stage.postgres.as_ref().unwrap().sql(
        "INSERT INTO workflows.workflow (uuid, status, data, columns, steps, created_at, updated_at, queued_at) \
         VALUES ('0c7e7d6a-2b1f-4f4e-9a53-9f2d8f0a6b11', 'inserted', '5', '{}', '{}', now(), now(), now()); \
         INSERT INTO workflows.outbox (uuid, generation, trace, leased_until) \
         VALUES ('0c7e7d6a-2b1f-4f4e-9a53-9f2d8f0a6b11', 1, 'Root=1-5759e988-bd862e3fe1be46a994272793', now())",
    );
    let relay = stage.another(&["--role", "worker"]);
    stage.until_messages("workflows", 1).await;
    drop(relay);
    stage.service = stage.another(&["--role", "api"]);
    assert_eq!(stage.consume().await.unwrap().1, "value\r\n5\r\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn several_start_at_once_and_send_each_message_once_on_postgres() {
    let stage = Stage::postgres(&[]);
    let postgres = stage.postgres.as_ref().unwrap();
    postgres.sql("DROP SCHEMA workflows CASCADE");
    // All of them find an empty database.
    let others: Vec<Process> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..4).map(|_| scope.spawn(|| stage.another(&[]))).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    const EACH: usize = 60;
    let creating = others.iter().map(|other| async {
        for n in 0..EACH {
            let ask = stage.http.request(Method::POST, format!("{}/workflow", other.address));
            assert_eq!(ask.json(&json!({ "data": n })).send().await.unwrap().status(), 201);
        }
    });
    futures::future::join_all(creating).await;
    stage.until_messages("workflows", (others.len() * EACH) as u64).await;
    assert_eq!(postgres.sql("SELECT count(*) FROM workflows.outbox"), "0");
    assert_eq!(postgres.sql("SELECT count(*) FROM workflows.workflow"), (others.len() * EACH).to_string());
}

#[test]
fn a_simulation_with_workers_that_consume_is_balanced() {
    let folder = tempfile::tempdir().unwrap();
    let ended = run(folder.path(), &["simulate", "workflows", "--count", "60", "--workflows-consume", "--json"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[test]
#[ignore = "needs PostgreSQL"]
fn a_simulation_is_balanced_on_postgres() {
    let postgres = crate::helpers::postgres::Postgres::new();
    for args in [&[][..], &["--workflows-consume", "--literal"]] {
        let folder = tempfile::tempdir().unwrap();
        let mut command = crate::helpers::messaging(folder.path());
        command.args(["simulate", "workflows", "--count", "80"]).args(args).env("DATABASE_URL", &postgres.url);
        let ended = command.output().unwrap();
        assert!(
            ended.status.success(),
            "{}{}",
            String::from_utf8_lossy(&ended.stdout),
            String::from_utf8_lossy(&ended.stderr)
        );
    }
}
