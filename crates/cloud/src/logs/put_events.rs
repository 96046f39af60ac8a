//! PutLogEvents.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::chunk::{Event, count};
use super::door::tell_of_room;
use super::error::{checks, invalid, missing};
use super::names::{check_group, check_stream};
use super::place::Place;
use super::store;
use super::streams::sequence_token;
use crate::request::Context;
use engine::Millis;
use wire::{AwsError, Text};

/// "PutLogEvents", API Reference: events of a batch.
const MAX_EVENTS: usize = 10_000;
/// Its bytes: messages, and 26 for each.
const MAX_BYTES: u64 = 1 << 20;
const HOUR: Millis = 3_600_000;
/// Older events are rejected.
const OLDEST: Millis = 14 * 24 * HOUR;
/// And those that are further in the future.
const NEWEST: Millis = 2 * HOUR;
/// The time that the events of a batch may span.
const SPAN: Millis = 24 * HOUR;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PutInput<'a> {
    log_group_name: Option<String>,
    log_stream_name: Option<String>,
    #[serde(borrow)]
    log_events: Option<Vec<InputEvent<'a>>>,
    entity: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct InputEvent<'a> {
    timestamp: Option<i64>,
    #[serde(borrow)]
    message: Option<Text<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PutOutput {
    next_sequence_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rejected_log_events_info: Option<Rejected>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rejected_entity_info: Option<RejectedEntity>,
}

/// Why what a batch says of where it comes from isn't kept. Its events are.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RejectedEntity {
    error_type: &'static str,
}

/// "RejectedEntityInfo", API Reference: no log group here has entities.
const NO_ENTITIES: RejectedEntity = RejectedEntity { error_type: "UnsupportedLogGroupType" };

/// Which events of a batch weren't taken.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Rejected {
    /// The first that is too new.
    #[serde(skip_serializing_if = "Option::is_none")]
    too_new_log_event_start_index: Option<usize>,
    /// The first that isn't too old.
    #[serde(skip_serializing_if = "Option::is_none")]
    too_old_log_event_end_index: Option<usize>,
    /// The first that is within the group's retention.
    #[serde(skip_serializing_if = "Option::is_none")]
    expired_log_event_end_index: Option<usize>,
}

/// Takes a batch. Sequence tokens are ignored, as on AWS since 2023.
pub(super) async fn put_log_events(cx: &Context, input: PutInput<'_>) -> Result<PutOutput, AwsError> {
    let mut checks = checks();
    let group_name = check_group(&mut checks, input.log_group_name.as_deref(), "logGroupName");
    let name = check_stream(&mut checks, input.log_stream_name.as_deref(), "logStreamName");
    checks.done()?;
    let given = input.log_events.as_deref().ok_or_else(|| missing("logEvents"))?;
    let batch = read(given)?;
    let place = Place::of(cx);
    let put = cx.cloud.core.execute(|tx| {
        let group = store::group(tx.engine(), place, group_name)?;
        let stream = store::stream(tx.engine(), &group, name)?;
        let now = tx.now;
        let (rejected, accepted) = sift(&batch, now, group.horizon(now))?;
        let events: Vec<Event<'_>> = accepted.iter().map(|event| Event { ingested: now, ..*event }).collect();
        let next_sequence_token = sequence_token(&stream);
        let dropped = store::append(tx, &group, name, stream, &events)?;
        let rejected = Some(rejected).filter(|rejected| *rejected != Rejected::default());
        let output = PutOutput {
            next_sequence_token,
            rejected_log_events_info: rejected,
            rejected_entity_info: input.entity.is_some().then_some(NO_ENTITIES),
        };
        Ok((dropped, output))
    });
    let (dropped, output) = put.await?;
    if dropped {
        tell_of_room(&cx.cloud, group_name);
    }
    Ok(output)
}

