//! The door of S3 for the other services of this cloud: CloudFormation has buckets of its callers made, set and deleted, and
//! reads objects of theirs ([`Buckets`]), Firehose lands objects ([`S3::write`], [`land`], [`S3::after_commit`]).

use std::pin::pin;

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use http::HeaderMap;

use super::actor::Actor;
use super::bucket::NewBucket;
use super::checksum::{Algorithm, Checksum, Kind};
use super::error::Result;
use super::get::Wanted;
use super::list::{Last, Listing};
use super::list_objects;
use super::objects::{self, By, Cause};
use super::put::check_key;
use super::record::{Bucket, Object, key};
use super::s3s::call::Call;
use super::service::{S3, tell};
use super::settings::{Setting, SettingName};
use super::store::{Changed, Docs, within};
use super::upload_body::{Digested, Digests};
use crate::blobs::draft::Fresh;
use crate::blobs::pace::Pace;
use crate::core::Cloud;
use crate::core::transaction::Transaction;
use crate::request::Context;
use engine::{Engine, Millis};
use wire::AwsError;
use wire::digest::to_hex;

/// The buckets of a caller, for another service that works on the caller's behalf. Each method does what the operation of the
/// API does and fails with the same errors. It takes the shapes that S3's XML stands for, so nothing is decoded.
///
/// ```ignore
/// let buckets = Buckets::of(cx);
/// buckets.create("b", false).await?;
/// buckets.put("b", Setting::Cors(dto::CORSConfiguration { cors_rules })).await?;
/// ```
pub(crate) struct Buckets {
    s3: S3,
    call: Call,
}

impl Buckets {
    /// The buckets of the account that makes the request `cx`.
    pub(crate) fn of(cx: &Context) -> Self {
        Self { s3: S3::of(&cx.cloud), call: Call::new(cx.clone(), HeaderMap::new(), Vec::new()) }
    }

