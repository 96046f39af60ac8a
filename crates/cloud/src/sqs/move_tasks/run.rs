//! The mover: the background task that moves the messages of all running tasks.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use super::task::{Status, Task, active};
use crate::core::Cloud;
use crate::core::receive;
use crate::core::transaction::Transaction;
use crate::notification;
use engine::change::{Delivery, Sent, Target};
use engine::queue::State;
use engine::{Change, Millis, Position, QueueId, Seq};
use wire::AwsError;

/// Messages that are moved under one lock.
const AT_ONCE: usize = 100;
/// A task with a rate moves that many messages in each such period, in milliseconds.
const SECOND: Millis = 1000;

/// A message that is about to be moved.
#[derive(Debug, Clone, Copy)]
struct Pick {
    position: Position,
    seq: Seq,
    index: u16,
}

/// A message's record, and its body if that isn't in the record as it was sent.
struct Read {
    record: Bytes,
    enveloped: Option<String>,
}

/// Runs until told to stop.
pub(crate) async fn run(cloud: Arc<Cloud>, stop: CancellationToken) {
    let mut due: HashMap<String, Millis> = HashMap::new();
    loop {
        let working = cloud.core.clock().working();
        let tasks = cloud.core.read(|engine, _| active(engine));
        due.retain(|key, _| tasks.iter().any(|task| task.key() == *key));
        let mut next = None::<Millis>;
        for task in &tasks {
            let now = cloud.core.now();
            let key = task.key();
            let mut at = due.get(&key).copied().unwrap_or(now);
            // Further away than it can be, it was set by a clock that has been set back since.
            if at <= now || at > now + SECOND || task.status == Status::Cancelling {
                if let Err(error) = move_due(&cloud, &key, task.rate).await {
                    cloud.notice(&format!("a message move task from {} waits: {}", task.source, error.message));
                    at = now + SECOND;
                } else if task.rate.is_some() {
                    at = now + SECOND;
                }
                due.insert(key, at);
            }
            next = Some(next.map_or(at, |next| next.min(at)));
        }
        tokio::task::yield_now().await;
        drop(working);
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = cloud.move_tasks.notified() => {}
            () = async {
                match next {
                    Some(at) => cloud.core.clock().sleep_until(at).await,
                    None => std::future::pending().await,
                }
            } => {}
        }
    }
}

/// Moves what a task may move now: a second's worth, or one step of a task without a rate.
async fn move_due(cloud: &Arc<Cloud>, key: &str, rate: Option<u32>) -> Result<(), AwsError> {
    let mut left = rate.map_or(AT_ONCE, |rate| rate as usize);
    while left > 0 {
        let max = left.min(AT_ONCE);
        if !step(cloud, key, max).await? {
            break;
        }
        left -= max;
    }
    Ok(())
}

/// Moves a task's next messages and writes how far the task is; gives whether there is more to move.
async fn step(cloud: &Arc<Cloud>, key: &str, max: usize) -> Result<bool, AwsError> {
    let Some(picks) = cloud.core.execute(|tx| pick(tx, key, max)).await? else { return Ok(false) };
    let seqs: Vec<Seq> = picks.iter().map(|pick| pick.seq).collect();
    let mut messages = Vec::with_capacity(picks.len());
    for (pick, record) in picks.into_iter().zip(cloud.core.payloads(&seqs).await?) {
        // What was deleted since it was picked has no record any more.
        if !record.is_empty() {
            let sent = receive::sent(&record)?;
            let raw = sent.deliveries.get(usize::from(pick.index)).is_none_or(|delivery| delivery.raw);
            let enveloped = (!raw).then(|| cloud.render_notification(&sent, pick.index)).transpose()?;
            messages.push((pick, Read { record, enveloped }));
        }
    }
    cloud.core.execute(|tx| finish(tx, key, &messages, max)).await
}

/// The next messages of a task; none if it has ended, also because it was cancelled.
fn pick(tx: &mut Transaction<'_>, key: &str, max: usize) -> Result<Option<Vec<Pick>>, AwsError> {
    let Some(mut task) = Task::read(tx, key) else { return Ok(None) };
    if task.status == Status::Cancelling {
        task.status = Status::Cancelled;
        task.save(tx)?;
    }
    if task.status != Status::Running {
        return Ok(None);
    }
    let left = task.to_move.saturating_sub(task.moved);
    let (max, now) = (max.min(left as usize), tx.now);
    let queue = tx.engine().queue_id(&task.source).and_then(|id| tx.queue_mut(id));
    let Some(queue) = queue else { return Ok(Some(Vec::new())) };
    let positions = queue.visible(max, now);
    let pick = |position| queue.get(position).map(|entry| Pick { position, seq: entry.seq, index: entry.index });
    Ok(Some(positions.into_iter().filter_map(pick).collect()))
}

