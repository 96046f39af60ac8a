//! Full and broken disks under the whole cloud.
//!
//! What must be there after all: everything that was acknowledged. What was refused with a 5xx is there as a whole or not at
//! all: the first request that the disk failed was decided already, waits in memory, and is written when the disk takes it
//! (a client that sends it again sends it twice, as on AWS after a 503); every later one is refused before it is decided, and
//! is not there.

use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::model::{Got, View};
use super::step::{Step, World};
use super::{FIRST, Ground, PLAIN, SECOND};
use crate::gateway::health;
use crate::maintenance;
use log::Durability;
use log::faulty::State;
use wire::AwsError;

const ON_DISK: [Durability; 2] = [Durability::Process, Durability::Power];

/// Changes of all kinds, over and over; the number makes deduplication ids new.
fn mixed(number: usize) -> Step {
    match number % 9 {
        0 => Step::Send(PLAIN, 0),
        1 => Step::Publish(true),
        2 => Step::SendFifo(FIRST, (number % 3) as u8, (number % 250) as u8),
        3 => Step::Receive(PLAIN, 1, 60),
        4 => Step::Put,
        5 => Step::Visibility(PLAIN, number, 90),
        6 => Step::Receive(SECOND, 3, 60),
        7 => Step::Delete(SECOND, number),
        _ => Step::PublishFifo((number % 3) as u8, (number % 250) as u8),
    }
}

/// Takes steps until the cloud refuses one.
async fn until_refused(world: &mut World, from: usize) -> (usize, Step, AwsError) {
    for number in from..from + 500 {
        let step = mixed(number);
        if let Err(error) = world.step(step).await {
            return (number, step, error);
        }
    }
    panic!("500 steps and nothing failed");
}

fn status_and_reason(world: &World) -> (u16, String) {
    let (status, _, body) = health(&world.bench.cx.cloud);
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    (status, super::text(&body, "reason"))
}

/// A step that was refused may have been made all the same: whole, or not at all.
fn settle(world: &mut World, step: Step, seen: &View, context: &str) {
    world.model.learn(seen);
    if world.model.is(seen, world.now()) {
        return;
    }
    let now = world.now();
    let made = world.model.body();
    let id_of = |queue: &str| {
        let line = seen.queues.get(queue).and_then(|lines| lines.iter().find(|line| line.body == made));
        line.map(|line| line.id.clone()).unwrap_or_default()
    };
    match step {
        Step::Send(queue, delay) => world.model.send(queue, now, delay * 1_000, &id_of(queue)),
        Step::Publish(red) => world.model.publish(red, now),
        Step::Put => world.model.put(),
        Step::SendFifo(queue, group, id) => {
            let next = format!("{}+", world.model.sequence);
            let (group, id) = (format!("g{group}"), format!("d{id}"));
            world.model.send_fifo(queue, &group, &id, now, &id_of(queue), &next);
        }
        Step::PublishFifo(group, id) => {
            world.model.publish_fifo(&format!("g{group}"), &format!("d{id}"), now, "");
        }
        Step::Receive(queue, max, visibility) => {
            let known = world.model.queue(queue).unwrap();
            let counts = |line: &super::model::Line| {
                known.messages.iter().any(|it| it.line.body == line.body && it.line.count < line.count)
            };
            let got = seen.queues[queue].iter().filter(|line| counts(line)).map(|line| Got {
                body: line.body.clone(),
                id: line.id.clone(),
                count: line.count,
                handle: String::new(),
                group: String::new(),
                sequence: String::new(),
            });
            let got: Vec<_> = got.collect();
            world.model.receive(queue, (max, visibility * 1_000), now, &got, seen);
        }
        Step::Delete(queue, which) => {
            let queue = world.model.queue_mut(queue).unwrap();
            let held = queue.held(now, false);
            queue.messages.remove(held[which % held.len()]);
        }
        Step::Visibility(queue, which, seconds) => {
            let queue = world.model.queue_mut(queue).unwrap();
            let held = queue.held(now, true);
            queue.messages[held[which % held.len()]].visible_at = now + seconds * 1_000;
        }
        other => panic!("{context}: {other:?} was not expected to fail"),
    }
    world.model.learn(seen);
    world.model.check(seen, now, &format!("{context}: {step:?} is there in part"));
}

