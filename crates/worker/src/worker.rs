//! A worker: its parts put together, from the first receive to the last message given back.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::error::Error;
use crate::event::Listener;
use crate::hand::Hand;
use crate::handler::Handler;
use crate::held::{Done, Loss, moment};
use crate::queue::Queue;
use crate::settings::Settings;
use crate::shared::Shared;

/// What is left to tell SQS after the grace gets so long.
const LAST_CALLS: Duration = Duration::from_secs(8);

/// Takes messages of a queue, and has them worked on.
pub struct Worker {
    shared: Arc<Shared>,
    done: mpsc::UnboundedReceiver<Done>,
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Worker({})", self.shared.queue.url)
    }
}

impl Worker {
    /// A worker of a queue. The client tries requests again by itself as its own configuration says.
    pub fn new(client: aws_sdk_sqs::Client, queue: Queue, settings: Settings, handler: Arc<dyn Handler>) -> Self {
        let (deletes, done) = mpsc::unbounded_channel();
        Self { shared: Arc::new(Shared::new(client, queue, settings, handler, deletes)), done }
    }

    /// Tells a listener of all that happens; one more with each call.
    pub fn listen(self, listener: Listener) -> Self {
        self.shared.listeners.write().push(listener);
        self
    }

    /// Receives on demand, while the worker runs.
    pub fn hand(&self) -> Hand {
        Hand { shared: self.shared.clone() }
    }

    /// Works until it is told to `stop`, its budget is spent, or the queue is gone or forbidden.
    ///
    /// After a stop nothing is begun: what waits goes back at once, what is worked on gets [`Settings::grace`]. To drop this future is to
    /// crash: nothing is given back, and each message comes again when its visibility ends.
    ///
    /// # Errors
    /// The request's that ended it.
    pub async fn run(self, stop: CancellationToken) -> Result<(), Error> {
        let Self { shared, done } = self;
        let _killed_at_the_end = shared.kill.clone().drop_guard();
        shared.spawn(shared.clone().collect(done));
        shared.spawn(shared.clone().keep());
        shared.running.store(true, Ordering::Release);
        let mut receivers = JoinSet::new();
        for _ in 0..shared.settings.receivers {
            receivers.spawn(shared.clone().receive_all());
        }
        let all_done = async {
            if receivers.is_empty() {
                std::future::pending::<()>().await;
            }
            while receivers.join_next().await.is_some() {}
            shared.until_idle().await;
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            () = shared.ending.cancelled() => {}
            () = all_done => {}
        }
        shared.end().await;
        // Who waited for a last answer has it by now, or never will.
        while receivers.join_next().await.is_some() {}
        shared.take_failure().map_or(Ok(()), Err)
    }
}

impl Shared {
    /// The end: what waits goes back, what is worked on gets its grace.
    async fn end(self: &Arc<Self>) {
        self.ending.cancel();
        let waiting = {
            let mut state = self.state.lock();
            state.stopping = true;
            let mut waiting = state.buffer.drain();
            waiting.sort_by_key(|held| held.number);
            waiting
        };
        let (shared, tell) = (self.clone(), !waiting.is_empty());
        if tell {
            self.spawn(async move { shared.give_back(waiting).await });
        }
        if timeout(self.settings.grace, self.until_idle()).await.is_ok() {
            return;
        }
        let held: Vec<_> = self.state.lock().held.values().cloned().collect();
        for held in &held {
            self.lose(held, Loss::Stopped);
        }
        if timeout(moment(self.measure()) + LAST_CALLS, self.until_idle()).await.is_err() {
            self.trouble("what was held at the end comes back when its visibility ends: SQS didn't answer in time");
        }
    }
}
