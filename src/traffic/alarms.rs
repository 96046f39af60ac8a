//! Wakes publishers when their events are due, to a tenth of a millisecond.
//!
//! Tokio's timers go by whole milliseconds: at 1,000 events a second each would leave later than the next is due. A thread that
//! sleeps until the next moment does better, and costs nothing while nobody waits.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};

use crate::clock;

/// What is further away sleeps by Tokio's timers first: few alarms are set at a time.
const NEAR: Duration = Duration::from_millis(5);
/// Between two looks passes at least so long: of many alarms some ring a bit late together, and cost half as much.
const GAP: Duration = Duration::from_micros(200);

/// Alarms that many may set; with them the thread ends.
#[derive(Debug)]
pub(super) struct Alarms(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    set: Mutex<Set>,
    /// There is one that rings before the others, or the end.
    sooner: Condvar,
}

#[derive(Debug, Default)]
struct Set {
    /// The next first.
    alarms: BinaryHeap<Reverse<Alarm>>,
    ended: bool,
}

#[derive(Debug)]
struct Alarm {
    due: Instant,
    ring: oneshot::Sender<()>,
}

impl PartialEq for Alarm {
    fn eq(&self, other: &Self) -> bool {
        self.due == other.due
    }
}

impl Eq for Alarm {}

impl PartialOrd for Alarm {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Alarm {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.due.cmp(&other.due)
    }
}

impl Alarms {
    /// Starts the thread.
    pub(super) fn start() -> Self {
        let shared = Arc::new(Shared::default());
        let watched = shared.clone();
        // Where there is no thread to be had, Tokio's timers do.
        // Where time is stepped there are Tokio's timers alone.
        let started = !clock::is_stepped()
            && std::thread::Builder::new().name("alarms".into()).spawn(move || watched.ring()).is_ok();
        shared.set.lock().ended = !started;
        Self(shared)
    }

    /// Waits until a moment.
    pub(super) async fn wait_until(&self, due: Instant) {
        let now = Instant::now();
        if due <= now {
            return;
        }
        if due - now > NEAR {
            sleep_until(due - NEAR / 2).await;
        }
        match self.set(due) {
            // Nobody rings after the end, which is nobody's business then.
            Some(rung) => _ = rung.await,
            None => sleep_until(due).await,
        }
    }

    /// Sets an alarm; none where there is no thread to ring it.
    fn set(&self, due: Instant) -> Option<oneshot::Receiver<()>> {
        let mut set = self.0.set.lock();
        if set.ended {
            return None;
        }
        let (ring, rung) = oneshot::channel();
        let is_next = set.alarms.peek().is_none_or(|Reverse(next)| due < next.due);
        set.alarms.push(Reverse(Alarm { due, ring }));
        if is_next {
            self.0.sooner.notify_one();
        }
        Some(rung)
    }
}

impl Drop for Alarms {
    fn drop(&mut self) {
        self.0.set.lock().ended = true;
        self.0.sooner.notify_one();
    }
}

impl Shared {
    /// Rings every alarm at its moment, until the end.
    fn ring(&self) {
        let mut set = self.set.lock();
        while !set.ended {
            let now = Instant::now();
            match set.alarms.peek() {
                Some(Reverse(next)) if next.due <= now => {
                    if let Some(Reverse(alarm)) = set.alarms.pop() {
                        // Who no longer waits needn't be told.
                        _ = alarm.ring.send(());
                    }
                }
                Some(Reverse(next)) => {
                    let due = next.due.max(now + GAP).into_std();
                    self.sooner.wait_until(&mut set, due);
                }
                None => self.sooner.wait(&mut set),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_is_woken_at_its_moment_whoever_asked_first() {
        let alarms = Arc::new(Alarms::start());
        let start = Instant::now();
        let waits = [9, 1, 0, 4, 1].map(|ms| {
            let (alarms, due) = (alarms.clone(), start + Duration::from_millis(ms));
            tokio::spawn(async move {
                alarms.wait_until(due).await;
                assert!(Instant::now() >= due);
                ms
            })
        });
        let woken = futures::future::join_all(waits).await;
        assert_eq!(woken.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [9, 1, 0, 4, 1]);
        // Who gives up waiting leaves the others alone.
        drop(alarms.set(start + Duration::from_secs(60)));
        alarms.wait_until(Instant::now() + Duration::from_millis(1)).await;
        let shared = alarms.0.clone();
        drop(alarms);
        assert!(shared.set.lock().ended, "the thread ends with its alarms");
    }
}
