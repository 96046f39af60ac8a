//! The file layer: what the log needs of a disk, and a folder that gives it.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::sync::Arc;

use super::space::Space;
use directory::{Directory, Kind};

/// A folder of files, named without their folder.
pub trait Disk: Send + Sync {
    /// The names of all files.
    fn list(&self) -> io::Result<Vec<String>>;
    /// An empty file. One that exists loses this name, and no byte: it may have another name.
    fn create(&self, name: &str) -> io::Result<Arc<dyn SegmentFile>>;
    /// A file that exists; an error if there is none.
    fn open(&self, name: &str) -> io::Result<Arc<dyn SegmentFile>>;
    /// Which file has this name, and its bytes; none when there is none.
    fn look(&self, name: &str) -> io::Result<Option<(FileId, u64)>> {
        match self.open(name) {
            Ok(file) => Ok(Some((file.id()?, file.length()?))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
    /// Gives a file another name, whole or not at all.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Deletes the name; handles that are open keep reading.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Makes creations and removals survive a power cut.
    fn sync(&self) -> io::Result<()>;
    /// The room there is; none if that can't be known, or never ends.
    fn space(&self) -> Option<Space> {
        None
    }
    /// What to call it when something is said of it.
    fn place(&self) -> String {
        "the disk".to_owned()
    }
    /// Names the life of the machine since it started: it changes when unsynced bytes may have been lost. All zeros when
    /// unknown.
    fn boot(&self) -> [u8; 16];
}

/// The device and the number on it, where there are such.
pub type FileId = (u64, u64);

/// One open file.
pub trait SegmentFile: Send + Sync {
    /// Bytes in the file.
    fn length(&self) -> io::Result<u64>;
    /// Tells it from every other file of the disk, whatever its name.
    fn id(&self) -> io::Result<FileId>;
    /// Fills `buffer` from `offset`; fewer bytes only where the file ends.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
    /// So many bytes from `offset`; fewer only where the file ends.
    fn read(&self, length: usize, offset: u64) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        let read = self.read_at(&mut bytes, offset)?;
        bytes.truncate(read);
        Ok(bytes)
    }
    /// Writes all the bytes from `offset` on; beyond the file's end it grows.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Cuts the file to `length` bytes, or fills it with zeros up to there.
    fn truncate(&self, length: u64) -> io::Result<()>;
    /// Takes room on the disk for the file's first `bytes` bytes.
    fn allocate(&self, bytes: u64) -> io::Result<()> {
        fill(self, bytes)
    }
    /// Makes content and length survive a power cut.
    fn sync(&self) -> io::Result<()>;
}

/// A folder of the file system. No link in it is followed.
#[derive(Debug)]
pub struct DirectoryDisk {
    folder: Arc<Directory>,
    boot: [u8; 16],
}

impl DirectoryDisk {
    /// Opens the folder; it must exist.
    pub fn open(folder: &Path) -> io::Result<Self> {
        Ok(Self::of(Arc::new(Directory::open(folder)?)))
    }

    /// The same of a folder that is open.
    pub fn of(folder: Arc<Directory>) -> Self {
        Self { folder, boot: machine_boot() }
    }
}

impl Disk for DirectoryDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.folder.names()?.into_iter().flatten().collect())
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn SegmentFile>> {
        match self.folder.entry(name)?.map(|entry| entry.kind) {
            None => {}
            Some(Kind::File) => self.folder.remove(name)?,
            Some(other) => return Err(io::Error::other(other.isnt(Kind::File))),
        }
        Ok(Arc::new(self.folder.new_file(name)?))
    }

    /// A file with a second name isn't opened: what is written here would be written there, into somebody's copy.
    fn open(&self, name: &str) -> io::Result<Arc<dyn SegmentFile>> {
        let file = self.folder.write(name)?;
        match file.metadata()?.nlink() {
            0 | 1 => Ok(Arc::new(file)),
            _ => Err(io::Error::other(SECOND_NAME)),
        }
    }

