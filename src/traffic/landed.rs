//! Reads what Firehose landed in S3: objects under the prefix of its stream, one event behind the other, as lines or not.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use aws_sdk_s3::Client;
use aws_sdk_s3::types::EncodingType;
use flate2::read::MultiGzDecoder;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use serde::de::IgnoredAny;

use super::message::{self, Content};
use crate::aws::{CallError, ErrorKind, keys};

/// No landed object grows beyond this: Firehose buffers at most 128 MiB (API reference of Firehose, BufferingHints),
/// which compresses well.
const MAX_OBJECT_BYTES: u64 = 2 << 30;
/// So many partitions are told apart.
const MAX_PARTITIONS: usize = 1_000;
/// Where an expression of a prefix begins ("Understand custom prefixes for Amazon S3 objects", developer guide of Firehose).
const EXPRESSION: &str = "!{";
const DAY: &str = "!{timestamp:yyyy-MM-dd}";

/// Where a delivery stream lands what it gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Landing {
    pub bucket: String,
    /// The prefix of its objects, and of what it couldn't land, with their expressions.
    pub prefix: String,
    pub error_prefix: String,
    /// The stream whose objects alone count, where several land in the bucket.
    pub only_of: Option<String>,
}

impl Landing {
    /// What all of its keys begin with.
    fn literal(&self) -> &str {
        literal(&self.prefix)
    }

    /// The key behind which those of a day lie, as far as its prefix sorts by days.
    fn before_day(&self, day: Date) -> Option<String> {
        let literal = self.literal();
        let rest = &self.prefix[literal.len()..];
        match rest {
            // Firehose writes `yyyy/MM/dd/HH/` behind a prefix without an expression (ibid.).
            "" => Some(format!("{literal}{}", day.strftime("%Y/%m/%d"))),
            rest if rest.starts_with(DAY) => Some(format!("{literal}{day}")),
            _ => None,
        }
    }

    /// Whether an object is one of those that landed.
    fn is_of(&self, key: &str) -> bool {
        let errors = literal(&self.error_prefix);
        let is_error = !errors.is_empty() && !self.literal().starts_with(errors) && key.starts_with(errors);
        let name = key.rsplit('/').next().unwrap_or_default();
        // An object's name begins with that of its stream ("Configure Amazon S3 object name format", ibid.).
        let is_named = |stream: &String| name.strip_prefix(stream.as_str()).is_some_and(|rest| rest.starts_with('-'));
        !is_error && self.only_of.as_ref().is_none_or(is_named)
    }
}

/// A prefix up to its first expression.
fn literal(prefix: &str) -> &str {
    prefix.find(EXPRESSION).map_or(prefix, |at| &prefix[..at])
}

/// Looks into a bucket again and again for what a stream has landed there.
#[derive(Debug)]
pub(crate) struct BucketWatch {
    landing: Landing,
    /// Keys up to this one are of earlier days.
    after: Option<String>,
    /// Objects written before the run are not of it.
    since: Timestamp,
    /// The keys of the objects that were read.
    seen: BTreeSet<String>,
    pub totals: LandedTotals,
}

/// What a bucket watch found so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct LandedTotals {
    pub bytes: u64,
    pub objects: u64,
    /// Lines that are no events.
    pub unreadable: u64,
    /// Objects by partition, `landing_date=2026-01-31`: the first 1,000 partitions.
    pub partitions: BTreeMap<String, u64>,
}

impl LandedTotals {
    fn count(&mut self, key: &str, bytes: usize) {
        self.objects += 1;
        self.bytes += bytes as u64;
        let partition = key.rsplit_once('/').map_or("", |(partition, _)| partition);
        if self.partitions.len() < MAX_PARTITIONS || self.partitions.contains_key(partition) {
            *self.partitions.entry(partition.to_owned()).or_default() += 1;
        }
    }
}

impl BucketWatch {
    /// Looks for what lands from `since` on.
    pub(crate) fn new(landing: Landing, since: Timestamp) -> Self {
        // The day before: a partition's date may be of another time zone.
        let day = since.to_zoned(TimeZone::UTC).date().saturating_sub(1.day());
        // LastModified has whole seconds.
        let since = since - 1.second();
        let after = landing.before_day(day);
        Self { landing, after, since, seen: BTreeSet::new(), totals: LandedTotals::default() }
    }

