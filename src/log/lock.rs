//! One process at a time in a data folder.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use super::LogError;

const NAME: &str = "lock";

/// Holds the folder until it is dropped or the process ends, however it ends.
#[derive(Debug)]
pub struct DirectoryLock {
    _file: File,
}

/// Takes the folder for this process; creates it when it isn't there.
///
/// The lock is the operating system's, on the file `lock` within, so none is left behind by a `kill -9`. The file says
/// who holds it.
pub fn lock_directory(folder: &Path) -> Result<DirectoryLock, LogError> {
    let name = || folder.display().to_string();
    std::fs::create_dir_all(folder).map_err(LogError::io("create", name()))?;
    let path = folder.join(NAME);
    let failed = |action| LogError::io(action, path.display().to_string());
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed("open"))?;
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
            return Err(LogError::Locked { folder: name(), holder });
        }
        Err(TryLockError::Error(error)) => return Err(failed("lock")(error)),
    }
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .map_err(failed("write"))?;
    Ok(DirectoryLock { _file: file })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_lock_is_refused_and_says_who_holds_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/data");
        let held = lock_directory(&path).unwrap();
        let error = lock_directory(&path).unwrap_err().to_string();
        assert!(error.contains(&format!("process {}", std::process::id())), "{error}");
        assert!(error.contains("new/data"), "{error}");
        drop(held);
        lock_directory(&path).unwrap();
    }
}
