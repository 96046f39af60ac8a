//! Receives: as many messages as there is room for, one long poll after another.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::types::Message;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep, timeout};

use crate::calls::{MAX_MESSAGES, PAUSE};
use crate::error::Error;
use crate::event::Event;
use crate::held::{Held, margin};
use crate::job::Job;
use crate::shared::Shared;

/// A receive under way at a stop gets so long to come back. One that is dropped may have taken messages already, and they stay away
/// for a visibility timeout.
const LAST_POLL: Duration = Duration::from_millis(1_500);
/// The longest pause between two receives that fail.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

impl Shared {
    /// A receiver: takes messages until the worker stops, or its budget is spent. Several run side by side.
    pub(crate) async fn receive_all(self: Arc<Self>) {
        let mut failing = Failing::default();
        while !self.ending.is_cancelled() && !self.settings.budget.as_ref().is_some_and(|budget| budget.is_spent()) {
            let Some(Some(mut room)) = self.ending.run_until_cancelled(self.wait_for_room()).await else { return };
            let want = match &self.settings.budget {
                Some(budget) => budget.reserve(room.num_permits() as i64) as usize,
                None => room.num_permits(),
            };
            if want == 0 {
                // Others have asked for the rest; what they don't get is free again.
                drop(room);
                self.pause(PAUSE).await;
                continue;
            }
            room.split(room.num_permits() - want);
            // What doesn't come is free again, also where the worker is dropped meanwhile.
            let reserved = self.settings.budget.as_ref().map(|budget| budget.part(want as i64));
            let received = self.receive(room, self.poll()).await;
            if let Some(reserved) = reserved {
                reserved.came(received.as_ref().map_or(0, |jobs| jobs.len() as i64));
            }
            match received {
                Ok(jobs) => {
                    failing = Failing::default();
                    if jobs.is_empty() && self.settings.budget.is_some() {
                        // Those who wait for a part of the budget come first: their queue may hold something.
                        self.pause(PAUSE * 2).await;
                    }
                }
                Err(Error::Stopped) => return,
                Err(error) => {
                    self.trouble_of(&error);
                    if error.is_final() || failing.since.elapsed() > self.settings.patience.unwrap_or(Duration::MAX) {
                        return self.fail(error);
                    }
                    self.pause(failing.next_pause()).await;
                    self.tell(Event::Again);
                }
            }
        }
    }

    /// Room for as many messages as a receive may bring. It waits until it pays to ask: what waits here lasts meanwhile.
    async fn wait_for_room(&self) -> Option<OwnedSemaphorePermit> {
        let most = self.settings.receive.clamp(1, MAX_MESSAGES);
        let least = (self.settings.buffer / 2).clamp(1, most);
        let mut room = self.room.clone().acquire_many_owned(least as u32).await.ok()?;
        while room.num_permits() < most
            && let Ok(more) = self.room.clone().try_acquire_owned()
        {
            room.merge(more);
        }
        Some(room)
    }

    /// How many seconds a receive waits. What it brings at its end is hidden since its begin at worst, and must last to be worked on.
    fn poll(&self) -> i32 {
        let most = self.kept().map_or(20, |visibility| (visibility.as_secs() / 2).clamp(1, 20) as i32);
        self.settings.poll.clamp(0, most)
    }

    /// One receive of as many messages as there are places in `room`. What came is on its way to its handler, or given back
    /// where the worker stops.
    pub(crate) async fn receive(
        self: &Arc<Self>,
        room: OwnedSemaphorePermit,
        poll: i32,
    ) -> Result<Vec<Arc<Job>>, Error> {
        {
            let mut state = self.state.lock();
            if state.stopping {
                return Err(Error::Stopped);
            }
            state.receiving += 1;
        }
        let asked = Instant::now();
        let mut receiving = Box::pin(self.call_receive(room.num_permits(), poll));
        let answer = tokio::select! {
            biased;
            answer = &mut receiving => answer,
            () = self.ending.cancelled() => timeout(LAST_POLL, receiving).await.unwrap_or_else(|_| Ok(Vec::new())),
        };
        let jobs = answer.map(|messages| self.accept(messages, asked, room));
        self.state.lock().receiving -= 1;
        self.less.notify_waiters();
        jobs
    }

    /// Takes what a receive brought that began when it `asked`.
    fn accept(
        self: &Arc<Self>,
        messages: Vec<Message>,
        asked: Instant,
        mut room: OwnedSemaphorePermit,
    ) -> Vec<Arc<Job>> {
        self.tell(Event::Received { n: messages.len(), bytes: messages.iter().map(size).sum() });
        if messages.is_empty() {
            return Vec::new();
        }
        let now = Instant::now();
        let until = self.kept().map(|visibility| {
            // A poll of one second is all of a visibility of one second: then it is hidden since now, as far as one can tell.
            let since = if visibility.as_secs() < 2 { now } else { asked };
            (since + visibility, visibility)
        });
        let limit = asked + self.settings.longest_hold();
        let late = until.is_some_and(|(until, visibility)| now >= until - margin(visibility));
        let (mut came, mut jobs) = (Vec::with_capacity(messages.len()), Vec::with_capacity(messages.len()));
        for mut message in messages {
            let receipt = message.receipt_handle.take().unwrap_or_default();
            let job = Job::take(&mut message);
            if late {
                self.tell(Event::LeaseLost { job: &job, why: "it came too late to be worked on" });
                continue;
            }
            let Some(place) = room.split(1) else { break };
            let message = (self.next_number(), job, receipt, message.message_attributes.unwrap_or_default());
            let held = Arc::new(Held::new(message, self.queue.fifo, until, limit, place));
            jobs.push(held.job.clone());
            came.push(held);
        }
        let mut state = self.state.lock();
        state.held.extend(came.iter().map(|held| (held.number, held.clone())));
        if state.stopping {
            drop(state);
            let shared = self.clone();
            self.spawn(async move { shared.give_back(came).await });
            return Vec::new();
        }
        for held in came {
            let lane = held.lane.clone();
            state.buffer.push(&lane, held);
        }
        drop(state);
        self.came.notify_one();
        self.pump();
        jobs
    }

    /// A pause that a stop ends.
    pub(crate) async fn pause(&self, time: Duration) {
        self.ending.run_until_cancelled(sleep(time)).await;
    }
}

/// The bytes of a message that count: its body, and its attributes' names, types and values.
fn size(message: &Message) -> usize {
    let attributes = message.message_attributes.iter().flatten().map(|(name, value)| {
        let blob = value.binary_value().map_or(0, |blob| blob.as_ref().len());
        name.len() + value.data_type().len() + value.string_value().map_or(0, str::len) + blob
    });
    message.body().map_or(0, str::len) + attributes.sum::<usize>()
}

/// Receives that fail one after another.
struct Failing {
    since: Instant,
    pauses: u32,
}

impl Default for Failing {
    fn default() -> Self {
        Self { since: Instant::now(), pauses: 0 }
    }
}

impl Failing {
    fn next_pause(&mut self) -> Duration {
        self.pauses += 1;
        (PAUSE * 3 * 2_u32.pow(self.pauses.min(5) - 1)).min(LONGEST_PAUSE)
    }
}