/// The events of a batch, checked by themselves.
fn read<'e>(given: &'e [InputEvent<'_>]) -> Result<Vec<Event<'e>>, AwsError> {
    let mut checks = checks();
    if !(1..=MAX_EVENTS).contains(&given.len()) {
        let bound = if given.is_empty() { "greater than or equal to 1" } else { "less than or equal to 10000" };
        checks.fail_untold("logEvents", format!("Member must have length {bound}"));
    }
    let mut events = Vec::with_capacity(given.len().min(MAX_EVENTS));
    for (number, event) in (1..).zip(given.iter().take(MAX_EVENTS)) {
        let message = event.message.as_ref().map(Text::as_str);
        match message {
            None => checks.null(&format!("logEvents.{number}.member.message")),
            Some("") => {
                let member = format!("logEvents.{number}.member.message");
                checks.fail("", &member, "Member must have length greater than or equal to 1");
            }
            Some(_) => {}
        }
        let at = event.timestamp.and_then(|at| Millis::try_from(at).ok());
        match (event.timestamp, at) {
            (None, _) => checks.null(&format!("logEvents.{number}.member.timestamp")),
            (Some(time), None) => {
                let member = format!("logEvents.{number}.member.timestamp");
                checks.fail(time, &member, "Member must have value greater than or equal to 0");
            }
            (Some(_), Some(_)) => {}
        }
        events.push(Event { at: at.unwrap_or_default(), ingested: 0, message: message.unwrap_or_default() });
    }
    checks.done()?;
    let bytes = count(&events);
    if bytes > MAX_BYTES {
        return Err(invalid(format!("Upload too large: {bytes} bytes exceeds limit of {MAX_BYTES}")));
    }
    if !events.is_sorted_by_key(|event| event.at) {
        return Err(invalid("Log events in a single PutLogEvents request must be in chronological order."));
    }
    Ok(events)
}

/// Which events of a batch, in order of time, are too old or too new, and those that are neither.
///
/// # Errors
/// `InvalidParameterException` if these span more than 24 hours.
fn sift<'b, 'e>(batch: &'b [Event<'e>], now: Millis, horizon: Millis) -> Result<(Rejected, &'b [Event<'e>]), AwsError> {
    let too_old = batch.partition_point(|event| event.at < now.saturating_sub(OLDEST));
    let expired = batch.partition_point(|event| event.at < horizon);
    let too_new = batch.partition_point(|event| event.at <= now + NEWEST);
    let accepted = batch.get(too_old.max(expired)..too_new).unwrap_or_default();
    if let (Some(first), Some(last)) = (accepted.first(), accepted.last())
        && last.at - first.at > SPAN
    {
        return Err(invalid(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
        ));
    }
    let rejected = Rejected {
        too_new_log_event_start_index: Some(too_new).filter(|at| *at < batch.len()),
        too_old_log_event_end_index: Some(too_old).filter(|at| *at > 0),
        expired_log_event_end_index: Some(expired).filter(|at| *at > too_old),
    };
    Ok((rejected, accepted))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "PutLogEvents", API Reference: older than 14 days or the retention, more than 2 hours ahead.
    #[test]
    fn what_is_too_old_or_too_new_is_rejected_and_the_rest_is_taken() {
        let now = 100 * 24 * HOUR;
        let batch = |times: &[Millis]| -> Vec<Event<'static>> {
            times.iter().map(|at| Event { at: *at, ingested: 0, message: "m" }).collect()
        };
        let all = batch(&[1, now - OLDEST - 1, now - 3 * 24 * HOUR, now - HOUR, now + NEWEST, now + NEWEST + 1]);
        let (rejected, accepted) = sift(&all, now, now - 24 * HOUR).unwrap();
        assert_eq!(accepted, &all[3..5]);
        let expected = Rejected {
            too_new_log_event_start_index: Some(5),
            too_old_log_event_end_index: Some(2),
            expired_log_event_end_index: Some(3),
        };
        assert_eq!(rejected, expected);
        let day = batch(&[now - SPAN, now]);
        assert_eq!(sift(&day, now, 0), Ok((Rejected::default(), &day[..])));
        let more = batch(&[now - SPAN, now + 1]);
        assert!(sift(&more, now, 0).unwrap_err().message.contains("24 hours"));
        // Only what is taken counts for the span.
        assert_eq!(sift(&batch(&[1, now]), now, 0).unwrap().1.len(), 1);
        let none = batch(&[1, now + NEWEST + 1]);
        assert!(sift(&none, now, 0).unwrap().1.is_empty());
    }
}
