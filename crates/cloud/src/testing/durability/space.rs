//! The disk follows what is alive: a queue is filled and drained over and over, beside messages that stay.

use serde_json::json;

use super::{Ground, PLAIN, SECOND};
use crate::core::compaction;
use log::Durability;
use log::faulty::FaultyDisk;

const SEGMENT: u32 = 64 << 10;
/// Messages that come and go in a round: about three segments.
const ROUND: usize = 300;
const ROUNDS: usize = 40;
const BODY: usize = 600;

#[tokio::test]
async fn the_disk_holds_no_more_than_twice_what_is_alive_and_a_few_segments() {
    let disk = FaultyDisk::default();
    let ground = Ground::new(Durability::Process, SEGMENT);
    {
        let (bench, _) = ground.open(&disk).unwrap();
        bench.build().await;
        let url = |queue: &str| format!("http://localhost/000000000000/{queue}");
        let entries: Vec<_> =
            (0..10).map(|id| json!({"Id": id.to_string(), "MessageBody": "x".repeat(BODY)})).collect();
        let mut kept = 0;
        for round in 0..ROUNDS {
            // One batch in a round stays: live messages lie between dead ones in every segment.
            bench.sqs("SendMessageBatch", json!({"QueueUrl": url(SECOND), "Entries": entries})).await.unwrap();
            kept += entries.len();
            for _ in 0..ROUND / entries.len() {
                bench.sqs("SendMessageBatch", json!({"QueueUrl": url(PLAIN), "Entries": entries})).await.unwrap();
            }
            let mut gone = 0;
            while gone < ROUND {
                let receive = json!({"QueueUrl": url(PLAIN), "MaxNumberOfMessages": 10});
                let got = bench.sqs("ReceiveMessage", receive).await.unwrap();
                let messages = got["Messages"].as_array().unwrap();
                let one = |(id, message): (usize, &serde_json::Value)| json!({"Id": id.to_string(), "ReceiptHandle": message["ReceiptHandle"]});
                let handles: Vec<_> = messages.iter().enumerate().map(one).collect();
                bench.sqs("DeleteMessageBatch", json!({"QueueUrl": url(PLAIN), "Entries": handles})).await.unwrap();
                gone += messages.len();
            }
            compaction::run(&bench.cx.cloud).await.unwrap();
            let core = &bench.cx.cloud.core;
            let (live, bytes) = (core.read(|engine, _| engine.live_bytes()), core.log().bytes());
            let most = live * 5 / 2 + 4 * u64::from(SEGMENT);
            assert!(live > (kept * BODY) as u64 && bytes <= most, "round {round}: {bytes} bytes for {live} alive");
        }
    }
    let (bench, _) = ground.open(&disk).unwrap();
    let view = ground.view(&bench).await;
    assert_eq!((view.queues[PLAIN].len(), view.queues[SECOND].len()), (0, ROUNDS * 10), "nothing is lost or back");
}

/// Copying what is alive of the oldest segment took the reserve of a full disk to its end, and deletions were refused.
#[tokio::test]
async fn a_compaction_leaves_the_reserve_to_deletions() {
    let disk = FaultyDisk::default();
    disk.with(|state| (state.space, state.total) = (Some(12 << 20), Some(16 << 20)));
    let ground = Ground::new(Durability::Process, SEGMENT);
    let (bench, _) = ground.open(&disk).unwrap();
    bench.build().await;
    let url = |queue: &str| format!("http://localhost/000000000000/{queue}");
    let entries: Vec<_> = (0..10).map(|id| json!({"Id": id.to_string(), "MessageBody": "x".repeat(BODY)})).collect();
    for (queue, batches) in [(SECOND, 1), (PLAIN, ROUND / 5)] {
        for _ in 0..batches {
            bench.sqs("SendMessageBatch", json!({"QueueUrl": url(queue), "Entries": entries})).await.unwrap();
        }
    }
    bench.sqs("PurgeQueue", json!({"QueueUrl": url(PLAIN)})).await.unwrap();
    let cloud = &bench.cx.cloud;
    let (segments, reserve) = (cloud.core.log().segments().len(), disk.bytes("reserve").len());
    assert!(segments > 4 && reserve == 1 << 20, "{segments}, {reserve}");
    disk.with(|state| state.space = Some(0));
    compaction::run(cloud).await.unwrap();
    assert_eq!((cloud.core.log().segments().len(), disk.bytes("reserve").len()), (segments, reserve));
    disk.with(|state| state.space = Some(3 << 20));
    compaction::run(cloud).await.unwrap();
    assert!(cloud.core.log().segments().len() < segments, "with room it goes on");
    assert_eq!(ground.view(&bench).await.queues[SECOND].len(), 10);
}
