//! Reads what Firehose landed in S3: objects under `landing_date=YYYY-MM-dd/`, one event per line.

use std::collections::{BTreeMap, HashSet};
use std::io::Read;

use aws_sdk_s3::Client;
use aws_sdk_s3::types::EncodingType;
use flate2::read::MultiGzDecoder;
use jiff::{Timestamp, ToSpan, tz::TimeZone};

use super::message::{self, Content};
use crate::aws::{CallError, ErrorKind, keys};
use crate::event::envelope::Arrived;

/// The partitions of the template's prefix.
const PREFIX: &str = "landing_date=";
/// No landed object grows beyond this: Firehose buffers at most 128 MiB (API reference of Firehose, BufferingHints),
/// which compresses well.
const MAX_OBJECT_BYTES: u64 = 2 << 30;

/// Looks into a bucket again and again for what has landed there.
#[derive(Debug)]
pub(crate) struct BucketWatch {
    bucket: String,
    /// Keys up to this one are of earlier days.
    after: String,
    /// Objects written before the run are not of it.
    since: Timestamp,
    /// The keys of the objects that were read.
    seen: HashSet<String>,
    pub totals: LandedTotals,
}

/// What a bucket watch found so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct LandedTotals {
    pub bytes: u64,
    pub objects: u64,
    /// Lines that are no events.
    pub unreadable: u64,
    /// Objects by partition, `landing_date=2026-01-31`.
    pub partitions: BTreeMap<String, u64>,
}

impl BucketWatch {
    /// Looks for what lands from `since` on.
    pub(crate) fn new(bucket: impl Into<String>, since: Timestamp) -> Self {
        // The day before: a partition's date may be of another time zone.
        let day = since.to_zoned(TimeZone::UTC).date().saturating_sub(1.day());
        // LastModified has whole seconds.
        let since = since - 1.second();
        Self {
            bucket: bucket.into(),
            after: format!("{PREFIX}{day}"),
            since,
            seen: HashSet::new(),
            totals: LandedTotals::default(),
        }
    }

    /// Reads the objects that are new since the last look, and hands out their events.
    pub(crate) async fn look(&mut self, client: &Client, mut event: impl FnMut(Arrived)) -> Result<(), CallError> {
        let mut page = client
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(PREFIX)
            .start_after(&self.after)
            .encoding_type(EncodingType::Url)
            .into_paginator()
            .send();
        while let Some(list) = page.next().await {
            for object in list?.contents() {
                let Some(key) = object.key().map(keys::decode) else { continue };
                let written = object.last_modified().and_then(|at| Timestamp::new(at.secs(), 0).ok());
                if self.seen.contains(&key) || written.is_some_and(|written| written < self.since) {
                    continue;
                }
                let body = self.read_object(client, &key).await?;
                self.totals.objects += 1;
                self.totals.bytes += body.len() as u64;
                let partition = key.split('/').next().unwrap_or_default();
                *self.totals.partitions.entry(partition.to_owned()).or_default() += 1;
                self.seen.insert(key);
                match decompress(&body) {
                    Some(text) => self.totals.unreadable += hand_out_events(&text, &mut event),
                    None => self.totals.unreadable += 1,
                }
            }
        }
        Ok(())
    }

    async fn read_object(&self, client: &Client, key: &str) -> Result<Vec<u8>, CallError> {
        let answer = client.get_object().bucket(&self.bucket).key(key).send().await?;
        let body = answer
            .body
            .collect()
            .await
            .map_err(|error| CallError::without_code(ErrorKind::Unreachable, format!("{key}: {error}")))?;
        Ok(body.to_vec())
    }
}

/// An object as text: plain, or gzip. Other compressions are not read.
fn decompress(body: &[u8]) -> Option<String> {
    if !body.starts_with(&[0x1f, 0x8b]) {
        return String::from_utf8(body.to_vec()).ok();
    }
    let mut text = String::new();
    MultiGzDecoder::new(body).take(MAX_OBJECT_BYTES).read_to_string(&mut text).ok()?;
    Some(text)
}

/// Hands out the events of an object; the number of lines that aren't any.
fn hand_out_events(text: &str, mut event: impl FnMut(Arrived)) -> u64 {
    let mut unreadable = 0;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        match message::read(line) {
            Ok(Content::Event(arrived)) => event(arrived),
            Ok(Content::Own(_)) => {}
            Err(_) => unreadable += 1,
        }
    }
    unreadable
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const LINE: &str = r#"{"specversion":"1.0","id":"1","source":"/s","type":"order.placed"}"#;

    fn read(body: &[u8]) -> (usize, u64) {
        let mut n = 0;
        let unreadable = hand_out_events(&decompress(body).unwrap(), |_| n += 1);
        (n, unreadable)
    }

    #[test]
    fn plain_and_gzip_are_read() {
        let plain = format!("{LINE}\n{LINE}\n\nnot json\n");
        assert_eq!(read(plain.as_bytes()), (2, 1));
        let mut zip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        zip.write_all(plain.as_bytes()).unwrap();
        assert_eq!(read(&zip.finish().unwrap()), (2, 1));
        assert_eq!(decompress(&[0x1f, 0x8b, 1, 2]), None);
        assert_eq!(decompress(&[0xff]), None);
    }

    #[test]
    fn yesterday_is_looked_at_too() {
        let landed = BucketWatch::new("b", "2026-03-01T00:30:00Z".parse().unwrap());
        assert_eq!(landed.after, "landing_date=2026-02-28");
        assert!("landing_date=2026-02-28/x" > landed.after.as_str());
    }
}
