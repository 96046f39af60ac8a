//! Messages that are deleted and come again, and receives out of order: what rules of chaos do to a standard queue. AWS may do both.
//!
//! Source: "Amazon SQS at-least-once delivery": on rare occasions a server that holds a copy of a message isn't there when the message
//! is deleted, and the copy is received again.

use crate::chaos::{Kind, Subject};
use crate::core::Cloud;
use crate::core::transaction::Transaction;
use engine::{Change, Millis, Position, QueueId};
use text::arn;

/// Takes messages out of a queue that a client deletes, but for those that a rule of chaos has come again: these are visible at once.
pub(super) fn delete(cloud: &Cloud, tx: &mut Transaction<'_>, queue: QueueId, positions: Vec<Position>) {
    let (again, gone): (Vec<_>, Vec<_>) = match cloud.chaos.has(Kind::Duplicate) {
        true => positions.into_iter().partition(|position| comes_again(cloud, tx, queue, *position)),
        false => (Vec::new(), positions),
    };
    if !again.is_empty() {
        let entries = again.into_iter().map(|position| (position, tx.now)).collect();
        tx.apply(&Change::Visible { queue, entries });
    }
    if !gone.is_empty() {
        tx.apply(&Change::Deleted { queue, positions: gone });
    }
}

/// A message comes again once, and only where it is received then: one more receive must not lead it to the dead-letter queue.
fn comes_again(cloud: &Cloud, tx: &Transaction<'_>, id: QueueId, position: Position) -> bool {
    let Some(queue) = tx.engine().queue(id) else { return false };
    let Some(entry) = queue.get(position) else { return false };
    let is_dead_next = queue.settings.redrive.as_ref().is_some_and(|redrive| redrive.max_receive_count <= entry.count);
    if queue.settings.fifo || entry.count != 1 || is_dead_next {
        return false;
    }
    of_queue(&queue.config.arn, |subject| cloud.chaos.comes_again(tx.now, subject))
}

/// Brings the messages that a receive could get into another order, if there are several and a rule of chaos wants it.
pub(super) fn reorder(cloud: &Cloud, now: Millis, queue: &str, positions: &mut [Position]) {
    if positions.len() > 1 {
        of_queue(queue, |subject| cloud.chaos.reorder(now, subject, positions));
    }
}

fn of_queue<R>(queue: &str, ask: impl FnOnce(&Subject<'_>) -> R) -> R {
    let name = queue.rsplit(':').next().unwrap_or_default();
    ask(&Subject {
        account: arn::account(queue),
        region: arn::region(queue),
        service: "sqs",
        operation: "",
        names: &[name, queue],
    })
}
