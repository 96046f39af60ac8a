//! What a folder is, found out without touching anything.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::{FolderError, LOG, LOST, OBJECTS, end, listed, marker};
use directory::{Directory, Kind};

/// What stands in an empty folder all the same: a desktop's, a file system's, a repository's.
const DROPPINGS: [&str; 6] = [".DS_Store", ".gitignore", ".gitkeep", ".localized", "Thumbs.db", "lost+found"];

/// The format of a folder that may be taken, or why it may not. None has one that is empty, or has what the very beginning of a first
/// start leaves; and one with a log of ours and no marker: a version before the marker made it, or a first start that was ended.
pub(super) fn inspect(folder: &Directory, path: &Path) -> Result<Option<u32>, FolderError> {
    let here = |name: &dyn AsRef<Path>, cause: io::Error| FolderError::Entry { path: path.join(name), cause };
    for (name, kind) in [
        (marker::NAME, Kind::File),
        (marker::UNFINISHED, Kind::File),
        (log::LOCK, Kind::File),
        (end::NAME, Kind::File),
        (LOG, Kind::Folder),
        (OBJECTS, Kind::Folder),
        (LOST, Kind::Folder),
    ] {
        is_of_kind(folder, name, kind).map_err(|cause| here(&name, cause))?;
    }
    let version = marker::read(folder).map_err(|cause| here(&marker::NAME, cause))?;
    if let Some(version) = version.filter(|version| *version > marker::FORMAT) {
        return Err(FolderError::Newer { folder: path.to_owned(), version, known: marker::FORMAT });
    }
    let log = Log::look(folder).map_err(|(name, cause)| here(&name, cause))?;
    let is_known = version.is_some() || log.begins;
    let objects = Objects::look(folder, is_known).map_err(|(name, cause)| here(&name, cause))?;
    let no_log = |what: String| FolderError::NoLog { folder: path.to_owned(), what };
    if version.is_some() {
        return match log.segments {
            true => Ok(version),
            false => Err(no_log(format!("no segment is in {LOG}/"))),
        };
    }
    if log.begins {
        return Ok(None);
    }
    let foreign = foreign(folder, &log, &objects).map_err(|cause| here(&"", cause))?;
    if !foreign.is_empty() {
        return Err(FolderError::Foreign { folder: path.to_owned(), entries: listed(&foreign) });
    }
    match objects.blobs {
        0 => Ok(None),
        count => Err(no_log(format!("{count} files of S3 objects are in {OBJECTS}/"))),
    }
}

/// Every entry of a data folder that would be used is what it should be, and nobody else's as well: what a second name leads
/// to may be somebody's own file.
fn is_of_kind(folder: &Directory, name: &str, kind: Kind) -> io::Result<()> {
    match folder.entry(name)? {
        Some(entry) if entry.kind != kind => Err(io::Error::other(entry.kind.isnt(kind))),
        Some(entry) if kind == Kind::File && entry.names > 1 => Err(io::Error::other(log::SECOND_NAME)),
        _ => Ok(()),
    }
}

/// What is in the log's folder.
struct Log {
    /// Segments, or what is left of segments that were removed.
    segments: bool,
    /// One of them begins as a segment does.
    begins: bool,
    /// Something that a log's first moment doesn't leave.
    foreign: bool,
}

/// An error, and the entry that it is about.
type Looked<T> = Result<T, (PathBuf, io::Error)>;

impl Log {
    fn look(folder: &Directory) -> Looked<Self> {
        let mut found = Self { segments: false, begins: false, foreign: false };
        let path = PathBuf::from(LOG);
        let failed = |cause| (path.clone(), cause);
        if folder.entry(LOG).map_err(failed)?.is_none() {
            return Ok(found);
        }
        let log = folder.folder(LOG).map_err(failed)?;
        for name in log.names().map_err(failed)? {
            let Some(name) = name.filter(|name| log::is_ours(name)) else {
                found.foreign = true;
                continue;
            };
            let failed = |cause| (path.join(&name), cause);
            is_of_kind(&log, &name, Kind::File).map_err(failed)?;
            found.segments |= !log::is_aside(&name);
            if log::is_segment(&name) {
                let bytes = first_bytes(&log, &name).map_err(failed)?;
                found.begins |= log::begins_segment(&name, &bytes);
                found.foreign |= !log::is_begun(&name, &bytes);
            } else {
                // Whatever stands beside segments is made after the first has begun.
                found.foreign = true;
            }
        }
        Ok(found)
    }
}

