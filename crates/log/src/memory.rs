//! A disk in memory: for `--durability memory`, and for tests.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};

use super::disk::{Disk, FileId, SegmentFile};

/// Memory is taken and given back in blocks of this size, so that a growing file is never copied.
const BLOCK: usize = 64 << 10;

/// Files that live as long as the process.
#[derive(Default)]
pub struct MemoryDisk {
    files: Mutex<BTreeMap<String, Arc<MemoryFile>>>,
}

#[derive(Default)]
struct MemoryFile(RwLock<Content>);

#[derive(Default)]
struct Content {
    blocks: Vec<Box<[u8]>>,
    length: usize,
}

impl Disk for MemoryDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.files.lock().keys().cloned().collect())
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn SegmentFile>> {
        let file = Arc::new(MemoryFile::default());
        self.files.lock().insert(name.to_owned(), file.clone());
        Ok(file)
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn SegmentFile>> {
        match self.files.lock().get(name) {
            Some(file) => Ok(file.clone()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut files = self.files.lock();
        let file = files.remove(from).ok_or(io::ErrorKind::NotFound)?;
        files.insert(to.to_owned(), file);
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.files.lock().remove(name).map(drop).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn boot(&self) -> [u8; 16] {
        [0; 16]
    }
}

impl SegmentFile for MemoryFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.0.read().length as u64)
    }

    fn id(&self) -> io::Result<FileId> {
        Ok((0, std::ptr::from_ref(self).addr() as u64))
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let content = self.0.read();
        let wanted = content.length.saturating_sub(offset as usize).min(buffer.len());
        for_blocks(offset as usize, wanted, |block, within, part| {
            buffer[part.clone()].copy_from_slice(&content.blocks[block][within..within + part.len()]);
        });
        Ok(wanted)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut content = self.0.write();
        let end = offset as usize + bytes.len();
        let blocks = content.blocks.len().max(end.div_ceil(BLOCK));
        content.blocks.resize_with(blocks, || vec![0; BLOCK].into());
        content.length = content.length.max(end);
        for_blocks(offset as usize, bytes.len(), |block, within, part| {
            content.blocks[block][within..within + part.len()].copy_from_slice(&bytes[part]);
        });
        Ok(())
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        let mut content = self.0.write();
        let length = length as usize;
        content.blocks.resize_with(length.div_ceil(BLOCK), || vec![0; BLOCK].into());
        if let Some(last) = content.blocks.last_mut()
            && !length.is_multiple_of(BLOCK)
        {
            last[length % BLOCK..].fill(0);
        }
        content.length = length;
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Calls `each` with (block, offset within it, part of the caller's bytes) for `bytes` bytes from `offset`.
fn for_blocks(offset: usize, bytes: usize, mut each: impl FnMut(usize, usize, std::ops::Range<usize>)) {
    let mut done = 0;
    while done < bytes {
        let (block, within) = ((offset + done) / BLOCK, (offset + done) % BLOCK);
        let part = (BLOCK - within).min(bytes - done);
        each(block, within, done..done + part);
        done += part;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_reads_as_written_across_blocks() {
        let disk = MemoryDisk::default();
        let file = disk.create("a").unwrap();
        let bytes: Vec<u8> = (0..3 * BLOCK).map(|n| n as u8).collect();
        file.write_at(&bytes[..BLOCK - 5], 0).unwrap();
        file.write_at(&bytes[BLOCK - 5..], BLOCK as u64 - 5).unwrap();
        let mut read = vec![0; 4 * BLOCK];
        assert_eq!(file.read_at(&mut read, 7).unwrap(), 3 * BLOCK - 7);
        assert_eq!(read[..3 * BLOCK - 7], bytes[7..]);
        file.truncate(BLOCK as u64 + 3).unwrap();
        assert_eq!(file.read_at(&mut read, BLOCK as u64).unwrap(), 3);
        file.truncate(2 * BLOCK as u64).unwrap();
        assert_eq!(file.read_at(&mut read, BLOCK as u64 + 3).unwrap(), BLOCK - 3);
        assert!(read[..BLOCK - 3].iter().all(|byte| *byte == 0));
        assert_eq!(file.read_at(&mut read, 1 << 40).unwrap(), 0);
    }
}
