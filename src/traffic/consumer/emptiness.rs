//! Whether a queue is empty: looks at its counts whenever a receive brings nothing.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_sdk_sqs::Client;
use tokio::sync::Notify;
use tokio::time::sleep;

use super::queue::{Left, count_left};
use super::{Listener, Notice, Plan};
use crate::aws::attempts::Watch;

/// The counts of a queue are approximate: it is empty when that was seen so often in a row.
const EMPTY_LOOKS: u32 = 2;
/// The pause between two looks.
const PAUSE: Duration = Duration::from_secs(1);

/// What receives tell of a queue.
#[derive(Debug, Default)]
pub(super) struct Emptiness {
    seen: AtomicU32,
    came_back: Notify,
}

impl Emptiness {
    /// A receive brought so many messages.
    pub(super) fn note(&self, messages: usize) {
        match messages {
            0 => self.came_back.notify_one(),
            _ => self.seen.store(0, Ordering::Relaxed),
        }
    }

    /// Resolves when the queue holds nothing: visible, in flight or delayed. It doesn't while nobody can tell.
    pub(super) async fn reached(&self, client: &Client, plan: &Plan, watch: &Watch, listener: &Listener) {
        loop {
            self.came_back.notified().await;
            let notify = |notice: Notice<'_>| listener(plan.api, notice);
            match count_left(client, &plan.queue_url, watch).await {
                Ok(Left { visible, in_flight, delayed }) => {
                    notify(Notice::Left { visible, in_flight, delayed });
                    if visible + in_flight + delayed > 0 {
                        self.seen.store(0, Ordering::Relaxed);
                    } else if self.seen.fetch_add(1, Ordering::Relaxed) + 1 >= EMPTY_LOOKS {
                        return;
                    }
                }
                Err(error) if !error.kind.may_pass() => {
                    notify(Notice::Trouble { why: &error.to_string(), lost: false });
                }
                // The attempts told of it.
                Err(_) => {}
            }
            sleep(PAUSE).await;
        }
    }
}
