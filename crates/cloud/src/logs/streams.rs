//! CreateLogStream, DeleteLogStream, DescribeLogStreams.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::chunk;
use super::error::{bad_token, checks, exists, invalid};
use super::groups::unprotected;
use super::names::{check_group, check_stream, either, stream_arn};
use super::place::Place;
use super::store::{self, Group, Stream};
use crate::request::Context;
use engine::{Engine, Millis};
use wire::{AwsError, page};

/// "DescribeLogStreams", API Reference: 50 streams a page.
const MAX_DESCRIBED: i64 = 50;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct StreamInput {
    log_group_name: Option<String>,
    log_stream_name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct DescribeInput {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_name_prefix: Option<String>,
    order_by: Option<String>,
    descending: Option<bool>,
    next_token: Option<String>,
    limit: Option<i64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DescribeOutput {
    log_streams: Vec<Described>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Described {
    log_stream_name: String,
    creation_time: Millis,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_event_timestamp: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_event_timestamp: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_ingestion_time: Option<Millis>,
    upload_sequence_token: String,
    arn: String,
    stored_bytes: u64,
}

impl StreamInput {
    /// The names of the group and the stream.
    fn names(&self) -> Result<(&str, &str), AwsError> {
        let mut checks = checks();
        let group = check_group(&mut checks, self.log_group_name.as_deref(), "logGroupName");
        let stream = check_stream(&mut checks, self.log_stream_name.as_deref(), "logStreamName");
        checks.done()?;
        Ok((group, stream))
    }
}

/// Makes a stream.
pub(super) async fn create_log_stream(cx: &Context, input: StreamInput) -> Result<(), AwsError> {
    let (group, name) = input.names()?;
    let place = Place::of(cx);
    let made = cx.cloud.core.execute(|tx| {
        let group = store::group(tx.engine(), place, group)?;
        if store::stream(tx.engine(), &group, name).is_ok() {
            return Err(exists("log stream"));
        }
        store::add_stream(tx, &group, name)
    });
    made.await
}

/// Deletes a stream with its events.
pub(super) async fn delete_log_stream(cx: &Context, input: StreamInput) -> Result<(), AwsError> {
    let (group, name) = input.names()?;
    let place = Place::of(cx);
    let deleted = cx.cloud.core.execute_freeing(|tx| {
        let group = unprotected(tx.engine(), place, group)?;
        let stream = store::stream(tx.engine(), &group, name)?;
        store::drop_stream(tx, &group, name, &stream)
    });
    deleted.await
}

/// A group's streams, by name or by their last events.
pub(super) async fn describe_log_streams(cx: &Context, input: DescribeInput) -> Result<DescribeOutput, AwsError> {
    let place = Place::of(cx);
    let name = either(place, input.log_group_name.as_deref(), input.log_group_identifier.as_deref())?;
    let mut checks = checks();
    if let Some(prefix) = input.log_stream_name_prefix.as_deref() {
        check_stream(&mut checks, Some(prefix), "logStreamNamePrefix");
    }
    let by_time = match input.order_by.as_deref() {
        None | Some("LogStreamName") => false,
        Some("LastEventTime") => true,
        Some(other) => {
            checks.fail(other, "orderBy", "Member must satisfy enum value set: [LogStreamName, LastEventTime]");
            false
        }
    };
    let limit = input.limit.unwrap_or(MAX_DESCRIBED);
    checks.number(limit, "limit", 1..=MAX_DESCRIBED);
    checks.done()?;
    if by_time && input.log_stream_name_prefix.is_some() {
        return Err(invalid("Cannot order by LastEventTime with a logStreamNamePrefix."));
    }
    let after = input.next_token.as_deref().map(|token| after(token, by_time)).transpose()?;
    let descending = input.descending.unwrap_or_default();
    let size = usize::try_from(limit).unwrap_or(1);
    let (page, next_token) = cx.cloud.core.read(|engine, now| {
        let group = store::group(engine, place, name)?;
        let prefix = input.log_stream_name_prefix.as_deref().unwrap_or_default();
        let times = times(engine, &group, now);
        let found = store::streams(engine, &group, prefix).into_iter().map(|(name, stream)| {
            let last = times.get(&stream.id).map_or(0, |times| times.1);
            ((if by_time { last } else { 0 }, name), stream)
        });
        let mut found: Vec<((Millis, String), Stream)> = found.collect();
        found.sort_unstable_by(|a, b| if descending { b.0.cmp(&a.0) } else { a.0.cmp(&b.0) });
        let behind = |key: &(Millis, String)| match &after {
            Some(after) if descending => key < after,
            Some(after) => key > after,
            None => true,
        };
        found.retain(|(key, _)| behind(key));
        let (page, next) = page::by_key(found, size, |(key, _)| token(key));
        let describe = |((_, name), stream): ((Millis, String), Stream)| {
            let times = times.get(&stream.id);
            Described {
                arn: stream_arn(place, &group.name, &name),
                log_stream_name: name,
                creation_time: stream.created,
                first_event_timestamp: times.map(|times| times.0),
                last_event_timestamp: times.map(|times| times.1),
                last_ingestion_time: stream.ingested,
                upload_sequence_token: sequence_token(&stream),
                // "LogStream", API Reference: always zero since 2019.
                stored_bytes: 0,
            }
        };
        Ok::<_, AwsError>((page.into_iter().map(describe).collect(), next))
    })?;
    Ok(DescribeOutput { log_streams: page, next_token })
}

/// What a stream calls its next batch. Nobody asks for it any more ("PutLogEvents", API Reference).
pub(super) fn sequence_token(stream: &Stream) -> String {
    format!("{:056}", stream.id)
}

/// The times of the oldest and the newest event of each stream that has any.
fn times(engine: &Engine, group: &Group, now: Millis) -> HashMap<u64, (Millis, Millis)> {
    let horizon = group.horizon(now);
    let mut times: HashMap<u64, (Millis, Millis)> = HashMap::new();
    for found in store::chunks(engine, group.id).filter(|chunk| chunk.head.last >= horizon) {
        let mut first = found.head.first;
        if first < horizon {
            let kept = chunk::events(&found.bytes).iter().map(|event| event.at).filter(|at| *at >= horizon).min();
            first = kept.unwrap_or(found.head.last);
        }
        let entry = times.entry(found.head.stream).or_insert((first, found.head.last));
        *entry = (entry.0.min(first), entry.1.max(found.head.last));
    }
    times
}

/// The token of the page behind a stream. Its time is that of the last event if these give the order, else 0.
fn token((time, name): &(Millis, String)) -> String {
    page::encode_token(&format!("{time}:{name}"))
}

/// The stream that a page ended with.
fn after(token: &str, by_time: bool) -> Result<(Millis, String), AwsError> {
    let text = page::decode_token(token).ok_or_else(bad_token)?;
    let (time, name) = text.split_once(':').ok_or_else(bad_token)?;
    let time = time.parse().map_err(|_| bad_token())?;
    if by_time || time == 0 { Ok((time, name.to_owned())) } else { Err(bad_token()) }
}
