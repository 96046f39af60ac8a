//! The marker: a small text that says that a folder is a data folder, and in which format. It is written when the log is there,
//! so where it stands without a log, the log is gone.

use std::io::{self, Read, Write};
use std::sync::Arc;

use parking_lot::Mutex;

use directory::Directory;

pub(super) const NAME: &str = "messaging-data";
/// A marker that isn't finished.
pub(super) const UNFINISHED: &str = "messaging-data.new";
/// The newest format of data folders that this program reads and writes. A folder has the oldest that all of it can be read by: it
/// begins with [`FIRST`], and rises with the first record of a newer kind.
///
/// Format 2 has bytes of objects in its log, and states that were loaded.
pub(super) const FORMAT: u32 = 2;
/// The format of a new folder.
const FIRST: u32 = 1;

const TITLE: &str = "messaging data folder, format ";

/// The format that a folder's marker names; none without a marker.
pub(super) fn read(folder: &Directory) -> io::Result<Option<u32>> {
    if folder.entry(NAME)?.is_none() {
        return Ok(None);
    }
    let mut text = String::new();
    folder.read(NAME)?.take(200).read_to_string(&mut text)?;
    let format = text.strip_prefix(TITLE).and_then(|rest| rest.lines().next()?.parse().ok()).filter(|it| *it > 0);
    format.map(Some).ok_or_else(|| io::Error::other("it doesn't say what it should, which is the folder's format"))
}

/// Whether the file of a marker that isn't finished holds the beginning of one.
pub(super) fn is_unfinished(folder: &Directory) -> io::Result<bool> {
    let mut bytes = Vec::new();
    folder.read(UNFINISHED)?.take(200).read_to_end(&mut bytes)?;
    Ok((FIRST..=FORMAT).any(|format| format!("{TITLE}{format}\n").as_bytes().starts_with(&bytes)))
}

/// The marker of a folder that is held.
#[derive(Debug)]
pub(crate) struct Marker {
    folder: Arc<Directory>,
    format: Mutex<u32>,
}

impl Marker {
    /// The one that says this format, or a new one.
    pub(super) fn of(folder: Arc<Directory>, format: Option<u32>) -> io::Result<Self> {
        let format = match format {
            Some(format) => format,
            None => {
                write(&folder, FIRST)?;
                FIRST
            }
        };
        Ok(Self { folder, format: Mutex::new(format) })
    }

    /// The folder is about to hold what came up with this format.
    pub(crate) fn rise(&self, format: u32) -> io::Result<()> {
        let mut now = self.format.lock();
        if format > *now {
            write(&self.folder, format)?;
            *now = format;
        }
        Ok(())
    }
}

/// Writes the marker, whole or not at all, so that it survives a power cut.
fn write(folder: &Directory, format: u32) -> io::Result<()> {
    if folder.entry(UNFINISHED)?.is_some() {
        folder.remove(UNFINISHED)?;
    }
    let mut file = folder.new_file(UNFINISHED)?;
    writeln!(file, "{TITLE}{format}")?;
    file.sync_all()?;
    folder.rename(UNFINISHED, folder, NAME)?;
    folder.sync()
}
