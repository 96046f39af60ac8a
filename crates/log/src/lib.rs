//! The durable record: an append-only log of transactions in segments.
//!
//! It knows bytes, not what they mean. A *frame* is one record (length, CRC32C, payload); a *transaction* is one or more
//! frames that a replay sees together or not at all; a *group* is what one write takes to the disk: every transaction that
//! waited.
//!
//! # What is promised
//!
//! [`Log::commit`] returns when a transaction is as durable as [`Durability`] says. If the disk takes no more, it says so:
//! a failed write answers every commit that waited for it with [`LogError::Write`], keeps the bytes (who appended them
//! has already acted on them), and refuses appends until they are written by a later attempt ([`Log::retry`]). A failed
//! sync poisons the log for good, since nobody can say what the disk holds.
//!
//! # What a start makes of a crash
//!
//! Segments are replayed in order. Where bytes are no whole frame, it is either a *torn tail*, which was never
//! acknowledged: it is cut, and [`Recovery`] says what was cut; or *damage*, which may have been acknowledged:
//! [`LogError::Damaged`] names file and offset, and nothing is skipped. The two are told apart like this:
//!
//! - In the same boot of the machine, the page cache holds what was written in the order in which it was written, so a
//!   `kill -9` leaves at most a torn end. Any whole frame behind the bad one, or any later segment: damage.
//! - When the machine was started anew since (Linux's boot id is in each segment's header), everything that was never
//!   synced may be lost in any order, page by page. It is damage only if the place is known to have been synced: a
//!   later frame was marked so, or a later segment's header says so. Otherwise everything from there on is cut: no more
//!   than `process` and `memory` promise, and in `power` nothing that was acknowledged.
//!
//! A frame whose end was acknowledged and then damaged in the very last write can't be told from a torn one: it is cut,
//! and the start says so. That the last segment is there at all is told by a note beside it.
//!
//! # Where things are
//!
//! ```text
//! log       the handle: append, commit, read, remove      location  places in the log
//! queue     what waits to be written                      options   how a log is opened
//! writer    writes a group of transactions                thread    syncs; in `power` it writes as well
//! shared    what the handle and the thread share          segment   reads records from one segment
//! frame     a record's bytes                              header    a segment's first bytes, and the files' names
//! recover   opens a log, by way of files, replay, scan    recovery  what a start tells of the log it found
//! torn      torn tail or damage                           last      notes of the last segment
//! remove    removes segments                              inspect, end    whether the files are still the log's own
//! room      what a full disk still takes                  reserve, space  the room that is kept, and that is there
//! disk      what the log needs of a disk; a folder        memory, faulty  disks in memory, and for tests
//! lock      one process at a time in a folder             error     what can go wrong
//! mark      all that is appended at a moment
//! ```

mod disk;
mod end;
mod error;
// Not behind a feature: what `cargo run` has built would be built anew for `cargo test`.
#[doc(hidden)]
pub mod faulty;
mod files;
mod frame;
mod header;
mod inspect;
mod last;
mod location;
mod lock;
mod log;
mod mark;
mod memory;
mod options;
mod queue;
mod recover;
mod recovery;
mod remove;
mod replay;
mod reserve;
mod room;
mod scan;
mod segment;
mod shared;
mod space;
#[cfg(test)]
mod tests;
mod thread;
mod torn;
mod writer;

pub use self::disk::{DirectoryDisk, Disk, FileId, SECOND_NAME, SegmentFile};
pub use self::end::End;
pub use self::error::LogError;
pub use self::frame::{MAX_PAYLOAD, frame_bytes, locations};
pub use self::header::{HEADER, begins_segment, is_begun, is_segment};
pub use self::last::{is_aside, is_ours};
pub use self::location::{Appended, Location, Position};
pub use self::lock::{DirectoryLock, LOCK, lock_directory};
pub use self::log::Log;
pub use self::mark::Mark;
pub use self::memory::MemoryDisk;
pub use self::options::{Durability, Options};
pub use self::queue::MAX_TRANSACTION;
pub use self::recovery::{Cut, Recovery};
pub use self::replay::Apply;
pub use self::scan::SegmentScan;
pub use self::segment::{Segment, read_many};
pub use self::space::{Space, is_full};
