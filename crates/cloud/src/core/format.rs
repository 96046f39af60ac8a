//! Of which format the log's records are. The data folder says so before the first record of a newer kind is written: an older
//! program then refuses the folder by its format, and doesn't stumble over a record.

use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use log::LogError;

type Note = Box<dyn Fn(u32) -> io::Result<()> + Send + Sync>;

/// The newest format of the log's records.
pub(super) struct Format {
    newest: AtomicU32,
    /// Says so in the data folder, if there is one.
    note: OnceLock<Note>,
}

impl Format {
    pub(super) fn of(newest: u32) -> Self {
        Self { newest: AtomicU32::new(newest), note: OnceLock::new() }
    }

    /// From now on `note` says it, beginning with what was found in the log.
    pub(super) fn note_by(&self, note: impl Fn(u32) -> io::Result<()> + Send + Sync + 'static) -> io::Result<()> {
        note(self.newest.load(Ordering::Relaxed))?;
        _ = self.note.set(Box::new(note));
        Ok(())
    }

    /// A record of this format is about to be written.
    pub(super) fn rise(&self, format: u32) -> Result<(), LogError> {
        if format <= self.newest.load(Ordering::Relaxed) {
            return Ok(());
        }
        if let Some(note) = self.note.get() {
            note(format).map_err(|cause| LogError::Io {
                action: "write",
                file: "the marker of the data folder".to_owned(),
                cause: Arc::new(cause),
            })?;
        }
        self.newest.store(format, Ordering::Relaxed);
        Ok(())
    }
}
