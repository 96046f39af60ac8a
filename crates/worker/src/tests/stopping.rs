//! Stops: nothing is begun, nothing is lost, and interrupted isn't failed.

use std::sync::Arc;

use super::fake::Fault;
use super::*;

/// What was given back came at once to a receive of the same worker that was still under way: received twice, and never worked on.
#[tokio::test(start_paused = true)]
async fn what_waits_goes_back_at_once_and_what_is_worked_on_is_finished() {
    let fake = Fake::default();
    (0..6).for_each(|n| drop(fake.send("q", &n.to_string())));
    let settings = Settings { concurrency: 2, ..settings() };
    let worker = start(&fake, fake.queue("q", 30, None), settings, |_| async {
        sleep(secs(4)).await;
        Verdict::Done
    });
    until(|| worker.count("started") == 2).await;
    let began = Instant::now();
    worker.stop.cancel();
    until(|| worker.count("given back 4") == 1).await;
    assert!(began.elapsed() < secs(2));
    let heard = worker.end().await;
    assert!((3..=4).contains(&began.elapsed().as_secs()));
    assert_eq!(heard.iter().filter(|line| line.starts_with("deleted")).count(), 2);
    assert_eq!((fake.bodies("q").len(), fake.hidden_ms("q")), (4, 0));
    assert!(fake.messages("q").iter().all(|message| message.receives == 1));
}

/// A message at its last receive was interrupted, failed by that, and became a dead letter.
#[tokio::test(start_paused = true)]
async fn what_outlives_the_grace_is_interrupted_and_no_failure() {
    for (n, verdict) in
        [retry("interrupted"), Verdict::Leave { why: "?".into() }, Verdict::GiveBack].into_iter().enumerate()
    {
        let fake = Fake::default();
        fake.send("q", "x");
        let told = verdict.clone();
        let worker = start(&fake, fake.queue("q", 30, Some(1)), settings(), move |job| {
            let verdict = told.clone();
            async move {
                job.lease().over().await;
                verdict
            }
        });
        until(|| worker.count("started") == 1).await;
        let began = Instant::now();
        let heard = worker.end().await;
        assert_eq!(began.elapsed().as_secs(), 5);
        assert!(heard.contains(&"ended x after 5 s: GiveBack".to_owned()), "{n}: {heard:?}");
        assert_eq!((fake.bodies("q").len(), fake.hidden_ms("q"), fake.bodies("dead").len()), (1, 0, 0));
        // SQS has counted the receive: what it will do is told.
        assert!(heard.iter().any(|line| line.contains("interrupted at its last receive")), "{heard:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_ignores_a_stop_is_dropped_and_its_message_given_back() {
    let fake = Fake::default();
    fake.send("q", "x");
    let worker = start(&fake, fake.queue("q", 30, None), settings(), |_| std::future::pending());
    until(|| worker.count("started") == 1).await;
    let began = Instant::now();
    let heard = worker.end().await;
    assert!(began.elapsed() < secs(8), "{:?}", began.elapsed());
    assert_eq!(heard.last().map(String::as_str), Some("given back 1"));
    assert_eq!(fake.hidden_ms("q"), 0);
}

#[tokio::test(start_paused = true)]
async fn heartbeats_go_on_during_the_grace() {
    let fake = Fake::default();
    fake.send("q", "x");
    let settings = Settings { grace: secs(100), ..settings() };
    let worker = start(&fake, fake.queue("q", 10, None), settings, |_| async {
        sleep(secs(90)).await;
        Verdict::Done
    });
    until(|| worker.count("started") == 1).await;
    let heard = worker.end().await;
    assert!(heard.contains(&"deleted x".to_owned()), "{heard:?}");
}

#[tokio::test(start_paused = true)]
async fn a_receive_under_way_gets_a_moment_and_what_it_brings_is_given_back() {
    let fake = Fake::default();
    let worker = start(&fake, fake.queue("q", 30, None), settings(), |_| async { Verdict::Done });
    until(|| fake.calls("ReceiveMessage").len() == 1).await;
    let began = Instant::now();
    worker.stop.cancel();
    sleep(Duration::from_millis(500)).await;
    fake.send("q", "x");
    let heard = worker.end().await;
    assert!(began.elapsed() < secs(2), "{:?}", began.elapsed());
    assert_eq!(heard, ["received 1", "given back 1"]);
    assert_eq!((fake.bodies("q").len(), fake.hidden_ms("q")), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_though_the_cloud_is_away() {
    let fake = Fake::default();
    (0..3).for_each(|n| drop(fake.send("q", &n.to_string())));
    let settings = Settings { concurrency: 1, ..settings() };
    let worker = start(&fake, fake.queue("q", 30, None), settings, |_| async {
        sleep(secs(1)).await;
        Verdict::Done
    });
    until(|| worker.count("started") == 1).await;
    fake.when(|_, _| Some(Fault::Down));
    let began = Instant::now();
    worker.end().await;
    assert!(began.elapsed() < secs(20), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn of_a_worker_that_crashed_another_gets_the_messages() {
    let fake = Fake::default();
    (0..4).for_each(|n| drop(fake.send("q", &n.to_string())));
    let dropped = Arc::new(());
    let alive = dropped.clone();
    let crashed = start(&fake, fake.queue("q", 30, None), settings(), move |_| {
        let alive = alive.clone();
        async move {
            std::future::pending::<()>().await;
            drop(alive);
            Verdict::Done
        }
    });
    until(|| crashed.count("started") == 4).await;
    crashed.task.abort();
    until(|| Arc::strong_count(&dropped) <= 2).await;
    let began = Instant::now();
    let other = start(&fake, fake.queue("q", 30, None), settings(), |_| async { Verdict::Done });
    until(|| fake.bodies("q").is_empty()).await;
    assert!((29..=31).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    other.end().await;
}
