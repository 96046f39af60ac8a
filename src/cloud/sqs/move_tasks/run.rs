//! The mover: takes every running task a step further, until none is left.

use std::collections::HashMap;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::{Status, Task, running};
use crate::cloud::Cloud;
use crate::cloud::transaction::Transaction;
use crate::cloud::wire::AwsError;
use crate::engine::change::Moved;
use crate::engine::{Change, Millis};

/// Messages of a task without a rate that are moved under one lock.
const AT_ONCE: usize = 100;
/// A task with a rate moves so many messages once in this time.
const SECOND: Millis = 1000;

/// Runs until told to stop.
pub async fn run(cloud: Arc<Cloud>, stop: CancellationToken) {
    let mut due: HashMap<String, Millis> = HashMap::new();
    loop {
        let tasks = cloud.core.read(|engine, _| running(engine));
        due.retain(|key, _| tasks.iter().any(|task| task.key() == *key));
        let mut next = None::<Millis>;
        for task in &tasks {
            let now = cloud.core.now();
            let key = task.key();
            let mut at = due.get(&key).copied().unwrap_or(now);
            if at <= now {
                if let Err(error) = cloud.core.execute(|tx| step(tx, &key)).await {
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
        tokio::select! {
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

/// Moves a task's next messages and notes how far it is.
fn step(tx: &mut Transaction<'_>, key: &str) -> Result<(), AwsError> {
    let Some(mut task) = tx.engine.doc(key).and_then(|value| serde_json::from_slice::<Task>(value).ok()) else {
        return Ok(());
    };
    if task.status != Status::Running {
        return Ok(());
    }
    let left = task.to_move.saturating_sub(task.moved);
    let max = task.rate.map_or(AT_ONCE, |rate| rate as usize).min(left as usize);
    match move_some(tx, &task, max) {
        Ok(moved) => {
            task.moved += moved;
            if task.moved >= task.to_move || (moved as usize) < max {
                task.status = Status::Completed;
            }
        }
        Err((moved, reason)) => {
            task.moved += moved;
            task.status = Status::Failed;
            task.failure = Some(reason.to_owned());
        }
    }
    task.save(tx)
}

/// Moves up to `max` messages; says how many, and why it can't go on.
fn move_some(tx: &mut Transaction<'_>, task: &Task, max: usize) -> Result<u64, (u64, &'static str)> {
    let at = tx.now;
    let Some(from) = tx.engine.queue_id(&task.source) else {
        return Err((0, "AWS.SimpleQueueService.NonExistentQueue"));
    };
    let positions = tx.engine.queue_mut(from).map(|queue| queue.visible(max, at)).unwrap_or_default();
    let mut moved = 0;
    for from_position in positions {
        let to = match &task.destination {
            Some(destination) => tx.engine.queue_id(destination),
            None => {
                let source = tx.engine.queue(from).and_then(|queue| queue.stray(from_position)?.source);
                Some(source.ok_or((moved, "CouldNotDetermineMessageSource"))?)
            }
        };
        let target = to.and_then(|to| Some((to, tx.engine.queue(to)?.next_position())));
        let Some((to, to_position)) = target else {
            return Err((moved, "AWS.SimpleQueueService.NonExistentQueue"));
        };
        tx.apply(&Change::Moved(Moved { from, from_position, to, to_position, at, redrive: false }));
        moved += 1;
    }
    Ok(moved)
}
