//! Bytes on their way out of the files of blobs.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::vec;

use super::files::Files;
use super::pace::Pace;
use super::{Blob, Blobs, Pinned};
use crate::turns::{Aside, aside};
use bytes::Bytes;
use futures::Stream;

/// What is still to be read.
struct Rest<C> {
    /// The blobs, and how many bytes from where.
    pieces: vec::IntoIter<(Blob, u64, u64)>,
    /// The file that is being read, and how much of it is left.
    open: Option<(File, u64)>,
    check: C,
    pace: Pace,
    files: Files,
    /// Holds them until they are read.
    _pinned: Pinned,
}

enum Next<C> {
    Begin(Rest<C>),
    /// A thread reads.
    Work(Aside<Read1<C>>),
    Done,
}

/// Bytes, and what comes behind them.
type Read1<C> = io::Result<(Bytes, Rest<C>)>;

impl Blobs {
    /// The bytes `offset..offset + length` of the blobs laid end to end. `check` sees them in their order before anybody else
    /// does, and holds back those that it refuses. While some are sent, a thread reads the next, as far as their pace allows.
    pub(crate) fn read<C>(
        &self,
        blobs: &[Blob],
        offset: u64,
        length: u64,
        pinned: Pinned,
        pace: Pace,
        check: C,
    ) -> impl Stream<Item = io::Result<Bytes>> + Send + Sync + use<C>
    where
        C: FnMut(&[u8]) -> io::Result<()> + Send + Sync + 'static,
    {
        let pieces = pieces(blobs, offset, length);
        let begin = if pieces.is_empty() {
            Next::Done
        } else {
            Next::Begin(Rest {
                pieces: pieces.into_iter(),
                open: None,
                check,
                pace,
                files: self.files.clone(),
                _pinned: pinned,
            })
        };
        futures::stream::try_unfold(begin, |next| async move {
            let (turn, work) = match next {
                Next::Begin(rest) => (Some(rest.pace.turn().await), rest.begin()),
                Next::Work(work) => (None, work),
                Next::Done => return Ok(None),
            };
            let (bytes, rest) = work.await.map_err(io::Error::other)??;
            let turn = match turn {
                Some(turn) => turn,
                None => rest.pace.turn().await,
            };
            let bytes = rest.pace.sent(bytes, turn);
            let next = match (rest.is_empty(), rest.pace.is_ahead()) {
                (true, _) => Next::Done,
                (false, true) => Next::Work(rest.begin()),
                (false, false) => Next::Begin(rest),
            };
            Ok(Some((bytes, next)))
        })
    }
}

impl<C: FnMut(&[u8]) -> io::Result<()> + Send + 'static> Rest<C> {
    fn is_empty(&self) -> bool {
        self.open.is_none() && self.pieces.as_slice().is_empty()
    }

    /// Has a thread read the next bytes. What they go to is allocated here: the allocator keeps for each thread what it gave to it and
    /// got back from others, and there are hundreds of those that read.
    fn begin(mut self) -> Aside<Read1<C>> {
        let left = match (&self.open, self.pieces.as_slice().first()) {
            (Some((_, left)), _) | (None, Some((_, _, left))) => *left,
            (None, None) => 0,
        };
        let wanted = left.min(self.pace.piece() as u64);
        // Not filled with zeros before they are read.
        let bytes = Vec::with_capacity(wanted as usize);
        aside(move || self.read(bytes, wanted))
    }

    /// Reads `wanted` bytes, which are no more than there are left of a blob. Blocks.
    fn read(mut self, mut bytes: Vec<u8>, wanted: u64) -> Read1<C> {
        let (file, left) = match self.open.take() {
            Some(open) => open,
            None => {
                let (blob, from, left) = self.pieces.next().ok_or(io::ErrorKind::UnexpectedEof)?;
                let mut file = self.files.read(&blob)?;
                if from > 0 {
                    file.seek(SeekFrom::Start(from))?;
                }
                (file, left)
            }
        };
        if (&file).take(wanted).read_to_end(&mut bytes)? as u64 != wanted {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        (self.check)(&bytes)?;
        let left = left - wanted;
        self.open = (left > 0).then_some((file, left));
        Ok((bytes.into(), self))
    }
}

/// Which bytes of which blobs are wanted: how many from where.
fn pieces(blobs: &[Blob], offset: u64, length: u64) -> Vec<(Blob, u64, u64)> {
    let mut pieces = Vec::new();
    let (mut skip, mut left) = (offset, length);
    for blob in blobs {
        if skip >= blob.length {
            skip -= blob.length;
            continue;
        }
        let take = left.min(blob.length - skip);
        if take == 0 {
            break;
        }
        pieces.push((blob.clone(), skip, take));
        left -= take;
        skip = 0;
    }
    pieces
}
