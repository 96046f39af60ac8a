//! A folder whose entries are reached by name from its open handle, and never through a symbolic link.
//!
//! Whoever can write into a folder, or hand one over (a cloned repository, an archive), can put a link where the program looks
//! for a file of its own. So nothing here follows one: what a link leads to is neither read, written nor deleted. What is made
//! here is readable by its owner only, whatever the umask.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Mode, OFlags};

const PRIVATE_FOLDER: u32 = 0o700;
const PRIVATE_FILE: u32 = 0o600;
/// What others than the owner may do.
const OTHERS: u32 = 0o077;
/// Everybody may make files in it, and nobody may take away another's: a folder that is shared on purpose, as `/tmp`.
const STICKY: u32 = 0o1000;

/// An open folder.
#[derive(Debug)]
pub struct Directory(File);

/// What an entry is, links not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link, wherever it leads.
    Link,
    /// A pipe, a socket, a device.
    Other,
}

/// What is known of an entry without opening it.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// In bytes.
    pub length: u64,
    /// How many names the file has.
    pub names: u64,
    /// Others than the owner may do something with it.
    pub is_open: bool,
    /// The device and the number on it.
    pub id: (u64, u64),
}

impl Directory {
    /// Opens a folder by the path that somebody gave: on the way there, and only there, links are followed.
    pub fn open(path: &Path) -> io::Result<Self> {
        let folder = File::open(path)?;
        if folder.metadata()?.is_dir() { Ok(Self(folder)) } else { Err(io::ErrorKind::NotADirectory.into()) }
    }

