//! FIFO queues: a group at a time, in order, whatever fails. And what a standard queue hands out twice.

use std::sync::Arc;

use super::fake::Fault;
use super::*;

const Q: &str = "q.fifo";

fn wide() -> Settings {
    Settings { concurrency: 10, buffer: 10, receivers: 2, ..settings() }
}

/// The messages on which work began, in order.
fn started(heard: &[String]) -> Vec<&str> {
    heard.iter().filter_map(|line| line.strip_prefix("started ")).collect()
}

#[tokio::test(start_paused = true)]
async fn of_a_group_one_is_worked_on_at_a_time_and_groups_side_by_side() {
    let fake = Fake::default();
    ["a1", "a2", "b1", "a3", "b2"].iter().for_each(|body| drop(fake.send(Q, body)));
    let began = Instant::now();
    let worker = start(&fake, fake.queue(Q, 30, None), wide(), |_| async {
        sleep(secs(10)).await;
        Verdict::Done
    });
    until(|| fake.bodies(Q).is_empty()).await;
    assert_eq!(began.elapsed().as_secs(), 30);
    let heard = worker.end().await;
    assert_eq!(started(&heard), ["a1", "b1", "a2", "b2", "a3"]);
    let calls = fake.calls("ReceiveMessage");
    assert_eq!(calls[0]["ReceiveRequestAttemptId"].as_str().unwrap().len(), 32);
}

#[tokio::test(start_paused = true)]
async fn what_waits_behind_a_failed_one_is_given_back_and_comes_after_it() {
    for verdict in [retry("no"), Verdict::Leave { why: "no".into() }, Verdict::GiveBack] {
        let fake = Fake::default();
        ["a1", "a2", "a3", "b1"].iter().for_each(|body| drop(fake.send(Q, body)));
        let first = verdict.clone();
        let worker = start(&fake, fake.queue(Q, 30, None), wide(), move |job| {
            let verdict = if job.body == "a1" && job.receives == 1 { first.clone() } else { Verdict::Done };
            async { verdict }
        });
        until(|| fake.bodies(Q).is_empty()).await;
        let heard = worker.end().await;
        let of_a: Vec<&str> = started(&heard).into_iter().filter(|body| body.starts_with('a')).collect();
        assert_eq!(of_a, ["a1", "a1", "a2", "a3"], "{verdict:?}");
        let given = if verdict == Verdict::GiveBack { "given back 3" } else { "given back 2" };
        assert!(heard.iter().any(|line| line == given), "{verdict:?}: {heard:?}");
    }
}

/// The next of a group began before the delete of the one before was sure: that came again, after its successor.
#[tokio::test(start_paused = true)]
async fn the_next_of_a_group_waits_for_the_delete_of_the_one_before() {
    let fake = Fake::default();
    ["a1", "a2"].iter().for_each(|body| drop(fake.send(Q, body)));
    let mut deletes = 0;
    fake.when(move |operation, _| {
        deletes += usize::from(operation == "DeleteMessageBatch");
        (operation == "DeleteMessageBatch" && deletes == 1).then_some(Fault::Entries(true))
    });
    let worker = start(&fake, fake.queue(Q, 30, None), wide(), |_| async { Verdict::Done });
    until(|| fake.bodies(Q).is_empty()).await;
    let heard = worker.end().await;
    assert_eq!(started(&heard), ["a1", "a1", "a2"]);
    assert!(heard.contains(&"not deleted a1: No: no".to_owned()), "{heard:?}");
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_lets_its_group_go_on() {
    let fake = Fake::default();
    ["a1", "a2"].iter().for_each(|body| drop(fake.send(Q, body)));
    let worker = start(&fake, fake.queue(Q, 30, Some(5)), wide(), |job| async move {
        if job.body == "a1" { Verdict::Dead { why: "bad".into() } } else { Verdict::Done }
    });
    until(|| fake.bodies(Q).is_empty()).await;
    assert_eq!(started(&worker.end().await), ["a1", "a2"]);
    let dead = &fake.messages("dead.fifo")[0];
    assert_eq!((dead.body.as_str(), dead.group.as_deref()), ("a1", Some("a")));
    assert!(dead.deduplication.as_ref().is_some_and(|id| id.starts_with("id-a1-")), "{dead:?}");
}

#[tokio::test(start_paused = true)]
async fn what_a_standard_queue_hands_out_twice_is_worked_on_once() {
    let fake = Fake::default();
    fake.send("q", "x");
    fake.double("q");
    let worked = Arc::new(Mutex::new(0));
    let count = worked.clone();
    let worker = start(&fake, fake.queue("q", 30, None), wide(), move |_| {
        *count.lock() += 1;
        async {
            sleep(secs(100)).await;
            Verdict::Done
        }
    });
    until(|| fake.bodies("q").is_empty()).await;
    worker.end().await;
    assert_eq!(*worked.lock(), 1);
}
