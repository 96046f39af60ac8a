//! Receives on demand.

use super::*;

fn on_demand() -> Settings {
    Settings { receivers: 0, concurrency: 2, buffer: 3, ..settings() }
}

#[tokio::test(start_paused = true)]
async fn a_hand_takes_and_the_worker_works_on_it_meanwhile() {
    let fake = Fake::default();
    let ids: Vec<String> = (0..7).map(|n| fake.send("q", &n.to_string())).collect();
    let (worker, heard) = worker(&fake, fake.queue("q", 30, None), on_demand(), |_| async {
        sleep(secs(100)).await;
        Verdict::Done
    });
    let hand = worker.hand();
    assert!(matches!(hand.take(1).await, Err(Error::Stopped)));
    let stop = CancellationToken::new();
    let task = tokio::spawn(worker.run(stop.clone()));
    sleep(secs(60)).await;
    assert_eq!(fake.calls("ReceiveMessage").len(), 0);
    let began = Instant::now();
    let mut taken: Vec<String> = Vec::new();
    for (up_to, n) in [(3, 3), (10, 2)] {
        let jobs = hand.take(up_to).await.unwrap();
        assert_eq!(jobs.len(), n);
        taken.extend(jobs.iter().map(|job| job.id.clone()));
    }
    assert!(matches!(hand.take(1).await, Err(Error::Full)));
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert_eq!(taken, ids[..5]);
    until(|| heard.lock().iter().filter(|line| line.starts_with("deleted")).count() == 5).await;
    assert_eq!(hand.take(10).await.unwrap().len(), 2);
    until(|| fake.bodies("q").is_empty()).await;
    // With nothing there it waits a second, and no longer.
    let began = Instant::now();
    assert!(hand.take(10).await.unwrap().is_empty());
    assert_eq!(began.elapsed().as_secs(), 1);
    stop.cancel();
    task.await.unwrap().unwrap();
    assert!(matches!(hand.take(1).await, Err(Error::Stopped)));
}

/// Who asked went away while SQS answered: what came was lost until its visibility ended.
#[tokio::test(start_paused = true)]
async fn what_comes_for_who_went_away_is_worked_on() {
    let fake = Fake::default();
    fake.when(|operation, _| (operation == "ReceiveMessage").then_some(super::fake::Fault::Late(secs(2))));
    fake.send("q", "x");
    let (worker, _) = worker(&fake, fake.queue("q", 30, None), on_demand(), |_| async { Verdict::Done });
    let hand = worker.hand();
    let stop = CancellationToken::new();
    let task = tokio::spawn(worker.run(stop.clone()));
    tokio::task::yield_now().await;
    assert!(tokio::time::timeout(secs(1), hand.take(1)).await.is_err());
    let began = Instant::now();
    until(|| fake.bodies("q").is_empty()).await;
    assert!(began.elapsed() < secs(3));
    stop.cancel();
    task.await.unwrap().unwrap();
}