    /// Reads the objects that are new since the last look, and hands out their events. One that isn't `whole` looks only behind the last
    /// key by now, where the next are whose names tell when they were written: it costs what is new, and not all that has landed.
    pub(crate) async fn look(
        &mut self,
        client: &Client,
        whole: bool,
        mut heard: impl FnMut(Content),
    ) -> Result<(), CallError> {
        let after = if whole { self.after.as_ref() } else { self.seen.last().max(self.after.as_ref()) };
        let mut page = client
            .list_objects_v2()
            .bucket(&self.landing.bucket)
            .prefix(self.landing.literal())
            .set_start_after(after.cloned())
            .encoding_type(EncodingType::Url)
            .into_paginator()
            .send();
        while let Some(list) = page.next().await {
            for object in list?.contents() {
                let Some(key) = object.key().map(keys::decode) else { continue };
                let written = object.last_modified().and_then(|at| Timestamp::new(at.secs(), 0).ok());
                let is_old = written.is_some_and(|written| written < self.since);
                if self.seen.contains(&key) || is_old || !self.landing.is_of(&key) {
                    continue;
                }
                let body = self.read_object(client, &key).await?;
                self.totals.count(&key, body.len());
                self.seen.insert(key);
                match decompress(&body) {
                    Some(text) => self.totals.unreadable += hand_out_events(&text, &mut heard),
                    None => self.totals.unreadable += 1,
                }
            }
        }
        Ok(())
    }

    async fn read_object(&self, client: &Client, key: &str) -> Result<Vec<u8>, CallError> {
        let mut answer = client.get_object().bucket(&self.landing.bucket).key(key).send().await?;
        let mut body = Vec::new();
        while let Some(part) = answer.body.next().await {
            let part =
                part.map_err(|error| CallError::without_code(ErrorKind::Unreachable, format!("{key}: {error}")))?;
            body.extend_from_slice(&part);
            if body.len() as u64 > MAX_OBJECT_BYTES / 4 {
                let why = format!("{key}: the object has more than 512 MiB, which no buffer of Firehose lands");
                return Err(CallError::without_code(ErrorKind::Other, why));
            }
        }
        Ok(body)
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
fn hand_out_events(text: &str, mut heard: impl FnMut(Content)) -> u64 {
    let mut unreadable = 0;
    for line in text.lines() {
        // Firehose puts nothing between records by itself.
        let mut values = serde_json::Deserializer::from_str(line).into_iter::<IgnoredAny>();
        let mut from = 0;
        while let Some(value) = values.next() {
            let to = values.byte_offset();
            match value.ok().and_then(|_| message::read(line[from..to].trim_start()).ok()) {
                Some(content) => heard(content),
                None => unreadable += 1,
            }
            from = to;
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
        assert_eq!(
            read(format!("{LINE}{LINE} {LINE}\n{LINE}{LINE}").as_bytes()),
            (5, 0),
            "records without a delimiter"
        );
        assert_eq!(read(format!("{LINE}{LINE}{{").as_bytes()), (2, 1));
        let enveloped = serde_json::json!({"Type": "Notification", "Message": LINE}).to_string();
        assert_eq!(read(enveloped.repeat(3).as_bytes()), (3, 0));
        let mut zip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        zip.write_all(plain.as_bytes()).unwrap();
        assert_eq!(read(&zip.finish().unwrap()), (2, 1));
        assert_eq!(decompress(&[0x1f, 0x8b, 1, 2]), None);
        assert_eq!(decompress(&[0xff]), None);
    }

    fn landing(prefix: &str, error_prefix: &str, only_of: Option<&str>) -> Landing {
        let (bucket, only_of) = ("b".to_owned(), only_of.map(str::to_owned));
        Landing { bucket, prefix: prefix.into(), error_prefix: error_prefix.into(), only_of }
    }

    #[test]
    fn yesterday_is_looked_at_too() {
        let after = |prefix| BucketWatch::new(landing(prefix, "", None), "2026-03-01T00:30:00Z".parse().unwrap()).after;
        let after_of = after("landing_date=!{timestamp:yyyy-MM-dd}/").unwrap();
        assert_eq!(after_of, "landing_date=2026-02-28");
        assert!("landing_date=2026-02-28/x" > after_of.as_str());
        assert_eq!((after("raw/").as_deref(), after("").as_deref()), (Some("raw/2026/02/28"), Some("2026/02/28")));
        assert_eq!(after("t=!{partitionKeyFromQuery:tenant}/"), None);
    }

    #[test]
    fn what_is_of_another_stream_or_could_not_be_landed_is_passed_over() {
        let ours = landing("raw/", "raw/errors/", Some("ours"));
        assert!(ours.is_of("raw/2026/03/01/00/ours-1-2026-03-01-00-00-00-x"));
        for key in ["raw/2026/03/01/00/theirs-1-x", "raw/2026/03/01/00/oursx-1", "raw/errors/failed/2026/ours-1-x"] {
            assert!(!ours.is_of(key), "{key}");
        }
        assert!(landing("d/!{timestamp:yyyy}/", "d/", None).is_of("d/2026/x"), "nothing tells them apart");
    }
}
