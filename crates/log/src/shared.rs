//! What the log's handle and its thread share, and the thread.
//!
//! In `power` the thread writes and syncs a group while the next one gathers, so that no caller's thread waits for a disk.
//! In `process` it syncs sealed segments: their callers were answered long ago, but then a power cut can only cost the end
//! of the log, and a later start can tell that from damage. In `memory` there is none.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use parking_lot::{Condvar, Mutex, RwLock};
use tokio::sync::watch;

use super::disk::Disk;
use super::queue::Queue;
use super::reserve::Reserve;
use super::segment::Segment;
use super::watch::End;
use super::writer::Writer;
use super::{Durability, LogError, Position};

pub(super) struct Shared {
    pub disk: Arc<dyn Disk>,
    pub durability: Durability,
    /// Taken last, and never for longer than a copy.
    pub queue: Mutex<Queue>,
    /// Taken for as long as a write (and in `power` a sync) lasts.
    pub writer: Mutex<Writer>,
    /// The last position that is as durable as promised.
    pub durable: AtomicU64,
    /// All segments there are, planned ones included.
    pub segments: RwLock<BTreeMap<u32, Arc<Segment>>>,
    /// All sealed segments up to this one are synced.
    pub synced_through: AtomicU32,
    pub poison: OnceLock<LogError>,
    pub work: Mutex<Work>,
    pub wake: Condvar,
    pub progress: watch::Sender<Progress>,
    /// One removal at a time.
    pub removal: Mutex<()>,
    pub reserve: Reserve,
    /// Where the log ended at the last look at its files.
    pub seen: Mutex<Option<End>>,
}

/// What the thread is asked to do.
#[derive(Default)]
pub(super) struct Work {
    pub wanted: Position,
    pub sealed: VecDeque<Arc<Segment>>,
    pub stop: bool,
}

/// What the thread says after every group.
#[derive(Default)]
pub(super) struct Progress {
    pub rounds: u64,
    /// Why the last round failed, if it did.
    pub failed: Option<LogError>,
}

impl Shared {
    pub fn durable(&self) -> Position {
        Position(self.durable.load(Ordering::Acquire))
    }

    pub fn segment(&self, number: u32) -> Option<Arc<Segment>> {
        self.segments.read().get(&number).cloned()
    }

    /// The thread's life.
    pub fn run(&self) {
        loop {
            let (wanted, sealed) = {
                let mut work = self.work.lock();
                while !work.stop && work.wanted == Position(0) && work.sealed.is_empty() {
                    self.wake.wait(&mut work);
                }
                if work.stop {
                    return;
                }
                (std::mem::take(&mut work.wanted), work.sealed.pop_front())
            };
            if self.durability == Durability::Power {
                let result = self.write_through(wanted);
                self.progress.send_modify(|progress| {
                    progress.rounds += 1;
                    progress.failed = result.err();
                });
            }
            if let Some(sealed) = sealed
                && self.sync(&sealed).and_then(|()| self.sync_names()).is_ok()
            {
                self.synced_through.fetch_max(sealed.number, Ordering::AcqRel);
            }
        }
    }

    /// Waits until the thread wrote and synced up to `position`, or failed to.
    pub async fn written_by_thread(&self, position: Position) -> Result<(), LogError> {
        let mut progress = self.progress.subscribe();
        let rounds = progress.borrow_and_update().rounds;
        {
            let mut work = self.work.lock();
            work.wanted = work.wanted.max(position);
        }
        self.wake.notify_one();
        loop {
            // Looked at before the position: a round that ends between the two wakes the wait below.
            let failed = {
                let progress = progress.borrow_and_update();
                progress.failed.clone().filter(|_| progress.rounds > rounds)
            };
            if self.durable() >= position {
                return Ok(());
            }
            if let Some(error) = failed {
                return Err(error);
            }
            // The sender lives in `self`: it can't be gone.
            let _ = progress.changed().await;
        }
    }
}
