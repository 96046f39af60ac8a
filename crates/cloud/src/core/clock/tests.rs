//! Clocks that stand still, run fast, go on from where a folder was, and wait for what falls due.

use super::*;

const START: Millis = 1_767_225_600_000;

#[tokio::test]
async fn a_frozen_clock_wakes_who_sleeps() {
    let clock = Clock::frozen(1_000);
    let sleeper = tokio::spawn({
        let clock = clock.clone();
        async move { clock.sleep_until(3_000).await }
    });
    clock.advance(Duration::from_secs(1));
    assert!(!sleeper.is_finished());
    clock.advance(Duration::from_secs(1));
    sleeper.await.unwrap();
    assert_eq!(clock.now(), 3_000);
}

/// What is due stands in order: each sees the time at which it was due, also what only became due on the way.
#[tokio::test]
async fn a_frozen_clock_stops_where_something_is_due() {
    let clock = Clock::frozen(START);
    let seen = Arc::new(parking_lot::Mutex::new(Vec::new()));
    for (name, first, again) in [("late", 5_000, None), ("early", 1_000, Some(2_500))] {
        let (clock, seen) = (clock.clone(), seen.clone());
        tokio::spawn(async move {
            clock.sleep_until(START + first).await;
            let working = clock.working();
            // As a disk takes its time.
            tokio::task::spawn_blocking(|| {}).await.unwrap();
            seen.lock().push((name, clock.now() - START));
            drop(working);
            if let Some(again) = again {
                clock.sleep_until(START + again).await;
                seen.lock().push((name, clock.now() - START));
            }
        });
    }
    tokio::task::yield_now().await;
    let Clock::Frozen(frozen) = &clock else { panic!("it is frozen") };
    assert_eq!(frozen.go_on(START + 10_000, |_, _| None).await.unwrap(), 3);
    assert_eq!(*seen.lock(), [("early", 1_000), ("early", 2_500), ("late", 5_000)]);
    assert_eq!(clock.now(), START + 10_000);
}

#[tokio::test(start_paused = true)]
async fn a_fast_clock_is_due_as_much_sooner() {
    let clock = Clock::running(START, 600);
    assert_eq!(clock.now(), START);
    let began = Instant::now();
    clock.sleep_until(START + 60_000).await;
    assert_eq!(began.elapsed(), Duration::from_millis(100));
    assert_eq!(clock.now(), START + 60_000);
    // A time that never comes is no panic.
    tokio::select! {
        () = clock.sleep_until(Millis::MAX) => panic!("it came"),
        () = tokio::time::sleep(Duration::from_secs(1)) => {}
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_waits_by_the_wall_clock() {
    let clock = Clock::running(START, 600);
    let patience = clock.patience(Duration::from_secs(20));
    let began = Instant::now();
    clock.sleep_within(None, &patience).await;
    assert_eq!(began.elapsed(), Duration::from_secs(20));
    assert!(clock.is_over(&patience));
    // A message becomes visible meanwhile, by the cloud's clock.
    let patience = clock.patience(Duration::from_secs(20));
    let began = Instant::now();
    clock.sleep_within(Some(clock.now() + 30_000), &patience).await;
    assert_eq!(began.elapsed(), Duration::from_millis(50));
    assert!(!clock.is_over(&patience));
}

#[test]
fn time_never_goes_back() {
    let late = wall() + 3_600_000;
    let ahead = Clock::System.gone_on_from(late);
    assert!(ahead.now() >= late && ahead.now() < late + 60_000);
    assert_eq!(ahead.mode(), "x1");
    assert!(matches!(Clock::System.gone_on_from(START), Clock::System));
    assert!(Clock::running(START, 60).gone_on_from(late).now() >= late);
    assert_eq!(Clock::frozen(START).gone_on_from(late).now(), late);
    // A folder that was opened again went on from the wall clock's time, and what lay there had expired.
    assert_eq!(Clock::frozen(late).gone_on_from(START).now(), START);
    assert!(Clock::running(late, 60).gone_on_from(START).now() < late);
    assert_eq!(Clock::manual(late).gone_on_from(START).now(), late);
}

/// A run of a day would have taken one: where time is paused, it goes on when nobody has anything to do.
#[tokio::test(start_paused = true)]
async fn a_stepped_clock_goes_on_when_nothing_is_left_to_do() {
    let (clock, began) = (Clock::stepped(START), std::time::Instant::now());
    assert_eq!((clock.mode().as_str(), clock.now()), ("frozen", START));
    clock.sleep_until(START + 86_400_000).await;
    assert_eq!(clock.now(), START + 86_400_000);
    clock.tick(Duration::from_secs(1)).await;
    assert_eq!(clock.now(), START + 86_460_000);
    assert!(began.elapsed() < Duration::from_secs(60));
    // A folder that was there already goes on in the same way.
    let clock = clock.gone_on_from(START + 90_000_000);
    assert_eq!((clock.mode().as_str(), clock.now()), ("frozen", START + 90_000_000));
}
