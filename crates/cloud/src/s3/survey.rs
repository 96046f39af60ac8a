//! A start's look at the files of blobs beside the documents that name them.
//!
//! A file that no document names is garbage of a crash, and removed: but only if it has the name of a blob, and the log was read
//! whole. Where a part of the log is missing, that part may have named it: then it is moved aside, and comes back if a later
//! start finds a document that names it. Whatever else lies in the folder isn't ours and stays.

use std::collections::{HashMap, HashSet};
use std::io;

use crate::blobs::files::{Files, has_length};
use crate::blobs::{Blob, BlobId};
use crate::folder::{DataFolder, LOST, OBJECTS, Privacy, is_blob, is_shard, listed};
use directory::{Directory, Kind};

/// What a start found and did.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// Files that were removed.
    removed: usize,
    /// Files that were moved aside.
    moved: usize,
    /// Files that came back.
    back: usize,
    /// Files that lie aside.
    aside: usize,
    /// What isn't ours, below the folder of objects.
    foreign: Vec<String>,
    /// Blobs that are named and have a file.
    seen: HashSet<BlobId>,
    /// Who could read the files.
    pub privacy: Privacy,
    /// The blobs that are named and not there as they were, each with what is wrong.
    pub bad: HashMap<BlobId, String>,
}

/// What the log says of the files.
struct Known<'a> {
    live: &'a HashMap<BlobId, u64>,
    is_whole: bool,
}

impl Survey {
    /// Compares the files with the blobs that are `live`. `is_whole`: the log is known to be.
    pub(super) fn take(
        folder: &DataFolder,
        files: &Files,
        live: &HashMap<BlobId, u64>,
        is_whole: bool,
    ) -> io::Result<Self> {
        let mut found = Self::default();
        let known = Known { live, is_whole };
        for shard in files.folder().names()? {
            match shard {
                Some(shard) if is_shard(&shard) => found.shard(folder, files, &shard, &known).map_err(of(&shard))?,
                other => found.foreign.push(other.unwrap_or_else(unreadable)),
            }
        }
        let aside = if folder.has_lost()? { Some(folder.lost()?) } else { None };
        for (id, length) in live.iter().filter(|(id, _)| !found.seen.contains(*id)) {
            let blob = Blob { id: id.clone(), length: *length };
            if let Some(aside) = &aside {
                found.back += usize::from(come_back(aside, files, id).map_err(of(id))?);
            }
            if let Err(error) = files.check(&blob) {
                found.bad.insert(id.clone(), error.to_string());
            }
        }
        if let Some(aside) = &aside {
            found.aside = aside.names()?.into_iter().flatten().filter(|name| is_blob(name)).count();
        }
        Ok(found)
    }

    fn shard(&mut self, folder: &DataFolder, files: &Files, name: &str, known: &Known<'_>) -> io::Result<()> {
        let shard = files.folder().folder(name)?;
        self.privacy.count(shard.close_to_others());
        for id in shard.names()? {
            let id = id.unwrap_or_else(unreadable);
            let file = shard.entry(&id)?.filter(|entry| entry.kind == Kind::File);
            let Some(file) = file.filter(|_| is_blob(&id) && id.starts_with(name)) else {
                self.foreign.push(format!("{name}/{id}"));
                continue;
            };
            if file.is_open {
                self.privacy.count(shard.close_entry_to_others(&id));
            }
            if let Some(length) = known.live.get(&id) {
                if let Err(error) = has_length(*length, file.length) {
                    self.bad.insert(id.clone(), error.to_string());
                }
                self.seen.insert(id);
            } else if known.is_whole {
                shard.remove(&id).map_err(of(&id))?;
                self.removed += 1;
            } else {
                let lost = folder.lost()?;
                if lost.entry(&id)?.is_some() {
                    // It would be replaced.
                    self.foreign.push(format!("{name}/{id}"));
                    continue;
                }
                shard.rename(&id, &lost, &id).map_err(of(&id))?;
                self.moved += 1;
            }
        }
        Ok(())
    }

    /// What the operator should know. `objects` names objects whose bytes are bad, e.g. `bucket/key`.
    pub(super) fn notices(&self, objects: &[String]) -> Vec<String> {
        let mut notices = Vec::new();
        if self.removed > 0 {
            notices.push(format!(
                "{} in {OBJECTS}/ that no object names: removed, a crash left them",
                files(self.removed)
            ));
        }
        if self.moved > 0 {
            notices.push(format!(
                "{} in {OBJECTS}/ that no object names: moved to {LOST}/, since a part of the log may be missing that named them",
                files(self.moved)
            ));
        }
        if self.back > 0 {
            notices.push(format!("{} came back from {LOST}/: objects name them again", files(self.back)));
        }
        if self.aside > 0 {
            notices.push(format!(
                "{} in {LOST}/: bytes of objects that a lost part of the log may have named; remove them when nothing is missed",
                files(self.aside)
            ));
        }
        if !self.foreign.is_empty() {
            notices.push(format!(
                "{OBJECTS}/ holds what isn't this program's, and it was left alone: {}",
                listed(&self.foreign)
            ));
        }
        if !self.bad.is_empty() {
            let mut bad: Vec<_> = self.bad.iter().map(|(id, why)| format!("{id} ({why})")).collect();
            bad.sort();
            notices.push(format!(
                "the bytes of {} are missing or damaged, and reading them fails: {}; in {OBJECTS}/: {}",
                match objects.len() {
                    1 => "1 object".to_owned(),
                    count => format!("{count} objects"),
                },
                listed(objects),
                listed(&bad)
            ));
        }
        notices
    }
}

/// Brings a blob's file back, if it lies aside and nothing lies in its place; whether it did.
fn come_back(aside: &Directory, files: &Files, id: &str) -> io::Result<bool> {
    let shard = files.shard(id)?;
    let is_aside = aside.entry(id)?.is_some_and(|entry| entry.kind == Kind::File);
    if !is_aside || shard.entry(id)?.is_some() {
        return Ok(false);
    }
    aside.rename(id, &shard, id)?;
    Ok(true)
}

/// Says in an error which file it is about.
fn of(name: &str) -> impl FnOnce(io::Error) -> io::Error {
    move |error| io::Error::new(error.kind(), format!("{name}: {error}"))
}

fn unreadable() -> String {
    "a name that isn't UTF-8".to_owned()
}

fn files(count: usize) -> String {
    if count == 1 { "1 file".to_owned() } else { format!("{count} files") }
}
