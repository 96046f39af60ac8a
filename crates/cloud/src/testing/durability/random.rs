//! Random commands, a start and a compaction being two of them: cloud and model hold the same after each.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::step::{Step, World};
use super::{DEAD, DEAD_FIFO, FIRST, Ground, PLAIN, SECOND};
use log::Durability;

const CASES: u32 = 64;

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let standard = || prop_oneof![3 => Just(PLAIN), 1 => Just(SECOND)];
    let any_queue =
        || prop_oneof![4 => Just(PLAIN), 2 => Just(SECOND), 4 => Just(FIRST), 1 => Just(DEAD), 1 => Just(DEAD_FIFO)];
    let seconds = || prop_oneof![Just(0u64), 1..40u64];
    let step = prop_oneof![
        4 => (standard(), prop_oneof![2 => Just(0u64), 1 => 1..30u64]).prop_map(|(queue, delay)| Step::Send(queue, delay)),
        4 => (0..3u8, 0..12u8).prop_map(|(group, id)| Step::SendFifo(FIRST, group, id)),
        3 => any::<bool>().prop_map(Step::Publish),
        2 => (0..3u8, 0..12u8).prop_map(|(group, id)| Step::PublishFifo(group, id)),
        1 => Just(Step::Put),
        8 => (any_queue(), 1..11usize, seconds()).prop_map(|(queue, max, seconds)| Step::Receive(queue, max, seconds)),
        4 => (any_queue(), any::<usize>()).prop_map(|(queue, which)| Step::Delete(queue, which)),
        2 => (any_queue(), any::<usize>(), seconds()).prop_map(|(queue, which, s)| Step::Visibility(queue, which, s)),
        1 => any_queue().prop_map(Step::Purge),
        1 => Just(Step::Drop),
        1 => Just(Step::Make),
        4 => prop_oneof![4 => 1..40u64, 1 => Just(70u64), 1 => Just(301u64)].prop_map(Step::Wait),
        1 => Just(Step::Expire),
        1 => Just(Step::Flush),
        2 => Just(Step::Compact),
        2 => Just(Step::CompactAll),
        3 => Just(Step::Reopen),
    ];
    prop::collection::vec(step, 1..100)
}

#[test]
fn the_cloud_is_as_the_model_through_starts_and_compactions() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let ground = Ground::new(Durability::Memory, 4_000);
    // More of them with PROPTEST_CASES.
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let result = TestRunner::new(config).run(&steps(), |steps| {
        runtime.block_on(async {
            let mut world = World::new(ground.another(Durability::Memory)).await;
            for (number, step) in steps.into_iter().enumerate() {
                world.sure_step(step, &format!("step {number}")).await;
            }
        });
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}
