//! Flipped bits in what a cloud wrote: a start names file and offset, or cuts the last request and says so; a running server
//! answers with an error and never with other bytes.

use serde_json::json;

use super::model::Model;
use super::step::{Step, World};
use super::{Bench, FIFO_TOPIC, FIRST, Ground, PLAIN, SECOND, text};
use crate::sqs;
use engine::Seq;
use log::faulty::FaultyDisk;
use log::{Durability, Location, LogError, frame_bytes};

/// Two queues and a topic, so that a segment opens with little.
async fn small_world(durability: Durability) -> World {
    let ground = Ground::new(durability, 1_800);
    let disk = FaultyDisk::default();
    let (bench, _) = ground.open(&disk).unwrap();
    bench.queue(SECOND, json!({})).await.unwrap();
    bench.queue(FIRST, json!({"FifoQueue": "true"})).await.unwrap();
    let attributes = json!({"FifoTopic": "true"});
    bench.sns("CreateTopic", json!({"Name": "events.fifo", "Attributes": attributes})).await.unwrap();
    let input = json!({
        "TopicArn": FIFO_TOPIC, "Protocol": "sqs", "Attributes": {"RawMessageDelivery": "true"},
        "Endpoint": sqs::queue_url::arn("us-east-1", "000000000000", FIRST),
    });
    bench.sns("Subscribe", input).await.unwrap();
    let mut model = Model::new();
    model.queues.retain(|queue| [SECOND, FIRST].contains(&queue.name));
    World { ground, disk, bench, model }
}

/// One bit of each byte of each file, another from byte to byte, after a run that left a removed segment and three others.
async fn every_byte(durability: Durability, restarted: bool) -> usize {
    let mut world = small_world(durability).await;
    let mut models = Vec::new();
    for round in 0..2 {
        for step in [
            Step::Send(SECOND, 0),
            Step::SendFifo(FIRST, 0, round),
            Step::PublishFifo(1, 10 + round),
            Step::Send(SECOND, 9),
            Step::Receive(SECOND, 2, 30),
            Step::Delete(SECOND, 0),
            Step::Visibility(SECOND, 0, 5),
            Step::Receive(FIRST, 2, 5),
            Step::Compact,
            Step::Wait(6),
            Step::PublishFifo(2, 20 + round),
            Step::Send(SECOND, 0),
        ] {
            if matches!(step, Step::Compact | Step::Wait(_)) {
                world.bench.cx.cloud.core.close_segment().await.unwrap();
            }
            world.sure_step(step, "the run").await;
            models.push(world.model.clone());
        }
    }
    let World { ground, disk, bench, .. } = world;
    drop(bench);
    if restarted {
        disk.restart();
    }
    let now = ground.clock.now();
    let names = disk.names();
    assert!(names.len() > 3 && names[0].ends_with(".removed"), "{names:?}");
    let mut flipped = 0;
    // A note that isn't whole says nothing: nothing is lost with it.
    for name in names.iter().filter(|name| !name.ends_with(".last")) {
        let bytes = disk.bytes(name);
        for at in 0..bytes.len() {
            flipped += 1;
            let copy = disk.copy();
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at * 5 % 8);
            copy.set_bytes(name, changed);
            let context = format!("{durability}, byte {at} of {name}");
            match ground.open(&copy) {
                Err(LogError::Damaged { file, offset, .. }) => {
                    assert_eq!(&file, name, "{context}");
                    assert!(offset <= at as u64, "{context}: said to be at {offset}");
                }
                Err(LogError::UnknownFormat { file, .. }) => assert_eq!(&file, name, "{context}"),
                Err(error) => panic!("{context}: {error}"),
                Ok((opened, recovery)) => {
                    // The last request only: it can't be told from one that was cut off while it was written.
                    let [cut] = recovery.cuts.as_slice() else { panic!("{context}: not noticed, {recovery:?}") };
                    assert!(
                        cut.file == *name && Some(name) == names.last() && cut.offset <= at as u64,
                        "{context}: {cut:?}"
                    );
                    let seen = ground.view(&opened).await;
                    models[models.len() - 2].check(&seen, now, &context);
                }
            }
        }
    }
    flipped
}

#[tokio::test]
async fn a_start_finds_a_flipped_bit_in_every_byte() {
    for (durability, restarted) in [(Durability::Process, false), (Durability::Power, true)] {
        let flipped = every_byte(durability, restarted).await;
        println!("{durability}: {flipped} bytes");
        assert!(flipped > 3_000, "{flipped}");
    }
}

