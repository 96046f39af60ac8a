//! One process at a time in a data folder.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::LogError;
use super::disk::SECOND_NAME;
use directory::Directory;

/// The lock's file.
pub const LOCK: &str = "lock";

/// Holds the folder until it is dropped or the process ends, however it ends.
#[derive(Debug)]
pub struct DirectoryLock {
    file: File,
}

impl DirectoryLock {
    /// Whether the lock still keeps others out of the folder: nobody removed its file, or put another in its place.
    pub fn holds(&self, folder: &Directory) -> bool {
        folder.holds(LOCK, &self.file)
    }
}

/// Takes the folder for this process; `path` is its name in errors.
///
/// The lock is the operating system's, on the file `lock` within, so none is left behind by a `kill -9`. The file says
/// who holds it.
pub fn lock_directory(folder: &Directory, path: &Path) -> Result<DirectoryLock, LogError> {
    let failed = |action| LogError::io(action, path.join(LOCK).display().to_string());
    let mut file = folder.write_or_new(LOCK).map_err(failed("open"))?;
    if file.metadata().map_err(failed("open"))?.nlink() > 1 {
        return Err(failed("use")(io::Error::other(SECOND_NAME)));
    }
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // What it says is a courtesy: unreadable is answered without.
            let _ = (&mut file).take(100).read_to_string(&mut holder);
            let holder = match holder.trim().parse::<u32>() {
                Ok(process) => format!("process {process}"),
                Err(_) => "another process".to_owned(),
            };
            return Err(LogError::Locked { folder: path.display().to_string(), holder });
        }
        Err(TryLockError::Error(error)) => return Err(failed("lock")(error)),
    }
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .map_err(failed("write"))?;
    Ok(DirectoryLock { file })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_lock_is_refused_and_says_who_holds_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/data");
        Directory::make(&path).unwrap();
        let directory = Directory::open(&path).unwrap();
        let held = lock_directory(&directory, &path).unwrap();
        let error = lock_directory(&directory, &path).unwrap_err().to_string();
        assert!(error.contains(&format!("process {}", std::process::id())), "{error}");
        assert!(error.contains("new/data"), "{error}");
        assert!(held.holds(&directory));
        std::fs::remove_file(path.join(LOCK)).unwrap();
        assert!(!held.holds(&directory));
        drop(held);
        lock_directory(&directory, &path).unwrap();
    }
}
