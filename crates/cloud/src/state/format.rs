//! The file of a state.
//!
//! ```text
//! 0    magic "MSGSTATE", format version (4 bytes)
//! 12   frames: length of the payload (4 bytes), sum (8 bytes), payload
//! ```
//!
//! Numbers are little-endian. A frame's sum is the beginning of the SHA-256 of all payloads up to and with its own, each behind
//! its length: none can be left out, changed or moved. A payload is an [`Item`]; the first is [`Item::Head`], the last [`Item::End`],
//! and nothing stands behind it. Names of files are not in it: a blob has a number, and gets another where it is loaded.

use std::io::{self, Write};

use aws_lc_rs::digest::{Context, SHA256};
use bytes::{Buf, Bytes, BytesMut};
use futures::StreamExt;
use serde::{Deserialize, Serialize};

use super::Source;
use engine::Millis;
use wire::AwsError;

const MAGIC: &[u8; 8] = b"MSGSTATE";
/// The version that this program writes, and the only one that it reads.
const VERSION: u32 = 1;
const BEGINNING: usize = 12;
const HEAD: usize = 12;
/// The largest payload: a record of the log, and what says that it is one.
const MAX_PAYLOAD: usize = log::MAX_PAYLOAD + 64;

/// What a file says of the state in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    /// The version of the program that wrote it.
    pub program: String,
    /// The cloud's time at that moment.
    pub saved_at: Millis,
    /// How its clock ran, as `--clock` has it.
    pub clock: String,
    /// How many queues, topics, subscriptions and streams there are.
    pub declared: u32,
    /// The next number of one of these.
    pub next_id: u32,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Item<'a> {
    /// What is said of the whole: the first.
    Head(Head),
    /// A record as the log has it.
    Record(#[serde(serialize_with = "whole")] &'a [u8]),
    /// The file of an object, whose bytes follow.
    Blob {
        /// Its number where it was saved.
        id: u128,
        /// In bytes.
        length: u64,
    },
    /// The next bytes of the blob.
    Bytes(#[serde(serialize_with = "whole")] &'a [u8]),
    /// The last: how many items stand before it.
    End {
        /// So many.
        items: u64,
    },
}

fn whole<S: serde::Serializer>(bytes: &&[u8], to: S) -> Result<S::Ok, S::Error> {
    to.serialize_bytes(bytes)
}

/// What a state that was saved or loaded comes to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Summary {
    /// Bytes of the file.
    pub bytes: u64,
    /// Queues, topics, subscriptions and delivery streams, those included that clients don't see.
    pub declared: u32,
    /// Records of the log: declarations, messages, documents.
    pub records: u64,
    /// Files of objects.
    pub files: u64,
    /// The time of the cloud that was saved, in milliseconds since 1970, when it was.
    pub saved_at: Millis,
    /// How the clock of that cloud ran.
    pub clock: String,
}

/// The sum over all payloads so far.
struct Sum(Context);

impl Sum {
    fn new() -> Self {
        Self(Context::new(&SHA256))
    }

    fn add(&mut self, payload: &[u8]) -> [u8; 8] {
        self.0.update(&(payload.len() as u64).to_le_bytes());
        self.0.update(payload);
        let digest = self.0.clone().finish();
        let mut sum = [0; 8];
        sum.copy_from_slice(&digest.as_ref()[..8]);
        sum
    }
}

/// Writes a file.
pub(super) struct Writer<W> {
    to: W,
    sum: Sum,
    pub items: u64,
    pub bytes: u64,
}

impl<W: Write> Writer<W> {
    pub(super) fn begin(mut to: W) -> io::Result<Self> {
        to.write_all(MAGIC)?;
        to.write_all(&VERSION.to_le_bytes())?;
        Ok(Self { to, sum: Sum::new(), items: 0, bytes: BEGINNING as u64 })
    }

    pub(super) fn put(&mut self, item: &Item<'_>) -> io::Result<()> {
        self.put_payload(&postcard::to_stdvec(item).map_err(io::Error::other)?)
    }

