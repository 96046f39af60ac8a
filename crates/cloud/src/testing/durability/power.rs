//! The power goes, or the process is killed, at every operation of the disk in a scripted run of the whole cloud.
//!
//! The run is made once, and the disk is copied after each write, sync, creation, renaming and removal. What a power cut may
//! leave of each copy is opened, and must hold
//! - with `power`, and after a kill: what the model held before the step that was under way, or after it;
//! - with `process` after a power cut: what the model held after some step, no earlier than the last that had to be synced.
//!
//! That is: all that was acknowledged, and nothing else but the request under way, as a whole: a fan-out in all its queues or
//! in none, deletes that stay, receive counts, deadlines, sources of redriven messages, the stream's buffer and what landed.
//! Then the cloud goes on from there: it knows its duplicates, hands out what is visible, and its ids are new.

use std::collections::HashSet;

use serde_json::json;

use super::model::{Model, View};
use super::step::{Step, World};
use super::{Bench, DEAD, DEAD_FIFO, FIRST, Ground, PLAIN, SECOND, text};
use engine::Millis;
use log::faulty::{FaultyDisk, Left};
use log::{Durability, LogError};

/// Segments of so many bytes: the script fills several.
const SEGMENT: u32 = 6_000;

/// A bit of everything, long enough to fill segments; compactions in between.
fn script() -> Vec<Step> {
    use Step::*;
    let mut steps = vec![
        Send(PLAIN, 0),
        Send(PLAIN, 5),
        Publish(true),
        Publish(false),
        SendFifo(FIRST, 0, 0),
        SendFifo(FIRST, 0, 0),
        PublishFifo(0, 1),
        PublishFifo(0, 1),
        PublishFifo(1, 2),
        Put,
        Receive(PLAIN, 2, 30),
        Delete(PLAIN, 0),
        Visibility(PLAIN, 0, 3),
        Receive(FIRST, 10, 20),
        Delete(FIRST, 0),
        Flush,
        Publish(true),
        Wait(6),
        Receive(PLAIN, 10, 0),
        Receive(PLAIN, 10, 0),
        Receive(PLAIN, 10, 4),
        Receive(DEAD, 1, 10),
        Delete(DEAD, 0),
        Compact,
        Publish(true),
        Purge(SECOND),
        Publish(true),
        Drop,
        Publish(true),
        Make,
        Publish(true),
        Put,
        Flush,
        Visibility(FIRST, 0, 0),
        Receive(FIRST, 10, 0),
        Receive(FIRST, 10, 0),
        Receive(FIRST, 10, 0),
        Receive(DEAD_FIFO, 1, 9),
        Compact,
        PublishFifo(2, 3),
        Purge(FIRST),
        SendFifo(FIRST, 2, 3),
        Compact,
        SendFifo(FIRST, 2, 3),
        Put,
    ];
    for round in 0..4 {
        steps.extend([
            Publish(true),
            SendFifo(FIRST, round, 20 + round),
            PublishFifo(round, 30 + round),
            Receive(PLAIN, 3, 10),
            Receive(SECOND, 10, 2),
            Delete(SECOND, 1),
            Delete(PLAIN, 0),
            Compact,
            Wait(11),
        ]);
    }
    // A window that a compaction copied, a purge closed, and the same id again.
    steps.extend([SendFifo(FIRST, 0, 90), Receive(FIRST, 10, 20), Delete(FIRST, 0), CompactAll, Purge(FIRST)]);
    steps.extend([
        Publish(true),
        Publish(true),
        CompactAll,
        CompactAll,
        SendFifo(FIRST, 0, 90),
        SendFifo(FIRST, 0, 90),
    ]);
    steps.extend([Flush, Wait(60), Expire, Compact, Compact, Send(PLAIN, 0)]);
    // Nothing is left; the numbers go on.
    steps.extend([Purge(PLAIN), Purge(DEAD), Purge(SECOND), Purge(FIRST), Purge(DEAD_FIFO), Flush]);
    steps.extend([CompactAll, CompactAll, CompactAll, Reopen, Send(PLAIN, 0), SendFifo(FIRST, 0, 91)]);
    steps
}

/// Looks at what a disk holds after a crash.
struct Inspector<'w> {
    ground: &'w Ground,
    now: Millis,
    /// What the model held after each step, the last one last.
    models: &'w [Model],
    /// What was looked at already, with the oldest state that was allowed.
    known: HashSet<(u32, usize)>,
    looked: usize,
}

