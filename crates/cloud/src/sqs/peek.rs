//! The page `/_messaging/peek`: messages of a queue as they lie there. Nobody receives them: no count rises and nothing is hidden.

use serde_json::{Map, Value as Json, json};

use super::{queue_url, received};
use crate::core::{Cloud, receive};
use crate::request::{DEFAULT_REGION, Services, host_of, queue_path, region_of_address};
use engine::change::{Attribute, Value};
use engine::queue::{Entry, State};
use engine::{Millis, Position, ids};
use text::{arn, time};
use wire::{AwsError, Blob, Form};

/// How many messages the page shows unless told otherwise, and at most.
const SHOWN: usize = 10;
const MAX_SHOWN: usize = 100;
/// It ends with the message whose body makes it so long.
const MAX_BYTES: usize = 4 << 20;
/// What the page is, for programs: a change that a reader could stumble over raises it.
const VERSION: u32 = 1;

/// A message before its record is read.
struct Lying {
    position: Position,
    entry: Entry,
    message_id: String,
    source: Option<String>,
    salt: u128,
}

/// The page of the queue that `queue` in the query names, a URL or an ARN: up to `max` messages behind the position `after`, in
/// the order in which they came to the queue. Of `account` alone, if there is one.
///
/// # Errors
/// A parameter that is missing or wrong; no such queue.
pub(crate) async fn page(
    cloud: &Cloud,
    services: &Services,
    account: Option<&str>,
    query: &str,
) -> Result<Json, AwsError> {
    let form = Form::parse(&[query.as_bytes()])?;
    let named = form.get("queue").unwrap_or_default();
    let name = arn_of(services, named).ok_or_else(|| {
        AwsError::bad("InvalidParameterValue", "The parameter queue names one, by its ARN or its URL.".to_owned())
    })?;
    let max = number(&form, "max", SHOWN as u64, 1..=MAX_SHOWN as u64)? as usize;
    let after = form.get("after").map(|_| number(&form, "after", 0, 0..=u64::MAX - 1)).transpose()?;
    let from = after.map_or(0, |position| position + 1);
    let (now, fifo, lying, mut more) = cloud
        .core
        .read(|engine, now| {
            let id = queue_url::find(engine, &name).filter(|_| account.is_none_or(|it| it == arn::account(&name)))?;
            let queue = engine.queue(id)?;
            let retention = queue.settings.retention;
            let alive = |entry: &Entry| entry.sent_at.saturating_add(retention) > now;
            let mut lying: Vec<Lying> = queue
                .messages_from(from)
                .filter(|(_, entry)| alive(entry))
                .take(max + 1)
                .map(|(position, entry)| {
                    let source = queue.stray(position).and_then(|stray| engine.queue(stray.source?));
                    Lying {
                        position,
                        entry: *entry,
                        message_id: engine.message_id(entry.seq, entry.index),
                        source: source.map(|source| source.config.arn.clone()),
                        salt: engine.salt(),
                    }
                })
                .collect();
            let more = lying.len() > max;
            lying.truncate(max);
            Some((now, queue.settings.fifo, lying, more))
        })
        .ok_or_else(|| AwsError::new(404, "QueueDoesNotExist", format!("There is no queue {name} here.")))?;
    let (mut messages, mut bytes) = (Vec::new(), 0);
    for lying in &lying {
        if bytes >= MAX_BYTES {
            more = true;
            break;
        }
        // One after the other: a record holds a megabyte at most, all of them together may not.
        let records = cloud.core.payloads(&[lying.entry.seq]).await?;
        let Some(record) = records.first().filter(|record| !record.is_empty()) else { continue }; // gone since
        let (message, length) = message_json(cloud, lying, record, fifo, now)?;
        bytes += length;
        messages.push(message);
    }
    Ok(json!({"page": "peek", "version": VERSION, "queue": name, "messages": messages, "more": more}))
}

/// A message as JSON, and how long its body is.
fn message_json(
    cloud: &Cloud,
    lying: &Lying,
    record: &[u8],
    fifo: bool,
    now: Millis,
) -> Result<(Json, usize), AwsError> {
    let Lying { position, entry, message_id, source, salt } = lying;
    let sent = receive::sent(record)?;
    let (body, attributes) = received::text_of(cloud, &sent, entry.index)?;
    let length = body.len();
    let attributes: Map<String, Json> = attributes.iter().map(attribute_json).collect();
    let (state, until) = match entry.state {
        State::InFlight if entry.visible_at > now => ("in_flight", Some(entry.visible_at)),
        State::Delayed if entry.visible_at > now => ("delayed", Some(entry.visible_at)),
        _ => ("visible", None),
    };
    let message = json!({
        "message_id": message_id,
        "position": position,
        "state": state,
        "visible_at": until.map(time::iso_millis),
        "receives": entry.count,
        "sent_at": time::iso_millis(entry.sent_at),
        "first_received_at": (entry.first_received > 0).then(|| time::iso_millis(entry.first_received)),
        "group": sent.group_in(fifo),
        "deduplication_id": sent.deduplication.as_deref().filter(|_| fifo),
        "sequence_number": fifo.then(|| ids::sequence_number(*salt, entry.seq)),
        "dead_letter_source": source,
        "attributes": attributes,
        "body": body,
    });
    Ok((message, length))
}

fn attribute_json(attribute: &Attribute<'_>) -> (String, Json) {
    let value = match attribute.value {
        Value::Text(text) => json!(text),
        Value::Binary(bytes) => json!(Blob(bytes::Bytes::copy_from_slice(bytes))),
    };
    (attribute.name.to_owned(), json!({"type": attribute.kind, "value": value}))
}

/// The ARN that a text is, or the one of the queue at a URL.
fn arn_of(services: &Services, text: &str) -> Option<String> {
    if queue_url::parse(text).is_some() {
        return Some(text.to_owned());
    }
    let (_, rest) = text.split_once("://")?;
    let (authority, path) = rest.split_at(rest.find('/')?);
    let region = region_of_address(services, host_of(authority), path).unwrap_or(DEFAULT_REGION);
    queue_path(path).map(|(account, name)| queue_url::arn(region, account, name))
}

fn number(form: &Form, name: &str, default: u64, range: std::ops::RangeInclusive<u64>) -> Result<u64, AwsError> {
    let Some(given) = form.get(name) else { return Ok(default) };
    given.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| {
        let message = format!("The parameter {name} is a number from {} to {}.", range.start(), range.end());
        AwsError::bad("InvalidParameterValue", message)
    })
}
