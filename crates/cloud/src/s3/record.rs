//! The documents in which S3 keeps buckets, objects and uploads, and their keys.

use std::collections::BTreeMap;

use s3s::dto;
use serde::{Deserialize, Serialize};

use super::checksum::{Algorithm, Checksum, Kind};
use crate::blobs::Blob;
use engine::{Millis, Seq};

/// Tags in the order they were given.
pub(super) type Tags = Vec<(String, String)>;

/// Whether a bucket keeps versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) enum Versioning {
    #[default]
    Off,
    Enabled,
    Suspended,
}

/// A bucket. Names are global: one bucket of a name over all accounts and regions.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Bucket {
    pub name: String,
    /// The account that owns it, 12 digits.
    pub account: String,
    pub region: String,
    /// The location constraint as it was given: `EU` stays `EU`, us-east-1 has none.
    pub location: Option<String>,
    pub created: Millis,
    #[serde(default)]
    pub versioning: Versioning,
    /// None until tags are put: S3 tells "no tag set" from an empty one.
    #[serde(default)]
    pub tags: Option<Tags>,
    /// The default encryption that was put; without it objects say AES256.
    #[serde(default)]
    pub encryption: Option<dto::ServerSideEncryptionConfiguration>,
    #[serde(default)]
    pub public_access_block: Option<dto::PublicAccessBlockConfiguration>,
    /// `BucketOwnerEnforced`, `BucketOwnerPreferred` or `ObjectWriter`.
    #[serde(default)]
    pub ownership: Option<String>,
    /// The bucket policy, JSON as it was put.
    #[serde(default)]
    pub policy: Option<String>,
    /// Which events are sent where.
    #[serde(default)]
    pub notification: Option<dto::NotificationConfiguration>,
    /// Which pages of other origins may use it.
    #[serde(default)]
    pub cors: Option<dto::CORSConfiguration>,
    /// Object Lock is enabled, for ever.
    #[serde(default)]
    pub lock: Option<BucketLock>,
    /// How it is served as a web site.
    #[serde(default)]
    pub website: Option<dto::WebsiteConfiguration>,
    /// When objects, versions and uploads expire.
    #[serde(default)]
    pub lifecycle: Option<dto::BucketLifecycleConfiguration>,
    /// Whether small objects stay in their storage class, as the lifecycle's transitions go; None is that of all classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least_to_move: Option<String>,
    /// Who may do what with it; None is its owner alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acl: Option<Acl>,
    /// What is kept and shown, and has no effect.
    #[serde(default, skip_serializing_if = "Stored::is_empty")]
    pub stored: Stored,
}

impl Bucket {
    /// Whether it keeps versions.
    pub(crate) fn is_versioned(&self) -> bool {
        self.versioning == Versioning::Enabled
    }
}

/// Who may do what with a bucket or an object. What has none is its owner's alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Acl {
    pub(super) grants: Vec<Grant>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Grant {
    pub to: Grantee,
    /// e.g. `READ`.
    pub permission: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Grantee {
    /// A canonical user id.
    User(String),
    /// The URI of a group.
    Group(String),
}

/// Settings of a bucket that have no effect here.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Stored {
    /// `Enabled` or `Suspended`.
    pub accelerate: Option<String>,
    /// `Requester` or `BucketOwner`.
    pub payer: Option<String>,
    pub logging: Option<Logging>,
    pub replication: Option<dto::ReplicationConfiguration>,
    /// These are in the order of their ids.
    pub analytics: Vec<dto::AnalyticsConfiguration>,
    pub inventory: Vec<dto::InventoryConfiguration>,
    pub metrics: Vec<dto::MetricsConfiguration>,
    pub tiering: Vec<dto::IntelligentTieringConfiguration>,
}

impl Stored {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Where access logs would go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Logging {
    pub bucket: String,
    pub prefix: String,
    /// Who may read them.
    pub grants: Option<Acl>,
    pub format: Option<KeyFormat>,
}

/// How the keys of access logs would be made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum KeyFormat {
    Simple,
    /// By date: `EventTime` or `DeliveryTime`.
    Partitioned(Option<String>),
}

/// The Object Lock of a bucket.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct BucketLock {
    /// The retention of a new version whose request names none.
    pub default: Option<dto::DefaultRetention>,
}

/// The Object Lock of a version.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ObjectLock {
    pub retention: Option<Retention>,
    /// None until it is put for the first time: S3 tells that from off.
    pub legal_hold: Option<bool>,
}

/// Until when a version can't be deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Retention {
    /// Compliance mode: nobody may shorten it. Else it is governance mode: a request may shorten it that says so.
    pub compliance: bool,
    pub until: Millis,
}

/// What is as it is anyhow isn't written: most objects have little else than a key, a size and an ETag.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What a new version has to know of the one whose place it takes.
#[derive(Debug, Deserialize)]
pub(super) struct Replaced {
    #[serde(default)]
    pub version: Option<String>,
    pub sequence: u64,
    #[serde(default)]
    pub blobs: Vec<Blob>,
    #[serde(default)]
    pub kept: Option<Seq>,
}

