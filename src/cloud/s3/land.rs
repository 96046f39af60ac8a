//! Objects that the cloud itself makes: a delivery stream's batches.

use s3s::Body;
use s3s::dto::StreamingBlob;

use super::checksum::{Algorithm, Checksum, Kind};
use super::describe::default_encryption;
use super::error::Result;
use super::objects;
use super::put::check_key;
use super::record::Object;
use super::service::S3;
use super::store::within;
use crate::engine::Change;

/// An object that is to be made.
pub struct Landing {
    pub key: String,
    pub body: Vec<u8>,
    pub content_type: &'static str,
}

impl S3 {
    /// The bucket policy, if the bucket has one.
    ///
    /// # Errors
    /// `NoSuchBucket`.
    pub fn bucket_policy(&self, bucket: &str) -> Result<Option<String>> {
        self.store.read(|docs| Ok(docs.bucket(bucket)?.policy))
    }

    /// Makes objects, and makes `also` in the same transaction: both, or none of it.
    ///
    /// # Errors
    /// As PutObject; then nothing has changed.
    pub async fn land(&self, bucket: &str, landings: Vec<Landing>, also: &Change<'_>) -> Result<()> {
        let mut made = Vec::with_capacity(landings.len());
        for landing in landings {
            check_key(&landing.key)?;
            let body = StreamingBlob::from(Body::from(landing.body));
            let received = self.receive_copy(body, Algorithm::Crc64nvme).await?;
            let (algorithm, value) = received.sent;
            let mut object = Object::new(&landing.key, self.store.now());
            object.size = received.blob.length;
            object.blobs = vec![received.blob];
            object.etag = received.etag;
            object.checksum = Some(Checksum { algorithm, kind: Kind::FullObject, value });
            object.headers.insert("content-type".to_owned(), landing.content_type.to_owned());
            made.push((object, self.store.unique()));
        }
        let fresh = made.iter().flat_map(|(object, _)| object.blobs.clone()).collect();
        let written = self
            .store
            .transact(|transaction| {
                let changed = within(transaction, |tx| {
                    let bucket = tx.docs().bucket(bucket)?;
                    for (mut object, unique) in made {
                        object.encryption = default_encryption(&bucket);
                        objects::put(tx, &bucket, object, &unique)?;
                    }
                    Ok(())
                })?;
                transaction.apply(also);
                Ok(changed)
            })
            .await;
        self.settle(fresh, written).await
    }
}
