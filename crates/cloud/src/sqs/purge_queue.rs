//! PurgeQueue: every message is gone, whatever it is doing.

use serde::Deserialize;

use super::{error, queue_url};
use crate::request::Context;
use engine::{Change, limits};
use wire::{AwsError, Text};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PurgeQueueInput<'a> {
    #[serde(borrow)]
    pub queue_url: Option<Text<'a>>,
}

pub(super) async fn purge_queue(cx: &Context, input: PurgeQueueInput<'_>) -> Result<(), AwsError> {
    let arn = queue_url::to_arn(cx, &input.queue_url)?;
    cx.cloud
        .core
        .execute_freeing(|tx| {
            let id = queue_url::open(cx, tx.engine(), &arn, "sqs:PurgeQueue")?;
            let strict = tx.engine().strict();
            let now = tx.now;
            let queue = queue_url::queue(cx, tx.engine(), id)?;
            let cools = queue.purged <= now && now < queue.purged + limits::QUEUE_COOL_DOWN;
            if strict && queue.purged != 0 && cools {
                return Err(error::purge_in_progress(queue_url::name(&arn)));
            }
            let before = queue.next_position();
            tx.apply(&Change::Purged { queue: id, before, at: now });
            Ok(())
        })
        .await
}
