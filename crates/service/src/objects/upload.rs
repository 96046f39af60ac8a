//! Stores a body of unknown length, in bounded memory: a short one at once, a long one in parts, of which two are sent while
//! the next one fills.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::buffers::{Filling, PART, Place, SMALL, TINY};
use super::error::cloud;
use super::{Attributes, Error, Objects};

/// How long a buffer may take to fill, even if nobody waits for it.
const FILL: Duration = Duration::from_secs(120);
/// How many parts of an upload are sent at a time, while the next one fills.
const SENDING: usize = 2;
/// How often an abort is tried: what stays costs money until the bucket's lifecycle clears it.
const ABORTS: u32 = 4;

impl Objects {
    /// Stores a stream as an object, of at most `most` bytes, and gives its length. Nothing is seen of it before all of it
    /// is there; when it fails or is dropped, nothing of it stays.
    ///
    /// # Errors
    /// The cloud's, the stream's as [`Error::Body`], [`Error::TooLarge`], [`Error::Slow`] and [`Error::Busy`].
    pub async fn upload<S, E>(&self, key: &str, attributes: Attributes<'_>, body: S, most: u64) -> Result<u64, Error>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin,
        E: std::fmt::Display,
    {
        let mut source = Source { body, rest: Bytes::new(), length: 0, most };
        let mut buffer = BytesMut::new();
        let mut place = self.buffers.tiny().await?;
        for (size, next) in [(TINY, SMALL), (SMALL, PART)] {
            if source.fill(&mut buffer, size, &place).await? {
                self.put(key, buffer.freeze(), attributes).await?;
                return Ok(source.length);
            }
            place = if next == PART { self.buffers.part().await? } else { self.buffers.small().await? };
            buffer.reserve(next - buffer.len());
        }
        let mut parts = Parts::begin(self, key, attributes).await?;
        loop {
            let is_last = source.fill(&mut buffer, PART, &place).await?;
            // A body may end just where the part before did.
            if !buffer.is_empty() {
                parts.send(std::mem::take(&mut buffer).freeze(), place);
            }
            if is_last {
                break;
            }
            // Others may wait for the spare ones: then the next part fills when one of our own has been sent.
            let spare = if parts.sending.len() < SENDING { self.buffers.spare_part() } else { None };
            place = match spare {
                Some(place) => place,
                None => parts.sent().await?,
            };
            buffer.reserve(PART);
        }
        parts.complete().await?;
        Ok(source.length)
    }
}

/// A body that is taken in pieces of a chosen size.
struct Source<S> {
    body: S,
    /// What came beyond the last piece.
    rest: Bytes,
    length: u64,
    most: u64,
}

impl<S, E> Source<S>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: std::fmt::Display,
{
    /// Fills a buffer up to a size; true if that was the end of the body.
    async fn fill(&mut self, buffer: &mut BytesMut, size: usize, place: &Place) -> Result<bool, Error> {
        let filling = place.fill();
        tokio::select! {
            taken = timeout(FILL, self.take(buffer, size, &filling)) => taken.unwrap_or(Err(Error::Slow)),
            () = filling.over() => Err(Error::Slow),
        }
    }

    async fn take(&mut self, buffer: &mut BytesMut, size: usize, filling: &Filling) -> Result<bool, Error> {
        loop {
            let room = size - buffer.len();
            if self.rest.len() >= room && !self.rest.is_empty() {
                buffer.extend_from_slice(&self.rest.split_to(room));
                return Ok(false);
            }
            buffer.extend_from_slice(&std::mem::take(&mut self.rest));
            match self.body.next().await {
                Some(Ok(bytes)) => {
                    filling.came(bytes.len());
                    self.length += bytes.len() as u64;
                    if self.length > self.most {
                        return Err(Error::TooLarge { most: self.most });
                    }
                    self.rest = bytes;
                }
                Some(Err(why)) => return Err(Error::Body(why.to_string())),
                None => return Ok(true),
            }
        }
    }
}

/// An upload in parts. Dropped before it is complete, it is aborted.
struct Parts<'a> {
    objects: &'a Objects,
    key: &'a str,
    /// Nothing once it is complete.
    id: Option<String>,
    next: i32,
    sending: JoinSet<Result<(CompletedPart, Place), Error>>,
    done: Vec<CompletedPart>,
}

