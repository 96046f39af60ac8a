//! Long polls that wait for a message: woken by the commit that brings one, or when one becomes visible again.
//!
//! However many wait for a queue, one of them sets the alarm for the next message that becomes visible; the others sleep.
//! Who leaves hands the alarm on. So a poll that waits costs nothing until something happens.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::sync::Notify;

use engine::{Millis, QueueId};

/// Who waits for which queue.
#[derive(Debug, Default)]
pub struct Waiters {
    queues: Mutex<HashMap<QueueId, Queue>>,
    waiting: AtomicUsize,
    next_id: AtomicU64,
    /// The server stops: nobody waits any more.
    closed: AtomicBool,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: usize,
    notify: Arc<Notify>,
    /// When the next message becomes visible as far as anybody knows, and the poll that wakes then.
    alarm: Option<(Millis, u64)>,
}

/// One long poll's place among the waiters; dropping it leaves.
#[derive(Debug)]
pub struct Waiting<'w> {
    waiters: &'w Waiters,
    queue: QueueId,
    id: u64,
    /// Notified once for each message that comes.
    pub notify: Arc<Notify>,
}

impl Waiters {
    /// Joins before the queue is looked at, so that no message slips between the look and the wait.
    pub fn join(&self, queue: QueueId) -> Waiting<'_> {
        let notify = {
            let mut queues = self.queues.lock();
            let queue = queues.entry(queue).or_default();
            queue.waiting += 1;
            queue.notify.clone()
        };
        self.waiting.fetch_add(1, Ordering::SeqCst);
        Waiting { waiters: self, queue, id: self.next_id.fetch_add(1, Ordering::Relaxed), notify }
    }

    /// A message came to the queue, or may have become visible: one of its waiters looks again.
    pub fn wake(&self, queue: QueueId) {
        if self.waiting.load(Ordering::SeqCst) == 0 {
            return;
        }
        if let Some(queue) = self.queues.lock().get(&queue) {
            queue.notify.notify_one();
        }
    }

    /// A message was hidden until `at`: one waiter looks again, unless an alarm rings before.
    pub fn hidden(&self, queue: QueueId, at: Millis) {
        if self.waiting.load(Ordering::SeqCst) == 0 {
            return;
        }
        if let Some(queue) = self.queues.lock().get(&queue)
            && queue.alarm.is_none_or(|(alarm, _)| at < alarm)
        {
            queue.notify.notify_one();
        }
    }

    /// The server stops: whoever waits looks a last time, and whoever comes doesn't wait.
    pub fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.queues.lock().values().for_each(|queue| queue.notify.notify_waiters());
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }

    /// Whether the server stops.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// The queue is gone or changed: all of its waiters look again.
    pub fn wake_all(&self, queue: QueueId) {
        if let Some(queue) = self.queues.lock().get(&queue) {
            queue.notify.notify_waiters();
        }
    }
}

impl Waiting<'_> {
    /// What this poll saw: the next message becomes visible at `next`. The time to wake, unless another poll does it.
    pub fn alarm(&self, next: Option<Millis>) -> Option<Millis> {
        let mut queues = self.waiters.queues.lock();
        let queue = queues.get_mut(&self.queue)?;
        let others = queue.alarm.filter(|(_, id)| *id != self.id);
        match (next, others) {
            (Some(next), Some((alarm, _))) if alarm <= next => None,
            (Some(next), _) => {
                queue.alarm = Some((next, self.id));
                Some(next)
            }
            (None, others) => {
                queue.alarm = others;
                None
            }
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.waiters.waiting.fetch_sub(1, Ordering::SeqCst);
        let mut queues = self.waiters.queues.lock();
        let Some(queue) = queues.get_mut(&self.queue) else { return };
        queue.waiting -= 1;
        if queue.waiting == 0 {
            queues.remove(&self.queue);
        } else if queue.alarm.is_none_or(|(_, id)| id == self.id) {
            // Whoever looks next sets the alarm, or takes what this one left.
            queue.alarm = None;
            queue.notify.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUEUE: QueueId = QueueId(1);

    /// Whether somebody was told to look.
    fn told(notify: &Notify) -> bool {
        use std::pin::pin;
        use std::task::{Context, Waker};
        pin!(notify.notified()).poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    #[test]
    fn one_poll_sets_the_alarm_and_hands_it_on() {
        let waiters = Waiters::default();
        let (first, second) = (waiters.join(QUEUE), waiters.join(QUEUE));
        assert_eq!(first.alarm(Some(50)), Some(50));
        assert_eq!(second.alarm(Some(50)), None, "the first wakes then");
        assert_eq!(second.alarm(Some(40)), Some(40), "an earlier one is somebody's own");
        waiters.hidden(QUEUE, 45);
        assert!(!told(&first.notify), "the alarm rings before");
        waiters.hidden(QUEUE, 30);
        assert!(told(&first.notify), "nobody would wake in time");
        drop(second);
        assert!(told(&first.notify), "who had the alarm left");
        drop(waiters.join(QUEUE));
        assert!(told(&first.notify), "nobody has one: the next to look may find what that one left");
        assert_eq!(first.alarm(Some(45)), Some(45));
        assert_eq!(first.alarm(None), None);
    }

    #[test]
    fn nobody_is_told_of_what_nobody_waits_for() {
        let waiters = Waiters::default();
        let waiting = waiters.join(QUEUE);
        waiters.wake(QueueId(2));
        assert!(!told(&waiting.notify));
        waiters.wake(QUEUE);
        assert!(told(&waiting.notify));
    }
}