fn first_bytes(log: &Directory, name: &str) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    log.read(name)?.take(log::HEADER.into()).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What is in the objects' folder.
struct Objects {
    /// Files with the names of blobs, in the folders of blobs.
    blobs: usize,
    /// Something else.
    foreign: bool,
}

impl Objects {
    /// `is_known`: only the folders of blobs are looked at, since what is in them decides nothing.
    fn look(folder: &Directory, is_known: bool) -> Looked<Self> {
        let mut found = Self { blobs: 0, foreign: false };
        let path = PathBuf::from(OBJECTS);
        let failed = |cause| (path.clone(), cause);
        if folder.entry(OBJECTS).map_err(failed)?.is_none() {
            return Ok(found);
        }
        let objects = folder.folder(OBJECTS).map_err(failed)?;
        for name in objects.names().map_err(failed)? {
            let Some(name) = name.filter(|name| is_shard(name)) else {
                found.foreign = true;
                continue;
            };
            let failed = |cause| (path.join(&name), cause);
            is_of_kind(&objects, &name, Kind::Folder).map_err(failed)?;
            if is_known {
                continue;
            }
            for blob in objects.folder(&name).and_then(|shard| shard.names()).map_err(failed)? {
                match blob.is_some_and(|blob| is_blob(&blob) && blob.starts_with(&name)) {
                    true => found.blobs += 1,
                    false => found.foreign = true,
                }
            }
        }
        Ok(found)
    }
}

/// Two lower-case hex digits: a folder of blobs.
pub(crate) fn is_shard(name: &str) -> bool {
    name.len() == 2 && is_hex(name)
}

/// 32 lower-case hex digits: a blob.
pub(crate) fn is_blob(name: &str) -> bool {
    name.len() == 32 && is_hex(name)
}

fn is_hex(name: &str) -> bool {
    name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The entries that no first start of ours leaves.
fn foreign(folder: &Directory, log: &Log, objects: &Objects) -> io::Result<Vec<String>> {
    let mut foreign = Vec::new();
    for name in folder.names()? {
        let Some(name) = name else {
            foreign.push("a name that isn't UTF-8".to_owned());
            continue;
        };
        let ours = match name.as_str() {
            marker::UNFINISHED => marker::is_unfinished(folder)?,
            log::LOCK => names_a_process(folder)?,
            LOG => !log.foreign,
            OBJECTS => !objects.foreign,
            name if DROPPINGS.contains(&name) => true,
            // `simulate` keeps its folder in the one of `local`.
            name => is_data_folder(folder, name)?,
        };
        if !ours {
            foreign.push(name);
        }
    }
    foreign.sort();
    Ok(foreign)
}

/// Whether the file `lock` says what ours does: nothing, or a process's number.
fn names_a_process(folder: &Directory) -> io::Result<bool> {
    let mut text = Vec::new();
    folder.read(log::LOCK)?.take(100).read_to_end(&mut text)?;
    Ok(text.len() < 20 && text.trim_ascii_end().iter().all(u8::is_ascii_digit))
}

/// Whether an entry is a data folder of its own.
fn is_data_folder(folder: &Directory, name: &str) -> io::Result<bool> {
    if folder.entry(name)?.is_none_or(|entry| entry.kind != Kind::Folder) {
        return Ok(false);
    }
    // What may not be looked into is foreign, whatever it is.
    let Ok(within) = folder.folder(name) else { return Ok(false) };
    Ok(marker::read(&within).is_ok_and(|version| version.is_some()) || Log::look(&within).is_ok_and(|log| log.begins))
}
