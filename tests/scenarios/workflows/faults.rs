//! What happens when something is away.

use std::process::Command;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use super::stage::{Stage, on_both};
use crate::helpers::postgres::{PASSWORD, Server};
use crate::helpers::{Cloud, Process, eventually};

on_both!(what_is_created_while_the_queue_is_away_is_sent_later, what_a_consumer_that_died_had_received_comes_again);

async fn health(stage: &Stage) -> (u16, Value) {
    let answer = stage.get("/health").await;
    (answer.status().as_u16(), answer.json().await.unwrap())
}

fn signal(process: &Process, name: &str) {
    let sent = Command::new("kill").args([format!("-{name}"), process.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// The cloud hangs: what is asked of it isn't answered, and happens later nevertheless.
async fn what_is_created_while_the_queue_is_away_is_sent_later(stage: Stage) {
    assert_eq!(health(&stage).await.0, 200);
    signal(&stage.cloud.process, "STOP");
    let mut uuids = Vec::new();
    for n in 0..5 {
        let started = Instant::now();
        uuids.push(stage.uuid(json!(n)).await);
        assert!(started.elapsed() < Duration::from_secs(4), "a request doesn't wait long for the queue");
    }
    let broken = eventually("a health that knows", async || {
        let (status, health) = health(&stage).await;
        (status == 503).then_some(health)
    });
    let broken = broken.await;
    let dependencies = broken["dependencies"].as_array().unwrap();
    let queue = dependencies.iter().find(|it| it["name"] == "queue").unwrap();
    assert!(queue["ok"] == false && queue["reason"].is_string(), "{broken}");
    assert_eq!(dependencies.iter().find(|it| it["name"] == "database").unwrap()["ok"], true);
    signal(&stage.cloud.process, "CONT");
    let mut had = Vec::new();
    eventually("all of them", async || {
        had.extend(stage.consume().await.map(|(uuid, _)| uuid));
        (had.len() >= 5).then_some(())
    })
    .await;
    had.sort_unstable();
    uuids.sort_unstable();
    assert_eq!(had, uuids);
    eventually("a good health", async || (health(&stage).await.0 == 200).then_some(())).await;
    stage.until_messages("workflows", 0).await;
}

/// A message that was received and not deleted is as a consumer that died has left it.
async fn what_a_consumer_that_died_had_received_comes_again(stage: Stage) {
    let uuid = stage.uuid(json!(1)).await;
    let (sqs, url) = (stage.cloud.sqs(), stage.queue_url("workflows").await);
    let taken = sqs.receive_message().queue_url(&url).visibility_timeout(2).wait_time_seconds(5).send().await.unwrap();
    assert_eq!(taken.messages().len(), 1);
    assert_eq!(eventually("its return", async || stage.consume().await).await.0, uuid);
    assert_eq!(stage.show(&uuid).await["attempts"], 2);

    // One that died after the workflow was marked: its message is void, its CSV is there.
    let uuid = stage.uuid(json!({"n": 2})).await;
    let message = {
        let taken =
            sqs.receive_message().queue_url(&url).visibility_timeout(0).wait_time_seconds(5).send().await.unwrap();
        taken.messages()[0].body().unwrap().to_owned()
    };
    assert_eq!(eventually("its consumer", async || stage.consume().await).await.0, uuid);
    sqs.send_message().queue_url(&url).message_body(message).send().await.unwrap();
    assert_eq!(stage.consume().await, None);
    stage.until_messages("workflows", 0).await;
    assert_eq!(stage.get(&format!("/workflow/{uuid}/csv")).await.text().await.unwrap(), "n\r\n2\r\n");
}

// Workflows were created in a file that was removed, and shown from there, until the service was started again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_whose_file_is_removed_is_told() {
    let stage = Stage::sqlite(&["--database-url", "sqlite:it.db"]);
    let uuid = stage.uuid(json!(1)).await;
    let [file, aside] = ["it.db", "aside"].map(|name| stage.cloud.folder.path().join(name));
    std::fs::rename(&file, &aside).unwrap();
    let answer = stage.ask(Method::POST, "/workflow").json(&json!({"data": 2})).send().await.unwrap();
    assert_eq!(answer.status(), 503);
    assert_eq!(stage.get(&format!("/workflow/{uuid}")).await.status(), 503);
    let told = eventually("a health that knows", async || {
        let (status, health) = health(&stage).await;
        (status == 503).then_some(health)
    });
    assert!(told.await.to_string().contains("removed or replaced"));
    std::fs::rename(&aside, &file).unwrap();
    assert_eq!(stage.show(&uuid).await["uuid"], uuid);
    eventually("a good health", async || (health(&stage).await.0 == 200).then_some(())).await;
}

// A body of 20 kB makes a CSV of 8 MB: each of those who asked for it and didn't read held one in memory.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_read_his_csv_holds_a_bounded_share_of_the_memory() {
    use std::io::Write;
    let stage = Stage::sqlite(&[]);
    let large = stage.uuid(json!({ "t": "x".repeat(1_200), "all": vec![1; 6_500] })).await;
    assert_eq!(stage.consume().await.unwrap().0, large);
    let small = stage.uuid(json!(1)).await;
    assert_eq!(stage.consume().await.unwrap().0, small);
    let (large, small) = (format!("/workflow/{large}/csv"), format!("/workflow/{small}/csv"));
    let address = stage.service.address.strip_prefix("http://").unwrap();
    let silent: Vec<_> = (0..40)
        .map(|_| {
            let mut silent = std::net::TcpStream::connect(address).unwrap();
            write!(silent, "GET {large} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
            silent
        })
        .collect();
    let refused = eventually("a refusal", async || {
        let answer = stage.get(&large).await;
        (answer.status() == 503).then_some(answer)
    });
    assert_eq!(refused.await.headers()["retry-after"], "1");
    assert_eq!(stage.get(&small).await.status(), 200);
    // Nothing is taken from the queue that couldn't be answered.
    let uuid = stage.uuid(json!(2)).await;
    assert_eq!(stage.get("/workflow/consume").await.status(), 503);
    assert_eq!(stage.show(&uuid).await["status"], "inserted");
    drop(silent);
    eventually("its return", async || (stage.get(&large).await.status() == 200).then_some(())).await;
    assert_eq!(eventually("its consumer", async || stage.consume().await).await.0, uuid);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn a_database_that_is_away_is_told_and_comes_back_on_postgres() {
    let server = Server::start();
    let cloud = Cloud::start();
    cloud.deploy("workflows");
    let mut command = cloud.serve_command("workflows", &[]);
    let service = Process::start(
        {
            command.env("DATABASE_URL", server.url("postgres"));
            command
        },
        cloud.folder.path(),
    );
    let stage = Stage { cloud, postgres: None, service, http: reqwest::Client::new() };
    let uuid = stage.uuid(json!(1)).await;
    server.kill();
    let (status, health) = health(&stage).await;
    assert_eq!(status, 503, "{health}");
    assert_eq!(health["dependencies"].as_array().unwrap().iter().filter(|it| it["ok"] == false).count(), 1, "{health}");
    let answer = stage.ask(Method::POST, "/workflow").json(&json!({"data": 2})).send().await.unwrap();
    assert_eq!(answer.status(), 503);
    // Consuming takes nothing away.
    let answer = stage.get("/workflow/consume").await;
    assert_eq!(answer.status(), 503);
    server.resume();
    let had = eventually("the database's return", async || {
        super::stage::consume(&stage.http, &stage.service.address).await.ok().flatten()
    });
    assert_eq!(had.await.0, uuid);
    let (ended, said) = stage.service.signal("TERM");
    assert_eq!(ended.code(), Some(0));
    let stderr = std::fs::read_to_string(stage.cloud.folder.path().join("stderr")).unwrap();
    assert!(!said.iter().any(|line| line.contains(PASSWORD)) && !stderr.contains(PASSWORD));
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_password_is_never_shown_on_postgres() {
    let server = Server::start();
    let cloud = Cloud::start();
    cloud.deploy("workflows");
    let good = server.url("postgres");
    server.sql(
        "postgres",
        "CREATE ROLE weak LOGIN PASSWORD 'open-sesame'; REVOKE CREATE ON DATABASE postgres FROM PUBLIC",
    );
    for url in [
        good.replace("postgres:open", "nobody:open"),
        good.replace("sesame@", "sesame-not@"),
        good.replace("/postgres", "/missing").replacen("//missing", "//postgres", 1),
        good.replace("postgres:open", "weak:open"),
        good.replace("127.0.0.1:", "127.0.0.1:1"),
        format!("{good}?sslmode={PASSWORD}"),
    ] {
        let mut command = cloud.serve_command("workflows", &[]);
        let ended = command.env("DATABASE_URL", &url).output().unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
        assert!(!ended.status.success() && !said.contains(PASSWORD), "{url}: {said}");
        assert!(said.contains("Can't open postgres://") || said.contains("names no database"), "{said}");
    }
}
