//! FilterLogEvents.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::error::{bad_token, checks, invalid, no_stream, refuse};
use super::names::{check_stream, either};
use super::pattern::Pattern;
use super::place::Place;
use super::position::{Position, Way};
use super::read::{self, Range, aside, check_limit, check_time};
use super::store::{self, Group};
use crate::request::Context;
use engine::{Engine, Millis};
use wire::AwsError;

/// "FilterLogEvents", API Reference: streams that a request may name.
const MAX_STREAMS: usize = 100;
/// And the characters of its pattern.
const MAX_PATTERN: usize = 1_024;
/// 2024-01-01: "FilterLogEvents", API Reference, the newest first only from then on.
const NEWEST_FIRST_SINCE: Millis = 1_704_067_200_000;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct FilterInput {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_names: Option<Vec<String>>,
    log_stream_name_prefix: Option<String>,
    start_time: Option<i64>,
    end_time: Option<i64>,
    filter_pattern: Option<String>,
    next_token: Option<String>,
    limit: Option<i64>,
    start_from_head: Option<bool>,
    unmask: Option<bool>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FilterOutput {
    events: Vec<Found>,
    /// "FilterLogEvents", API Reference: always empty since 2020.
    searched_log_streams: [(); 0],
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    log_stream_name: String,
    timestamp: Millis,
    message: String,
    ingestion_time: Millis,
    event_id: String,
}

/// A page of a group's events that a pattern matches, those of all its streams or of some, in one order.
pub(super) async fn filter_log_events(cx: &Context, input: FilterInput) -> Result<FilterOutput, AwsError> {
    let place = Place::of(cx);
    let group = either(place, input.log_group_name.as_deref(), input.log_group_identifier.as_deref())?;
    check_streams(&input)?;
    refuse(&[("unmask", input.unmask == Some(true))])?;
    let limit = check_limit(input.limit)?;
    let from = check_time(input.start_time, "startTime")?.unwrap_or_default();
    // Unlike GetLogEvents it includes events at the end's time.
    let before = check_time(input.end_time, "endTime")?.map_or(Millis::MAX, |end| end.saturating_add(1));
    let token = input.next_token.as_deref().map(|token| Way::read(token).ok_or_else(bad_token)).transpose()?;
    let newest_first = input.start_from_head == Some(false);
    if newest_first && token.is_none() && from < NEWEST_FIRST_SINCE {
        return Err(invalid(
            "startFromHead can be false only with a startTime on or after January 1, 2024 00:00:00 UTC.",
        ));
    }
    let way = match token {
        Some((way, _)) => way,
        None if newest_first => Way::Backward,
        None => Way::Forward,
    };
    // The regular expressions in it may take a while as well.
    let pattern = input.filter_pattern.clone().unwrap_or_default();
    let pattern = aside(move || Pattern::parse(&pattern)).await??;
    let (chunks, range, names) = cx.cloud.core.read(|engine, now| {
        let group = store::group(engine, place, group)?;
        let names = choose_streams(engine, &group, &input)?;
        let range = Range { from, before }.within(group.horizon(now));
        let chunks = store::chunks(engine, group.id);
        let chunks = chunks.filter(|it| names.contains_key(&it.head.stream) && range.meets(it));
        Ok::<_, AwsError>((chunks.collect::<Vec<_>>(), range, names))
    })?;
    let start = token.map(|(_, position)| position);
    aside(move || {
        let page = read::page(&chunks, range, way, start, limit, |event| pattern.matches(event.message));
        let next = page.events.last().filter(|_| page.more).map(|(position, ..)| match way {
            Way::Forward => way.token(Position::behind(*position)),
            Way::Backward => way.token(*position),
        });
        let found = page.events.into_iter().map(|(position, stream, event)| Found {
            log_stream_name: names.get(&stream).cloned().unwrap_or_default(),
            timestamp: event.at,
            message: event.message.to_owned(),
            ingestion_time: event.ingested,
            event_id: position.event_id(),
        });
        FilterOutput { events: found.collect(), searched_log_streams: [], next_token: next }
    })
    .await
}

/// Checks what a request says of streams, and how long its pattern is.
fn check_streams(input: &FilterInput) -> Result<(), AwsError> {
    let mut checks = checks();
    if let Some(names) = &input.log_stream_names {
        if !(1..=MAX_STREAMS).contains(&names.len()) {
            checks.fail_untold("logStreamNames", format!("Member must have length from 1 to {MAX_STREAMS}"));
        }
        for name in names.iter().take(MAX_STREAMS) {
            check_stream(&mut checks, Some(name), "logStreamNames");
        }
    }
    if let Some(prefix) = &input.log_stream_name_prefix {
        check_stream(&mut checks, Some(prefix), "logStreamNamePrefix");
    }
    checks.length(input.filter_pattern.as_deref().unwrap_or_default(), "filterPattern", 0..=MAX_PATTERN);
    checks.done()?;
    if input.log_stream_names.is_some() && input.log_stream_name_prefix.is_some() {
        return Err(invalid("logStreamNames and logStreamNamePrefix are mutually exclusive parameters."));
    }
    Ok(())
}

/// The streams that a request means: their names, by their numbers.
fn choose_streams(engine: &Engine, group: &Group, input: &FilterInput) -> Result<HashMap<u64, String>, AwsError> {
    if let Some(names) = &input.log_stream_names {
        let find = |name: &String| Ok((store::stream(engine, group, name).map_err(|_| no_stream())?.id, name.clone()));
        return names.iter().map(find).collect();
    }
    let prefix = input.log_stream_name_prefix.as_deref().unwrap_or_default();
    Ok(store::streams(engine, group, prefix).into_iter().map(|(name, stream)| (stream.id, name)).collect())
}