/// The newest message of a queue, where its record lies, and how long that is.
fn newest(bench: &Bench, queue: &str) -> (Seq, Location, u32) {
    let core = &bench.cx.cloud.core;
    let arn = sqs::queue_url::arn("us-east-1", "000000000000", queue);
    let (seq, place) = core.read(|engine, _| {
        let queue = engine.queue(engine.queue_id(&arn).unwrap()).unwrap();
        let seq = queue.messages().last().unwrap().1.seq;
        (seq, engine.payload(seq).unwrap())
    });
    let at = Location { segment: place.segment, offset: place.offset };
    (seq, at, frame_bytes(core.log().read(at).unwrap().len()))
}

/// Changes a bit of a file, or changes it back; the rest is what it is now.
fn flip(disk: &FaultyDisk, name: &str, offset: u32, bit: u32) {
    let mut bytes = disk.bytes(name);
    bytes[offset as usize] ^= 1 << bit;
    disk.set_bytes(name, bytes);
}

/// Each bit of the newest message's record in turn: receives of it fail, and name the place.
async fn every_bit_of_a_record(world: &World, queue: &str, max: usize) {
    let (_, at, length) = newest(&world.bench, queue);
    let name = format!("{:08}.log", at.segment);
    let flip = |bit: u32| flip(&world.disk, &name, at.offset + bit / 8, bit % 8);
    let receive = async || {
        let input = json!({"QueueUrl": queue, "MaxNumberOfMessages": max, "VisibilityTimeout": 0});
        world.bench.sqs("ReceiveMessage", input).await
    };
    let bodies = async || {
        let answer = receive().await.unwrap();
        let messages = answer["Messages"].as_array().unwrap();
        let mut bodies: Vec<_> = messages.iter().map(|message| text(message, "Body")).collect();
        bodies.sort();
        bodies
    };
    let before = bodies().await;
    for bit in 0..length * 8 {
        flip(bit);
        let error = receive().await.expect_err("a changed record was handed out");
        flip(bit);
        assert_eq!(error.status, 500, "{error:?}");
        let place = format!("{name} is damaged at byte {}", at.offset);
        assert!(error.message.contains(&place), "{error:?}");
    }
    assert_eq!(bodies().await, before);
}

#[tokio::test]
async fn a_receive_never_hands_out_changed_bytes() {
    let mut world = World::new(Ground::new(Durability::Process, 6_000)).await;
    world.sure_step(Step::Send(SECOND, 0), "sent").await;
    every_bit_of_a_record(&world, SECOND, 1).await;
    world.sure_step(Step::Purge(SECOND), "sent").await;
    world.sure_step(Step::Publish(true), "published").await;
    world.sure_step(Step::Publish(true), "published").await;
    every_bit_of_a_record(&world, SECOND, 10).await;
    // And a compaction's copy.
    let (seq, before, _) = newest(&world.bench, SECOND);
    while world.bench.cx.cloud.core.read(|engine, _| engine.payload(seq).unwrap().segment) == before.segment {
        world.step(Step::Send(PLAIN, 0)).await.unwrap();
        world.step(Step::Compact).await.unwrap();
    }
    every_bit_of_a_record(&world, SECOND, 10).await;
}

/// What can't be read is not landed, not copied, and not given up.
#[tokio::test]
async fn damage_stops_a_landing_and_a_compaction_and_costs_nothing() {
    let mut world = World::new(Ground::new(Durability::Process, 6_000)).await;
    world.sure_step(Step::Publish(true), "published").await;
    let (_, at, _) = newest(&world.bench, SECOND);
    while world.bench.cx.cloud.core.log().tail() == at.segment {
        world.sure_step(Step::SendFifo(FIRST, 0, world.model.made as u8), "filled").await;
    }
    let name = format!("{:08}.log", at.segment);
    flip(&world.disk, &name, at.offset + 20, 0);
    while world.bench.cx.cloud.core.log().segments()[0].0 < at.segment {
        world.step(Step::Compact).await.unwrap();
    }
    for step in [Step::Flush, Step::Compact] {
        let error = world.step(step).await.expect_err("damage was not noticed");
        let place = format!("{name} is damaged at byte {}", at.offset);
        assert!(error.status == 500 && error.message.contains(&place), "{error:?}");
    }
    flip(&world.disk, &name, at.offset + 20, 0);
    for step in [Step::Reopen, Step::Flush, Step::Compact] {
        world.sure_step(step, "mended").await;
    }
}
