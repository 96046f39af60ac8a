//! Receives and back-pressure.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::Budget;

#[tokio::test(start_paused = true)]
async fn no_more_is_held_than_the_buffer_and_the_hands_can_take() {
    let fake = Fake::default();
    (0..60).for_each(|n| drop(fake.send("q", &n.to_string())));
    let (busy, peak) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (now, most) = (busy.clone(), peak.clone());
    let settings = Settings { receivers: 3, concurrency: 4, buffer: 7, ..settings() };
    let worker = start(&fake, fake.queue("q", 30, None), settings, move |_| {
        let (now, most) = (now.clone(), most.clone());
        async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            sleep(secs(3)).await;
            now.fetch_sub(1, Ordering::SeqCst);
            Verdict::Done
        }
    });
    until(|| fake.bodies("q").is_empty()).await;
    assert_eq!(worker.count("deleted"), 60);
    assert_eq!((peak.load(Ordering::SeqCst), fake.most_in_flight()), (4, 11));
    worker.end().await;
    let asked = |body: &serde_json::Value| body["MaxNumberOfMessages"].as_u64().unwrap();
    let calls = fake.calls("ReceiveMessage");
    assert!(calls.iter().all(|body| (1..=10).contains(&asked(body))), "{calls:?}");
}

/// Each message that was done led to a receive of one, while the buffer was full.
#[tokio::test(start_paused = true)]
async fn a_receive_waits_until_it_pays() {
    let fake = Fake::default();
    (0..100).for_each(|n| drop(fake.send("q", &n.to_string())));
    let settings = Settings { concurrency: 2, buffer: 20, ..settings() };
    let worker = start(&fake, fake.queue("q", 30, None), settings, |_| async {
        sleep(secs(1)).await;
        Verdict::Done
    });
    until(|| fake.bodies("q").is_empty()).await;
    worker.end().await;
    let receives = fake.calls("ReceiveMessage").len();
    assert!(receives <= 13, "{receives} receives for 100 messages");
}

#[tokio::test(start_paused = true)]
async fn polls_are_long_and_half_of_the_visibility_at_most() {
    for (visibility, poll) in [(60, 20), (30, 15), (1, 1)] {
        let fake = Fake::default();
        let worker = start(&fake, fake.queue("q", visibility, None), settings(), |_| async { Verdict::Done });
        until(|| !fake.calls("ReceiveMessage").is_empty()).await;
        worker.end().await;
        let call = &fake.calls("ReceiveMessage")[0];
        assert_eq!(
            (call["WaitTimeSeconds"].as_u64(), call["VisibilityTimeout"].as_u64()),
            (Some(poll), Some(visibility))
        );
        assert!(call["ReceiveRequestAttemptId"].is_null());
    }
}

#[tokio::test(start_paused = true)]
async fn a_budget_ends_the_worker_when_all_is_settled() {
    let fake = Fake::default();
    (0..30).for_each(|n| drop(fake.send("q", &n.to_string())));
    let settings = Settings { receivers: 2, budget: Some(Arc::new(Budget::new(13, 2))), ..settings() };
    let worker = start(&fake, fake.queue("q", 30, None), settings, |_| async {
        sleep(secs(2)).await;
        Verdict::Done
    });
    worker.task.await.unwrap().unwrap();
    assert_eq!((fake.bodies("q").len(), fake.messages("q").iter().filter(|it| it.receives > 0).count()), (17, 0));
}

#[tokio::test(start_paused = true)]
async fn a_job_is_what_the_message_says() {
    let fake = Fake::default();
    let attributes = serde_json::json!({
        "kind": {"DataType": "String", "StringValue": "x"}, "n": {"DataType": "Number", "StringValue": "7"},
        "raw": {"DataType": "Binary", "BinaryValue": "AAE="}
    });
    let id = fake.send_with("q", "text", Some("tenant".into()), attributes, Some("Root=1"));
    let seen = Arc::new(Mutex::new(None));
    let note = seen.clone();
    let worker = start(&fake, fake.queue("q", 30, None), settings(), move |job| {
        *note.lock() = Some(job);
        async { Verdict::Done }
    });
    until(|| seen.lock().is_some()).await;
    worker.end().await;
    let job = seen.lock().take().unwrap();
    let attributes: Vec<_> = job.attributes.iter().map(|(name, text)| format!("{name}={text}")).collect();
    assert_eq!((job.id.as_str(), job.body.as_str(), job.receives), (id.as_str(), "text", 1));
    assert_eq!((job.group.as_deref(), job.trace.as_deref()), (Some("tenant"), Some("Root=1")));
    assert_eq!((attributes, job.sent), (vec!["kind=x".to_owned(), "n=7".to_owned()], Duration::from_millis(SENT)));
    assert!(job.lease().is_over(), "its work has ended");
}