impl Inspector<'_> {
    /// Opens `disk`; its state must be that of the model after one of the steps from `oldest` on.
    async fn look(&mut self, disk: &FaultyDisk, oldest: usize, context: &str) {
        if !self.known.insert((disk.fingerprint(), oldest)) {
            return;
        }
        self.looked += 1;
        let (bench, _) = self.open(disk).unwrap_or_else(|error| panic!("{context}: {error}"));
        let seen = self.ground.view(&bench).await;
        let found = self.models[oldest..].iter().rev().find(|model| model.is(&seen, self.now));
        let Some(model) = found else {
            self.models[oldest].check(&seen, self.now, &format!("{context}: no allowed state, against the oldest"));
            return;
        };
        self.goes_on(&bench, model, &seen, context).await;
        drop(bench);
        if self.looked.is_multiple_of(8) {
            let (again, recovery) = self.open(disk).unwrap_or_else(|error| panic!("{context}, again: {error}"));
            assert_eq!(recovery.cuts, [], "{context}, again");
            assert!(self.ground.view(&again).await.queues[PLAIN].iter().any(|line| line.body == "after"));
        }
    }

    fn open(&self, disk: &FaultyDisk) -> Result<(Bench, log::Recovery), LogError> {
        self.ground.open(disk)
    }

    /// Sends, receives and deletes; duplicates are known, ids are new.
    async fn goes_on(&self, bench: &Bench, model: &Model, seen: &View, context: &str) {
        for queue in model.queues.iter().filter(|queue| queue.fifo) {
            for window in queue.windows.iter().filter(|window| window.until > self.now) {
                let input = json!({
                    "QueueUrl": queue.name, "MessageBody": "again", "MessageGroupId": "g", "MessageDeduplicationId": window.id,
                });
                let answer = text(&bench.sqs("SendMessage", input).await.unwrap(), "MessageId");
                let original = model.ids.iter().find(|((_, body), _)| *body == window.body).map(|(_, id)| id);
                assert_eq!(original, Some(&answer), "{context}: {window:?} is forgotten");
            }
        }
        for window in model.windows.iter().filter(|window| window.until > self.now) {
            let input = json!({
                "TopicArn": super::FIFO_TOPIC, "Message": "again", "MessageGroupId": "g", "MessageDeduplicationId": window.id,
            });
            let answer = text(&bench.sns("Publish", input).await.unwrap(), "MessageId");
            assert!(window.answer.is_empty() || answer == window.answer, "{context}: {window:?} is forgotten");
        }
        let input = json!({
            "QueueUrl": FIRST, "MessageBody": "after", "MessageGroupId": "after", "MessageDeduplicationId": "after",
        });
        let answer = bench.sqs("SendMessage", input).await.unwrap();
        assert!(text(&answer, "SequenceNumber") > model.sequence, "{context}: a sequence number was used again");
        let sent = bench.sqs("SendMessage", json!({"QueueUrl": PLAIN, "MessageBody": "after"})).await.unwrap();
        for id in [text(&answer, "MessageId"), text(&sent, "MessageId")] {
            assert!(!model.ids.values().any(|known| *known == id), "{context}: an id was used again");
        }
        let receive = json!({"QueueUrl": SECOND, "MaxNumberOfMessages": 1});
        if let Some(visible) = seen.queues.get(SECOND).map(|lines| lines.iter().any(|line| line.deadline.is_none())) {
            let got = bench.sqs("ReceiveMessage", receive).await.unwrap();
            assert_eq!(got["Messages"].is_array(), visible, "{context}");
        }
    }
}

/// Runs the script, and looks at every copy that the disk made; says how many operations there were and what was opened.
async fn at_every_operation(durability: Durability, variants: u64) -> (usize, usize) {
    let mut world = World::new(Ground::new(durability, SEGMENT)).await;
    let after = world.ground.another(durability);
    world.disk.with(|state| state.history = Some(Vec::new()));
    let mut models = vec![world.model.clone()];
    // With `process`, a power cut costs at most what came after the last removal, which syncs everything.
    let (mut synced, mut operations, mut looked) = (0, 0, 0);
    for step in script() {
        let removing =
            matches!(step, Step::Compact | Step::CompactAll) && world.bench.cx.cloud.core.log().segments().len() > 1;
        if matches!(step, Step::Compact | Step::CompactAll | Step::Drop) {
            world.bench.cx.cloud.core.close_segment().await.unwrap();
        }
        world.sure_step(step, "the run").await;
        models.push(world.model.clone());
        let copies = world.disk.with(|state| state.history.replace(Vec::new())).unwrap_or_default();
        let now = world.now();
        after.clock.advance(std::time::Duration::from_millis(now - after.clock.now()));
        let known = HashSet::new();
        let mut inspector = Inspector { ground: &after, now, models: &models, known, looked: 0 };
        let before = models.len() - 2;
        for copy in copies {
            operations += 1;
            let context = format!("{durability}, operation {operations}, {step:?}");
            inspector.look(&copy.copy(), before, &format!("{context}, killed")).await;
            let oldest = if durability == Durability::Power { before } else { synced };
            let seeds = (0..variants).map(|n| n + variants * operations as u64);
            let torn = seeds.flat_map(|seed| [Left::Some(seed), Left::Prefix(seed)]);
            for left in [Left::Nothing, Left::Everything].into_iter().chain(torn) {
                let disk = copy.after_power_cut(left);
                inspector.look(&disk, oldest, &format!("{context}, left {left:?}")).await;
            }
        }
        looked += inspector.looked;
        if removing {
            synced = models.len() - 1;
        }
    }
    assert!(world.bench.cx.cloud.core.log().tail() > 5, "several segments");
    (operations, looked)
}

#[tokio::test]
async fn a_power_cut_or_a_kill_costs_nothing_that_was_acknowledged() {
    let (operations, looked) = at_every_operation(Durability::Power, 2).await;
    println!("power: {operations} operations, {looked} different disks opened");
    assert!(operations > 200 && looked > operations, "{operations} operations, {looked} disks");
}

#[tokio::test]
async fn where_a_kill_was_promised_a_power_cut_costs_the_end_and_no_more() {
    let (operations, looked) = at_every_operation(Durability::Process, 1).await;
    println!("process: {operations} operations, {looked} different disks opened");
    assert!(operations > 100 && looked > operations, "{operations} operations, {looked} disks");
}