    fn look(&self, name: &str) -> io::Result<Option<(FileId, u64)>> {
        Ok(self.folder.entry(name)?.map(|entry| (entry.id, entry.length)))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.folder.rename(from, &self.folder, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.folder.remove(name)
    }

    fn sync(&self) -> io::Result<()> {
        self.folder.sync()
    }

    fn space(&self) -> Option<Space> {
        Space::of(&*self.folder)
    }

    fn place(&self) -> String {
        "the disk of the data folder".to_owned()
    }

    fn boot(&self) -> [u8; 16] {
        self.boot
    }
}

/// Why a file isn't written that a hard link makes another's as well.
pub const SECOND_NAME: &str = "it has a second name (a hard link), and what is written here would be written there; give the folder a copy of its own";

impl SegmentFile for File {
    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn id(&self) -> io::Result<FileId> {
        let metadata = self.metadata()?;
        Ok((metadata.dev(), metadata.ino()))
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut read = 0;
        while read < buffer.len() {
            match FileExt::read_at(self, &mut buffer[read..], offset + read as u64) {
                Ok(0) => break,
                Ok(bytes) => read += bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(read)
    }

    /// Into memory that isn't filled with zeros first.
    fn read(&self, length: usize, offset: u64) -> io::Result<Vec<u8>> {
        use rustix::buffer::spare_capacity;
        let mut bytes = Vec::with_capacity(length);
        while bytes.len() < length {
            let at = offset + bytes.len() as u64;
            match rustix::io::pread(self, spare_capacity(&mut bytes), at) {
                Ok(0) => break,
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        bytes.truncate(length);
        Ok(bytes)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    #[cfg(target_os = "linux")]
    fn allocate(&self, bytes: u64) -> io::Result<()> {
        use rustix::fs::{FallocateFlags, fallocate};
        use rustix::io::Errno;
        match fallocate(self, FallocateFlags::empty(), 0, bytes) {
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => fill(self, bytes),
            allocated => allocated.map_err(io::Error::from),
        }
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

/// Fills a file's first `bytes` bytes with noise, which no file system can compress.
fn fill<F: SegmentFile + ?Sized>(file: &F, bytes: u64) -> io::Result<()> {
    let mut seed = 0x9E37_79B9_7F4A_7C15u64;
    let mut block = vec![0; 64 << 10];
    for piece in block.chunks_exact_mut(8) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        piece.copy_from_slice(&seed.to_le_bytes());
    }
    for offset in (0..bytes).step_by(block.len()) {
        let length = (bytes - offset).min(block.len() as u64) as usize;
        file.write_at(&block[..length], offset)?;
    }
    Ok(())
}

/// Linux's name for this boot of the kernel (`proc_sys_kernel(5)`: `random/boot_id`); zeros on other systems.
fn machine_boot() -> [u8; 16] {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
    if digits.len() == 32 { u128::from_str_radix(&digits, 16).unwrap_or(0).to_be_bytes() } else { [0; 16] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_ends_where_the_file_does() {
        let folder = tempfile::tempdir().unwrap();
        let file = DirectoryDisk::open(folder.path()).unwrap().create("file").unwrap();
        file.write_at(b"0123456789", 0).unwrap();
        assert_eq!([file.read(4, 3).unwrap(), file.read(4, 8).unwrap()], [b"3456".to_vec(), b"89".to_vec()]);
        assert_eq!([file.read(4, 10).unwrap(), file.read(0, 3).unwrap()], [b"", b""]);
    }

    /// A file of the log was emptied where it stood, and somebody's file with it that was the same by another name.
    #[test]
    fn a_new_file_takes_nothing_from_what_had_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let (theirs, name) = (folder.path().join("theirs"), folder.path().join("reserve"));
        std::fs::write(&theirs, "precious").unwrap();
        std::fs::hard_link(&theirs, &name).unwrap();
        let disk = DirectoryDisk::open(folder.path()).unwrap();
        disk.create("reserve").unwrap().write_at(b"ours", 0).unwrap();
        assert_eq!(std::fs::read(&theirs).unwrap(), b"precious");
        assert_eq!(std::fs::read(&name).unwrap(), b"ours");
        std::os::unix::fs::symlink(&theirs, folder.path().join("link")).unwrap();
        assert!(disk.create("link").err().is_some_and(|error| error.to_string().contains("symbolic link")));
    }
}