    /// Whether there is such a bucket, and it is the caller's.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.s3.bucket(&self.call, name).is_ok()
    }

    /// Makes a bucket in the request's region. With `object_lock` its versions can be locked.
    ///
    /// # Errors
    /// Those of CreateBucket: `InvalidBucketName`, `BucketAlreadyExists`, `BucketAlreadyOwnedByYou` (not in us-east-1).
    pub(crate) async fn create(&self, name: &str, object_lock: bool) -> std::result::Result<(), AwsError> {
        let region = &self.call.cx.region;
        let location = (**region != *"us-east-1").then(|| region.to_string());
        let new = NewBucket { name: name.to_owned(), location, object_lock, ..NewBucket::default() };
        self.told(self.s3.make_bucket(&self.call, new).await.map(drop))
    }

    /// Sets a bucket to something. A list without members is `None` where the shape allows it, as S3 reads it from XML; only
    /// `routing_rules`, whose element is there in XML, is an empty list.
    ///
    /// # Errors
    /// Those of the operation that puts this setting. What S3 couldn't read in XML, e.g. a number that is none, is
    /// [`Failure::malformed_xml`](super::Failure::malformed_xml).
    pub(crate) async fn put(&self, name: &str, setting: Setting) -> std::result::Result<(), AwsError> {
        self.told(self.s3.put_setting(&self.call, name, setting).await)
    }

    /// Takes a setting from a bucket, whether it has it or not.
    ///
    /// # Errors
    /// `NoSuchBucket`, `AccessDenied`.
    pub(crate) async fn clear(&self, name: &str, setting: SettingName) -> std::result::Result<(), AwsError> {
        self.told(self.s3.delete_setting(&self.call, name, setting).await)
    }

    /// Deletes an empty bucket.
    ///
    /// # Errors
    /// `NoSuchBucket`, `AccessDenied`, `BucketNotEmpty`.
    pub(crate) async fn delete(&self, name: &str) -> std::result::Result<(), AwsError> {
        self.told(self.s3.drop_bucket(&self.call, name).await)
    }

    /// The objects of a bucket whose keys come after `after`, in order: a page of them, and whether there are more.
    ///
    /// # Errors
    /// `NoSuchBucket`, `AccessDenied`.
    pub(crate) fn list(&self, bucket: &str, after: &str) -> std::result::Result<(Vec<Listed>, bool), AwsError> {
        let page = self.told(self.s3.kept_objects(&self.call, bucket, after))?;
        let listed = |object: Object| Listed { key: object.key, size: object.size, modified: object.modified };
        Ok((page.entries.into_iter().map(listed).collect(), page.truncated))
    }

    /// The bytes of an object.
    ///
    /// # Errors
    /// Those of GetObject, and `EntityTooLarge` for an object of more than `most` bytes.
    pub(crate) async fn read(&self, bucket: &str, key: &str, most: usize) -> std::result::Result<Bytes, AwsError> {
        let (_, body) = self.told(self.s3.get(&self.call, whole(bucket, key), Pace::Full).await)?;
        let mut bytes = BytesMut::new();
        let mut body = pin!(body.into_stream());
        while let Some(chunk) = body.next().await {
            bytes.extend_from_slice(&chunk.map_err(|error| AwsError::internal(error.to_string()))?);
            if bytes.len() > most {
                return Err(AwsError::bad("EntityTooLarge", "the object is too large"));
            }
        }
        Ok(bytes.freeze())
    }

    /// The headers of an object, and its bytes, of which `most` at most.
    ///
    /// # Errors
    /// Those of GetObject.
    pub(crate) async fn begin_of(
        &self,
        bucket: &str,
        key: &str,
        most: usize,
    ) -> std::result::Result<(HeaderMap, Bytes), AwsError> {
        let (headers, body) = self.told(self.s3.get(&self.call, whole(bucket, key), Pace::Full).await)?;
        let mut bytes = BytesMut::new();
        let mut body = pin!(body.into_stream());
        while bytes.len() < most
            && let Some(chunk) = body.next().await
        {
            bytes.extend_from_slice(&chunk.map_err(|error| AwsError::internal(error.to_string()))?);
        }
        bytes.truncate(most);
        Ok((headers, bytes.freeze()))
    }

    /// Turns a failure into the error of any service, and tells the operator of one that is no client's fault.
    fn told<T>(&self, result: Result<T>) -> std::result::Result<T, AwsError> {
        result.map_err(|failure| {
            if failure.status >= 500 {
                tell(&self.call.cx.cloud, &failure);
            }
            failure.into()
        })
    }
}

/// An object as a list has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its key.
    pub key: String,
    /// Its bytes.
    pub size: u64,
    /// When it was put, in milliseconds since 1970.
    pub modified: Millis,
}

/// A page of a bucket by folder, for a look: of the server's own pages.
#[derive(Debug, Default)]
pub(crate) struct Folder {
    /// The folders directly below the prefix, with a slash at the end.
    pub folders: Vec<String>,
    /// Keys with sizes, times and entity tags.
    pub objects: Vec<(String, u64, Millis, String)>,
    /// The key or the folder behind which the next page begins.
    pub next: Option<String>,
}

/// The names of all buckets, in order.
pub(crate) fn bucket_names(engine: &Engine) -> impl Iterator<Item = &str> {
    engine.docs(key::BUCKETS, "").map(|(key, _)| &key[key::BUCKETS.len()..])
}

/// What lies in a bucket below a prefix, behind `after`.
///
/// # Errors
/// A document that can't be read.
pub(crate) fn look_into(
    engine: &Engine,
    bucket: &Bucket,
    prefix: &str,
    after: &str,
    max: usize,
) -> std::result::Result<Folder, AwsError> {
    let listing = Listing { prefix, delimiter: Some("/"), after, max, nul_ends: false };
    let page = list_objects::page(Docs::of(engine), bucket, &listing)?;
    let next = page.last.filter(|_| page.truncated).map(Last::into_text);
    let objects = page.entries.into_iter().map(|object| (object.key, object.size, object.modified, object.etag));
    Ok(Folder { folders: page.prefixes, objects: objects.collect(), next })
}

/// A file of bytes that no object names yet. [`land`] makes an object of it; else the file is removed when this is dropped.
#[derive(Clone)]
pub(crate) struct Written {
    fresh: Fresh,
    etag: String,
    crc64: String,
    /// A unique id, 32 hex digits: the object's version and the request ids of its event are made of it.
    unique: String,
}

