//! Delivery streams.

use serde::Serialize;
use serde_json::json;

use super::figures::StreamFigures;
use super::{Cut, Paging, SLICE, figures, name_of};
use crate::console::{Viewer, absent};
use crate::core::journal::Journal;
use crate::request::{Context, intern};
use engine::stream::Buffering;
use engine::{Engine, Millis};
use text::arn;
use wire::AwsError;

/// Objects that are shown of a stream.
const OBJECTS: usize = 50;

/// A page of the streams.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Streams {
    pub streams: Vec<StreamRow>,
    pub next: Option<String>,
    /// How many there are, with the part of a name that is asked for.
    pub of: usize,
}

/// A stream in a list.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct StreamRow {
    pub name: String,
    pub arn: String,
    pub region: String,
    pub account: String,
    #[serde(flatten)]
    pub figures: StreamFigures,
    /// The bucket that it lands in.
    pub bucket: Option<String>,
}

/// One stream.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct StreamView {
    #[serde(flatten)]
    pub row: StreamRow,
    /// The hints: a buffer is due when it holds so many bytes, or is so old. None where there is a buffer for each partition.
    pub buffer_bytes: Option<u64>,
    pub buffer_ms: u64,
    pub partitioned: bool,
    pub prefix: Option<String>,
    pub error_prefix: Option<String>,
    pub compression: String,
    pub role: String,
    /// Records that were given up, or landed under the error prefix, since the server started.
    pub failed: u64,
    /// The last objects that it landed, newest first; fifty at most.
    pub objects: Vec<Landed>,
}

/// An object that a stream landed.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Landed {
    pub bucket: String,
    pub key: String,
    pub at: u64,
    pub records: usize,
    pub bytes: u64,
}

/// A page of the streams.
pub(crate) fn streams(viewer: &Viewer, paging: &Paging) -> Streams {
    let mut cut = Cut::default();
    viewer.cx.cloud.core.each_stream("", |it| {
        if viewer.sees(&it.config.arn) {
            paging.take(&mut cut, &it.config.arn);
        }
        true
    });
    let Cut { names, next, of } = cut;
    let mut streams = Vec::with_capacity(names.len());
    for slice in names.chunks(SLICE) {
        streams.extend(viewer.cx.cloud.core.look(|engine, journal, now| {
            slice.iter().filter_map(|arn| row(viewer, engine, journal, arn, now)).collect::<Vec<_>>()
        }));
    }
    Streams { streams, next, of }
}

fn row(viewer: &Viewer, engine: &Engine, journal: &Journal, arn: &str, now: Millis) -> Option<StreamRow> {
    let stream = engine.stream_by_arn(arn)?;
    Some(StreamRow {
        name: name_of(arn).to_owned(),
        arn: arn.to_owned(),
        region: arn::region(arn).to_owned(),
        account: arn::account(arn).to_owned(),
        figures: figures::of_stream(stream, &journal.counts, &viewer.watch, now),
        bucket: bucket_of(&stream.config.document),
    })
}

/// The bucket that a stream's declaration names.
pub(crate) fn bucket_of(document: &str) -> Option<String> {
    let document: serde_json::Value = serde_json::from_str(document).ok()?;
    let bucket = document["destination"]["BucketARN"].as_str()?;
    Some(bucket.rsplit(':').next().unwrap_or(bucket).to_owned())
}

/// The ARN of the stream of a name or an ARN, if it is one that the viewer sees.
///
/// # Errors
/// 404.
pub(crate) fn find(viewer: &Viewer, name: &str) -> Result<String, AwsError> {
    let found = viewer.cx.cloud.core.read(|engine, _| {
        let is = |arn: &&String| viewer.sees(arn) && (*arn == name || name_of(arn) == name);
        let mut all = engine.streams("").map(|stream| &stream.config.arn);
        all.find(is).cloned()
    });
    found.ok_or_else(|| absent("delivery stream", name))
}

/// One stream.
///
/// # Errors
/// 404 for one that isn't there.
pub(crate) async fn stream(viewer: &Viewer, name: &str) -> Result<StreamView, AwsError> {
    let arn = find(viewer, name)?;
    let cx = Context { region: intern(arn::region(&arn)), ..viewer.cx.clone() };
    let asked = json!({"DeliveryStreamName": name_of(&arn)});
    let described = cx.call("firehose", "DescribeDeliveryStream", asked).await?;
    let destination = &described["DeliveryStreamDescription"]["Destinations"][0]["ExtendedS3DestinationDescription"];
    let text = |name: &str| destination[name].as_str().map(str::to_owned);
    let found = viewer.cx.cloud.core.look(|engine, journal, now| {
        let row = row(viewer, engine, journal, &arn, now)?;
        let stream = engine.stream_by_arn(&arn)?;
        let (id, buffering, millis) = (stream.config.id, stream.settings.buffering, stream.config.buffer_millis);
        let landed = journal.objects().filter(|object| object.stream == id).take(OBJECTS);
        let objects: Vec<Landed> = landed.map(shown).collect();
        let of_failures = journal.objects().filter(|object| object.stream == id && object.failed);
        let failed = journal.counts.get(id.0).moved + of_failures.map(|object| object.records as u64).sum::<u64>();
        Some((row, buffering, millis, objects, failed))
    });
    let (row, buffering, buffer_ms, objects, failed) = found.ok_or_else(|| absent("delivery stream", name))?;
    let buffer_bytes = match buffering {
        Buffering::Whole { bytes, .. } => Some(bytes),
        Buffering::Partitioned => None,
    };
    Ok(StreamView {
        row,
        buffer_bytes,
        buffer_ms,
        partitioned: buffer_bytes.is_none(),
        prefix: text("Prefix"),
        error_prefix: text("ErrorOutputPrefix"),
        compression: text("CompressionFormat").unwrap_or_default(),
        role: text("RoleARN").unwrap_or_default(),
        failed,
        objects,
    })
}

fn shown(object: &crate::core::journal::Landed) -> Landed {
    Landed {
        bucket: object.bucket.clone(),
        key: object.key.clone(),
        at: object.at,
        records: object.records,
        bytes: object.bytes,
    }
}