    /// Makes the folder `path`, and those above it that aren't there, for their owner only; no error if it is there.
    pub fn make(path: &Path) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(PRIVATE_FOLDER).create(path)
    }

    /// A folder in this one.
    pub fn folder(&self, name: &str) -> io::Result<Self> {
        let opened = self.open_at(name, OFlags::RDONLY | OFlags::DIRECTORY, 0);
        opened.map(Self).map_err(|error| self.explain(name, Kind::Folder, error))
    }

    /// A folder in this one; made if there is none.
    pub fn folder_or_new(&self, name: &str) -> io::Result<Self> {
        match rustix::fs::mkdirat(&self.0, name, Mode::from_raw_mode(PRIVATE_FOLDER as _)) {
            Ok(()) | Err(rustix::io::Errno::EXIST) => self.folder(name),
            Err(error) => Err(error.into()),
        }
    }

    /// A file in this folder, for reading.
    pub fn read(&self, name: &str) -> io::Result<File> {
        self.file(name, OFlags::RDONLY)
    }

    /// A file in this folder, for reading and writing.
    pub fn write(&self, name: &str) -> io::Result<File> {
        self.file(name, OFlags::RDWR)
    }

    /// As [`write`](Self::write); made if there is none.
    pub fn write_or_new(&self, name: &str) -> io::Result<File> {
        self.file(name, OFlags::RDWR | OFlags::CREATE)
    }

    /// A file that isn't there yet.
    pub fn new_file(&self, name: &str) -> io::Result<File> {
        self.open_at(name, OFlags::RDWR | OFlags::CREATE | OFlags::EXCL, PRIVATE_FILE)
    }

    /// The names of all entries; `None` for those that aren't UTF-8.
    pub fn names(&self) -> io::Result<Vec<Option<String>>> {
        let mut names = Vec::new();
        for entry in rustix::fs::Dir::read_from(&self.0)? {
            let entry = entry?;
            let name = entry.file_name();
            if ![&b"."[..], b".."].contains(&name.to_bytes()) {
                names.push(name.to_str().ok().map(str::to_owned));
            }
        }
        Ok(names)
    }

    /// What an entry is; `None` when there is none.
    pub fn entry(&self, name: &str) -> io::Result<Option<Entry>> {
        let stat = match rustix::fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(rustix::io::Errno::NOENT) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let mode = stat.st_mode as u32;
        Ok(Some(Entry {
            kind: match FileType::from_raw_mode(stat.st_mode) {
                FileType::RegularFile => Kind::File,
                FileType::Directory => Kind::Folder,
                FileType::Symlink => Kind::Link,
                _ => Kind::Other,
            },
            length: u64::try_from(stat.st_size).unwrap_or(0),
            #[allow(clippy::unnecessary_cast, reason = "its type differs between systems")]
            names: stat.st_nlink as u64,
            is_open: mode & OTHERS != 0,
            #[allow(clippy::unnecessary_cast, reason = "their types differ between systems")]
            id: (stat.st_dev as u64, stat.st_ino as u64),
        }))
    }

    /// Removes a file's name.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.0, name, AtFlags::empty())?)
    }

    /// Gives a file another name, in this folder or another; what had that name is replaced.
    pub fn rename(&self, name: &str, to: &Self, new: &str) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.0, name, &to.0, new)?)
    }

    /// Gives a file a second name, in this folder or another.
    pub fn link(&self, name: &str, to: &Self, new: &str) -> io::Result<()> {
        Ok(rustix::fs::linkat(&self.0, name, &to.0, new, AtFlags::empty())?)
    }

    /// Makes names survive a power cut.
    pub fn sync(&self) -> io::Result<()> {
        self.0.sync_all()
    }

    /// Whether the path still leads to this folder, as far as can be seen.
    pub fn is_at(&self, path: &Path) -> bool {
        match fs::metadata(path) {
            Ok(there) => self.0.metadata().is_ok_and(|this| id(&this) == id(&there)),
            Err(error) => !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory),
        }
    }

    /// Whether `name` is still the name of this open folder or file, as far as can be seen.
    pub fn holds(&self, name: &str, open: impl AsFd) -> bool {
        let Ok(there) = self.entry(name) else { return true };
        #[allow(clippy::unnecessary_cast, reason = "their types differ between systems")]
        let this = rustix::fs::fstat(open).map(|stat| (stat.st_dev as u64, stat.st_ino as u64));
        there.is_some_and(|there| this.is_ok_and(|this| this == there.id))
    }

    /// Takes from others what they may do with the folder itself, unless it is shared on purpose. Whether they could.
    pub fn close_to_others(&self) -> io::Result<bool> {
        if self.0.metadata()?.mode() & STICKY != 0 { Ok(false) } else { close_to_others(&self.0) }
    }

    /// The same with a file or folder in it. A file with a second name keeps its mode: that name is somebody's, perhaps.
    pub fn close_entry_to_others(&self, name: &str) -> io::Result<bool> {
        close_to_others(&self.open_at(name, OFlags::RDONLY, 0)?)
    }

    fn file(&self, name: &str, flags: OFlags) -> io::Result<File> {
        let opened = self.open_at(name, flags, PRIVATE_FILE);
        let file = opened.map_err(|error| self.explain(name, Kind::File, error))?;
        if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it isn't a file")) }
    }

    /// Not blocked by a pipe either: what isn't a file is found out once it is open.
    fn open_at(&self, name: &str, flags: OFlags, mode: u32) -> io::Result<File> {
        let flags = flags | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        Ok(File::from(rustix::fs::openat(&self.0, name, flags, Mode::from_raw_mode(mode as _))?))
    }

    /// The system says ELOOP of a link, or that it is no folder.
    fn explain(&self, name: &str, wanted: Kind, error: io::Error) -> io::Error {
        match self.entry(name) {
            Ok(Some(entry)) if entry.kind != wanted => io::Error::other(entry.kind.isnt(wanted)),
            _ => error,
        }
    }
}

impl AsFd for Directory {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Kind {
    /// Why it can't be taken for what is wanted.
    pub fn isnt(self, wanted: Self) -> &'static str {
        match (self, wanted) {
            (Self::Link, _) => "it is a symbolic link, and none is followed here",
            (_, Self::Folder) => "it isn't a folder",
            _ => "it isn't a file",
        }
    }
}