    /// Writes what an item is encoded as.
    pub(super) fn put_payload(&mut self, payload: &[u8]) -> io::Result<()> {
        let length = u32::try_from(payload.len()).ok().filter(|length| *length as usize <= MAX_PAYLOAD);
        let length = length.ok_or_else(|| io::Error::other("a record is too large for a file of a state"))?;
        self.to.write_all(&length.to_le_bytes())?;
        self.to.write_all(&self.sum.add(payload))?;
        self.to.write_all(payload)?;
        self.items += 1;
        self.bytes += (HEAD + payload.len()) as u64;
        Ok(())
    }

    /// Writes the end.
    pub(super) fn end(mut self) -> io::Result<(W, u64)> {
        self.put(&Item::End { items: self.items })?;
        self.to.flush()?;
        Ok((self.to, self.bytes))
    }
}

/// Reads a file as it comes.
pub(super) struct Reader<'s> {
    from: Source<'s>,
    buffer: BytesMut,
    sum: Sum,
    items: u64,
    pub bytes: u64,
}

impl<'s> Reader<'s> {
    /// # Errors
    /// It is no such file, or of another version.
    pub(super) async fn begin(from: Source<'s>) -> Result<Self, AwsError> {
        let mut this = Self { from, buffer: BytesMut::new(), sum: Sum::new(), items: 0, bytes: 0 };
        let beginning = this.take(BEGINNING).await.map_err(|_| strange("it is no file of a state"))?;
        if &beginning[..8] != MAGIC {
            return Err(strange("it is no file of a state"));
        }
        let version = u32::from_le_bytes([beginning[8], beginning[9], beginning[10], beginning[11]]);
        if version != VERSION {
            return Err(strange(&format!("it has format {version}, and this program reads format {VERSION}")));
        }
        Ok(this)
    }

    /// The next payload, which is whole.
    pub(super) async fn payload(&mut self) -> Result<Bytes, AwsError> {
        let head = self.take(HEAD).await?;
        let length = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
        if length > MAX_PAYLOAD {
            return Err(damaged(self.bytes));
        }
        let payload = self.take(length).await?;
        if self.sum.add(&payload) != head[4..] {
            return Err(damaged(self.bytes));
        }
        self.items += 1;
        Ok(payload)
    }

    /// Reads a payload that [`payload`](Self::payload) gave.
    pub(super) fn item<'p>(&self, payload: &'p [u8]) -> Result<Item<'p>, AwsError> {
        let item = postcard::from_bytes(payload).map_err(|_| damaged(self.bytes))?;
        match item {
            Item::End { items } if items + 1 != self.items => Err(damaged(self.bytes)),
            item => Ok(item),
        }
    }

    /// Nothing stands behind the end.
    pub(super) async fn end(&mut self) -> Result<(), AwsError> {
        match self.buffer.is_empty() && self.more().await?.is_none() {
            true => Ok(()),
            false => Err(strange("something stands behind its end")),
        }
    }

    async fn take(&mut self, length: usize) -> Result<Bytes, AwsError> {
        while self.buffer.len() < length {
            let Some(bytes) = self.more().await? else { return Err(strange("it ends too early")) };
            self.buffer.extend_from_slice(&bytes);
        }
        self.bytes += length as u64;
        let taken = self.buffer.split_to(length).freeze();
        if self.buffer.is_empty() {
            self.buffer = BytesMut::new();
        }
        Ok(taken)
    }

    async fn more(&mut self) -> Result<Option<Bytes>, AwsError> {
        while let Some(bytes) = self.from.next().await {
            let bytes = bytes.map_err(|error| AwsError::bad("IncompleteBody", nothing(&error.to_string())))?;
            if bytes.has_remaining() {
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }
}

/// Why a file isn't loaded.
pub(super) fn strange(why: &str) -> AwsError {
    AwsError::bad("InvalidState", nothing(why))
}

fn damaged(at: u64) -> AwsError {
    strange(&format!("it is damaged before byte {at}"))
}

fn nothing(why: &str) -> String {
    format!("Nothing was loaded: {why}.")
}
