//! The data folder: which folder may be taken, what in it is ours, and whether it is still where it was.
//!
//! ```text
//! messaging-data    the marker: this is a data folder, of this format
//! lock              who holds it
//! log/              the log's segments
//! log.end           where the log ended: which log is this folder's
//! ca.pem            the certificate that whoever speaks TLS to the server trusts; made when it is first asked for
//! objects/          the bytes of S3's objects
//! lost/             bytes that no object names since a part of the log was lost; made when there are some
//! ```
//!
//! A start takes a folder that is empty, one with a marker, or one with a log of ours (versions before the marker made those).
//! Any other is refused, and not a byte of it is touched: whoever gives the wrong folder loses nothing. No link is followed in
//! it; the folder's own path may lead through links.

mod end;
mod home;
mod inspect;
mod marker;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

pub(crate) use self::home::Home;
pub(crate) use self::inspect::{is_blob, is_shard};
pub(crate) use self::marker::Marker;

use self::inspect::inspect;
use directory::Directory;
use log::{self, DirectoryDisk, DirectoryLock, End, LogError};

/// The certificate of the folder's authority.
const CERTIFICATE: &str = "ca.pem";
/// A certificate that isn't finished.
const UNFINISHED_CERTIFICATE: &str = "ca.pem.new";
/// Entries that a text names, of many.
const NAMED: usize = 3;
/// The log's folder.
const LOG: &str = "log";
/// The folder of S3's objects.
pub(crate) const OBJECTS: &str = "objects";
/// Where bytes are put that the log may have named.
pub(crate) const LOST: &str = "lost";

