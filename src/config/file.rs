//! Files that are read whole: settings, templates, keys.
//!
//! Any of them may come with a cloned folder, so none is taken for what its name says: a pipe would be waited for, for
//! ever and deaf to signals, and a device such as `/dev/zero` read until there is no memory left.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{Error, ErrorKind, Read as _, Result};
use std::path::Path;

/// The text of a regular file of at most so many bytes. A larger one is [`ErrorKind::FileTooLarge`], and what isn't a
/// regular file or no UTF-8 is [`ErrorKind::InvalidInput`] or [`ErrorKind::InvalidData`]; none of these errors tells what
/// is in the file.
pub(crate) fn read(path: &Path, at_most: u64) -> Result<String> {
    let file = open_regular(path)?;
    let found = file.metadata()?;
    let mut text = String::new();
    // A file may grow meanwhile, and those of /proc say that they are empty.
    let read = file.take(at_most + 1).read_to_string(&mut text);
    if found.len() > at_most || text.len() as u64 > at_most {
        let bytes = found.len().max(text.len() as u64);
        return Err(Error::new(ErrorKind::FileTooLarge, format!("it has {bytes} bytes, more than {at_most}")));
    }
    read.map_err(|error| match error.kind() {
        ErrorKind::InvalidData => Error::new(ErrorKind::InvalidData, "it is no text in UTF-8"),
        _ => error,
    })?;
    Ok(text)
}

/// A regular file, to be read by its lines. Anything else is [`ErrorKind::InvalidInput`].
pub(crate) fn open_regular(path: &Path) -> Result<File> {
    // Before it is opened: that alone does something to some devices.
    regular(&std::fs::metadata(path)?)?;
    let file = open(path)?;
    regular(&file.metadata()?)?;
    Ok(file)
}

fn regular(found: &Metadata) -> Result<()> {
    match found.is_file() {
        true => Ok(()),
        false => Err(Error::new(ErrorKind::InvalidInput, "it is no regular file")),
    }
}

/// What became a pipe since it was looked at isn't waited for either (`open(2)`: `O_NONBLOCK`).
fn open(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags.bits().cast_signed());
    }
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_its_bytes_at_most() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        std::fs::write(&path, "12345").unwrap();
        assert_eq!(read(&path, 5).unwrap(), "12345");
        let error = read(&path, 4).unwrap_err();
        assert_eq!((error.kind(), &*error.to_string()), (ErrorKind::FileTooLarge, "it has 5 bytes, more than 4"));
        std::fs::write(&path, b"\xff").unwrap();
        assert_eq!(read(&path, 5).unwrap_err().to_string(), "it is no text in UTF-8");
        assert_eq!(read(dir.path(), 5).unwrap_err().kind(), ErrorKind::InvalidInput);
        assert_eq!(read(&dir.path().join("none"), 5).unwrap_err().kind(), ErrorKind::NotFound);
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_not_read() {
        for device in ["/dev/zero", "/dev/null"] {
            assert_eq!(read(Path::new(device), 5).unwrap_err().kind(), ErrorKind::InvalidInput, "{device}");
        }
    }

    /// A file of /proc says that it is empty and isn't.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_holds_more_than_it_says_is_cut() {
        assert_eq!(read(Path::new("/proc/self/status"), 5).unwrap_err().kind(), ErrorKind::FileTooLarge);
    }
}
