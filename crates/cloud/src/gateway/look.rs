//! The page `/_messaging/queues`: how full the queues and the buffers of the delivery streams are, and how old what is in them.

use serde_json::{Value as Json, json};

use crate::core::Cloud;
use crate::services::SERVICES;
use crate::sqs::queue_url;
use engine::Millis;
use engine::queue::Queue;
use engine::stream::Stream;
use text::arn;
use wire::{AwsError, Form};

/// The page has so many queues and so many streams at most; a field `next` says where to go on.
const SHOWN: usize = 1_000;
/// What the page is, for programs: a change that a reader could stumble over raises it.
const VERSION: u32 = 1;

/// The page, from the ARN on that `after` in the query names. Of `account` alone, if there is one.
pub(super) fn queues(cloud: &Cloud, account: Option<&str>, query: &str) -> Result<Json, AwsError> {
    let form = Form::parse(&[query.as_bytes()])?;
    let after = form.get("after").unwrap_or_default();
    let is_shown = |name: &str| account.is_none_or(|account| arn::account(name) == account);
    let url = cloud.url();
    let core = &cloud.core;
    let mut ids = Vec::new();
    core.each_queue(after, |queue, _| {
        let shown = !queue.config.hidden && is_shown(&queue.config.arn);
        ids.extend(shown.then_some(queue.config.id));
        ids.len() <= SHOWN
    });
    let mut queues: Vec<Json> = Vec::new();
    core.count_in(&ids[..ids.len().min(SHOWN)], |queue, now| queues.push(queue_json(queue, &url, now)));
    let next = ids.get(SHOWN).and(queues.last()).map(|last| last["arn"].clone());
    let mut streams: Vec<Json> = Vec::new();
    core.each_stream("", |stream| {
        streams.extend(is_shown(&stream.config.arn).then(|| stream_json(stream, core.now())));
        streams.len() < SHOWN
    });
    Ok(json!({"page": "queues", "version": VERSION, "queues": queues, "streams": streams, "next": next}))
}

fn queue_json(queue: &mut Queue, url: &str, now: Millis) -> Json {
    let depth = queue.depth(now);
    // Positions are given in the order in which messages came to this queue.
    let oldest = queue.messages().next().map(|(_, entry)| now.saturating_sub(entry.sent_at));
    let redrive = queue.settings.redrive.as_ref();
    let name = &queue.config.arn;
    json!({
        "name": queue_url::name(name),
        "arn": name,
        "url": queue_url::of(&SERVICES, url, name),
        "region": arn::region(name),
        "account": arn::account(name),
        "visible": depth.visible,
        "in_flight": depth.in_flight,
        "delayed": depth.delayed,
        "oldest_age_ms": oldest,
        "dead_letter_queue": redrive.map(|redrive| &redrive.target),
        "max_receive_count": redrive.map(|redrive| redrive.max_receive_count),
    })
}

fn stream_json(stream: &Stream, now: Millis) -> Json {
    let name = &stream.config.arn;
    json!({
        "name": name.rsplit('/').next(),
        "arn": name,
        "region": arn::region(name),
        "account": arn::account(name),
        "records": stream.len(),
        "bytes": stream.bytes(),
        "oldest_age_ms": stream.oldest().map(|at| now.saturating_sub(at)),
    })
}