/// An object that another service puts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Landing<'a> {
    pub bucket: &'a str,
    pub key: &'a str,
    /// e.g. `application/octet-stream`, which is also the default.
    pub content_type: Option<&'a str>,
    pub content_encoding: Option<&'a str>,
    /// Who puts it, as its event says: e.g. a role's id.
    pub principal: &'a str,
}

/// Makes objects of written files, all or none, as a part of a transaction that may change more.
///
/// The caller hands what this returns to [`S3::after_commit`] once the transaction is durable.
pub(crate) fn land(
    cloud: &Cloud,
    tx: &mut Transaction<'_>,
    landings: &[(Landing<'_>, &Written)],
) -> Result<Changed<()>> {
    let now = tx.now;
    within(cloud, tx, |edit| {
        for (landing, written) in landings {
            check_key(landing.key)?;
            let bucket = edit.docs().bucket(landing.bucket)?;
            let mut object = landing.object(written, &bucket, now);
            let actor = Actor {
                principal: landing.principal.to_owned(),
                request_id: written.unique[..16].to_ascii_uppercase(),
                host_id: written.unique.clone(),
                trace: None,
            };
            let cause = Cause { by: By::Actor(actor), now, unique: written.unique.clone(), expiration: false };
            objects::put(edit, &bucket, &mut object, "ObjectCreated:Put", &cause)?;
            edit.adopt(&written.fresh);
        }
        Ok(())
    })
}

impl Landing<'_> {
    fn object(&self, written: &Written, bucket: &Bucket, now: Millis) -> Object {
        let mut object = Object {
            blobs: vec![written.fresh.blob.clone()],
            size: written.fresh.blob.length,
            etag: written.etag.clone(),
            checksum: Some(Checksum {
                algorithm: Algorithm::Crc64nvme,
                kind: Kind::FullObject,
                value: written.crc64.clone(),
            }),
            encryption: super::describe::default_encryption(bucket),
            ..Object::new(self.key, now)
        };
        let content_type = self.content_type.unwrap_or("application/octet-stream");
        object.headers.insert("content-type".into(), content_type.into());
        if let Some(encoding) = self.content_encoding {
            object.headers.insert("content-encoding".into(), encoding.into());
        }
        object
    }
}

impl S3 {
    /// Writes bytes to a file of their own.
    pub(crate) async fn write(&self, bytes: Bytes) -> Result<Written> {
        let unique = self.store.unique();
        let mut draft = self.blobs().draft(unique.clone(), Digests::new(Algorithm::Crc64nvme, None));
        draft.write(bytes).await?;
        let (bytes, digests) = draft.end().await?;
        let Digested { md5, sum: crc64, .. } = digests.finish();
        Ok(Written { fresh: bytes.keep().await?, etag: to_hex(&md5), crc64, unique })
    }

    /// Finishes a change once it is durable: removes the files that no object names any more, and tells the operator of events
    /// that couldn't be sent.
    pub(crate) async fn after_commit<T>(&self, changed: Changed<T>) -> T {
        changed.orphans.discard().await;
        changed.refused.iter().for_each(|why| self.store.notice(why));
        changed.reply
    }

    /// A bucket's record, whoever owns it.
    #[cfg(test)]
    pub(crate) fn find_bucket(&self, name: &str) -> Result<Option<Bucket>> {
        self.store.read(|docs| docs.get(&super::record::key::bucket(name)))
    }

    /// The bytes of an object, whoever owns it.
    #[cfg(test)]
    pub(crate) async fn read_object(&self, bucket: &str, key: &str) -> Result<bytes::Bytes> {
        use futures::TryStreamExt;
        let (object, pinned) = self.store.read(|docs| {
            let bucket = docs.bucket(bucket)?;
            let object = Self::find_in(docs, &bucket, key, None)?;
            let pinned = self.pin(docs, &object);
            Ok::<_, super::error::Failure>((object, pinned))
        })?;
        let chunks: Vec<bytes::Bytes> =
            self.body(&object, 0, object.size, pinned, Pace::Full).await?.into_stream().try_collect().await?;
        Ok(chunks.concat().into())
    }
}

fn whole<'r>(bucket: &'r str, key: &'r str) -> Wanted<'r> {
    Wanted { bucket, key, version: None, part: None }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::store::scratch;
    use super::*;
    use crate::testing::call::context;
    use log::Durability;

    async fn land_one(cloud: &Arc<Cloud>, key: &str, bytes: &[u8]) {
        let s3 = S3::of(cloud);
        let written = s3.write(Bytes::copy_from_slice(bytes)).await.unwrap();
        let landing = Landing { bucket: "bucket", key, principal: "firehose", ..Default::default() };
        let landed = cloud.core.execute(|tx| Ok(land(cloud, tx, &[(landing.clone(), &written)])?)).await.unwrap();
        s3.after_commit(landed).await;
    }

    fn files(folder: &std::path::Path) -> usize {
        let shards = std::fs::read_dir(folder.join("objects")).unwrap();
        shards.map(|shard| std::fs::read_dir(shard.unwrap().path()).unwrap().count()).sum()
    }

    #[tokio::test]
    async fn what_landed_survives_a_restart_and_garbage_does_not() {
        let folder = tempfile::tempdir().unwrap();
        {
            let cloud = scratch::cloud(folder.path(), Durability::Process);
            let s3 = S3::of(&cloud);
            Buckets::of(&context(cloud.clone(), "000000000000")).create("bucket", false).await.unwrap();
            land_one(&cloud, "a", b"one").await;
            land_one(&cloud, "a", b"two").await;
            assert_eq!(files(folder.path()), 1);
            // As if the process died between the file and the document.
            std::mem::forget(s3.write(Bytes::from_static(b"garbage")).await.unwrap());
            assert_eq!(files(folder.path()), 2);
        }
        let cloud = scratch::cloud(folder.path(), Durability::Process);
        let s3 = S3::of(&cloud);
        assert_eq!(s3.read_object("bucket", "a").await.unwrap(), "two");
        assert_eq!(files(folder.path()), 1);
        assert_eq!(s3.remove_bucket("bucket").await.unwrap_err().code, "BucketNotEmpty");
    }

    #[tokio::test]
    async fn a_refused_landing_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let cloud = scratch::cloud(folder.path(), Durability::Process);
        let s3 = S3::of(&cloud);
        let written = s3.write(Bytes::from_static(b"x")).await.unwrap();
        let landing = Landing { bucket: "nowhere", key: "k", ..Default::default() };
        let landed = cloud.core.execute(|tx| Ok(land(&cloud, tx, &[(landing.clone(), &written)])?)).await;
        assert_eq!(landed.err().unwrap().code, "NoSuchBucket");
        assert_eq!(files(folder.path()), 1);
        drop(written);
        assert_eq!(files(folder.path()), 0);
    }

    #[tokio::test]
    async fn bucket_names_are_global() {
        let folder = tempfile::tempdir().unwrap();
        let cloud = scratch::cloud(folder.path(), Durability::Memory);
        let s3 = S3::of(&cloud);
        Buckets::of(&context(cloud.clone(), "000000000000")).create("bucket", false).await.unwrap();
        let cases = [
            ("bucket", "000000000000", "BucketAlreadyOwnedByYou"),
            ("bucket", "111111111111", "BucketAlreadyExists"),
            ("Bad", "000000000000", "InvalidBucketName"),
        ];
        for (name, account, code) in cases {
            let cx = Context { region: "eu-west-1".into(), ..context(cloud.clone(), account) };
            let refused = Buckets::of(&cx).create(name, false).await.unwrap_err();
            assert_eq!(refused.code, code);
        }
        s3.change(|edit| {
            let mut bucket = Arc::unwrap_or_clone(edit.docs().bucket("bucket")?);
            bucket.policy = Some("{}".into());
            edit.put_bucket(&bucket)
        })
        .await
        .unwrap();
        assert_eq!(s3.find_bucket("bucket").unwrap().unwrap().policy.as_deref(), Some("{}"));
        s3.remove_bucket("bucket").await.unwrap();
        assert!(s3.find_bucket("bucket").unwrap().is_none());
    }
}
