//! Consumers: they receive, delete part of what they got, hide or reveal some of the rest, and leave the others in flight.

use std::time::{Duration, Instant};

use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message, MessageSystemAttributeName,
};
use rand::RngExt;

use super::Worker;
use crate::clients::Gone;
use crate::ledger::{self, Id, Receive};
use crate::routes::{QUEUES, VISIBILITY};

/// Nobody acts on a message that is theirs for less than that: somebody else may have it meanwhile.
const MARGIN: Duration = Duration::from_millis(1_000);

/// Messages that can be acted on, with their receipt handles.
type Taken = Vec<(Id, String)>;

pub(crate) async fn standard(mut worker: Worker, queue: usize) -> Result<(), Gone> {
    loop {
        let taken = receive(&mut worker, queue).await?;
        let (mut deletes, mut hides, mut reveals) = (Taken::new(), Taken::new(), Taken::new());
        for message in taken {
            match worker.rng.random_range(0..100) {
                0..60 => deletes.push(message),
                60..70 => hides.push(message),
                70..75 => reveals.push(message),
                // Stays in flight until its time is over.
                _ => {}
            }
        }
        let seconds = worker.rng.random_range(5..40);
        delete(&mut worker, queue, &deletes).await?;
        change(&mut worker, queue, &hides, seconds).await?;
        change(&mut worker, queue, &reveals, 0).await?;
        worker.pause(Duration::from_millis(4)).await;
    }
}

/// In a FIFO queue the first ones are deleted, and the rest stays in order.
pub(crate) async fn ordered(mut worker: Worker, queue: usize) -> Result<(), Gone> {
    loop {
        let mut taken = receive(&mut worker, queue).await?;
        let first = if worker.rng.random_bool(0.5) { taken.len() } else { worker.rng.random_range(0..=taken.len()) };
        let rest = taken.split_off(first);
        delete(&mut worker, queue, &taken).await?;
        match worker.rng.random_range(0..4) {
            0 => {
                let seconds = worker.rng.random_range(4..8);
                change(&mut worker, queue, &rest, seconds).await?;
            }
            1 => {}
            _ => change(&mut worker, queue, &rest, 0).await?,
        }
        worker.pause(Duration::from_millis(4)).await;
    }
}

/// Receives once; what is received is checked.
pub(crate) async fn receive(worker: &mut Worker, queue: usize) -> Result<Taken, Gone> {
    let visibility = [None, None, Some(2), Some(4)][worker.rng.random_range(0..4)];
    let call = worker
        .clients
        .sqs
        .receive_message()
        .queue_url(worker.clients.url(QUEUES[queue]))
        .max_number_of_messages(worker.rng.random_range(1..=10))
        .wait_time_seconds(worker.rng.random_range(0..=1))
        .set_visibility_timeout(visibility)
        .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount);
    let asked = Instant::now();
    let answer = worker.call(call.send()).await?;
    let answered = Instant::now();
    let Ok(answer) = answer.inspect_err(|why| wrong(worker, "ReceiveMessage", why)) else { return Ok(Taken::new()) };
    let visibility = Duration::from_secs(visibility.map_or(VISIBILITY, |seconds| seconds as u64));
    let messages: Vec<_> = answer.messages().iter().map(view).collect();
    Ok(worker.world.ledger.lock().received(Receive { queue, asked, answered, visibility }, &messages))
}

fn view(message: &Message) -> ledger::Message<'_> {
    let count = message.attributes().and_then(|it| it.get(&MessageSystemAttributeName::ApproximateReceiveCount));
    ledger::Message {
        body: message.body().unwrap_or_default(),
        id: message.message_id().unwrap_or_default(),
        handle: message.receipt_handle().unwrap_or_default(),
        count: count.and_then(|count| count.parse().ok()).unwrap_or_default(),
    }
}

fn wrong(worker: &Worker, what: &str, why: &str) {
    worker.counts().fault(crate::counts::Fault::Refused, || format!("{what}: {why}"));
}

/// The messages that are surely still ours.
fn ours(worker: &Worker, queue: usize, messages: &[(Id, String)]) -> Taken {
    let (mut ledger, now) = (worker.world.ledger.lock(), Instant::now());
    let held = messages.iter().filter(|(id, _)| ledger.held(*id, queue, now) > MARGIN);
    held.cloned().collect()
}

/// Deletes messages, in a batch or one by one, in order.
pub(crate) async fn delete(worker: &mut Worker, queue: usize, messages: &[(Id, String)]) -> Result<(), Gone> {
    let messages = ours(worker, queue, messages);
    if messages.is_empty() {
        return Ok(());
    }
    let (sqs, url) = (worker.clients.sqs.clone(), worker.clients.url(QUEUES[queue]));
    if messages.len() < 3 || worker.rng.random_bool(0.2) {
        for (id, handle) in messages {
            worker.world.ledger.lock().deletes(id, queue);
            let answer = worker.call(sqs.delete_message().queue_url(&url).receipt_handle(handle).send()).await?;
            let mut ledger = worker.world.ledger.lock();
            match answer {
                Ok(_) => ledger.deleted(id, queue, Instant::now()),
                Err(_) => ledger.delete_refused(id, queue),
            }
        }
        return Ok(());
    }
    let entries = messages.iter().map(|(id, handle)| {
        worker.world.ledger.lock().deletes(*id, queue);
        let entry = DeleteMessageBatchRequestEntry::builder().id(id.to_string()).receipt_handle(handle);
        entry.build().expect("id and handle")
    });
    let batch = sqs.delete_message_batch().queue_url(url).set_entries(Some(entries.collect()));
    let answer = worker.call(batch.send()).await?;
    let now = Instant::now();
    let mut ledger = worker.world.ledger.lock();
    for (id, _) in messages {
        let done = answer.as_ref().is_ok_and(|it| it.successful().iter().any(|done| done.id() == id.to_string()));
        match done {
            true => ledger.deleted(id, queue, now),
            false => ledger.delete_refused(id, queue),
        }
    }
    Ok(())
}

/// Hides messages for longer, or reveals them (0 s), all in one batch.
async fn change(worker: &mut Worker, queue: usize, messages: &[(Id, String)], seconds: u64) -> Result<(), Gone> {
    let messages = ours(worker, queue, messages);
    if messages.is_empty() {
        return Ok(());
    }
    if seconds == 0 {
        let mut ledger = worker.world.ledger.lock();
        messages.iter().for_each(|(id, _)| ledger.reveals(*id, queue));
    }
    let url = worker.clients.url(QUEUES[queue]);
    let entries = messages.iter().map(|(id, handle)| {
        let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(id.to_string()).receipt_handle(handle);
        entry.visibility_timeout(seconds as i32).build().expect("id and handle")
    });
    let entries = entries.collect();
    let batch = worker.clients.sqs.change_message_visibility_batch().queue_url(url).set_entries(Some(entries));
    let asked = Instant::now();
    let answer = worker.call(batch.send()).await?;
    let now = Instant::now();
    let mut ledger = worker.world.ledger.lock();
    for (id, _) in messages {
        let done = answer.as_ref().is_ok_and(|it| it.successful().iter().any(|done| done.id() == id.to_string()));
        if done && seconds > 0 {
            ledger.hides(id, queue, asked, Duration::from_secs(seconds), now);
        }
    }
    Ok(())
}
