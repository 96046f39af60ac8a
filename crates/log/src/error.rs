//! What can go wrong with the log, each with the file and the offset.

use std::io;
use std::sync::Arc;

use super::Location;

/// An error of the log. Cloneable: one failed write answers every request that waited for it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LogError {
    /// A file operation other than an append failed.
    #[error("can't {action} {file}: {cause}")]
    Io {
        /// What was tried, e.g. `read`.
        action: &'static str,
        /// The file's name.
        file: String,
        /// What the operating system says.
        cause: Arc<io::Error>,
    },

    /// An append failed. Nothing in it is acknowledged; the bytes are kept and written at the next attempt.
    #[error("can't write {file} at byte {offset}: {cause}")]
    Write {
        /// The file's name.
        file: String,
        /// The place in the file, in bytes.
        offset: u64,
        /// What the operating system says.
        cause: Arc<io::Error>,
    },

    /// Appends are refused until the bytes that an earlier write could not place are written.
    #[error("the log takes no writes for now: {reason}")]
    Unavailable {
        /// Why.
        reason: String,
    },

    /// The disk is nearly full, and what is left is kept for what frees space.
    #[error(
        "{place} is full: only what frees space is taken (receiving, deleting, purging) until there is room again; delete \
         what isn't needed, or give it more room"
    )]
    Full {
        /// What to call the disk.
        place: String,
    },

    /// The disk has room, and not for this one transaction.
    #[error("the disk has no room for {bytes} bytes: what is left is kept for what frees space")]
    NoRoom {
        /// Bytes of the transaction.
        bytes: usize,
    },

    /// A sync failed: what the disk holds is unknown, so nothing more is written until a restart.
    #[error("the log takes no writes until a restart: {reason}")]
    Poisoned {
        /// Why.
        reason: String,
    },

    /// More waits to be written than the log holds in memory.
    #[error("the log is behind: {pending} bytes wait to be written")]
    Behind {
        /// Bytes that wait.
        pending: usize,
    },

    /// One frame or transaction is larger than the format allows.
    #[error("a {what} of {bytes} bytes is more than the log takes ({limit})")]
    TooLarge {
        /// `record` or `transaction`.
        what: &'static str,
        /// How many bytes it has.
        bytes: usize,
        /// The most bytes.
        limit: usize,
    },

    /// The bytes are not what was written, and it is not a torn tail.
    #[error("{file} is damaged at byte {offset}: {what}")]
    Damaged {
        /// The file's name.
        file: String,
        /// The place in the file, in bytes.
        offset: u64,
        /// What is wrong.
        what: String,
    },

    /// A file that the log needs is gone.
    #[error("{file} is missing: the log's files before and after it are there, or say that it was; put it back")]
    Missing {
        /// The file's name.
        file: String,
    },

    /// The last file of the log is gone.
    #[error(
        "{file} is missing, and {note} says that it was the log's last: put it back. Or remove {note}, and the log goes on \
         without what was in {file}"
    )]
    LastMissing {
        /// The file's name.
        file: String,
        /// The name of the note.
        note: String,
    },

    /// Written by another version of this program.
    #[error("{file} has log format {version}; this program reads format {known}")]
    UnknownFormat {
        /// The file's name.
        file: String,
        /// The file's version.
        version: u32,
        /// The version that is known.
        known: u32,
    },

    /// The receiver of the replay refused a frame.
    #[error("{file}: the record at byte {offset} can't be applied: {reason}")]
    Rejected {
        /// The file's name.
        file: String,
        /// The place in the file, in bytes.
        offset: u64,
        /// Why.
        reason: String,
    },

    /// No such segment: never written, or removed.
    #[error("no segment {} in the log (asked for byte {})", .0.segment, .0.offset)]
    NoSegment(Location),

    /// The segment that is being written can't be removed.
    #[error("segment {0} is still being written")]
    Unsealed(u32),

    /// Another process holds the folder.
    #[error("{folder} is in use by {holder}: stop it, or choose another data folder")]
    Locked {
        /// The folder's path.
        folder: String,
        /// Who holds it.
        holder: String,
    },
}

impl LogError {
    pub(super) fn io(action: &'static str, file: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let file = file.into();
        move |cause| Self::Io { action, file, cause: Arc::new(cause) }
    }

    pub(super) fn damaged(file: impl Into<String>, offset: impl Into<u64>, what: impl Into<String>) -> Self {
        Self::Damaged { file: file.into(), offset: offset.into(), what: what.into() }
    }
}