/// The disk fails by `fails` until it is mended by `mends`: nothing is acknowledged meanwhile, and all goes on afterwards.
async fn fails_and_goes_on(
    world: &mut World,
    fails: impl FnOnce(&mut State),
    mends: impl FnOnce(&mut State),
    context: &str,
) {
    world.disk.with(fails);
    let (number, step, error) = until_refused(world, world.model.made).await;
    let context = format!("{context}, {step:?}");
    assert_eq!(error.status, 503, "{context}: {error:?}");
    assert!(error.message.contains(".log"), "{context}: it says where: {error:?}");
    let (status, reason) = status_and_reason(world);
    assert_eq!((status, reason.contains(".log")), (503, true), "{context}: {reason}");
    for later in number + 1..number + 10 {
        let later = mixed(later);
        match world.step(later).await {
            Err(error) => assert_eq!(error.status, 503, "{context}, then {later:?}: {error:?}"),
            // Nothing was there to delete or to change.
            Ok(()) => assert!(matches!(later, Step::Delete(..) | Step::Visibility(..)), "{context}, then {later:?}"),
        }
    }
    // What only looks is answered.
    let look = json!({"QueueUrl": PLAIN, "AttributeNames": ["All"]});
    world.bench.sqs("GetQueueAttributes", look).await.unwrap();

    // A kill now: what was acknowledged is there.
    world.disk.with(mends);
    let killed = world.disk.copy();
    let (bench, _) = world.ground.open(&killed).unwrap_or_else(|error| panic!("{context}: {error}"));
    let seen = world.ground.view(&bench).await;
    let model = world.model.clone();
    settle(world, step, &seen, &format!("{context}, killed"));
    world.model = model;

    // Without one, it goes on by itself.
    let seen = world.ground.view(&world.bench).await;
    settle(world, step, &seen, &context);
    assert_eq!(status_and_reason(world), (200, String::new()), "{context}");
    for later in 0..6 {
        world.sure_step(mixed(world.model.made + later), &context).await;
    }
    world.sure_step(Step::Reopen, &context).await;
}

#[tokio::test]
async fn a_full_disk_refuses_and_goes_on_when_there_is_space() {
    for durability in ON_DISK {
        let mut world = World::new(Ground::new(durability, 6_000)).await;
        let mut fills = 0;
        // In the head of a record, in its payload, at a new segment's header, at the declarations that it opens with.
        for space in (0..40).chain((40..3_000).step_by(61)) {
            let context = format!("{durability}, {space} bytes left");
            fails_and_goes_on(&mut world, |disk| disk.space = Some(space), |disk| disk.space = None, &context).await;
            fills += 1;
            if world.model.queue(PLAIN).is_some_and(|queue| queue.messages.len() > 20) {
                for step in [Step::Purge(PLAIN), Step::Purge(SECOND), Step::Purge(FIRST), Step::Flush, Step::Wait(400)]
                {
                    world.sure_step(step, &context).await;
                }
            }
            world.sure_step(Step::Compact, &context).await;
        }
        println!("{durability}: {fills} fills");
    }
}

#[tokio::test]
async fn a_segment_that_can_not_be_made_is_made_later() {
    for durability in ON_DISK {
        let mut world = World::new(Ground::new(durability, 6_000)).await;
        for _ in 0..3 {
            let mend = |disk: &mut State| disk.creations_fail = false;
            fails_and_goes_on(&mut world, |disk| disk.creations_fail = true, mend, &durability.to_string()).await;
        }
    }
}

