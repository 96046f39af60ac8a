//! The one owner of the engine and the log: every command is decided and applied in order, and no reply leaves before its
//! changes are in the log.

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::clock::Clock;
use super::transaction::{Frames, Transaction};
use super::waiters::Waiters;
use super::wire::AwsError;
use crate::engine::change::{Change, Sent};
use crate::engine::queue::{Picked, Receive};
use crate::engine::{Engine, Millis, Place, QueueId, Seq};
use crate::log::{Durability, Log, LogError};

/// The engine, the log and the clock.
pub struct Core {
    state: Mutex<State>,
    log: Log,
    clock: Clock,
    pub waiters: Waiters,
    /// A stream got a record or was declared: the flusher looks again.
    pub streams: Notify,
    ids: std::sync::atomic::AtomicU64,
}

struct State {
    engine: Engine,
    frames: Frames,
    opener: Frames,
}

/// A message that a consumer got.
#[derive(Debug, Clone)]
pub struct Handed {
    pub picked: Picked,
    pub message_id: String,
    /// The payload's record: decode with [`sent`].
    pub payload: Bytes,
}

/// Reads the message in a payload's record, whether as first written or as a compaction copied it.
pub fn sent(record: &[u8]) -> Result<Sent<'_>, AwsError> {
    match postcard::from_bytes::<Change<'_>>(record) {
        Ok(Change::Sent(sent)) => Ok(sent),
        Ok(Change::Restated(restated)) => sent(restated.payload),
        _ => Err(AwsError::internal("the log holds no message where a message was expected")),
    }
}

impl Core {
    /// Opens the log and replays it.
    pub fn open(log: Log, engine: Engine, clock: Clock, seed: u128) -> Self {
        let core = Self {
            state: Mutex::new(State { engine, frames: Frames::default(), opener: Frames::default() }),
            log,
            clock,
            waiters: Waiters::default(),
            streams: Notify::new(),
            ids: std::sync::atomic::AtomicU64::new(seed as u64),
        };
        core
    }

    /// The time.
    pub fn now(&self) -> Millis {
        self.clock.now()
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// What was promised to survive.
    pub fn durability(&self) -> Durability {
        self.log.durability()
    }

    /// The log, for its figures.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Looks at the state. Short: the whole cloud waits.
    pub fn read<R>(&self, look: impl FnOnce(&mut Engine, Millis) -> R) -> R {
        let now = self.now();
        look(&mut self.state.lock().engine, now)
    }

    /// Decides and applies under the lock, then waits until the log holds it. Short: the whole cloud waits while it decides.
    pub async fn execute<R>(
        &self,
        decide: impl FnOnce(&mut Transaction<'_>) -> Result<R, AwsError>,
    ) -> Result<R, AwsError> {
        let (result, position, wake, wake_streams) = {
            let now = self.now();
            let mut state = self.state.lock();
            let State { engine, frames, opener } = &mut *state;
            frames.clear();
            let mut transaction = Transaction { engine, now, frames, wake: Vec::new(), wake_streams: false };
            let result = decide(&mut transaction);
            let (wake, wake_streams) = (std::mem::take(&mut transaction.wake), transaction.wake_streams);
            let position = self.append(engine, frames, opener)?;
            (result, position, wake, wake_streams)
        };
        // Also a reply that changed nothing waits: it may tell of what isn't in the log yet.
        self.log.commit(position).await.map_err(unavailable)?;
        wake.into_iter().for_each(|queue| self.waiters.wake(queue));
        if wake_streams {
            self.streams.notify_one();
        }
        result
    }
}

fn unavailable(error: LogError) -> AwsError {
    AwsError::new(503, "ServiceUnavailable", format!("the log can't be written: {error}"))
}
