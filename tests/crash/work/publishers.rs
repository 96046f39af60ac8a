//! Publishers of standard topics, queues and streams: one event at a time, or a batch.

use std::time::Duration;

use aws_sdk_firehose::primitives::Blob;
use aws_sdk_firehose::types::Record;
use aws_sdk_sns::types::PublishBatchRequestEntry;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use rand::RngExt;

use super::Worker;
use crate::clients::Gone;
use crate::counts::Did;
use crate::ledger::Id;
use crate::routes::{QUEUES, Route, STREAMS, TOPIC, topic_arn};

/// The most a batch of large bodies may hold, in bytes.
const BATCH_BYTES: usize = 200_000;

pub(super) async fn run(mut worker: Worker, route: &'static Route) -> Result<(), Gone> {
    loop {
        let count = if worker.rng.random_bool(0.5) { 1 } else { worker.rng.random_range(2..=10) };
        let mut events = Vec::new();
        let mut bytes = 0;
        for _ in 0..count {
            let size = worker.size();
            bytes += size;
            if bytes < BATCH_BYTES {
                events.push(worker.world.ledger.lock().sends(route, size, None));
            }
        }
        match (route.queues, route.stream) {
            ([], Some(stream)) => records(&worker, stream, &events).await?,
            (_, Some(_)) => publish(&worker, &events).await?,
            (queues, _) => send(&worker, QUEUES[queues[0]], &events).await?,
        }
        worker.pause(Duration::from_millis(4)).await;
    }
}

/// Notes the fate of a batch's entries, each by its place: acknowledged, or why not.
fn note(worker: &Worker, events: &[(Id, String)], acknowledged: Did, mut refused: impl FnMut(usize) -> Option<String>) {
    let mut ledger = worker.world.ledger.lock();
    for (at, (id, _)) in events.iter().enumerate() {
        match refused(at) {
            None => {
                ledger.acknowledged(*id);
                worker.counts().did(acknowledged, 1);
            }
            Some(why) => ledger.refused(*id, &why),
        }
    }
}

async fn publish(worker: &Worker, events: &[(Id, String)]) -> Result<(), Gone> {
    let (sns, arn) = (&worker.clients.sns, topic_arn(TOPIC));
    if let [(_, body)] = events {
        let answer = worker.call(sns.publish().topic_arn(arn).message(body).send()).await?;
        note(worker, events, Did::Published, |_| answer.as_ref().err().cloned());
        return Ok(());
    }
    let entries = (0..).zip(events).map(|(at, (_, body))| {
        PublishBatchRequestEntry::builder().id(i32::to_string(&at)).message(body).build().expect("id and message")
    });
    let batch = sns.publish_batch().topic_arn(arn).set_publish_batch_request_entries(Some(entries.collect()));
    let answer = worker.call(batch.send()).await?;
    note(worker, events, Did::Published, |at| match &answer {
        Ok(answer) => answer.failed().iter().find(|it| it.id() == at.to_string()).map(|it| format!("{it:?}")),
        Err(why) => Some(why.clone()),
    });
    Ok(())
}

async fn send(worker: &Worker, queue: &str, events: &[(Id, String)]) -> Result<(), Gone> {
    let (sqs, url) = (&worker.clients.sqs, worker.clients.url(queue));
    if let [(_, body)] = events {
        let answer = worker.call(sqs.send_message().queue_url(url).message_body(body).send()).await?;
        note(worker, events, Did::Published, |_| answer.as_ref().err().cloned());
        return Ok(());
    }
    let entries = (0..).zip(events).map(|(at, (_, body))| {
        let entry = SendMessageBatchRequestEntry::builder().id(i32::to_string(&at)).message_body(body);
        entry.build().expect("id and body")
    });
    let batch = sqs.send_message_batch().queue_url(url).set_entries(Some(entries.collect()));
    let answer = worker.call(batch.send()).await?;
    note(worker, events, Did::Published, |at| match &answer {
        Ok(answer) => answer.failed().iter().find(|it| it.id() == at.to_string()).map(|it| format!("{it:?}")),
        Err(why) => Some(why.clone()),
    });
    Ok(())
}

async fn records(worker: &Worker, stream: usize, events: &[(Id, String)]) -> Result<(), Gone> {
    let (firehose, name) = (&worker.clients.firehose, STREAMS[stream].0);
    let record = |body: &String| Record::builder().data(Blob::new(body.as_bytes())).build().expect("data");
    if let [(_, body)] = events {
        let put = firehose.put_record().delivery_stream_name(name).record(record(body));
        let answer = worker.call(put.send()).await?;
        note(worker, events, Did::Records, |_| answer.as_ref().err().cloned());
        return Ok(());
    }
    let records = events.iter().map(|(_, body)| record(body)).collect();
    let batch = firehose.put_record_batch().delivery_stream_name(name).set_records(Some(records));
    let answer = worker.call(batch.send()).await?;
    note(worker, events, Did::Records, |at| match &answer {
        Ok(answer) => answer.request_responses()[at].error_code().map(str::to_owned),
        Err(why) => Some(why.clone()),
    });
    Ok(())
}
