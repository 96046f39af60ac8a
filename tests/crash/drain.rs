//! The end of a run: every queue is emptied, every stream lands.

use std::time::{Duration, Instant};

use aws_sdk_sqs::types::{ChangeMessageVisibilityBatchRequestEntry, QueueAttributeName};

use crate::clients::Gone;
use crate::counts::Did;
use crate::landed::{self, Buckets};
use crate::routes::QUEUES;
use crate::work::{Worker, consumers};

/// Longer than the longest receive hides a message whose answer was lost, and than the slowest stream waits.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

const DEPTH: [QueueAttributeName; 3] = [
    QueueAttributeName::ApproximateNumberOfMessages,
    QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
    QueueAttributeName::ApproximateNumberOfMessagesDelayed,
];

/// Messages in a queue, in flight and delayed ones included.
pub(crate) async fn depth(worker: &Worker, queue: usize) -> Result<usize, Gone> {
    let get = worker.clients.sqs.get_queue_attributes().queue_url(worker.clients.url(QUEUES[queue]));
    let answer = worker.call(get.set_attribute_names(Some(DEPTH.to_vec())).send()).await?;
    let attributes = answer.ok().and_then(|it| it.attributes).unwrap_or_default();
    Ok(attributes.values().filter_map(|count| count.parse::<usize>().ok()).sum())
}

/// Reveals what is in flight as far as its handle is known, then receives and deletes until nothing is left.
pub(crate) async fn queue(worker: &mut Worker, queue: usize) -> Result<(), Gone> {
    let handles = worker.world.ledger.lock().in_flight(queue);
    for chunk in handles.chunks(10) {
        let entries = chunk.iter().map(|(id, handle)| {
            let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(id.to_string()).receipt_handle(handle);
            entry.visibility_timeout(0).build().expect("id and handle")
        });
        let batch = worker.clients.sqs.change_message_visibility_batch().queue_url(worker.clients.url(QUEUES[queue]));
        // Whatever is visible already, or gone, is refused.
        let _ = worker.call(batch.set_entries(Some(entries.collect())).send()).await?;
    }
    let mut progress = Instant::now();
    while depth(worker, queue).await? > 0 && progress.elapsed() < PATIENCE {
        let taken = consumers::receive(worker, queue).await?;
        if !taken.is_empty() {
            progress = Instant::now();
        }
        consumers::delete(worker, queue, &taken).await?;
    }
    Ok(())
}

/// Waits until everything landed that was acknowledged, or nothing lands any more for so long.
pub(crate) async fn streams(worker: &mut Worker, buckets: &mut Buckets, patience: Duration) -> Result<(), Gone> {
    let (mut progress, mut landed) = (Instant::now(), 0);
    loop {
        let done = worker.world.ledger.lock().all_landed();
        // Once more after the last one that was missing: whatever comes twice comes now.
        landed::read(worker, buckets).await?;
        let now = worker.counts().done(Did::Landed);
        if now > landed {
            (progress, landed) = (Instant::now(), now);
        }
        if done || progress.elapsed() > patience {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
