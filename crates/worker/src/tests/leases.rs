//! Heartbeats and leases: who works on a message is the only one.

use std::sync::Arc;

use super::fake::Fault;
use super::*;

/// Works so long, unless its lease ends before; says how it ended.
async fn work(job: Arc<Job>, time: Duration) -> Verdict {
    tokio::select! {
        () = sleep(time) => Verdict::Done,
        () = job.lease().over() => Verdict::GiveBack,
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_longer_than_the_visibility_is_done_once_by_one_of_two_workers() {
    for queue in ["q", "q.fifo"] {
        let fake = Fake::default();
        fake.send(queue, "a1");
        let hour = |job| work(job, secs(3_000));
        let workers: Vec<Running> =
            (0..2).map(|_| start(&fake, fake.queue(queue, 20, Some(2)), settings(), hour)).collect();
        until(|| fake.bodies(queue).is_empty()).await;
        assert_eq!(workers.iter().map(|worker| worker.count("started")).sum::<usize>(), 1);
        for worker in workers {
            worker.end().await;
        }
        // Each half of the timeout, in one request.
        let extensions = fake.calls("ChangeMessageVisibilityBatch").len();
        assert!((290..=310).contains(&extensions), "{extensions}");
    }
}

/// What waited behind long jobs came again while it waited.
#[tokio::test(start_paused = true)]
async fn what_waits_is_kept_too_and_in_batches() {
    let fake = Fake::default();
    (0..10).for_each(|n| drop(fake.send("q", &n.to_string())));
    let settings = Settings { concurrency: 1, buffer: 9, ..settings() };
    let worker = start(&fake, fake.queue("q", 10, Some(1)), settings, |job| work(job, secs(60)));
    until(|| fake.bodies("q").is_empty()).await;
    assert_eq!((worker.count("started"), worker.count("deleted"), fake.bodies("dead").len()), (10, 10, 0));
    worker.end().await;
    let calls = fake.calls("ChangeMessageVisibilityBatch");
    assert_eq!(calls[0]["Entries"].as_array().unwrap().len(), 10);
    assert!(calls.len() < 140, "{} requests", calls.len());
}

#[tokio::test(start_paused = true)]
async fn at_the_bound_a_job_is_handed_over_and_none_works_beside_it() {
    let fake = Fake::default();
    fake.send("q", "x");
    let settings = Settings { max_held: secs(100), ..settings() };
    let worker = start(&fake, fake.queue("q", 30, None), settings, |job| work(job, secs(150)));
    until(|| worker.count("started") == 2).await;
    let heard = worker.heard();
    let ended = "ended x after 94 s: GiveBack".to_owned();
    assert!(heard.contains(&"lost x: it was held as long as it may be".to_owned()), "{heard:?}");
    assert!(heard.contains(&ended) && heard.contains(&"given back 1".to_owned()), "{heard:?}");
    worker.end().await;
}

/// SQS refuses to hide a message for longer than twelve hours after its receive, and doesn't shorten what is asked for.
#[tokio::test(start_paused = true)]
async fn no_extension_reaches_beyond_twelve_hours() {
    let fake = Fake::default();
    fake.send("q", "x");
    let worker = start(&fake, fake.queue("q", 3_000, None), settings(), |job| work(job, secs(50_000)));
    let began = Instant::now();
    while worker.count("lost") == 0 {
        sleep(secs(1)).await;
        assert!(began.elapsed() < secs(43_200));
    }
    assert_eq!(began.elapsed().as_secs() / 10, 43_190 / 10);
    let heard = worker.end().await;
    assert!(!heard.iter().any(|line| line.starts_with("trouble")), "{heard:?}");
    assert!(heard.contains(&"given back 1".to_owned()), "{heard:?}");
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_refused_ends_at_once_and_its_message_is_left() {
    let fake = Fake::default();
    fake.send("q", "x");
    fake.when(|operation, _| (operation == "ChangeMessageVisibilityBatch").then_some(Fault::Entries(true)));
    let worker = start(&fake, fake.queue("q", 30, None), settings(), |job| work(job, secs(300)));
    until(|| worker.count("ended") == 1).await;
    let heard = worker.heard();
    assert!(heard.contains(&"lost x: No: no".to_owned()), "{heard:?}");
    assert!(heard.contains(&"ended x after 15 s: GiveBack".to_owned()), "{heard:?}");
    assert_eq!(fake.calls("ChangeMessageVisibilityBatch").len(), 1);
    fake.all_well();
    until(|| worker.count("started") == 2).await;
    worker.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_lease_ends_before_the_visibility_when_the_cloud_is_away_or_silent() {
    for fault in [Fault::Down, Fault::Refused(503, "Busy"), Fault::Entries(false), Fault::Late(secs(3_600))] {
        let fake = Fake::default();
        fake.send("q", "x");
        let hidden = Arc::new(Mutex::new(None));
        let (ask, note) = (fake.clone(), hidden.clone());
        let faulty = fault.clone();
        fake.when(move |operation, _| (operation == "ChangeMessageVisibilityBatch").then(|| faulty.clone()));
        let worker = start(&fake, fake.queue("q", 30, None), settings(), move |job| {
            let (ask, note) = (ask.clone(), note.clone());
            async move {
                job.lease().over().await;
                note.lock().get_or_insert(ask.hidden_ms("q"));
                Verdict::GiveBack
            }
        });
        until(|| hidden.lock().is_some()).await;
        assert!(hidden.lock().is_some_and(|ms| ms >= 5_900), "{fault:?}: {hidden:?}");
        assert_eq!(worker.count("lost x"), 1, "{fault:?}");
        fake.all_well();
        worker.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_extension_that_failed_is_tried_again_in_time() {
    let fake = Fake::default();
    fake.send("q", "x");
    let mut failures = 0;
    fake.when(move |operation, _| {
        failures += usize::from(operation == "ChangeMessageVisibilityBatch");
        (operation == "ChangeMessageVisibilityBatch" && failures % 5 != 0).then_some(Fault::Down)
    });
    let worker = start(&fake, fake.queue("q", 30, None), settings(), |job| work(job, secs(300)));
    until(|| fake.bodies("q").is_empty()).await;
    assert_eq!((worker.count("started"), worker.count("lost")), (1, 0));
    worker.end().await;
}

#[tokio::test(start_paused = true)]
async fn who_ignores_the_end_of_its_lease_is_dropped_before_the_message_is_visible() {
    struct Dropped(Fake, Arc<Mutex<Option<u64>>>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.1.lock().get_or_insert(self.0.hidden_ms("q"));
        }
    }
    let fake = Fake::default();
    fake.send("q", "x");
    fake.when(|operation, _| (operation == "ChangeMessageVisibilityBatch").then_some(Fault::Down));
    let hidden = Arc::new(Mutex::new(None));
    let (ask, note) = (fake.clone(), hidden.clone());
    let worker = start(&fake, fake.queue("q", 30, None), settings(), move |_| {
        let dropped = Dropped(ask.clone(), note.clone());
        async move {
            sleep(secs(10_000)).await;
            drop(dropped);
            Verdict::Done
        }
    });
    until(|| hidden.lock().is_some()).await;
    assert!(hidden.lock().is_some_and(|ms| (3_000..5_000).contains(&ms)), "{hidden:?}");
    fake.all_well();
    worker.end().await;
}

/// A process was stopped for a minute in a receive, and worked on what another had got meanwhile.
#[tokio::test(start_paused = true)]
async fn what_comes_too_late_is_not_worked_on() {
    let fake = Fake::default();
    fake.send("q", "x");
    let mut first = true;
    fake.when(move |operation, _| {
        let late = operation == "ReceiveMessage" && std::mem::take(&mut first);
        late.then_some(Fault::Late(secs(24)))
    });
    let settings = Settings { poll: 15, ..settings() };
    let worker = start(&fake, fake.queue("q", 30, None), settings, |_| async { Verdict::Done });
    until(|| fake.bodies("q").is_empty()).await;
    let heard = worker.end().await;
    let first = heard.iter().position(|line| line == "lost x: it came too late to be worked on");
    assert!(first < heard.iter().position(|line| line == "started x") && first.is_some(), "{heard:?}");
    assert_eq!(heard.iter().filter(|line| line.starts_with("started")).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn without_heartbeats_nothing_is_extended_and_a_job_goes_on() {
    let fake = Fake::default();
    fake.send("q", "x");
    let settings = Settings { heartbeat: false, ..settings() };
    let worker = start(&fake, fake.queue("q", 10, None), settings, |job| work(job, secs(25)));
    until(|| worker.count("not deleted") > 0).await;
    assert_eq!((worker.count("extended"), worker.count("lost")), (0, 0));
    worker.end().await;
}

/// Nobody may work beside what is done and not deleted yet.
#[tokio::test(start_paused = true)]
async fn what_is_done_stays_hidden_until_it_is_deleted() {
    let fake = Fake::default();
    fake.send("q", "x");
    let began = Instant::now();
    fake.when(move |operation, _| {
        (operation == "DeleteMessageBatch" && began.elapsed() < secs(200)).then_some(Fault::Down)
    });
    let worker = start(&fake, fake.queue("q", 30, None), settings(), |_| async { Verdict::Done });
    until(|| fake.bodies("q").is_empty()).await;
    assert_eq!(worker.count("started"), 1);
    worker.end().await;
}
