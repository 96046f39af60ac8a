//! Buckets, and what lies in them.

use std::io::Read;

use http::HeaderMap;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::{Paging, Pairs, SLICE};
use crate::console::{Viewer, absent, wrong};
use crate::s3;
use crate::sigv4::presign;
use wire::{AwsError, Form};

/// Bytes of an object that are shown, and that are read for that: more, for they may be compressed.
const SHOWN: usize = 256 << 10;
/// For how long a link gives an object, in seconds.
const LINK: u64 = 3_600;
/// What stands in a path as it is.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// A page of the buckets.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Buckets {
    pub buckets: Vec<BucketRow>,
    pub next: Option<String>,
    /// How many there are, with the part of a name that is asked for.
    pub of: usize,
}

/// A bucket in a list.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct BucketRow {
    pub name: String,
    pub arn: String,
    pub region: String,
    pub account: String,
    pub created: u64,
    pub versioned: bool,
}

/// A page of one bucket, by folder.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct BucketView {
    #[serde(flatten)]
    pub row: BucketRow,
    pub prefix: String,
    /// The folders directly below the prefix, with a slash at the end.
    pub folders: Vec<String>,
    pub objects: Vec<ObjectRow>,
    pub next: Option<String>,
}

/// An object in a list.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ObjectRow {
    pub key: String,
    pub size: u64,
    pub modified: u64,
    pub etag: String,
}

/// One object.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ObjectView {
    pub bucket: String,
    #[serde(flatten)]
    pub row: ObjectRow,
    pub content_type: Option<String>,
    pub content_encoding: Option<String>,
    pub version: Option<String>,
    pub metadata: Pairs,
    /// What was opened on the way to the lines: `gzip`, or nothing.
    pub opened: Option<&'static str>,
    /// Its text by lines, 256 KiB at most; none for what is no text.
    pub lines: Option<Vec<String>>,
    /// There is more than what is shown.
    pub cut: bool,
    /// A link that gives the object for an hour, to whoever has it.
    pub presigned: String,
}

/// How many buckets a viewer has.
pub(crate) fn count(viewer: &Viewer) -> usize {
    viewer.cx.cloud.core.read(|engine, _| {
        let names = s3::bucket_names(engine);
        names.filter_map(|name| s3::find_bucket(engine, name).ok()?).filter(|it| is_seen(viewer, it)).count()
    })
}

fn is_seen(viewer: &Viewer, bucket: &s3::Bucket) -> bool {
    bucket.account == *viewer.cx.account && viewer.region.as_ref().is_none_or(|region| *region == bucket.region)
}

fn row(bucket: s3::Bucket) -> BucketRow {
    BucketRow {
        arn: format!("arn:aws:s3:::{}", bucket.name),
        versioned: bucket.is_versioned(),
        name: bucket.name,
        region: bucket.region,
        account: bucket.account,
        created: bucket.created,
    }
}

/// A page of the buckets.
///
/// # Errors
/// A document that can't be read.
pub(crate) fn buckets(viewer: &Viewer, paging: &Paging) -> Result<Buckets, AwsError> {
    let core = &viewer.cx.cloud.core;
    let names: Vec<String> =
        core.read(|engine, _| s3::bucket_names(engine).filter(|name| paging.wants(name)).map(str::to_owned).collect());
    let (mut rows, mut of, mut next) = (Vec::<BucketRow>::new(), 0, None);
    let after = paging.next.as_deref().unwrap_or_default();
    for slice in names.chunks(SLICE) {
        core.read(|engine, _| {
            for name in slice {
                let found = s3::find_bucket(engine, name).map_err(AwsError::from)?;
                let Some(bucket) = found.filter(|bucket| is_seen(viewer, bucket)) else { continue };
                of += 1;
                if name.as_str() > after && rows.len() < paging.limit {
                    rows.push(row(bucket));
                } else if name.as_str() > after && next.is_none() {
                    next = rows.last().map(|row| row.name.clone());
                }
            }
            Ok::<_, AwsError>(())
        })?;
    }
    Ok(Buckets { buckets: rows, next, of })
}

