//! The marker: a small text that says that a folder is a data folder, and in which format. It is written when the log is there,
//! so where it stands without a log, the log is gone.

use std::io::{self, Read, Write};

use directory::Directory;

pub(super) const NAME: &str = "messaging-data";
/// A marker that isn't finished.
pub(super) const UNFINISHED: &str = "messaging-data.new";
/// The format of this version's data folders.
pub(super) const FORMAT: u32 = 1;

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
    Ok(format!("{TITLE}{FORMAT}\n").as_bytes().starts_with(&bytes))
}

/// Writes the marker, whole or not at all, so that it survives a power cut.
pub(super) fn write(folder: &Directory) -> io::Result<()> {
    if folder.entry(UNFINISHED)?.is_some() {
        folder.remove(UNFINISHED)?;
    }
    let mut file = folder.new_file(UNFINISHED)?;
    writeln!(file, "{TITLE}{FORMAT}")?;
    file.sync_all()?;
    folder.rename(UNFINISHED, folder, NAME)?;
    folder.sync()
}
