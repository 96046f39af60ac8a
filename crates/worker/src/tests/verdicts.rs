//! Failures: when a message comes again.

use std::sync::Arc;

use super::*;

/// When the message was worked on, in seconds since the begin.
async fn times(settings: Settings, verdict: fn(u32) -> Verdict, n: usize) -> Vec<u64> {
    let fake = Fake::default();
    fake.send("q", "x");
    let times = Arc::new(Mutex::new(Vec::new()));
    let (note, began) = (times.clone(), Instant::now());
    let worker = start(&fake, fake.queue("q", 30, None), settings, move |job| {
        note.lock().push(began.elapsed().as_secs());
        async move { verdict(job.receives) }
    });
    until(|| times.lock().len() >= n).await;
    worker.end().await;
    times.lock().clone()
}

#[tokio::test(start_paused = true)]
async fn a_failed_message_comes_back_later_and_later() {
    assert_eq!(times(settings(), |_| retry("no"), 6).await, [0, 10, 30, 70, 130, 190]);
}

#[tokio::test(start_paused = true)]
async fn a_handler_says_when() {
    let after = |receives| Verdict::Retry { why: "no".into(), after: Some(secs(u64::from(receives) * 100)) };
    assert_eq!(times(settings(), after, 3).await, [0, 100, 300]);
    // Parts of a second count as one.
    let soon = |_| Verdict::Retry { why: "no".into(), after: Some(Duration::from_millis(100)) };
    assert_eq!(times(settings(), soon, 3).await, [0, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn no_message_stays_away_for_longer_than_sqs_can_hide_it() {
    let fake = Fake::default();
    fake.send("q", "x");
    let worker = start(&fake, fake.queue("q", 30, None), settings(), |_| async {
        sleep(secs(600)).await;
        Verdict::Retry { why: "no".into(), after: Some(Duration::MAX) }
    });
    until(|| worker.count("ended") == 1).await;
    until(|| fake.hidden_ms("q") > 40_000_000).await;
    let heard = worker.end().await;
    assert!(!heard.iter().any(|line| line.starts_with("trouble")), "{heard:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_left_comes_back_when_its_visibility_ends() {
    assert_eq!(times(settings(), |_| Verdict::Leave { why: "no".into() }, 3).await, [0, 30, 60]);
}

#[tokio::test(start_paused = true)]
async fn what_is_given_back_comes_back_at_once() {
    let given = |receives| if receives < 3 { Verdict::GiveBack } else { Verdict::Done };
    assert_eq!(times(settings(), given, 3).await, [0, 0, 0]);
}

/// What panicked where nobody looked was kept hidden for twelve hours.
#[tokio::test(start_paused = true)]
async fn a_handler_that_panics_while_it_is_dropped_leaves_its_message() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    let fake = Fake::default();
    fake.send("q", "x");
    let settings = Settings { max_held: secs(100), ..settings() };
    let worker = start(&fake, fake.queue("q", 30, None), settings, |job| async move {
        if job.receives == 1 {
            let _bomb = Bomb;
            std::future::pending::<()>().await;
        }
        Verdict::Done
    });
    until(|| fake.bodies("q").is_empty()).await;
    worker.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_panics_fails_and_the_worker_lives_on() {
    let fake = Fake::default();
    ["good", "bad"].iter().for_each(|body| drop(fake.send("q", body)));
    let settings = Settings { concurrency: 1, ..settings() };
    let worker = start(&fake, fake.queue("q", 30, None), settings, |job| async move {
        assert!(job.body == "good" || job.receives > 1, "it is {}", job.body);
        Verdict::Done
    });
    until(|| fake.bodies("q").is_empty()).await;
    let heard = worker.end().await;
    let told = heard.iter().find(|line| line.starts_with("ended bad")).unwrap();
    assert_eq!(told, r#"ended bad after 0 s: Retry { why: "panicked: it is bad", after: None }"#);
}
