//! What lies in a bucket, the newest first: S3 lists by key.

use aws_sdk_s3::types::EncodingType;
use jiff::Timestamp;

use crate::aws::{CallError, ErrorKind, Target, keys};
use crate::exit::Failure;
use crate::stack;

/// So many keys are looked at, at most.
pub(super) const LOOKED_AT: usize = 100_000;

/// A bucket, or the part of it whose keys begin so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub bucket: String,
    pub prefix: String,
}

/// An object, as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Object {
    pub key: String,
    pub bytes: u64,
    pub modified: Timestamp,
}

/// The newest objects of a place.
pub(super) struct Listing {
    /// The newest first.
    pub objects: Vec<Object>,
    /// How many keys there are, as far as it was looked.
    pub looked_at: usize,
    /// There are more keys, at which it wasn't looked.
    pub more: bool,
}

/// The place that is meant: `s3://BUCKET/PREFIX`, a delivery stream or a bucket by its name or its ARN; without a name the bucket of
/// the stack.
pub(super) async fn place(target: &Target, named: Option<&str>, stack: &str) -> Result<Place, Failure> {
    let Some(named) = named else {
        return Ok(Place { bucket: of_stack(target, stack).await?, prefix: String::new() });
    };
    if let Some(path) = named.strip_prefix("s3://").or_else(|| named.strip_prefix("arn:aws:s3:::")) {
        let (bucket, prefix) = path.split_once('/').unwrap_or((path, ""));
        if bucket.is_empty() {
            return Err(Failure::usage("No bucket is named").help("Say s3://BUCKET, or s3://BUCKET/PREFIX."));
        }
        return Ok(Place { bucket: bucket.to_owned(), prefix: prefix.to_owned() });
    }
    let is_arn = named.starts_with("arn:");
    let stream = named.rsplit_once(":deliverystream/").map_or(named, |(_, name)| name);
    match of_stream(target, stream).await {
        Ok(Some(place)) => Ok(place),
        Ok(None) => Err(Failure::new(format!("The stream {stream} has no bucket that is known here"))),
        Err(error) if error.kind == ErrorKind::NotFound && !is_arn => {
            Ok(Place { bucket: named.to_owned(), prefix: String::new() })
        }
        // A name that no stream can have is a bucket's.
        Err(error) if error.code.as_deref().is_some_and(|code| code.contains("Validation")) && !is_arn => {
            Ok(Place { bucket: named.to_owned(), prefix: String::new() })
        }
        Err(error) => Err(error.failure(target, &format!("look at the stream {stream}"))),
    }
}

/// The bucket that a stack's outputs name.
async fn of_stack(target: &Target, name: &str) -> Result<String, Failure> {
    let found = stack::describe(target, name).await;
    let found = found.map_err(|error| error.failure(target, &format!("look the stack {name} up")))?;
    let bucket = found.as_ref().and_then(|stack| stack.outputs.get(stack::BUCKET_NAME)).cloned();
    bucket.ok_or_else(|| {
        let why = match found {
            None => format!("there is no stack {name} on {}", target.describe()),
            Some(_) => format!("the stack {name} has no output {}", stack::BUCKET_NAME),
        };
        Failure::usage("No bucket is known").why(why).help("Name a bucket, s3://BUCKET/PREFIX or a delivery stream.")
    })
}

/// Where a delivery stream lands: its bucket, and what its prefix begins with whenever it lands.
pub(super) async fn of_stream(target: &Target, name: &str) -> Result<Option<Place>, CallError> {
    let answer = target.firehose().describe_delivery_stream().delivery_stream_name(name).send().await?;
    let stream = answer.delivery_stream_description();
    let destination =
        stream.and_then(|it| it.destinations().first()).and_then(|it| it.extended_s3_destination_description());
    Ok(destination.and_then(|it| {
        let bucket = it.bucket_arn().rsplit(':').next().filter(|name| !name.is_empty())?.to_owned();
        let prefix = it.prefix().unwrap_or_default().split("!{").next().unwrap_or_default().to_owned();
        Some(Place { bucket, prefix })
    }))
}

/// The newest objects of a place, `most` of them.
pub(super) async fn newest(target: &Target, place: &Place, most: usize) -> Result<Listing, CallError> {
    let ask = target.s3().list_objects_v2().bucket(&place.bucket).prefix(&place.prefix);
    let mut pages = ask.encoding_type(EncodingType::Url).into_paginator().send();
    let mut listing = Listing { objects: Vec::new(), looked_at: 0, more: false };
    while let Some(page) = pages.next().await {
        let page = page?;
        for object in page.contents() {
            listing.objects.push(Object {
                key: keys::decode(object.key().unwrap_or_default()),
                bytes: object.size().unwrap_or_default().unsigned_abs(),
                modified: object.last_modified().and_then(moment).unwrap_or(Timestamp::UNIX_EPOCH),
            });
        }
        listing.looked_at += page.contents().len();
        listing.keep(most);
        if listing.looked_at >= LOOKED_AT && page.is_truncated() == Some(true) {
            listing.more = true;
            break;
        }
    }
    Ok(listing)
}

impl Listing {
    /// Keeps the newest, `most` of them. Of those that came in the same moment the key decides: S3 tells seconds.
    fn keep(&mut self, most: usize) {
        self.objects.sort_by(|a, b| b.modified.cmp(&a.modified).then_with(|| b.key.cmp(&a.key)));
        self.objects.truncate(most);
    }
}

fn moment(at: &aws_sdk_s3::primitives::DateTime) -> Option<Timestamp> {
    Timestamp::new(at.secs(), at.subsec_nanos().try_into().ok()?).ok()
}