/// Why a folder isn't taken.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It holds what is not ours.
    #[error(
        "{} isn't empty and isn't a data folder ({entries}): nothing in it was touched; choose an empty folder, or one that \
         isn't there yet", folder.display()
    )]
    Foreign {
        /// The folder that was given.
        folder: PathBuf,
        /// Some of its entries, by name.
        entries: String,
    },
    /// It is ours, and its log is not there.
    #[error(
        "{} is a data folder whose log is gone ({what}): nothing in it was touched; put {LOG}/ back from where it went, or \
         choose another folder to begin anew", folder.display()
    )]
    NoLog {
        /// The folder that was given.
        folder: PathBuf,
        /// Which part is missing.
        what: String,
    },
    /// A newer version of this program made it.
    #[error(
        "{} has data folder format {version}, made by a newer version of this program, which reads format {known}: nothing in \
         it was touched", folder.display()
    )]
    Newer {
        /// The folder that was given.
        folder: PathBuf,
        /// The format that its marker says.
        version: u32,
        /// The newest format that this program reads.
        known: u32,
    },
    /// An entry of it can't be used, before anything was done.
    #[error("can't use {}: {cause}; nothing in the folder was touched", path.display())]
    Entry {
        /// What can't be used.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// Something of it can't be read or written.
    #[error("can't use {}: {cause}", path.display())]
    Failed {
        /// What can't be used.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
}

/// A data folder that this process holds.
pub struct DataFolder {
    path: PathBuf,
    directory: Arc<Directory>,
    marker: Arc<Marker>,
    lock: DirectoryLock,
    log: Arc<Directory>,
    objects: Arc<Directory>,
    noted: Mutex<Option<End>>,
    privacy: Privacy,
}

/// What became of what others than the owner could do in the folder.
#[derive(Debug, Default, Clone, Copy)]
pub struct Privacy {
    /// It was taken from them.
    was_open: bool,
    /// It couldn't be: somebody else owns it, or the file system knows no owners.
    is_open: bool,
}

impl Privacy {
    /// Counts one entry that was closed to others, or needn't be, or couldn't be.
    pub fn count(&mut self, closed: io::Result<bool>) {
        match closed {
            Ok(closed) => self.was_open |= closed,
            Err(_) => self.is_open = true,
        }
    }

    fn and(self, other: Self) -> Self {
        Self { was_open: self.was_open || other.was_open, is_open: self.is_open || other.is_open }
    }
}

impl DataFolder {
    /// Takes the folder, and makes it if there is none; `open_log` opens the log in it. What it refuses is left as it is, but
    /// for `lock`. Then what others may do in the folder is taken from them.
    pub fn open<T>(
        path: &Path,
        open_log: impl FnOnce(DirectoryDisk) -> Result<T, LogError>,
    ) -> Result<(Self, T), OpenError> {
        let failed = |cause| FolderError::Failed { path: path.to_owned(), cause };
        Directory::make(path).map_err(failed)?;
        let directory = Arc::new(Directory::open(path).map_err(failed)?);
        inspect(&directory, path)?;
        let lock = log::lock_directory(&directory, path)?;
        // Once more: it may have been another's until now.
        let format = inspect(&directory, path)?;
        let within = |name: &str| {
            let path = path.join(name);
            move |cause| FolderError::Failed { path, cause }
        };
        let log = Arc::new(directory.folder_or_new(LOG).map_err(within(LOG))?);
        let opened = open_log(DirectoryDisk::of(log.clone()))?;
        let objects = Arc::new(directory.folder_or_new(OBJECTS).map_err(within(OBJECTS))?);
        // The log is there: from now on a start that doesn't find it knows that it is gone.
        let marker = Arc::new(Marker::of(directory.clone(), format).map_err(within(marker::NAME))?);
        let mut privacy = Privacy::default();
        privacy.count(directory.close_to_others());
        for name in [log::LOCK, marker::NAME, end::NAME, LOG, OBJECTS, LOST] {
            privacy.count(closed(&directory, name));
        }
        for name in log.names().map_err(within(LOG))?.into_iter().flatten().filter(|name| log::is_ours(name)) {
            privacy.count(closed(&log, &name));
        }
        let noted = Mutex::new(end::read(&directory).map_err(within(end::NAME))?);
        Ok((Self { path: path.to_owned(), directory, marker, lock, log, objects, noted, privacy }, opened))
    }

    /// What says of which format the folder is.
    pub(crate) fn marker(&self) -> Arc<Marker> {
        self.marker.clone()
    }

    /// Where the log ended when that was last noted; none when it isn't known.
    pub fn noted_end(&self) -> Option<End> {
        *self.noted.lock()
    }

    /// Notes where the log ends, unless that is noted. Where it can't be, a later start knows less, and that is all.
    pub fn note_end(&self, end: End) {
        let mut noted = self.noted.lock();
        if *noted != Some(end) && end::write(&self.directory, end).is_ok() {
            *noted = Some(end);
        }
    }

    /// Keeps the certificate of the folder's authority where its owner finds it. What else has its name goes.
    pub fn keep_certificate(&self, pem: &str) -> io::Result<()> {
        let directory = &self.directory;
        if directory.entry(UNFINISHED_CERTIFICATE)?.is_some() {
            directory.remove(UNFINISHED_CERTIFICATE)?;
        }
        directory.new_file(UNFINISHED_CERTIFICATE)?.write_all(pem.as_bytes())?;
        directory.rename(UNFINISHED_CERTIFICATE, directory, CERTIFICATE)
    }

    /// The folder of S3's objects.
    pub fn objects(&self) -> &Arc<Directory> {
        &self.objects
    }

    /// The folder for bytes that the log may have named, made if there is none.
    pub fn lost(&self) -> io::Result<Directory> {
        self.directory.folder_or_new(LOST)
    }

    /// Whether there is such a folder.
    pub fn has_lost(&self) -> io::Result<bool> {
        Ok(self.directory.entry(LOST)?.is_some())
    }

    /// What the operator should know of who can read the folder and these objects in it.
    pub fn notice(&self, objects: Privacy) -> Option<String> {
        let path = self.path.display();
        let known = "could be read by other users of this machine, and its secrets with it";
        match self.privacy.and(objects) {
            Privacy { is_open: true, .. } => {
                Some(format!("{path} {known}, and it can't be closed to them here: give it to its owner alone"))
            }
            Privacy { was_open: true, .. } => Some(format!("{path} {known}: now only by its owner")),
            _ => None,
        }
    }

    /// What of the folder is no longer where it was, if anything isn't.
    pub fn gone(&self) -> Option<String> {
        let path = self.path.display();
        if !self.directory.is_at(&self.path) {
            return Some(format!("the data folder {path} was removed, moved away or replaced"));
        }
        let entries = [
            (self.lock.holds(&self.directory), log::LOCK),
            (self.directory.holds(LOG, &*self.log), LOG),
            (self.directory.holds(OBJECTS, &*self.objects), OBJECTS),
        ];
        let gone = entries.into_iter().find(|(is_there, _)| !is_there);
        gone.map(|(_, name)| format!("{name} was removed from the data folder {path}, moved away or replaced"))
    }
}

/// Takes from others what they may do with an entry, if there is one; whether they could.
fn closed(directory: &Directory, name: &str) -> io::Result<bool> {
    match directory.entry(name)? {
        Some(entry) if entry.is_open => directory.close_entry_to_others(name),
        _ => Ok(false),
    }
}

/// The first few of some names.
pub(crate) fn listed(names: &[String]) -> String {
    let mut text = names.iter().take(NAMED).map(|name| name.escape_debug().to_string()).collect::<Vec<_>>().join(", ");
    if names.len() > NAMED {
        text += &format!(" and {} more", names.len() - NAMED);
    }
    text
}

/// Why a folder can't be opened: it isn't one of ours, or somebody holds it.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It isn't a folder of ours, or can't be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// Its log can't be opened, or another process holds it.
    #[error(transparent)]
    Log(#[from] LogError),
}
