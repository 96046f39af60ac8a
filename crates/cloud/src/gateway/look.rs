//! The page `/_messaging/queues`: how full the queues and the buffers of the delivery streams are, and how old what is in them.

use serde_json::{Value as Json, json};

use crate::core::Cloud;
use crate::services::SERVICES;
use crate::sqs::queue_url;
use engine::queue::Queue;
use engine::stream::Stream;
use engine::{Millis, QueueId};
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
    let is_shown = |name: &str| name > after && account.is_none_or(|account| arn::account(name) == account);
    let url = cloud.url();
    Ok(cloud.core.count(|engine, now| {
        let visible = engine.queues("arn:aws:sqs:").filter(|it| !it.config.hidden && is_shown(&it.config.arn));
        let ids: Vec<QueueId> = visible.map(|queue| queue.config.id).take(SHOWN + 1).collect();
        let shown = &ids[..ids.len().min(SHOWN)];
        let queues: Vec<Json> =
            shown.iter().filter_map(|id| Some(queue_json(engine.queue_mut(*id)?, &url, now))).collect();
        let next = ids.get(SHOWN).and(queues.last()).map(|last| last["arn"].clone());
        let streams = engine.streams("arn:aws:firehose:");
        let streams = streams.filter(|it| account.is_none_or(|account| arn::account(&it.config.arn) == account));
        let streams: Vec<Json> = streams.take(SHOWN).map(|stream| stream_json(stream, now)).collect();
        json!({"page": "queues", "version": VERSION, "queues": queues, "streams": streams, "next": next})
    }))
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
