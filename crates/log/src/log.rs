//! The log's handle: what its owner does with it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, AtomicU64};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use bytes::Bytes;
use parking_lot::{Condvar, Mutex, RwLock};

use super::disk::Disk;
use super::end::End;
use super::frame::frame_bytes;
use super::location::{Appended, Location, Position};
use super::mark::Mark;
use super::options::{Durability, Options};
use super::queue::{MAX_TRANSACTION, Queue};
use super::recovery::Recovery;
use super::replay::Apply;
use super::reserve::Reserve;
use super::scan::SegmentScan;
use super::segment::Segment;
use super::shared::{Progress, Shared, Work};
use super::space::Space;
use super::{LogError, recover};

/// The log: append under the owner's lock, commit outside of it.
pub struct Log {
    pub(super) shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Log {
    /// Opens the log on `disk` and replays every whole transaction, in order, a frame at a time, into `apply`.
    ///
    /// Blocks. When it refuses a damaged log, it has cut nothing.
    pub fn open(disk: Arc<dyn Disk>, options: Options, apply: Apply) -> Result<(Self, Recovery), LogError> {
        let found = recover::recover(&disk, options.durability, apply)?;
        let most = disk.space().map_or(u64::MAX, Space::segment);
        let segment_bytes = options.segment_bytes.min(u32::try_from(most).unwrap_or(u32::MAX));
        let syncs_groups = options.durability == Durability::Power;
        let queue = Queue::new(found.tail, found.offset, segment_bytes, syncs_groups);
        let shared = Arc::new(Shared {
            disk,
            durability: options.durability,
            queue: Mutex::new(queue),
            group: Mutex::default(),
            durable: AtomicU64::new(0),
            segments: RwLock::new(found.segments),
            synced_through: AtomicU32::new(found.synced_through),
            poison: OnceLock::new(),
            work: Mutex::new(Work { sealed: VecDeque::from(found.unsynced), ..Work::default() }),
            wake: Condvar::new(),
            progress: tokio::sync::watch::Sender::new(Progress::default()),
            removal: Mutex::new(()),
            reserve: Reserve::default(),
            seen: Mutex::default(),
        });
        shared.begin()?;
        shared.begin_reserve();
        // Notes what is there from now on; if the files can't be read yet, a later look will.
        _ = shared.find_harm();
        let thread = match options.durability {
            Durability::Memory => None,
            Durability::Process | Durability::Power => {
                let shared = shared.clone();
                let builder = std::thread::Builder::new().name("log".to_owned());
                Some(builder.spawn(move || shared.run()).map_err(LogError::io("start", "the log's thread"))?)
            }
        };
        Ok((Self { shared, thread }, found.report))
    }

    /// Adds a transaction of `frames` to what waits to be written. No I/O: copies, and says where the frames will lie.
    ///
    /// The order of appends is the order of the log. Once appended, a transaction is never taken back.
    pub fn append(&self, frames: &[&[u8]]) -> Result<Appended, LogError> {
        let mut queue = self.shared.queue.lock();
        let bytes = frames.iter().map(|frame| frame_bytes(frame.len()) as usize).sum();
        if bytes > MAX_TRANSACTION {
            return Err(LogError::TooLarge { what: "transaction", bytes, limit: MAX_TRANSACTION });
        }
        queue.admit(bytes)?;
        let roll_at = queue.segment_bytes;
        queue.append(frames, roll_at, |planned| self.plan(planned))
    }

    /// Whether the next transaction is taken; if not, what waits is written once more. Ask before you decide: what was decided
    /// goes to [`append_decided`](Self::append_decided). With little room on the disk only what `frees` space is taken.
    ///
    /// Returns how many bytes the transaction may have: more would leave too little of the disk for what frees space.
    pub fn admit(&self, frees: bool) -> Result<u64, LogError> {
        let (refused, room, max) = {
            let queue = self.shared.queue.lock();
            (queue.admit(0).is_err(), queue.room, queue.max_transaction)
        };
        if refused {
            // A poisoned log would pass as long as nothing waits, and what is decided then could never be written.
            self.shared.poison.get().map_or_else(|| self.retry(), |poison| Err(poison.clone()))?;
        }
        let little = room == 0 || self.shared.reserve.is_low();
        let max = if little { self.shared.admit_by_room(frees, room)? } else { max };
        Ok(if frees { u64::MAX } else { max })
    }

    /// As [`append`](Self::append) for a transaction that was admitted, and can't be refused any more since its changes are
    /// made: where the disk failed in the meantime, it waits with the others for the disk. It opens another segment if this
    /// one would grow beyond `roll_at` bytes.
    pub fn append_decided(&self, frames: &[&[u8]], roll_at: u32) -> Result<Appended, LogError> {
        self.shared.queue.lock().append(frames, roll_at, |planned| self.plan(planned))
    }

    fn plan(&self, planned: &Arc<Segment>) {
        self.shared.segments.write().insert(planned.number, planned.clone());
    }

    /// The last appended transaction: what a reply that only read must wait for, if it may have read what isn't durable.
    pub fn position(&self) -> Position {
        self.shared.queue.lock().position
    }

    /// Returns when everything up to `position` is as durable as promised, or could not be made so.
    ///
    /// In `process` the caller itself writes for all that wait: a write into the page cache takes less than handing it to
    /// someone else. It first lets every other ready task have its turn, so that one write serves them all (measured with
    /// 16 tasks that do 7 us of work each: a quarter less CPU; alone, 1 us more).
    ///
    /// Whoever stops waiting leaves what it appended to the next commit, or to [`retry`](Self::retry).
    pub async fn commit(&self, position: Position) -> Result<(), LogError> {
        if self.shared.durable() >= position {
            return Ok(());
        }
        match self.shared.durability {
            Durability::Memory => self.shared.write_through(position),
            Durability::Process => {
                tokio::task::yield_now().await;
                match self.shared.durable() >= position {
                    true => Ok(()),
                    false => self.shared.write_through(position),
                }
            }
            Durability::Power => self.shared.written_by_thread(position.min(self.position())).await,
        }
    }

    /// Writes whatever waits, what an earlier attempt could not write first. For a background tick, and for a clean stop.
    ///
    /// Blocks; in `power` for a sync.
    pub fn retry(&self) -> Result<(), LogError> {
        self.shared.write_through(self.position())
    }

    /// Why appends are refused at the moment, if they are.
    pub fn refusal(&self) -> Option<LogError> {
        self.shared.queue.lock().refusal.clone()
    }

    /// What somebody did to a file under the log, if anything: took it away, put another in its place, cut it short. For a
    /// background tick: it looks at every file, and reads the last bytes.
    pub fn find_harm(&self) -> Result<Option<String>, LogError> {
        self.shared.find_harm()
    }

    /// Where the log ends, as far as it is written.
    pub fn end(&self) -> Result<Option<End>, LogError> {
        self.shared.end()
    }

    /// Whether the log ended there once. False as well if that segment was removed since.
    pub fn ended_at(&self, end: End) -> Result<bool, LogError> {
        self.shared.ended_at(end)
    }

    /// Stops all writes until a restart, for a reason from outside the log, which everyone who waits is told.
    pub fn give_up(&self, reason: String) {
        // Not before a write that is under way is done: what it acknowledges was acknowledged before.
        let _no_write = self.shared.group.lock();
        self.shared.give_up(reason);
    }

    /// Why nothing is written until a restart, if nothing is.
    pub fn gave_up(&self) -> Option<&LogError> {
        self.shared.poison.get()
    }

    /// Whether there is so little room that only what frees space is taken, with what to tell of it.
    pub fn low(&self) -> Option<LogError> {
        self.shared.reserve.is_low().then(|| self.shared.full())
    }

    /// Checks how much room there is on the disk, and whether it is enough again.
    pub fn check_room(&self) {
        self.shared.check_room();
    }

    /// Whether space should be given back even where that costs something.
    pub fn is_tight(&self) -> bool {
        self.shared.is_tight()
    }

    /// Bytes that can still be written to give space back, half of the reserve included.
    pub fn available(&self) -> u64 {
        self.shared.available()
    }

    /// The payload of a committed frame, verified. It may share memory with what lay around it: copy what is kept.
    pub fn read(&self, location: Location) -> Result<Bytes, LogError> {
        self.open_segment(location.segment).ok_or(LogError::NoSegment(location))?.read(location.offset)
    }

    /// A handle that keeps a segment readable, also after [`remove`](Self::remove).
    pub fn open_segment(&self, segment: u32) -> Option<Arc<Segment>> {
        self.shared.segment(segment)
    }

    /// All segments and the bytes that are written to each, oldest first.
    pub fn segments(&self) -> Vec<(u32, u64)> {
        self.shared.segments.read().iter().map(|(number, segment)| (*number, segment.bytes().into())).collect()
    }

    /// Bytes beyond which no segment grows by itself: what was asked for, or less on a small disk.
    pub fn segment_bytes(&self) -> u32 {
        self.shared.queue.lock().segment_bytes
    }

    /// The segment that the next transaction goes to (unless it opens another).
    pub fn tail(&self) -> u32 {
        self.shared.queue.lock().tail.number
    }

    /// Bytes on disk.
    pub fn bytes(&self) -> u64 {
        self.segments().iter().map(|(_, bytes)| bytes).sum()
    }

    /// The frames of a segment, as far as it is written.
    pub fn scan(&self, segment: u32) -> Result<SegmentScan, LogError> {
        let missing = LogError::NoSegment(Location { segment, offset: 0 });
        let Some(segment) = self.open_segment(segment) else { return Err(missing) };
        let file = segment.file().ok_or(missing)?;
        Ok(SegmentScan::new(&segment, file.clone()))
    }

    /// All that is appended, for a look at it as it is now, whatever comes behind it or is removed later. Whoever looks must
    /// [`commit`](Self::commit) first what is appended now.
    pub fn mark(&self) -> Mark {
        let (tail, offset, position) = {
            let queue = self.shared.queue.lock();
            (queue.tail.number, queue.offset, queue.position)
        };
        let segments = self.shared.segments.read().range(..=tail).map(|(_, segment)| segment.clone()).collect();
        Mark { segments, offset, position }
    }

    /// Deletes a sealed segment, once everything appended before this call would survive a power cut.
    ///
    /// Any sealed segment can go, in any order. Blocks for a sync or two.
    pub fn remove(&self, segment: u32) -> Result<(), LogError> {
        self.shared.remove(segment)
    }
}

impl Drop for Log {
    /// Stops the thread. What was appended and never committed is not written.
    fn drop(&mut self) {
        self.shared.work.lock().stop = true;
        self.shared.wake.notify_all();
        if let Some(thread) = self.thread.take() {
            // It panicked only if a Disk did; there is nobody left to tell.
            let _ = thread.join();
        }
    }
}
