//! The files of the objects that are loaded. Each gets a name that no file ever had, so that what is given up of the old state never
//! takes one of the new; a load that is broken off leaves files that no object names, and those are removed.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use bytes::Bytes;

use super::format::strange;
use crate::blobs::Blob;
use crate::blobs::draft::{Draft, Fresh};
use crate::core::Cloud;
use wire::AwsError;

/// The files of a state that is being loaded.
#[derive(Default)]
pub(super) struct Objects {
    /// By the number in the file.
    wanted: HashMap<u128, Wanted>,
    /// The one whose bytes come, and how many are yet to come.
    coming: Option<(u128, Draft<()>, u64)>,
    fresh: Vec<Fresh>,
}

struct Wanted {
    name: String,
    length: u64,
    came: bool,
}

impl Objects {
    /// The name here of a blob that a document names.
    pub(super) fn name(&mut self, cloud: &Cloud, blob: &Blob) -> Result<String, AwsError> {
        let id = u128::from_str_radix(&blob.id, 16).ok().filter(|_| blob.id.len() == 32);
        let id = id.ok_or_else(|| strange("an object names no file"))?;
        match self.wanted.entry(id) {
            Entry::Vacant(vacant) => {
                let name = cloud.core.uuid().replace('-', "");
                vacant.insert(Wanted { name: name.clone(), length: blob.length, came: false });
                Ok(name)
            }
            // Who gives up one of two objects would give up the other's bytes.
            Entry::Occupied(_) => Err(strange("two objects have one file")),
        }
    }

    /// A file begins.
    pub(super) async fn begin(&mut self, cloud: &Cloud, id: u128, length: u64) -> Result<(), AwsError> {
        self.is_whole()?;
        let wanted = self.wanted.get_mut(&id).filter(|wanted| !wanted.came && wanted.length == length);
        let wanted = wanted.ok_or_else(|| strange("it holds a file that no object names"))?;
        wanted.came = true;
        self.coming = Some((id, cloud.blobs.draft(wanted.name.clone(), ()), length));
        self.end_if_whole().await
    }

    /// The next bytes of it.
    pub(super) async fn write(&mut self, bytes: Bytes) -> Result<(), AwsError> {
        let Some((_, draft, left)) = self.coming.as_mut().filter(|(.., left)| *left >= bytes.len() as u64) else {
            return Err(strange("an object's file is longer than it says"));
        };
        *left -= bytes.len() as u64;
        draft.write(bytes).await.map_err(unwritten)?;
        self.end_if_whole().await
    }

    async fn end_if_whole(&mut self) -> Result<(), AwsError> {
        if let Some((_, draft, _)) = self.coming.take_if(|(.., left)| *left == 0) {
            let (ended, ()) = draft.end().await.map_err(unwritten)?;
            self.fresh.push(ended.keep().await.map_err(unwritten)?);
        }
        Ok(())
    }

    /// # Errors
    /// A file has begun, and not ended.
    pub(super) fn is_whole(&self) -> Result<(), AwsError> {
        if self.coming.is_some() { Err(strange("an object's file is shorter than it says")) } else { Ok(()) }
    }

    /// # Errors
    /// A file that an object names never came.
    pub(super) fn is_complete(&self) -> Result<(), AwsError> {
        self.is_whole()?;
        match self.wanted.values().all(|wanted| wanted.came) {
            true => Ok(()),
            false => Err(strange("it lacks the file of an object")),
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.fresh.len() as u64
    }

    /// From here on the log may name them.
    pub(super) fn named(&self) {
        self.fresh.iter().for_each(Fresh::named);
    }
}

fn unwritten(error: std::io::Error) -> AwsError {
    AwsError::new(
        503,
        "ServiceUnavailable",
        format!("Nothing was loaded: the file of an object can't be written: {error}."),
    )
}
