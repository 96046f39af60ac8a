//! Saves: a snapshot, the living records of it, and the bytes of its objects. The cloud waits for the moment of the snapshot alone;
//! what it gives up while the file is written stays until that is done.

use std::io::{self, BufWriter, Read, Write};
use std::path::Path;
use std::sync::Arc;

use tempfile::NamedTempFile;
use tokio::sync::OwnedMutexGuard;

use super::KEPT;
use super::format::{Head, Item, Summary, Writer};
use crate::blobs::{Blob, Hold};
use crate::core::Cloud;
use crate::core::snapshot::Snapshot;
use crate::s3;
use engine::Change;
use log::LogError;
use wire::AwsError;

/// Bytes of an object in one item.
const CHUNK: usize = 256 << 10;

/// A state that is about to be written.
pub(crate) struct Saving {
    cloud: Arc<Cloud>,
    snapshot: Snapshot,
    blobs: Vec<Blob>,
    _hold: Hold,
    _turn: OwnedMutexGuard<()>,
}

/// Why a file isn't finished.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unsaved {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Log(#[from] LogError),
}

impl Saving {
    /// Takes the state as it is now. One is saved at a time: each is in memory as a whole, and keeps a thread until its client has
    /// read it.
    ///
    /// # Errors
    /// 503 where the log doesn't hold it; 409 `OperationInProgress` while another is saved.
    pub(crate) async fn begin(cloud: &Arc<Cloud>) -> Result<Self, AwsError> {
        let turn = cloud.saving.clone().try_lock_owned();
        let turn = turn.map_err(|_| {
            AwsError::new(409, "OperationInProgress", "Nothing was saved: another state is being saved.")
        })?;
        // First, so that no blob goes that the snapshot names.
        let hold = cloud.blobs.hold();
        let snapshot = cloud.core.snapshot().await?;
        let (blobs, _) = s3::all_bytes(&snapshot.engine).map_err(AwsError::from)?;
        Ok(Self { cloud: cloud.clone(), snapshot, blobs, _hold: hold, _turn: turn })
    }

    /// Writes the file of a path, which is replaced if it is there, whole or not at all. It is its owner's alone. Blocks.
    pub(crate) fn write_file(&self, path: &Path) -> Result<Summary, Unsaved> {
        // A device, a pipe or a link isn't replaced.
        if std::fs::symlink_metadata(path).is_ok_and(|found| !found.is_file()) {
            return Err(io::Error::other("it is there, and no regular file").into());
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut file = NamedTempFile::new_in(folder)?;
        let summary = self.write(BufWriter::new(file.as_file_mut()))?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(summary)
    }

    /// Writes the file. Blocks.
    pub(crate) fn write(&self, to: impl Write) -> Result<Summary, Unsaved> {
        let mut writer = Writer::begin(to)?;
        let contents = self.snapshot.engine.contents();
        let declared =
            contents.queues.len() + contents.topics.len() + contents.subscriptions.len() + contents.streams.len();
        let head = Head {
            program: env!("CARGO_PKG_VERSION").to_owned(),
            saved_at: self.snapshot.at,
            clock: self.cloud.core.clock().mode(),
            declared: u32::try_from(declared).unwrap_or(u32::MAX),
            next_id: self.snapshot.engine.next_id(),
        };
        let mut summary = Summary {
            declared: head.declared,
            saved_at: head.saved_at,
            clock: head.clock.clone(),
            ..Summary::default()
        };
        writer.put(&Item::Head(head))?;
        self.snapshot.each_change::<Unsaved>(|change| {
            if matches!(change, Change::Doc { key, .. } if KEPT.contains(key)) {
                return Ok(());
            }
            summary.records += 1;
            let record = postcard::to_stdvec(change).map_err(io::Error::other)?;
            Ok(writer.put(&Item::Record(&record))?)
        })?;
        for blob in &self.blobs {
            summary.files += 1;
            self.put_blob(&mut writer, blob)?;
        }
        (_, summary.bytes) = writer.end()?;
        Ok(summary)
    }

    fn put_blob(&self, writer: &mut Writer<impl Write>, blob: &Blob) -> io::Result<()> {
        let unread = |why: String| io::Error::other(format!("the file {} of an object can't be read: {why}", blob.id));
        let id = u128::from_str_radix(&blob.id, 16).map_err(|error| unread(error.to_string()))?;
        let mut file = self.cloud.blobs.open_file(blob).map_err(|error| unread(error.to_string()))?;
        writer.put(&Item::Blob { id, length: blob.length })?;
        let mut bytes = vec![0; CHUNK];
        let mut left = blob.length;
        while left > 0 {
            let most = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
            let read = file.read(&mut bytes[..most])?;
            if read == 0 {
                return Err(unread("it was cut short".to_owned()));
            }
            writer.put(&Item::Bytes(&bytes[..read]))?;
            left -= read as u64;
        }
        Ok(())
    }
}