fn id(metadata: &fs::Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

fn close_to_others(file: &File) -> io::Result<bool> {
    let metadata = file.metadata()?;
    let mode = metadata.mode();
    if mode & OTHERS == 0 || (metadata.is_file() && metadata.nlink() > 1) {
        return Ok(false);
    }
    rustix::fs::fchmod(file, Mode::from_raw_mode((mode & 0o7700) as _))?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn nothing_is_reached_through_a_link() {
        let temporary = tempfile::tempdir().unwrap();
        let (path, victim) = (temporary.path().join("data"), temporary.path().join("victim"));
        Directory::make(&path).unwrap();
        fs::write(&victim, "theirs").unwrap();
        symlink(&victim, path.join("file")).unwrap();
        symlink(temporary.path(), path.join("folder")).unwrap();
        symlink(temporary.path().join("nowhere"), path.join("dangling")).unwrap();
        let directory = Directory::open(&path).unwrap();
        for result in [
            directory.read("file").map(drop),
            directory.write("file").map(drop),
            directory.write_or_new("file").map(drop),
            directory.write_or_new("dangling").map(drop),
            directory.folder("folder").map(drop),
            directory.folder_or_new("folder").map(drop),
        ] {
            assert!(result.unwrap_err().to_string().contains("is a symbolic link"));
        }
        assert!(directory.new_file("dangling").is_err());
        assert!(directory.close_entry_to_others("file").is_err());
        directory.remove("file").unwrap();
        assert_eq!(fs::read_to_string(&victim).unwrap(), "theirs");
        assert!(!temporary.path().join("nowhere").exists());
    }

    #[test]
    fn what_is_no_file_is_not_opened_as_one() {
        let temporary = tempfile::tempdir().unwrap();
        let directory = Directory::open(temporary.path()).unwrap();
        let made = std::process::Command::new("mkfifo").arg(temporary.path().join("pipe")).status().unwrap();
        assert!(made.success());
        directory.folder_or_new("folder").unwrap();
        for name in ["pipe", "folder"] {
            assert!(directory.write(name).unwrap_err().to_string().contains("it isn't a file"), "{name}");
        }
        assert!(directory.folder("pipe").unwrap_err().to_string().contains("it isn't a folder"));
    }

    #[test]
    fn what_is_made_is_the_owners_alone_and_what_was_open_can_be_closed() {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("a/b");
        Directory::make(&path).unwrap();
        let directory = Directory::open(&path).unwrap();
        directory.new_file("file").unwrap();
        directory.folder_or_new("folder").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o7777;
        for (path, expected) in
            [(path.join(".."), 0o700), (path.clone(), 0o700), (path.join("file"), 0o600), (path.join("folder"), 0o700)]
        {
            assert_eq!(mode(&path), expected, "{path:?}");
        }
        fs::set_permissions(path.join("file"), fs::Permissions::from_mode(0o444)).unwrap();
        assert!(directory.close_entry_to_others("file").unwrap());
        assert!(!directory.close_entry_to_others("file").unwrap());
        assert_eq!(mode(&path.join("file")), 0o400, "nobody gets more than there was");
        for (before, after) in [(0o755, 0o700), (0o1777, 0o1777)] {
            fs::set_permissions(&path, fs::Permissions::from_mode(before)).unwrap();
            directory.close_to_others().unwrap();
            assert_eq!(mode(&path), after);
        }
    }

    #[test]
    fn a_replaced_folder_is_not_the_same() {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("a");
        Directory::make(&path.join("log")).unwrap();
        let directory = Directory::open(&path).unwrap();
        let log = directory.folder("log").unwrap();
        assert!(directory.is_at(&path) && directory.holds("log", &log));
        fs::rename(path.join("log"), path.join("other")).unwrap();
        assert!(!directory.holds("log", &log));
        directory.folder_or_new("log").unwrap();
        assert!(!directory.holds("log", &log));
        fs::rename(&path, temporary.path().join("b")).unwrap();
        assert!(!directory.is_at(&path));
    }
}