impl<'a> Parts<'a> {
    async fn begin(objects: &'a Objects, key: &'a str, attributes: Attributes<'_>) -> Result<Self, Error> {
        let create = objects
            .client
            .create_multipart_upload()
            .bucket(&objects.bucket)
            .key(key)
            // Said here, too: else the parts' checksums are no part of the upload.
            .checksum_algorithm(ChecksumAlgorithm::Crc32)
            .content_type(attributes.content_type)
            .set_metadata(attributes.trace.map(|trace| [("trace".to_owned(), trace.to_owned())].into()));
        let created = create.send().await.map_err(|error| cloud("CreateMultipartUpload", key, &error))?;
        Ok(Self { objects, key, id: created.upload_id, next: 1, sending: JoinSet::new(), done: Vec::new() })
    }

    /// Sends a part, while this goes on.
    fn send(&mut self, bytes: Bytes, place: Place) {
        let number = self.next;
        self.next += 1;
        let key = self.key.to_owned();
        let part = self
            .objects
            .client
            .upload_part()
            .bucket(&self.objects.bucket)
            .key(self.key)
            .set_upload_id(self.id.clone())
            .part_number(number)
            .checksum_algorithm(ChecksumAlgorithm::Crc32)
            .body(ByteStream::new(SdkBody::from(bytes)));
        self.sending.spawn(async move {
            // The part has a checksum of its own: a hash of all of it in the signature as well costs a core more.
            let sent = part.customize().disable_payload_signing().send().await;
            let sent = sent.map_err(|error| cloud("UploadPart", &key, &error))?;
            let part = CompletedPart::builder()
                .part_number(number)
                .set_e_tag(sent.e_tag)
                .set_checksum_crc32(sent.checksum_crc32)
                .build();
            Ok((part, place))
        });
    }

    /// Waits until a part has been sent; its buffer is free again.
    async fn sent(&mut self) -> Result<Place, Error> {
        let failed = |why: String| Error::Cloud { what: "UploadPart", key: self.key.to_owned(), why };
        match self.sending.join_next().await {
            Some(Ok(sent)) => {
                let (part, place) = sent?;
                self.done.push(part);
                Ok(place)
            }
            Some(Err(why)) => Err(failed(why.to_string())),
            None => Err(failed("no part is under way".into())),
        }
    }

    async fn complete(mut self) -> Result<(), Error> {
        while !self.sending.is_empty() {
            _ = self.sent().await?;
        }
        self.done.sort_by_key(CompletedPart::part_number);
        let parts = CompletedMultipartUpload::builder().set_parts(Some(std::mem::take(&mut self.done))).build();
        let complete = self
            .objects
            .client
            .complete_multipart_upload()
            .bucket(&self.objects.bucket)
            .key(self.key)
            .set_upload_id(self.id.clone())
            .multipart_upload(parts);
        complete.send().await.map_err(|error| cloud("CompleteMultipartUpload", self.key, &error))?;
        self.id = None;
        Ok(())
    }
}

impl Drop for Parts<'_> {
    fn drop(&mut self) {
        let Some(id) = self.id.take() else { return };
        let mut sending = std::mem::take(&mut self.sending);
        let (client, bucket, key) = (self.objects.client.clone(), self.objects.bucket.clone(), self.key.to_owned());
        // A client that is gone drops all of this: only a task of its own still comes to an end. Where no runtime is left,
        // the bucket's lifecycle clears what stays.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                // A part that arrives after the abort would stay.
                sending.shutdown().await;
                abort(&client, &bucket, &key, &id).await;
            });
        }
    }
}

async fn abort(client: &Client, bucket: &str, key: &str, id: &str) {
    for tried in 0..ABORTS {
        let aborted = client.abort_multipart_upload().bucket(bucket).key(key).upload_id(id).send().await;
        if aborted.map_err(|error| cloud("AbortMultipartUpload", key, &error)).is_ok() {
            return;
        }
        sleep(Duration::from_millis(500 << tried)).await;
    }
}