/// One version of an object, or a delete marker.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Object {
    pub key: String,
    /// None is the `null` version: written while versioning was off or suspended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Grows with each version of a key; orders the versions of a key.
    pub sequence: u64,
    pub modified: Millis,
    /// A delete marker has no body.
    #[serde(default, skip_serializing_if = "is_default")]
    pub delete_marker: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blobs: Vec<Blob>,
    /// The number of its bytes, if they are few and lie in the log: then it has no blobs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<Seq>,
    #[serde(default)]
    pub size: u64,
    /// Without quotes.
    #[serde(default)]
    pub etag: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<Checksum>,
    /// Headers kept with the object and returned: content-type and such, lower case.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// User metadata without the prefix `x-amz-meta-`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Tags,
    /// None is STANDARD.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_class: Option<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub encryption: Encryption,
    /// The parts it was uploaded in; empty if it was put at once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<ObjectPart>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub lock: ObjectLock,
    /// Who may do what with it; None is its owner alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acl: Option<Acl>,
    /// Until when a copy of what lies in an archive can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored_until: Option<Millis>,
    /// The id of the multipart upload that it was: a client that completes it once more gets the same answer again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<String>,
}

/// A part of a completed multipart object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct ObjectPart {
    pub number: i32,
    pub size: u64,
    /// Only where the upload was created with an algorithm.
    pub checksum: Option<Checksum>,
}

/// How an object says it is encrypted; the files themselves aren't.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Encryption {
    /// `AES256`, `aws:kms` or `aws:kms:dsse`.
    pub algorithm: String,
    pub kms_key: Option<String>,
    pub bucket_key: bool,
    /// The MD5 (base64) of the customer's key that it can be read with only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_key: Option<String>,
}

impl Default for Encryption {
    fn default() -> Self {
        Self { algorithm: "AES256".into(), kms_key: None, bucket_key: false, customer_key: None }
    }
}

/// A multipart upload in progress.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Upload {
    pub id: String,
    pub key: String,
    pub initiated: Millis,
    /// The account that started it.
    pub account: String,
    /// What the client asked for; without it parts are summed with CRC64NVME.
    pub checksum: Option<(Algorithm, Kind)>,
    pub headers: BTreeMap<String, String>,
    pub metadata: BTreeMap<String, String>,
    pub tags: Tags,
    pub storage_class: Option<String>,
    pub encryption: Encryption,
    #[serde(default)]
    pub lock: ObjectLock,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acl: Option<Acl>,
}

impl Upload {
    /// The algorithm of its parts.
    pub(super) fn algorithm(&self) -> Algorithm {
        self.checksum.map_or(Algorithm::Crc64nvme, |(algorithm, _)| algorithm)
    }
}

/// A part of an upload in progress.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Part {
    pub number: i32,
    pub blobs: Vec<Blob>,
    pub size: u64,
    /// Without quotes.
    pub etag: String,
    /// Base64 digest of the upload's algorithm.
    pub digest: String,
    pub modified: Millis,
}

/// The document keys. A bucket's name has no `/`, so its documents stand together.
pub(super) mod key {
    /// How the keys of buckets begin.
    pub(crate) const BUCKETS: &str = "s3/bucket/";
    /// How the keys of current objects begin.
    pub(crate) const OBJECTS: &str = "s3/object/";
    /// How the keys of noncurrent versions begin.
    pub(crate) const VERSIONS: &str = "s3/version/";
    /// How the keys of the parts of uploads begin.
    pub(crate) const PARTS: &str = "s3/part/";

    /// A bucket; or, with the beginning of a name, how the keys of such buckets begin.
    pub(crate) fn bucket(name: &str) -> String {
        [BUCKETS, name].concat()
    }

    /// The current objects of a bucket, by key.
    pub(crate) fn objects(bucket: &str) -> String {
        format!("{OBJECTS}{bucket}/")
    }

    /// The current version of a key.
    pub(crate) fn object(bucket: &str, key: &str) -> String {
        [OBJECTS, bucket, "/", key].concat()
    }

    /// The noncurrent versions of a key, newest first.
    pub(crate) fn versions(bucket: &str, key: &str) -> String {
        format!("{VERSIONS}{bucket}/{key}\0")
    }

    /// A noncurrent version of a key.
    pub(crate) fn version(bucket: &str, key: &str, sequence: u64) -> String {
        format!("{VERSIONS}{bucket}/{key}\0{:016x}", !sequence)
    }

    /// The uploads of a bucket, by key and then by when they started.
    pub(crate) fn uploads(bucket: &str) -> String {
        format!("s3/upload/{bucket}/")
    }

    /// An upload in progress.
    pub(crate) fn upload(bucket: &str, key: &str, id: &str) -> String {
        format!("s3/upload/{bucket}/{key}\0{id}")
    }

    /// How the keys of an upload's parts begin.
    pub(crate) fn parts(upload: &str) -> String {
        format!("{PARTS}{upload}/")
    }

    /// A part of an upload.
    pub(crate) fn part(upload: &str, number: i32) -> String {
        format!("{PARTS}{upload}/{number:05}")
    }
}