/// Moves messages and writes that into the task; gives whether there is more to move. A task that was cancelled meanwhile
/// ends here.
fn finish(tx: &mut Transaction<'_>, key: &str, messages: &[(Pick, Read)], max: usize) -> Result<bool, AwsError> {
    let Some(mut task) = Task::read(tx, key) else { return Ok(false) };
    match move_all(tx, &task, messages) {
        Ok(moved) => {
            task.moved += moved;
            if task.status == Status::Cancelling {
                task.status = Status::Cancelled;
            } else if task.moved >= task.to_move || messages.len() < max {
                task.status = Status::Completed;
            }
        }
        Err((moved, reason)) => {
            task.moved += moved;
            task.status = Status::Failed;
            task.failure = Some(reason.to_owned());
        }
    }
    task.save(tx)?;
    Ok(task.status == Status::Running)
}

/// Moves those of the messages that are still there, and gives their number; the error also says why the others can't be
/// moved.
fn move_all(tx: &mut Transaction<'_>, task: &Task, messages: &[(Pick, Read)]) -> Result<u64, (u64, &'static str)> {
    let Some(from) = tx.engine().queue_id(&task.source) else {
        return Err((0, "AWS.SimpleQueueService.NonExistentQueue"));
    };
    let mut moved = 0;
    for (pick, read) in messages {
        let queue = tx.engine().queue(from);
        let entry = queue.and_then(|queue| queue.get(pick.position)).filter(|entry| entry.seq == pick.seq);
        // A consumer may have received it meanwhile.
        if !entry.is_some_and(|entry| matches!(entry.state, State::Fresh | State::Back)) {
            continue;
        }
        let to = match &task.destination {
            Some(destination) => tx.engine().queue_id(destination),
            None => {
                let source = queue.and_then(|queue| queue.stray(pick.position)?.source);
                Some(source.ok_or((moved, "CouldNotDetermineMessageSource"))?)
            }
        };
        let target = to.and_then(|to| Some((to, tx.engine().queue(to)?.next_position())));
        let Some((to, position)) = target else {
            return Err((moved, "AWS.SimpleQueueService.NonExistentQueue"));
        };
        let Some(sent) = anew(tx, pick, read, to, position) else { continue };
        tx.apply(&Change::Sent(sent));
        tx.apply(&Change::Deleted { queue: from, positions: vec![pick.position] });
        moved += 1;
    }
    Ok(moved)
}

/// The message as a new one: "all redriven messages are considered new messages with a new messageID and enqueueTime"
/// ("Learn how to configure a dead-letter queue redrive in Amazon SQS").
fn anew<'r>(tx: &Transaction<'_>, pick: &Pick, read: &'r Read, queue: QueueId, position: Position) -> Option<Sent<'r>> {
    let sent = receive::sent(&read.record).ok()?;
    let fifo = tx.engine().queue(queue)?.settings.fifo;
    let delivery = sent.deliveries.get(usize::from(pick.index))?;
    let body = match &read.enveloped {
        Some(body) => body.as_str(),
        None => sent.bodies.get(usize::from(delivery.body)).copied()?,
    };
    Some(Sent {
        seq: tx.engine().next_seq(),
        at: tx.now,
        topic: None,
        sender: if sent.topic.is_some() { notification::SENDER } else { sent.sender },
        subject: None,
        bodies: vec![body],
        // An envelope holds the attributes itself.
        attributes: if read.enveloped.is_some() { Vec::new() } else { sent.attributes.clone() },
        group: sent.group_in(fifo),
        deduplication: sent.deduplication.clone().filter(|_| fifo).map(|id| Cow::Owned(id.into_owned())),
        trace: sent.trace,
        windows: Vec::new(),
        deliveries: vec![Delivery {
            to: Target::Queue { queue, position, visible_at: 0 },
            subscription: None,
            body: 0,
            raw: true,
        }],
        replay_of: None,
    })
}