/// Nobody knows what the disk holds after a failed sync: no change is taken until a restart, and the server says so.
#[tokio::test]
async fn a_failed_sync_refuses_changes_until_a_restart() {
    for durability in ON_DISK {
        let mut world = World::new(Ground::new(durability, 6_000)).await;
        for number in 0..9 {
            world.sure_step(mixed(number), "before").await;
        }
        world.disk.with(|disk| disk.syncs_fail = true);
        // With `process` the thread that syncs full segments finds out, in its own time.
        let (number, step, error) = until_refused(&mut world, 9).await;
        assert_eq!(error.status, 503, "{durability}: {error:?}");
        world.disk.with(|disk| disk.syncs_fail = false);
        for later in number + 1..number + 10 {
            let later = mixed(later);
            match world.step(later).await {
                Err(error) => assert!(error.status == 503 && error.message.contains("until a restart"), "{error:?}"),
                Ok(()) => assert!(matches!(later, Step::Delete(..) | Step::Visibility(..)), "{durability}, {later:?}"),
            }
        }
        let (status, reason) = status_and_reason(&world);
        assert_eq!((status, reason.contains("until a restart: a sync of")), (503, true), "{reason}");
        let look = json!({"QueueUrl": PLAIN, "AttributeNames": ["All"]});
        world.bench.sqs("GetQueueAttributes", look).await.unwrap();
        world.step(Step::Reopen).await.unwrap();
        let seen = world.ground.view(&world.bench).await;
        settle(&mut world, step, &seen, &durability.to_string());
        assert_eq!(status_and_reason(&world).0, 200);
        world.sure_step(Step::Publish(true), "after").await;
    }
}

/// A disk that can't be read: receives and landings fail and say why; nothing is lost, nothing is given up.
#[tokio::test]
async fn what_can_not_be_read_is_an_error_and_not_a_loss() {
    let mut world = World::new(Ground::new(Durability::Process, 6_000)).await;
    for step in [Step::Publish(true), Step::Put, Step::Send(PLAIN, 0)] {
        world.sure_step(step, "before").await;
    }
    world.bench.cx.cloud.core.close_segment().await.unwrap();
    world.sure_step(Step::Publish(true), "before").await;
    world.disk.with(|disk| disk.reads_fail = true);
    for step in [Step::Receive(PLAIN, 10, 0), Step::Flush, Step::Compact] {
        let error = world.step(step).await.expect_err("it can't be read");
        assert!(error.status >= 500 && error.message.contains("can't read 0000"), "{step:?}: {error:?}");
    }
    assert!(world.ground.open(&world.disk.copy()).is_err(), "a start says so, too");
    world.disk.with(|disk| disk.reads_fail = false);
    // They were handed out, as far as the cloud knows.
    let queue = world.model.queue_mut(PLAIN).unwrap();
    for message in &mut queue.messages {
        (message.line.count, message.line.first_received) = (1, world.ground.clock.now());
    }
    for step in [Step::Receive(PLAIN, 10, 0), Step::Flush, Step::Compact, Step::Reopen] {
        world.sure_step(step, "after").await;
    }
}

/// The operator is told why nothing is written, and when it goes on; also when nobody sends a request.
#[tokio::test]
async fn the_server_says_why_it_refuses_and_that_it_goes_on() {
    let mut world = World::new(Ground::new(Durability::Process, 6_000)).await;
    let cloud = world.bench.cx.cloud.clone();
    let stop = CancellationToken::new();
    let maintenance = tokio::spawn(maintenance::run(cloud.clone(), stop.clone()));
    world.disk.with(|disk| disk.space = Some(0));
    world.step(Step::Send(PLAIN, 0)).await.unwrap_err();
    let said = world.bench.said.clone();
    let told = async |what: &str| {
        while !said.lock().iter().any(|text| text.contains(what)) {
            world.ground.clock.advance(std::time::Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
    };
    told("the log takes no writes for now: can't write 0000").await;
    assert!(!said.lock().iter().any(|text| text.contains("again")));
    world.disk.with(|disk| disk.space = None);
    told("the log takes writes again").await;
    assert_eq!(cloud.core.refusal(), None);
    stop.cancel();
    maintenance.await.unwrap();
}
