//! A disk for tests, of the log and of what stands on it. It fails as disks do: it loses power at a chosen operation, runs
//! out of space, refuses to sync.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::Space;
use crate::disk::{Disk, SegmentFile};

/// Bytes that survive a power cut, or don't, together: few, so that small records are torn.
const SECTOR: usize = 32;

/// A handle on the disk; clones are the same disk.
#[derive(Clone, Default)]
pub struct FaultyDisk(Arc<Mutex<State>>);

/// What is on the disk, and how it fails.
#[derive(Clone, Default)]
pub struct State {
    names: BTreeMap<String, u64>,
    synced_names: BTreeMap<String, u64>,
    files: BTreeMap<u64, Content>,
    /// Unsynced renames: both names change, or neither.
    renamed: BTreeMap<String, String>,
    boot: u8,
    /// Operations that change anything, so far.
    pub operations: u64,
    /// Power goes at this operation.
    pub power_goes_at: Option<u64>,
    /// Bytes that can still be written.
    pub space: Option<usize>,
    /// How large it says that it is, if it tells of its space.
    pub total: Option<u64>,
    /// Every sync fails, and nothing is synced.
    pub syncs_fail: bool,
    /// Every read of a file fails.
    pub reads_fail: bool,
    /// No file can be made.
    pub creations_fail: bool,
    /// The disk as it was after each operation since the list was last taken.
    pub history: Option<Vec<FaultyDisk>>,
}

#[derive(Clone, Default)]
struct Content {
    bytes: Vec<u8>,
    synced: Vec<u8>,
}

/// What a power cut leaves of what wasn't synced.
#[derive(Debug, Clone, Copy)]
pub enum Left {
    /// All of it is gone.
    Nothing,
    /// All of it is there.
    Everything,
    /// Some of it, by this seed: any sectors, any names.
    Some(u64),
    /// All names, and of each file a prefix of what was added, by this seed.
    Prefix(u64),
}

impl State {
    fn operation(&mut self) -> io::Result<()> {
        self.alive()?;
        self.operations += 1;
        self.alive()
    }

    fn alive(&self) -> io::Result<()> {
        match self.power_goes_at {
            Some(at) if self.operations >= at => Err(io::Error::other("the power is gone")),
            _ => Ok(()),
        }
    }

    /// Takes a file's name away, and returns the file's number.
    pub fn take_away(&mut self, name: &str) -> u64 {
        self.names.remove(name).expect("the disk has this file")
    }

    /// Gives a file that was taken away this name.
    pub fn put_back(&mut self, name: &str, inode: u64) {
        self.names.insert(name.to_owned(), inode);
    }

    fn create(&mut self, name: &str) -> u64 {
        let inode = self.files.len() as u64;
        self.files.insert(inode, Content::default());
        self.names.insert(name.to_owned(), inode);
        inode
    }
}

impl FaultyDisk {
    /// Sets how the disk fails, or changes what is on it.
    pub fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let state = &mut *self.0.lock();
        let before = state.operations;
        let result = change(state);
        if state.operations > before
            && let Some(mut history) = state.history.take()
        {
            history.push(Self(Arc::new(Mutex::new(state.clone()))));
            state.history = Some(history);
        }
        result
    }

    /// A number for what a start would find: the same for two disks with the same files.
    pub fn fingerprint(&self) -> u32 {
        self.with(|state| {
            let mut sum = 0;
            for (name, inode) in &state.names {
                sum = crc32c::crc32c_append(sum, name.as_bytes());
                sum = crc32c::crc32c_append(sum, &state.files[inode].bytes);
            }
            sum
        })
    }

    /// The same files as another disk, as a killed process leaves them: everything that was written is there.
    pub fn copy(&self) -> Self {
        let mut state = self.0.lock().clone();
        state.power_goes_at = None;
        state.operations = 0;
        state.history = None;
        Self(Arc::new(Mutex::new(state)))
    }

    /// Another disk with what a power cut leaves; the machine was started anew.
    pub fn after_power_cut(&self, left: Left) -> Self {
        let copy = self.copy();
        let chance = Cell::new(match left {
            Left::Some(seed) | Left::Prefix(seed) => seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1,
            Left::Nothing | Left::Everything => 0,
        });
        let next = || {
            let mut bits = chance.get();
            bits ^= bits << 13;
            bits ^= bits >> 7;
            bits ^= bits << 17;
            chance.set(bits);
            bits >> 40
        };
        let survives = || match left {
            Left::Nothing => false,
            Left::Everything | Left::Prefix(_) => true,
            Left::Some(_) => next() & 1 == 1,
        };
        copy.with(|state| {
            state.boot += 1;
            let all: BTreeSet<String> = state.names.keys().chain(state.synced_names.keys()).cloned().collect();
            let changed = all.into_iter().filter(|name| state.names.get(name) != state.synced_names.get(name));
            let undone: BTreeSet<String> = changed.filter(|_| !survives()).collect();
            let mut names = state.names.clone();
            for name in undone.iter().filter(|name| !state.renamed.values().any(|to| to == *name)) {
                for name in [Some(name), state.renamed.get(name)].into_iter().flatten() {
                    match state.synced_names.get(name) {
                        Some(inode) => names.insert(name.clone(), *inode),
                        None => names.remove(name),
                    };
                }
            }
            for content in state.files.values_mut() {
                let before = content.synced.len();
                let longest = content.bytes.len().max(before);
                let length = if survives() { content.bytes.len() } else { content.synced.len() };
                content.bytes.resize(longest, 0);
                content.synced.resize(longest, 0);
                for (now, synced) in content.bytes.chunks_mut(SECTOR).zip(content.synced.chunks(SECTOR)) {
                    if !survives() {
                        now.copy_from_slice(synced);
                    }
                }
                content.bytes.truncate(length);
                if let (Left::Prefix(_), Some(added)) = (left, length.checked_sub(before)) {
                    content.bytes.truncate(before + next() as usize % (added + 1));
                }
                content.synced = content.bytes.clone();
            }
            state.synced_names = names.clone();
            state.names = names;
            state.renamed.clear();
        });
        copy
    }

    /// The machine is started anew; nothing is lost, and what can be read is on the disk.
    pub fn restart(&self) {
        self.with(|state| {
            state.boot += 1;
            state.synced_names = state.names.clone();
            state.renamed.clear();
            state.files.values_mut().for_each(|content| content.synced = content.bytes.clone());
        });
    }

    /// The names of all files.
    pub fn names(&self) -> Vec<String> {
        self.with(|state| state.names.keys().cloned().collect())
    }

    /// What a file holds, synced or not.
    pub fn bytes(&self, name: &str) -> Vec<u8> {
        self.with(|state| state.files[&state.names[name]].bytes.clone())
    }

    /// Puts other content into a file, synced.
    pub fn set_bytes(&self, name: &str, bytes: Vec<u8>) {
        self.with(|state| {
            let inode = state.names[name];
            state.files.insert(inode, Content { synced: bytes.clone(), bytes });
        });
    }

    /// Takes a file's name away, without an operation of the disk.
    pub fn delete(&self, name: &str) {
        self.with(|state| state.names.remove(name));
    }
}

