//! Clouds that are away, and queues that are gone.

use super::fake::Fault;
use super::*;
use crate::Kind;

#[tokio::test(start_paused = true)]
async fn a_cloud_that_is_away_is_asked_again_with_patience_or_for_ever() {
    for patience in [Some(secs(30)), None] {
        let fake = Fake::default();
        fake.send("q", "x");
        fake.when(|_, _| Some(Fault::Down));
        let settings = Settings { patience, ..settings() };
        let worker = start(&fake, fake.queue("q", 30, None), settings, |_| async { Verdict::Done });
        sleep(secs(25)).await;
        assert!(!worker.task.is_finished());
        let asked = fake.calls("ReceiveMessage").len();
        assert!((5..=15).contains(&asked), "{asked} receives in 25 s");
        if patience.is_none() {
            sleep(secs(1_000)).await;
            fake.all_well();
            until(|| fake.bodies("q").is_empty()).await;
            worker.end().await;
        } else {
            let error = worker.task.await.unwrap().unwrap_err();
            assert_eq!(error.kind(), Kind::Unreachable);
            assert_eq!(error.to_string(), "ReceiveMessage: nobody answers");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_gone_or_forbidden_ends_the_worker() {
    for (operation, fault, kind) in [
        ("ReceiveMessage", Fault::Refused(400, "QueueDoesNotExist"), Kind::NotFound),
        ("ReceiveMessage", Fault::Refused(403, "AccessDeniedException"), Kind::Denied),
        ("DeleteMessageBatch", Fault::Refused(400, "QueueDoesNotExist"), Kind::NotFound),
        ("ChangeMessageVisibilityBatch", Fault::Refused(403, "AccessDenied"), Kind::Denied),
    ] {
        let fake = Fake::default();
        ["short", "long"].iter().for_each(|body| drop(fake.send("q", body)));
        fake.when(move |asked, _| (asked == operation).then(|| fault.clone()));
        let settings = Settings { patience: None, ..settings() };
        let worker = start(&fake, fake.queue("q", 10, None), settings, |job| async move {
            sleep(if job.body == "short" { secs(1) } else { secs(60) }).await;
            Verdict::Done
        });
        let error = worker.task.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), kind, "{operation}");
        assert!(error.to_string().starts_with(operation), "{error}");
    }
}

/// The answer was lost, and its messages stayed away; a FIFO queue gives them once more to the same attempt.
#[tokio::test(start_paused = true)]
async fn a_lost_answer_costs_a_visibility_timeout_and_no_message() {
    let fake = Fake::default();
    fake.send("q", "x");
    let mut first = true;
    fake.when(move |operation, _| (operation == "ReceiveMessage" && std::mem::take(&mut first)).then_some(Fault::Lost));
    let worker = start(&fake, fake.queue("q", 30, None), settings(), |_| async { Verdict::Done });
    until(|| fake.bodies("q").is_empty()).await;
    assert_eq!(worker.count("trouble: ReceiveMessage"), 1);
    worker.end().await;
}

#[tokio::test(start_paused = true)]
async fn deletes_wait_for_a_cloud_that_is_away_and_no_longer_than_their_patience() {
    for (patience, deleted) in [(Some(secs(10)), false), (None, true)] {
        let fake = Fake::default();
        fake.send("q", "x");
        let began = Instant::now();
        fake.when(move |operation, _| {
            (operation == "DeleteMessageBatch" && began.elapsed() < secs(60)).then_some(Fault::Down)
        });
        let settings = Settings { patience, ..settings() };
        let worker = start(&fake, fake.queue("q", 30, None), settings, |_| async { Verdict::Done });
        until(|| worker.count("deleted") + worker.count("not deleted") > 0).await;
        assert_eq!(worker.count("deleted") == 1, deleted, "{:?}", worker.heard());
        worker.end().await;
    }
}
