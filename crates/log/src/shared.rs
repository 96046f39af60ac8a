//! What the log's handle and its thread share.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use parking_lot::{Condvar, Mutex, RwLock};
use tokio::sync::watch;

use super::disk::Disk;
use super::end::End;
use super::queue::{Group, Queue};
use super::reserve::Reserve;
use super::segment::Segment;
use super::{Durability, LogError, Position};

pub(super) struct Shared {
    pub disk: Arc<dyn Disk>,
    pub durability: Durability,
    /// Taken last, and never for longer than a copy.
    pub queue: Mutex<Queue>,
    /// Taken for as long as a write (and in `power` a sync) lasts.
    pub group: Mutex<Group>,
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
    /// The last position that is as durable as promised.
    pub(crate) fn durable(&self) -> Position {
        Position(self.durable.load(Ordering::Acquire))
    }

    /// A segment that there is, by its number.
    pub(crate) fn segment(&self, number: u32) -> Option<Arc<Segment>> {
        self.segments.read().get(&number).cloned()
    }
}
