//! Objects in a bucket: small ones as a whole, large ones as streams of bounded memory, each a few lines for its caller.
//!
//! ```text
//! upload    a body of unknown length, in parts
//! buffers   how much memory all uploads of a process may hold
//! ranges    a part of an object, read on when the connection breaks
//! error     what can go wrong
//! ```

mod buffers;
mod error;
mod ranges;
mod upload;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use bytes::Bytes;
use futures::Stream;

pub use self::buffers::Buffers;
pub use self::error::Error;
use self::error::cloud;
use crate::http::Dependency;

/// How often a conditional write is tried again that met another one under way.
const CONFLICTS: u32 = 5;

/// What is said of an object beside its bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Attributes<'a> {
    /// Its content type.
    pub content_type: &'a str,
    /// The trace that it belongs to; kept as the object's metadata `trace`.
    pub trace: Option<&'a str>,
}

/// An object that is being read.
pub struct Object {
    /// Its length in bytes.
    pub length: u64,
    /// Its entity tag, with the quotes.
    pub etag: Option<String>,
    /// Its content type.
    pub content_type: Option<String>,
    body: ByteStream,
}

impl Object {
    /// Its bytes, as they come.
    pub fn into_stream(self) -> impl Stream<Item = std::io::Result<Bytes>> + Send + 'static {
        futures::stream::try_unfold(self.body, |mut body| async move {
            let next = body.try_next().await.map_err(std::io::Error::other)?;
            Ok(next.map(|bytes| (bytes, body)))
        })
    }
}

/// The objects of a bucket. Clones share their buffers.
#[derive(Debug, Clone)]
pub struct Objects {
    client: Client,
    bucket: String,
    buffers: Buffers,
}

impl Objects {
    /// Those of a bucket.
    pub fn new(client: Client, bucket: impl Into<String>, buffers: Buffers) -> Self {
        Self { client, bucket: bucket.into(), buffers }
    }

    /// The bucket's name.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// Stores an object, whatever was there.
    ///
    /// # Errors
    /// The cloud's.
    pub async fn put(&self, key: &str, bytes: Bytes, attributes: Attributes<'_>) -> Result<(), Error> {
        self.put_request(key, bytes, attributes).send().await.map_err(|error| cloud("PutObject", key, &error))?;
        Ok(())
    }

    /// Stores an object if there is none of its key; false if there was one, which stays as it is. After a lost answer the
    /// one that was there may be this very one.
    ///
    /// # Errors
    /// The cloud's.
    pub async fn put_new(&self, key: &str, bytes: Bytes, attributes: Attributes<'_>) -> Result<bool, Error> {
        for conflicts in 0.. {
            let put = self.put_request(key, bytes.clone(), attributes).if_none_match("*");
            match put.send().await.map_err(|error| cloud("PutObject", key, &error)) {
                Ok(_) => return Ok(true),
                Err(Error::Exists) => return Ok(false),
                // Another conditional write is under way: which of both wins is known once it has ended.
                Err(Error::Conflict) if conflicts < CONFLICTS => {
                    tokio::time::sleep(std::time::Duration::from_millis(50 << conflicts)).await;
                }
                Err(error) => return Err(error),
            }
        }
        unreachable!("it gives up after {CONFLICTS} conflicts")
    }

    fn put_request(
        &self,
        key: &str,
        bytes: Bytes,
        attributes: Attributes<'_>,
    ) -> aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder {
        self.client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .content_type(attributes.content_type)
            .set_metadata(attributes.trace.map(|trace| [("trace".to_owned(), trace.to_owned())].into()))
            .body(ByteStream::new(SdkBody::from(bytes)))
    }

    /// An object as a whole, if it is there.
    ///
    /// # Errors
    /// The cloud's, and [`Error::TooLarge`] if it has more than `most` bytes.
    pub async fn read(&self, key: &str, most: u64) -> Result<Option<Bytes>, Error> {
        let Some(object) = self.open(key).await? else { return Ok(None) };
        if object.length > most {
            return Err(Error::TooLarge { most });
        }
        let bytes = object.body.collect().await.map_err(|why| Error::Cloud {
            what: "GetObject",
            key: key.to_owned(),
            why: why.to_string(),
        })?;
        Ok(Some(bytes.into_bytes()))
    }

    /// Begins to read an object, if it is there.
    ///
    /// # Errors
    /// The cloud's.
    pub async fn open(&self, key: &str) -> Result<Option<Object>, Error> {
        let answer = self.client.get_object().bucket(&self.bucket).key(key).send().await;
        match answer.map_err(|error| cloud("GetObject", key, &error)) {
            Ok(answer) => Ok(Some(Object {
                length: answer.content_length.and_then(|length| length.try_into().ok()).unwrap_or(0),
                etag: answer.e_tag,
                content_type: answer.content_type,
                body: answer.body,
            })),
            Err(Error::Missing) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// An object's length in bytes and its entity tag, if it is there.
    ///
    /// # Errors
    /// The cloud's.
    pub async fn head(&self, key: &str) -> Result<Option<(u64, Option<String>)>, Error> {
        let answer = self.client.head_object().bucket(&self.bucket).key(key).send().await;
        match answer.map_err(|error| cloud("HeadObject", key, &error)) {
            Ok(head) => {
                Ok(Some((head.content_length.and_then(|length| length.try_into().ok()).unwrap_or(0), head.e_tag)))
            }
            Err(Error::Missing) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Deletes an object, if it is there.
    ///
    /// # Errors
    /// The cloud's.
    pub async fn delete(&self, key: &str) -> Result<(), Error> {
        let answer = self.client.delete_object().bucket(&self.bucket).key(key).send().await;
        answer.map_err(|error| cloud("DeleteObject", key, &error))?;
        Ok(())
    }
}

#[async_trait]
impl Dependency for Objects {
    fn name(&self) -> &str {
        "bucket"
    }

    async fn check(&self) -> Result<(), String> {
        let answer = self.client.head_bucket().bucket(&self.bucket).send().await;
        answer.map(drop).map_err(|error| cloud("HeadBucket", &self.bucket, &error).to_string())
    }
}
