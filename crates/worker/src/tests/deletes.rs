//! Deletes: in batches, again where the service couldn't.

use super::fake::Fault;
use super::*;

#[tokio::test(start_paused = true)]
async fn deletes_are_made_in_batches() {
    let fake = Fake::default();
    (0..40).for_each(|n| drop(fake.send("q", &n.to_string())));
    let settings = Settings { concurrency: 20, buffer: 20, receivers: 4, ..settings() };
    let worker = start(&fake, fake.queue("q", 30, None), settings, |_| async {
        sleep(secs(1)).await;
        Verdict::Done
    });
    until(|| fake.bodies("q").is_empty()).await;
    worker.end().await;
    assert_eq!(fake.calls("DeleteMessageBatch").len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_lonely_one_is_deleted_at_once_and_others_wait_a_moment_at_most() {
    let fake = Fake::default();
    fake.send("q", "a");
    let worker = start(&fake, fake.queue("q", 30, None), settings(), |job| async move {
        sleep(if job.body == "long" { secs(60) } else { Duration::ZERO }).await;
        Verdict::Done
    });
    let began = Instant::now();
    until(|| fake.bodies("q").is_empty()).await;
    assert!(began.elapsed() < Duration::from_millis(25), "{:?}", began.elapsed());
    ["long", "b"].iter().for_each(|body| drop(fake.send("q", body)));
    let began = Instant::now();
    until(|| fake.bodies("q") == ["long"]).await;
    assert!(began.elapsed() <= Duration::from_millis(60), "{:?}", began.elapsed());
    worker.end().await;
}

// A quiet tenant's message waited in the queue for a batch to fill, since what was done kept its room until then.
#[tokio::test(start_paused = true)]
async fn where_all_room_is_taken_a_delete_waits_for_no_other() {
    let fake = Fake::default();
    ["short", "long", "long", "next"].iter().for_each(|body| drop(fake.send("q", body)));
    let settings = Settings { concurrency: 3, buffer: 0, ..settings() };
    let began = Instant::now();
    let next = Arc::new(Mutex::new(Duration::ZERO));
    let seen = next.clone();
    let worker = start(&fake, fake.queue("q", 300, None), settings, move |job| {
        if job.body == "next" {
            *seen.lock() = began.elapsed();
        }
        async move {
            sleep(secs(if job.body == "long" { 60 } else { 10 })).await;
            Verdict::Done
        }
    });
    until(|| fake.bodies("q").len() == 2).await;
    worker.end().await;
    let after = *next.lock() - secs(10);
    assert!(after < Duration::from_millis(10), "it began {after:?} after there was room");
}

#[tokio::test(start_paused = true)]
async fn what_the_service_could_not_delete_is_deleted_again_a_few_times() {
    let fake = Fake::default();
    fake.send("q", "x");
    fake.when(|operation, _| (operation == "DeleteMessageBatch").then_some(Fault::Entries(false)));
    let settings = Settings { heartbeat: false, ..settings() };
    let worker = start(&fake, fake.queue("q", 3_600, None), settings, |_| async { Verdict::Done });
    until(|| worker.count("not deleted x: No: no") == 1).await;
    assert_eq!((fake.calls("DeleteMessageBatch").len(), worker.count("again")), (4, 3));
    worker.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_asked_wrongly_is_told_and_not_asked_again() {
    let fake = Fake::default();
    fake.send("q", "x");
    fake.when(|operation, _| (operation == "DeleteMessageBatch").then_some(Fault::Entries(true)));
    let worker = start(&fake, fake.queue("q", 3_600, None), settings(), |_| async { Verdict::Done });
    until(|| worker.count("not deleted x") == 1).await;
    assert_eq!(fake.calls("DeleteMessageBatch").len(), 1);
    worker.end().await;
}
