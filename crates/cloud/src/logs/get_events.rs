//! GetLogEvents.

use serde::{Deserialize, Serialize};

use super::error::{bad_token, checks, refuse};
use super::names::{check_stream, either};
use super::place::Place;
use super::position::{Position, Way};
use super::read::{self, Range, aside, check_limit, check_time};
use super::store;
use crate::request::Context;
use engine::Millis;
use wire::AwsError;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct GetInput {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_name: Option<String>,
    start_time: Option<i64>,
    end_time: Option<i64>,
    next_token: Option<String>,
    limit: Option<i64>,
    start_from_head: Option<bool>,
    unmask: Option<bool>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GetOutput {
    events: Vec<Got>,
    next_forward_token: String,
    next_backward_token: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Got {
    timestamp: Millis,
    message: String,
    ingestion_time: Millis,
}

/// A page of a stream's events, always the oldest first: the newest page unless asked from the head.
pub(super) async fn get_log_events(cx: &Context, input: GetInput) -> Result<GetOutput, AwsError> {
    let place = Place::of(cx);
    let group = either(place, input.log_group_name.as_deref(), input.log_group_identifier.as_deref())?;
    let mut checks = checks();
    let stream = check_stream(&mut checks, input.log_stream_name.as_deref(), "logStreamName");
    checks.done()?;
    refuse(&[("unmask", input.unmask == Some(true))])?;
    let limit = check_limit(input.limit)?;
    let from = check_time(input.start_time, "startTime")?.unwrap_or_default();
    // "GetLogEvents", API Reference: events at the end's time aren't included.
    let before = check_time(input.end_time, "endTime")?.unwrap_or(Millis::MAX);
    let token = input.next_token.as_deref().map(|token| Way::read(token).ok_or_else(bad_token)).transpose()?;
    let way = match token {
        Some((way, _)) => way,
        None if input.start_from_head == Some(true) => Way::Forward,
        None => Way::Backward,
    };
    let (chunks, range) = cx.cloud.core.read(|engine, now| {
        let group = store::group(engine, place, group)?;
        let stream = store::stream(engine, &group, stream)?;
        let range = Range { from, before }.within(group.horizon(now));
        let chunks = store::chunks(engine, group.id).filter(|it| it.head.stream == stream.id && range.meets(it));
        Ok::<_, AwsError>((chunks.collect::<Vec<_>>(), range))
    })?;
    let start = token.map(|(_, position)| position);
    aside(move || {
        let mut page = read::page(&chunks, range, way, start, limit, |_| true).events;
        if way == Way::Backward {
            page.reverse();
        }
        let here = start.unwrap_or_default();
        let first = page.first().map_or(here, |(position, ..)| *position);
        let last = page.last().map_or(here, |(position, ..)| Position::behind(*position));
        let got = |event: super::chunk::Event<'_>| Got {
            timestamp: event.at,
            message: event.message.to_owned(),
            ingestion_time: event.ingested,
        };
        GetOutput {
            events: page.into_iter().map(|(.., event)| got(event)).collect(),
            next_forward_token: Way::Forward.token(last),
            next_backward_token: Way::Backward.token(first),
        }
    })
    .await
}
