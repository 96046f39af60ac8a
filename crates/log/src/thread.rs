//! The log's thread.
//!
//! In `power` the thread writes and syncs a group while the next one gathers, so that no caller's thread waits for a disk.
//! In `process` it syncs sealed segments: their callers were answered long ago, but then a power cut can only cost the end
//! of the log, and a later start can tell that from damage. In `memory` there is none.

use std::sync::atomic::Ordering;

use super::shared::Shared;
use super::{Durability, LogError, Position};

impl Shared {
    /// The thread's life.
    pub(crate) fn run(&self) {
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
    pub(crate) async fn written_by_thread(&self, position: Position) -> Result<(), LogError> {
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
