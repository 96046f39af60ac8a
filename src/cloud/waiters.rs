//! Long polls that wait for a message: woken by the commit that brings one.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::engine::QueueId;

/// Who waits for which queue.
#[derive(Debug, Default)]
pub struct Waiters {
    queues: Mutex<HashMap<QueueId, (usize, Arc<Notify>)>>,
    waiting: AtomicUsize,
}

/// One long poll's place among the waiters; dropping it leaves.
#[derive(Debug)]
pub struct Waiting<'w> {
    waiters: &'w Waiters,
    queue: QueueId,
    /// Notified once for each message that comes.
    pub notify: Arc<Notify>,
}

impl Waiters {
    /// Joins before the queue is looked at, so that no message slips between the look and the wait.
    pub fn join(&self, queue: QueueId) -> Waiting<'_> {
        let notify = {
            let mut queues = self.queues.lock();
            let (count, notify) = queues.entry(queue).or_default();
            *count += 1;
            notify.clone()
        };
        self.waiting.fetch_add(1, Ordering::SeqCst);
        Waiting { waiters: self, queue, notify }
    }

    /// A message came to the queue, or may have become visible: one of its waiters looks again.
    pub fn wake(&self, queue: QueueId) {
        if self.waiting.load(Ordering::SeqCst) == 0 {
            return;
        }
        if let Some((_, notify)) = self.queues.lock().get(&queue) {
            notify.notify_one();
        }
    }

    /// The queue is gone or changed: all of its waiters look again.
    pub fn wake_all(&self, queue: QueueId) {
        if let Some((_, notify)) = self.queues.lock().get(&queue) {
            notify.notify_waiters();
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.waiters.waiting.fetch_sub(1, Ordering::SeqCst);
        let mut queues = self.waiters.queues.lock();
        if let Some((count, _)) = queues.get_mut(&self.queue) {
            *count -= 1;
            if *count == 0 {
                queues.remove(&self.queue);
            }
        }
    }
}
