//! What becomes of books when something fails: a worker that dies, one that stops, jobs that are long, a cloud that is away.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::Value;

use super::{Archive, book, figure};
use crate::helpers::eventually;

const WORKING: &str = r#"messaging_jobs_working{kind="file"}"#;
const DONE: &str = r#"messaging_jobs_total{kind="file",outcome="done"}"#;
const EXTENDED: &str = "messaging_visibility_extensions_total";

/// A job that was longer than the visibility timeout was done by a second worker at the same time.
#[tokio::test]
async fn a_long_job_keeps_its_message_and_its_group_waits() {
    let archive = Archive::deployed(&["VisibilityTimeoutSeconds=2"]);
    let args = ["--role", "worker", "--workers", "4", "--archive-work", "5s"];
    let workers = [archive.cloud.serve("archive", &args), archive.cloud.serve("archive", &args)];
    for id in ["1", "2"] {
        archive.send("a", &book(id, &format!("Part {id}"), "scifi")).await;
    }
    archive.send("b", &book("3", "Beside", "scifi")).await;
    let told = archive.told(3).await;
    let at = |id: &str| told.iter().find(|told| told["id"] == id).unwrap()["filedAt"].as_str().unwrap();
    // The other group's is done beside the first; the second waits for the first.
    assert!(at("1") < at("2") && at("3") < at("2"), "{told:?}");
    let (mut done, mut extended) = (0.0, 0.0);
    for worker in &workers {
        eventually("the end of the work", async || (figure(&worker.address, WORKING).await == 0.0).then_some(())).await;
        done += figure(&worker.address, DONE).await;
        extended += figure(&worker.address, EXTENDED).await;
        let text = reqwest::get(format!("{}/metrics", worker.address)).await.unwrap().text().await.unwrap();
        assert!(!text.contains(r#"outcome="retry""#) && !text.contains(r#"outcome="given_back""#), "{text}");
        assert!(!text.contains(r#"how="again""#), "{text}");
    }
    assert_eq!(done, 3.0);
    assert!(extended >= 6.0, "{extended}");
}

#[tokio::test]
async fn a_killed_workers_job_is_done_by_another() {
    let archive = Archive::deployed(&["VisibilityTimeoutSeconds=3"]);
    let slow = archive.cloud.serve("archive", &["--role", "worker", "--archive-work", "11h"]);
    let sent = archive.send("a", &book("1", "First", "scifi")).await;
    archive.send("a", &book("2", "Second", "scifi")).await;
    eventually("the slow one at work", async || (figure(&slow.address, WORKING).await == 1.0).then_some(())).await;
    let quick = archive.cloud.serve("archive", &["--role", "worker"]);
    // Longer than the visibility timeout the slow one keeps it.
    eventually("extensions", async || (figure(&slow.address, EXTENDED).await >= 4.0).then_some(())).await;
    assert!(archive.keys("scifi").await.is_empty());
    assert_eq!(figure(&quick.address, DONE).await, 0.0);
    slow.kill();
    let told = archive.told(2).await;
    assert_eq!((told[0]["messageId"].as_str(), told[0]["id"].as_str()), (Some(sent.as_str()), Some("1")));
    assert_eq!(told[1]["id"], "2");
}

/// What a stop interrupts is visible again at once, not after the visibility timeout.
#[tokio::test]
async fn a_stopped_workers_job_is_handed_back() {
    let archive = Archive::deployed(&["VisibilityTimeoutSeconds=3600"]);
    let slow = archive.cloud.serve("archive", &["--role", "worker", "--archive-work", "11h"]);
    archive.send("a", &book("1", "First", "scifi")).await;
    eventually("the slow one at work", async || (figure(&slow.address, WORKING).await == 1.0).then_some(())).await;
    let (status, _) = slow.signal("TERM");
    assert_eq!(status.code(), Some(0));
    assert!(archive.keys("scifi").await.is_empty());
    let _quick = archive.cloud.serve("archive", &["--role", "worker"]);
    assert_eq!(archive.told(1).await[0]["id"], "1");
}

/// Killed between the object and the message, a worker left an object that no reader ever heard of.
#[tokio::test]
async fn an_object_without_its_message_gets_it() {
    let archive = Archive::deployed(&[]);
    let text = book("1", "Half", "scifi");
    let body = ByteStream::from(text.clone().into_bytes());
    archive.s3.put_object().bucket("scifi").key("Half.json").body(body).send().await.unwrap();
    let before = archive.s3.head_object().bucket("scifi").key("Half.json").send().await.unwrap();
    let worker = archive.cloud.serve("archive", &["--role", "worker"]);
    archive.send("a", &text).await;
    assert_eq!(archive.told(1).await[0]["key"], "Half.json");
    let after = archive.s3.head_object().bucket("scifi").key("Half.json").send().await.unwrap();
    assert_eq!((before.last_modified(), before.e_tag()), (after.last_modified(), after.e_tag()));
    assert_eq!(archive.keys("scifi").await, ["Half.json"]);
    assert_eq!(figure(&worker.address, r#"archive_books_total{how="again"}"#).await, 1.0);
}

/// Workers are killed again and again while books come: each book is filed once, and told of once.
#[tokio::test]
async fn killed_at_any_moment_nothing_is_lost_and_nothing_told_of_twice() {
    const BOOKS: usize = 60;
    let archive = Archive::deployed(&["VisibilityTimeoutSeconds=2", "MaxReceiveCount=1000"]);
    let mut texts = HashMap::new();
    for n in 0..BOOKS {
        let text = book(&n.to_string(), &format!("Book {n}"), ["scifi", "romance", "fantasy"][n % 3]);
        archive.send(&format!("group-{}", n % 6), &text).await;
        texts.insert(n.to_string(), text);
    }
    let mut told: Vec<Value> = Vec::new();
    let mut kills = 0;
    while told.len() < BOOKS {
        let worker = archive.cloud.serve("archive", &["--role", "worker", "--workers", "3", "--archive-work", "60ms"]);
        // It dies wherever it is when a few more are told of; the last ones may end.
        let more = if told.len() + 9 < BOOKS { 7 } else { BOOKS - told.len() };
        told.extend(archive.told(more).await);
        if told.len() < BOOKS {
            worker.kill();
            kills += 1;
        } else {
            eventually("an empty queue", async || (archive.count("InputQueue.fifo").await == 0).then_some(())).await;
            assert_eq!(worker.signal("TERM").0.code(), Some(0));
        }
    }
    assert!(kills >= 4, "{kills}");
    assert_eq!(archive.count("OutputQueue.fifo").await, 0);
    let ids: HashSet<&str> = told.iter().map(|told| told["id"].as_str().unwrap()).collect();
    assert_eq!((ids.len(), told.len()), (BOOKS, BOOKS));
    for told in &told {
        let object = archive.object(told["bucket"].as_str().unwrap(), told["key"].as_str().unwrap()).await;
        assert_eq!(object.as_ref(), texts.get(told["id"].as_str().unwrap()));
    }
    let mut objects = 0;
    for bucket in ["scifi", "romance", "fantasy"] {
        objects += archive.keys(bucket).await.len();
    }
    assert_eq!(objects, BOOKS);
    // Each group in order, through all the deaths.
    for group in 0..6 {
        let numbers = told.iter().map(|told| told["id"].as_str().unwrap().parse::<usize>().unwrap());
        let numbers: Vec<usize> = numbers.filter(|n| n % 6 == group).collect();
        assert!(numbers.is_sorted(), "{numbers:?}");
    }
    assert_eq!(archive.count("InputQueue-dead.fifo").await, 0);
}

#[tokio::test]
async fn a_cloud_that_was_away_is_found_again() {
    let mut archive = Archive::deployed(&["VisibilityTimeoutSeconds=2"]);
    let service = archive.cloud.serve("archive", &["--archive-poll", "0.2s", "--archive-work", "300ms"]);
    for n in 0..4 {
        archive.send("a", &book(&n.to_string(), &format!("Book {n}"), "scifi")).await;
    }
    eventually("work", async || (figure(&service.address, WORKING).await > 0.0).then_some(())).await;
    archive.cloud.crash_and_restart();
    let ids: Vec<Value> = archive.told(4).await.iter().map(|told| told["id"].clone()).collect();
    assert_eq!(ids, ["0", "1", "2", "3"]);
    assert_eq!(archive.keys("scifi").await.len(), 4);
    let healthy = eventually("health", async || {
        let answer = reqwest::get(format!("{}/health", service.address)).await.unwrap();
        (answer.status() == 200).then_some(true)
    });
    assert!(tokio::time::timeout(Duration::from_secs(30), healthy).await.unwrap());
}

/// A book whose id no message can hold was filed and never told of; tried again and again, it held its group up.
#[tokio::test]
async fn a_book_that_cant_be_told_of_holds_up_nobody() {
    let archive = Archive::deployed(&[]);
    let _service = archive.cloud.serve("archive", &["--archive-poll", "0.2s"]);
    let odd = r#"{"id":"a\ufffe\uffffb","title":"Odd","genre":"scifi"}"#;
    let long = book(&"i".repeat(500_000), "Long", "scifi");
    for body in [odd, &long, &book("3", "Last", "scifi")] {
        archive.send("a", body).await;
    }
    let ids: Vec<Value> = archive.told(2).await.iter().map(|told| told["id"].clone()).collect();
    assert_eq!(ids, ["a\u{fffe}\u{ffff}b", "3"]);
    let dead = archive.receive("InputQueue-dead.fifo", 1).await;
    let text = |name: &str| dead[0].message_attributes().unwrap()[name].string_value().unwrap();
    assert_eq!(text("DeadLetterReason"), "its id has 500000 bytes, and 1024 is the most");
    assert_eq!(archive.keys("scifi").await, ["Last.json", "Odd.json"], "what isn't told of isn't filed");

    // A queue that takes less than others: its refusal is a reason.
    let output = archive.sqs.set_queue_attributes().queue_url(archive.url("OutputQueue.fifo"));
    output.attributes(QueueAttributeName::MaximumMessageSize, "1024").send().await.unwrap();
    archive.send("a", &book("4", &"t".repeat(900), "scifi")).await;
    archive.send("a", &book("5", "Short", "scifi")).await;
    assert_eq!(archive.told(1).await[0]["id"], "5");
    let dead = archive.receive("InputQueue-dead.fifo", 1).await;
    let text = |name: &str| dead[0].message_attributes().unwrap()[name].string_value().unwrap();
    assert!(text("DeadLetterReason").starts_with("can't send to the output queue: InvalidParameterValue"));
    assert_eq!(text("DeadLetterReceives"), "1", "it went round");
}
