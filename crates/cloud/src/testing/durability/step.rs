//! What clients do, on a cloud and on the model at once.

use std::time::Duration;

use serde_json::{Value, json};

use super::model::{Got, Model};
use super::{Bench, Ground, SECOND, text};
use crate::core::compaction;
use crate::core::expire::expire_messages;
use crate::firehose;
use engine::Millis;
use log::Durability;
use log::faulty::FaultyDisk;
use wire::AwsError;

/// One step. Queues are named; messages are chosen among those that the client holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// Seconds of delay.
    Send(&'static str, u64),
    /// Message group and deduplication id.
    SendFifo(&'static str, u8, u8),
    /// A red one or another.
    Publish(bool),
    PublishFifo(u8, u8),
    Put,
    /// At most so many, hidden for so many seconds.
    Receive(&'static str, usize, u64),
    Delete(&'static str, usize),
    /// A new visibility timeout in seconds.
    Visibility(&'static str, usize, u64),
    Purge(&'static str),
    /// The second queue is deleted.
    Drop,
    /// And made again.
    Make,
    /// Seconds pass.
    Wait(u64),
    /// The maintenance looks for messages whose retention has ended.
    Expire,
    /// The stream's buffer lands.
    Flush,
    /// The oldest segment is given back.
    Compact,
    /// All segments that there are, but for the one that is written.
    CompactAll,
    /// The process is killed and started again.
    Reopen,
}

/// A cloud, and what it should hold.
pub(super) struct World {
    pub ground: Ground,
    pub disk: FaultyDisk,
    pub bench: Bench,
    pub model: Model,
}

impl World {
    pub(super) async fn new(ground: Ground) -> Self {
        let disk = FaultyDisk::default();
        // What is built is synced, whatever is promised afterwards.
        let (bench, _) = ground.another(Durability::Power).open(&disk).unwrap();
        bench.build().await;
        drop(bench);
        let (bench, _) = ground.open(&disk).unwrap();
        Self { ground, disk, bench, model: Model::new() }
    }

    pub(super) fn now(&self) -> Millis {
        self.ground.clock.now()
    }

    /// Takes a step. An error is the cloud's: the model knows nothing of the step.
    #[expect(clippy::too_many_lines, reason = "a match with an arm for each step")]
    pub(super) async fn step(&mut self, step: Step) -> Result<(), AwsError> {
        let (bench, model, now) = (&self.bench, &mut self.model, self.ground.clock.now());
        match step {
            Step::Send(queue, delay) if model.queue(queue).is_some() => {
                let input = json!({"QueueUrl": queue, "MessageBody": model.body(), "DelaySeconds": delay});
                let answer = bench.sqs("SendMessage", input).await?;
                model.send(queue, now, delay * 1_000, &text(&answer, "MessageId"));
            }
            Step::SendFifo(queue, group, id) => {
                let (group, id) = (format!("g{group}"), format!("d{id}"));
                let input = json!({
                    "QueueUrl": queue, "MessageBody": model.body(), "MessageGroupId": group, "MessageDeduplicationId": id,
                });
                let answer = bench.sqs("SendMessage", input).await?;
                let (message, sequence) = (text(&answer, "MessageId"), text(&answer, "SequenceNumber"));
                model.send_fifo(queue, &group, &id, now, &message, &sequence);
            }
            Step::Publish(red) => {
                let color = if red { "red" } else { "blue" };
                let attributes = json!({"color": {"DataType": "String", "StringValue": color}});
                let input = json!({"TopicArn": super::TOPIC, "Message": model.body(), "MessageAttributes": attributes});
                bench.sns("Publish", input).await?;
                model.publish(red, now);
            }
            Step::PublishFifo(group, id) => {
                let (group, id) = (format!("g{group}"), format!("d{id}"));
                let input = json!({
                    "TopicArn": super::FIFO_TOPIC, "Message": model.body(),
                    "MessageGroupId": group, "MessageDeduplicationId": id,
                });
                let answer = bench.sns("Publish", input).await?;
                model.publish_fifo(&group, &id, now, &text(&answer, "MessageId"));
            }
            Step::Put => {
                // base64 is the wire's affair.
                let data = base64(model.body().as_bytes());
                let input = json!({"DeliveryStreamName": "stream", "Record": {"Data": data}});
                bench.firehose("PutRecord", input).await?;
                model.put();
            }
            Step::Receive(queue, max, visibility) if model.queue(queue).is_some() => {
                let input = json!({
                    "QueueUrl": queue, "MaxNumberOfMessages": max, "VisibilityTimeout": visibility,
                    "AttributeNames": ["All"],
                });
                let mut answer = bench.sqs("ReceiveMessage", input).await?;
                let got: Vec<Got> = match answer["Messages"].take() {
                    Value::Array(messages) => messages.iter().map(got).collect(),
                    _ => Vec::new(),
                };
                let after = self.ground.view(bench).await;
                model.receive(queue, (max, visibility * 1_000), now, &got, &after);
            }
            Step::Delete(queue, which) => {
                let Some((index, handle)) = chosen(model, queue, which, now, false) else { return Ok(()) };
                bench.sqs("DeleteMessage", json!({"QueueUrl": queue, "ReceiptHandle": handle})).await?;
                model.queue_mut(queue).map(|queue| queue.messages.remove(index));
            }
            Step::Visibility(queue, which, seconds) => {
                let Some((index, handle)) = chosen(model, queue, which, now, true) else { return Ok(()) };
                let input = json!({"QueueUrl": queue, "ReceiptHandle": handle, "VisibilityTimeout": seconds});
                bench.sqs("ChangeMessageVisibility", input).await?;
                if let Some(queue) = model.queue_mut(queue) {
                    queue.messages[index].visible_at = now + seconds * 1_000;
                }
            }
            Step::Purge(queue) if model.queue(queue).is_some() => {
                bench.sqs("PurgeQueue", json!({"QueueUrl": queue})).await?;
                model.purge(queue);
            }
            Step::Drop if model.queue(SECOND).is_some() => {
                bench.sqs("DeleteQueue", json!({"QueueUrl": SECOND})).await?;
                model.queues.retain(|queue| queue.name != SECOND);
            }
            Step::Make if model.queue(SECOND).is_none() => {
                bench.queue(SECOND, json!({})).await?;
                model.make(SECOND);
            }
            Step::Wait(seconds) => self.ground.clock.advance(Duration::from_secs(seconds)),
            Step::Expire => expire_messages(&bench.cx.cloud).await?,
            Step::Flush => {
                let stream = bench
                    .cx
                    .cloud
                    .core
                    .read(|engine, _| engine.stream_by_arn(super::STREAM).map(|stream| stream.config.id));
                firehose::flush(&bench.cx.cloud, stream.unwrap()).await?;
                model.flush();
            }
            Step::Compact | Step::CompactAll => {
                let log = bench.cx.cloud.core.log();
                let tail = log.tail();
                for (oldest, _) in log.segments().into_iter().filter(|(number, _)| *number < tail) {
                    compaction::give_back(&bench.cx.cloud, oldest).await?;
                    if matches!(step, Step::Compact) {
                        break;
                    }
                }
            }
            Step::Reopen => self.bench = self.ground.open(&self.disk).unwrap().0,
            Step::Send(..) | Step::Receive(..) | Step::Purge(_) | Step::Drop | Step::Make => {}
        }
        Ok(())
    }

    /// Takes a step, and panics unless cloud and model agree afterwards.
    pub(super) async fn sure_step(&mut self, step: Step, context: &str) {
        self.step(step).await.unwrap_or_else(|error| panic!("{context}, {step:?}: {error:?}"));
        let seen = self.ground.view(&self.bench).await;
        self.model.learn(&seen);
        self.model.check(&seen, self.now(), &format!("{context}, after {step:?}"));
    }
}

/// One of the messages that the client holds, and its handle.
fn chosen(model: &Model, queue: &str, which: usize, now: Millis, in_flight: bool) -> Option<(usize, String)> {
    let queue = model.queue(queue)?;
    let held = queue.held(now, in_flight);
    let index = *held.get(which.checked_rem(held.len())?)?;
    Some((index, queue.messages[index].handle.clone()?))
}

fn got(message: &Value) -> Got {
    let attributes = &message["Attributes"];
    Got {
        body: text(message, "Body"),
        id: text(message, "MessageId"),
        count: text(attributes, "ApproximateReceiveCount").parse().unwrap(),
        handle: text(message, "ReceiptHandle"),
        group: text(attributes, "MessageGroupId"),
        sequence: text(attributes, "SequenceNumber"),
    }
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