struct FaultyFile {
    disk: FaultyDisk,
    inode: u64,
}

impl Disk for FaultyDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        self.with(|state| state.alive())?;
        Ok(self.names())
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn SegmentFile>> {
        let inode = self.with(|state| {
            state.alive()?;
            if state.creations_fail {
                return Err(io::Error::other("no file can be made"));
            }
            let inode = state.create(name);
            state.operation().map(|()| inode)
        })?;
        Ok(Arc::new(FaultyFile { disk: self.clone(), inode }))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn SegmentFile>> {
        let inode = self.with(|state| {
            state.alive()?;
            state.names.get(name).copied().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
        })?;
        Ok(Arc::new(FaultyFile { disk: self.clone(), inode }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.with(|state| {
            state.alive()?;
            let inode = state.names.remove(from).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
            state.names.insert(to.to_owned(), inode);
            state.renamed.insert(from.to_owned(), to.to_owned());
            state.operation()
        })
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.with(|state| {
            state.alive()?;
            let inode = state.names.remove(name).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
            let freed = state.files.get(&inode).map_or(0, |file| file.bytes.len());
            // One that doesn't tell of its space has none.
            state.space = state.space.map(|space| space + if state.total.is_some() { freed } else { 0 });
            state.operation()
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.with(|state| {
            state.operation()?;
            if state.syncs_fail {
                return Err(io::Error::other("the disk is broken"));
            }
            state.synced_names = state.names.clone();
            state.renamed.clear();
            Ok(())
        })
    }

    fn space(&self) -> Option<Space> {
        self.with(|state| Some(Space { free: state.space? as u64, total: state.total? }))
    }

    fn boot(&self) -> [u8; 16] {
        [self.with(|state| state.boot) + 1; 16]
    }
}

impl FaultyFile {
    fn with<T>(&self, change: impl FnOnce(&mut State, &mut Content) -> io::Result<T>) -> io::Result<T> {
        self.disk.with(|state| {
            state.alive()?;
            let mut content = state.files.remove(&self.inode).unwrap_or_default();
            let result = change(state, &mut content);
            state.files.insert(self.inode, content);
            result
        })
    }
}

impl SegmentFile for FaultyFile {
    fn length(&self) -> io::Result<u64> {
        self.with(|_, content| Ok(content.bytes.len() as u64))
    }

    fn id(&self) -> io::Result<(u64, u64)> {
        Ok((0, self.inode))
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.with(|state, content| {
            if state.reads_fail {
                return Err(io::Error::other("the disk can't be read"));
            }
            let bytes = content.bytes.get(offset as usize..).unwrap_or_default();
            let read = bytes.len().min(buffer.len());
            buffer[..read].copy_from_slice(&bytes[..read]);
            Ok(read)
        })
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.with(|state, content| {
            // Only what makes the file longer takes room, of a disk that tells of it.
            let there = content.bytes.len().saturating_sub(offset as usize).min(bytes.len());
            let there = if state.total.is_some() { there } else { 0 };
            let written = state.space.map_or(bytes.len(), |space| (there + space).min(bytes.len()));
            let end = offset as usize + written;
            content.bytes.resize(content.bytes.len().max(end), 0);
            content.bytes[offset as usize..end].copy_from_slice(&bytes[..written]);
            state.operation()?;
            state.space = state.space.map(|space| space - written.saturating_sub(there));
            if written < bytes.len() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
        })
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.with(|state, content| {
            let freed = content.bytes.len().saturating_sub(length as usize);
            state.space = state.space.map(|space| space + if state.total.is_some() { freed } else { 0 });
            content.bytes.resize(length as usize, 0);
            state.operation()
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.with(|state, content| {
            state.operation()?;
            if state.syncs_fail {
                return Err(io::Error::other("the disk is broken"));
            }
            content.synced = content.bytes.clone();
            Ok(())
        })
    }
}
