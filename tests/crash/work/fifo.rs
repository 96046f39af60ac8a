//! FIFO publishers: an event after the other in each group, each with a deduplication id of its own.
//!
//! Whatever has no answer is sent again after the restart, and so are some events that were acknowledged; either way the
//! group's next event follows only then, so that its order is known.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::{Duration, Instant};

use aws_sdk_sns::types::PublishBatchRequestEntry;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use rand::RngExt;

use super::Worker;
use crate::clients::Gone;
use crate::counts::Did;
use crate::ledger::Id;
use crate::routes::{FIFO_TOPIC, ORDERED, QUEUES, Route, topic_arn};

pub(super) const GROUPS: usize = 9;

/// A deduplication id is known for five minutes ("Using the message deduplication ID in Amazon SQS"); after so long it is
/// left alone.
const WINDOW: Duration = Duration::from_secs(240);
/// Acknowledged events of a group that may be sent again.
const RECENT: usize = 200;

/// What its publisher knows of a group.
#[derive(Default)]
pub(crate) struct Group {
    next: u32,
    /// Events without an answer, in order.
    pending: Vec<Id>,
    recent: VecDeque<(Id, Instant)>,
}

impl Group {
    fn acknowledged(&mut self, id: Id, sent: Instant) {
        self.recent.push_back((id, sent));
        if self.recent.len() > RECENT {
            self.recent.pop_front();
        }
    }
}

pub(super) async fn run(mut worker: Worker, route: &'static Route, groups: Range<usize>) -> Result<(), Gone> {
    for group in groups.clone() {
        again(&mut worker, route, group).await?;
    }
    loop {
        let group = worker.rng.random_range(groups.clone());
        let count = if worker.rng.random_bool(0.5) { 1 } else { worker.rng.random_range(2..=5) };
        for _ in 0..count {
            let size = worker.rng.random_range(20..400);
            let mut state = worker.world.groups[group].lock();
            let (id, _) = worker.world.ledger.lock().sends(route, size, Some((group, state.next)));
            state.next += 1;
            state.pending.push(id);
        }
        let ids = worker.world.groups[group].lock().pending.clone();
        send(&worker, route, group, &ids).await?;
        worker.pause(Duration::from_millis(8)).await;
    }
}

/// Sends what has no answer once more, and some of what has one.
async fn again(worker: &mut Worker, route: &'static Route, group: usize) -> Result<(), Gone> {
    let pending = worker.world.groups[group].lock().pending.clone();
    worker.counts().did(Did::Resent, pending.len());
    for id in pending {
        send(worker, route, group, &[id]).await?;
    }
    let recent: Vec<Id> = {
        let group = worker.world.groups[group].lock();
        let fresh = group.recent.iter().filter(|(_, sent)| sent.elapsed() < WINDOW);
        fresh.map(|(id, _)| *id).collect()
    };
    // The last one, and one from further back.
    let further = (!recent.is_empty()).then(|| recent[worker.rng.random_range(0..recent.len())]);
    for id in recent.last().copied().into_iter().chain(further) {
        worker.counts().did(Did::Resent, 1);
        send(worker, route, group, &[id]).await?;
    }
    Ok(())
}

/// Sends events of a group and notes which are acknowledged.
async fn send(worker: &Worker, route: &'static Route, group: usize, ids: &[Id]) -> Result<(), Gone> {
    let sent = Instant::now();
    let bodies: Vec<String> = {
        let ledger = worker.world.ledger.lock();
        ids.iter().map(|id| ledger.body_of(*id)).collect()
    };
    let refused = match (route == &ORDERED, ids, bodies.as_slice()) {
        (true, [id], [body]) => {
            let publish = worker.clients.sns.publish().topic_arn(topic_arn(FIFO_TOPIC)).message(body);
            let publish = publish.message_group_id(format!("g{group}")).message_deduplication_id(format!("d{id}"));
            worker.call(publish.send()).await?.err()
        }
        (true, ..) => {
            let entries = ids.iter().zip(&bodies).map(|(id, body)| {
                let entry = PublishBatchRequestEntry::builder().id(id.to_string()).message(body);
                let entry = entry.message_group_id(format!("g{group}")).message_deduplication_id(format!("d{id}"));
                entry.build().expect("id and message")
            });
            let batch = worker.clients.sns.publish_batch().topic_arn(topic_arn(FIFO_TOPIC));
            let batch = batch.set_publish_batch_request_entries(Some(entries.collect()));
            match worker.call(batch.send()).await? {
                Ok(answer) => answer.failed().first().map(|failed| format!("{failed:?}")),
                Err(why) => Some(why),
            }
        }
        (false, ..) => {
            let entries = ids.iter().zip(&bodies).map(|(id, body)| {
                let entry = SendMessageBatchRequestEntry::builder().id(id.to_string()).message_body(body);
                let entry = entry.message_group_id(format!("g{group}")).message_deduplication_id(format!("d{id}"));
                entry.build().expect("id and body")
            });
            let batch = worker.clients.sqs.send_message_batch().queue_url(worker.clients.url(QUEUES[route.queues[0]]));
            match worker.call(batch.set_entries(Some(entries.collect())).send()).await? {
                Ok(answer) => answer.failed().first().map(|failed| format!("{failed:?}")),
                Err(why) => Some(why),
            }
        }
    };
    let mut state = worker.world.groups[group].lock();
    let mut ledger = worker.world.ledger.lock();
    for id in ids {
        let first = state.pending.contains(id);
        state.pending.retain(|other| other != id);
        match &refused {
            Some(why) => ledger.refused(*id, why),
            None if first => {
                ledger.acknowledged(*id);
                state.acknowledged(*id, sent);
                worker.counts().did(Did::Published, 1);
            }
            None => {}
        }
    }
    Ok(())
}