/// A page of a bucket, below the `prefix` in the form.
///
/// # Errors
/// 404 for one that isn't there.
pub(crate) fn bucket(viewer: &Viewer, name: &str, form: &Form) -> Result<BucketView, AwsError> {
    let paging = Paging::of(form)?;
    let prefix = form.get("prefix").unwrap_or_default();
    let after = paging.next.as_deref().unwrap_or_default();
    viewer.cx.cloud.core.read(|engine, _| {
        let found = s3::find_bucket(engine, name).map_err(AwsError::from)?;
        let bucket = found.filter(|bucket| is_seen(viewer, bucket)).ok_or_else(|| absent("bucket", name))?;
        let folder = s3::look_into(engine, &bucket, prefix, after, paging.limit)?;
        let object = |(key, size, modified, etag)| ObjectRow { key, size, modified, etag };
        Ok(BucketView {
            row: row(bucket),
            prefix: prefix.to_owned(),
            folders: folder.folders,
            objects: folder.objects.into_iter().map(object).collect(),
            next: folder.next,
        })
    })
}

/// The object of the `key` in the form.
///
/// # Errors
/// 404 for one that isn't there.
pub(crate) async fn object(viewer: &Viewer, name: &str, form: &Form) -> Result<ObjectView, AwsError> {
    let key =
        form.get("key").filter(|key| !key.is_empty()).ok_or_else(|| wrong("The parameter key names an object."))?;
    let found = viewer.cx.cloud.core.read(|engine, _| s3::find_bucket(engine, name).map_err(AwsError::from))?;
    let bucket = found.filter(|bucket| is_seen(viewer, bucket)).ok_or_else(|| absent("bucket", name))?;
    let (headers, bytes) = s3::Buckets::of(&viewer.cx).begin_of(name, key, SHOWN + 1).await?;
    let header = |name: &str| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let size = header("content-length").and_then(|size| size.parse().ok()).unwrap_or(bytes.len() as u64);
    let modified = header("last-modified").and_then(|at| text::time::parse_http_date(&at)).unwrap_or_default();
    let (opened, plain, cut) = open(&bytes);
    let lines = std::str::from_utf8(&plain[..valid(&plain)]).ok().filter(|_| is_text(&plain));
    Ok(ObjectView {
        row: ObjectRow {
            key: key.to_owned(),
            size,
            modified: u64::try_from(modified).unwrap_or_default() * 1_000,
            etag: header("etag").unwrap_or_default().trim_matches('"').to_owned(),
        },
        content_type: header("content-type"),
        content_encoding: header("content-encoding"),
        version: header("x-amz-version-id"),
        metadata: metadata(&headers),
        opened,
        lines: lines.map(|text| text.lines().map(str::to_owned).collect()),
        cut: cut || size > bytes.len() as u64,
        presigned: link(viewer, &bucket, key),
        bucket: name.to_owned(),
    })
}

fn metadata(headers: &HeaderMap) -> Pairs {
    let own = headers.iter().filter_map(|(name, value)| {
        let name = name.as_str().strip_prefix("x-amz-meta-")?;
        Some((name.to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
    });
    own.collect()
}

/// The bytes as they are, or what GZIP holds; and whether there is more than is shown.
fn open(bytes: &[u8]) -> (Option<&'static str>, Vec<u8>, bool) {
    let mut plain = Vec::new();
    let most = SHOWN as u64 + 1;
    if bytes.starts_with(&[0x1f, 0x8b]) {
        // It may end in the middle: what there is up to there is shown.
        _ = flate2::read::MultiGzDecoder::new(bytes).take(most).read_to_end(&mut plain);
        let cut = plain.len() > SHOWN;
        plain.truncate(SHOWN);
        return (Some("gzip"), plain, cut);
    }
    (None, bytes[..bytes.len().min(SHOWN)].to_vec(), bytes.len() > SHOWN)
}

/// How much of the bytes is whole characters: the end may be cut in one.
fn valid(bytes: &[u8]) -> usize {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.len(),
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        Err(_) => bytes.len(),
    }
}

fn is_text(bytes: &[u8]) -> bool {
    !bytes.contains(&0)
}

/// A link that gives an object to whoever has it; empty where the key that it would be signed with isn't known.
fn link(viewer: &Viewer, bucket: &s3::Bucket, key: &str) -> String {
    let path = format!("/{}/{}", bucket.name, utf8_percent_encode(key, PATH));
    let Some((id, secret)) = &viewer.key else { return String::new() };
    let now = viewer.cx.cloud.core.clients_now();
    presign(&viewer.cx.host, &path, &bucket.region, (id, secret), now, LINK).unwrap_or_default()
}
