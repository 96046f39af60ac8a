//! Looks at all queues, topics and streams, however many there are: a few of them under each lock, so that nobody who publishes waits
//! for all of them.

use super::Core;
use engine::queue::Queue;
use engine::stream::Stream;
use engine::topic::Topic;
use engine::{Engine, Millis, QueueId};

/// So many are looked at under one lock: some tens of microseconds.
const SLICE: usize = 100;

impl Core {
    /// Looks at the queues in order of ARN, hidden ones too, those behind the ARN `after`, for as long as `look` wants more. Whatever is
    /// declared or deleted meanwhile may be seen or not.
    pub(crate) fn each_queue(&self, after: &str, mut look: impl FnMut(&Queue, Millis) -> bool) {
        self.slices(after, |engine, now, after| {
            slice(engine.queues_after(after), |queue| &queue.config.arn, |queue| look(queue, now))
        });
    }

    /// As [`each_queue`](Self::each_queue), of the topics.
    pub(crate) fn each_topic(&self, after: &str, mut look: impl FnMut(&Topic) -> bool) {
        self.slices(after, |engine, _, after| slice(engine.topics_after(after), |topic| &topic.config.arn, &mut look));
    }

    /// As [`each_queue`](Self::each_queue), of the streams.
    pub(crate) fn each_stream(&self, after: &str, mut look: impl FnMut(&Stream) -> bool) {
        self.slices(after, |engine, _, after| slice(engine.streams_after(after), |it| &it.config.arn, &mut look));
    }

    /// Looks at queues by their numbers, for what counts their messages: see [`Core::count`].
    pub(crate) fn count_in(&self, queues: &[QueueId], mut look: impl FnMut(&mut Queue, Millis)) {
        for slice in queues.chunks(SLICE) {
            self.count(|engine, now| {
                for id in slice {
                    if let Some(queue) = engine.queue_mut(*id) {
                        look(queue, now);
                    }
                }
            });
        }
    }

    /// Looks at slices, each of which says behind which ARN the next begins.
    fn slices(&self, after: &str, mut look: impl FnMut(&Engine, Millis, &str) -> Option<String>) {
        let mut after = after.to_owned();
        while let Some(next) = self.read(|engine, now| look(engine, now, &after)) {
            after = next;
        }
    }
}

/// Looks at one slice, and returns the ARN behind which the next begins, if there is to be one.
fn slice<'e, T: 'e>(
    all: impl Iterator<Item = &'e T>,
    arn: impl Fn(&T) -> &String,
    mut look: impl FnMut(&T) -> bool,
) -> Option<String> {
    let mut last = None;
    for (n, one) in all.take(SLICE).enumerate() {
        if !look(one) {
            return None;
        }
        last = (n + 1 == SLICE).then_some(one);
    }
    last.map(|one| arn(one).clone())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::core::clock::Clock;
    use engine::Change;
    use engine::config::{Attributes, QueueConfig};
    use log::{Durability, MemoryDisk, Options};

    /// The console's overview held the lock for as long as all queues took, and every request waited.
    #[tokio::test]
    async fn all_queues_are_seen_a_slice_at_a_time() {
        let options = Options { durability: Durability::Memory, ..Options::default() };
        let (core, _) = Core::open(Arc::new(MemoryDisk::default()), options, Clock::manual(0), false, 7).unwrap();
        for queues in [0, 1, SLICE, 2 * SLICE + 1] {
            let declared = core.execute(|tx| {
                for n in 0..queues {
                    let (attributes, tags) = (Attributes::new(), Attributes::new());
                    let arn = format!("arn:aws:sqs:us-east-1:000000000000:q{n:04}");
                    let id = QueueId(n as u32 + 1);
                    let config = QueueConfig { id, arn, attributes, tags, created: 0, modified: 0, hidden: false };
                    tx.apply(&Change::Queue(std::borrow::Cow::Owned(config)));
                }
                Ok(())
            });
            declared.await.unwrap();
            let mut seen = Vec::new();
            core.each_queue("", |queue, _| {
                seen.push(queue.config.arn.clone());
                true
            });
            let all: Vec<String> = core.read(|engine, _| engine.queues("").map(|it| it.config.arn.clone()).collect());
            assert_eq!(seen, all);
            assert_eq!(seen.len(), queues);
        }
        let mut slices = 0;
        core.slices("", |engine, _, after| {
            slices += 1;
            let mut looked = 0;
            let next = slice(
                engine.queues_after(after),
                |queue| &queue.config.arn,
                |_| {
                    looked += 1;
                    true
                },
            );
            assert!(looked <= SLICE);
            next
        });
        assert_eq!(slices, 3);
        let mut seen = 0;
        core.each_queue("arn:aws:sqs:us-east-1:000000000000:q0100", |_, _| {
            seen += 1;
            seen < 5
        });
        assert_eq!(seen, 5, "whoever has seen enough looks no further");
    }
}
