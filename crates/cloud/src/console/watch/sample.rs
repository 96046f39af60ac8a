//! Samples what moved.

use std::sync::Arc;
use std::time::Duration;

use rustc_hash::FxHashSet;
use serde_json::json;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Rate, Watch};
use crate::console::view::map::{Moved, moved};
use crate::core::Cloud;
use crate::core::clock::wall;

/// How often events are made at most.
const TICK: Duration = Duration::from_millis(100);
/// Ticks in which only rates and charts are looked after.
const SECOND: Duration = Duration::from_millis(950);
/// What one event tells of at most; the rest is told by the next.
const IN_EVENT: usize = 500;

/// What was seen up to now.
struct Sampler {
    watch: Arc<Watch>,
    /// What moved since the last second, and since the last event.
    of_second: FxHashSet<u32>,
    of_event: FxHashSet<u32>,
    /// What has messages that become visible by time alone.
    timed: FxHashSet<u32>,
    second: Instant,
    noticed: u64,
}

/// Samples until the server stops.
pub(crate) async fn run(cloud: Arc<Cloud>, watch: Arc<Watch>, stop: CancellationToken) {
    let hub = watch.hub.clone();
    let mut sampler = Sampler {
        noticed: cloud.notices.last(),
        watch,
        of_second: FxHashSet::default(),
        of_event: FxHashSet::default(),
        timed: FxHashSet::default(),
        second: Instant::now(),
    };
    let sampling = async {
        loop {
            if sampler.watch.hub.listening() > 0 {
                tokio::time::sleep(TICK).await;
            } else {
                _ = tokio::time::timeout(SECOND, sampler.watch.hub.joined()).await;
            }
            sampler.tick(&cloud);
        }
    };
    stop.run_until_cancelled(sampling).await;
    hub.wake();
}

impl Sampler {
    fn tick(&mut self, cloud: &Cloud) {
        let listens = self.watch.hub.listening() > 0;
        let passed = self.second.elapsed();
        if !listens && passed < SECOND {
            return;
        }
        let changed = cloud.core.look(|_, journal, _| journal.counts.take_changed());
        self.of_second.extend(&changed);
        if listens {
            self.of_event.extend(&changed);
        }
        if passed >= SECOND {
            self.second = Instant::now();
            self.sample(cloud, passed.as_secs_f64(), listens);
        }
        if listens {
            self.tell(cloud);
        } else {
            if !changed.is_empty() || cloud.notices.last() != self.noticed {
                self.watch.hub.skip();
            }
            self.of_event.clear();
            self.timed.clear();
            self.noticed = cloud.notices.last();
        }
    }

    /// Makes the rates of the second that has passed, and notes them.
    fn sample(&mut self, cloud: &Cloud, seconds: f64, listens: bool) {
        let second = wall() / 1_000;
        let mut numbers = std::mem::take(&mut self.of_second);
        // What moved in the second before may stand still now.
        let moving = Rate::default();
        numbers
            .extend(self.watch.rates.lock().iter().filter(|(_, (_, rate))| *rate != moving).map(|(number, _)| number));
        let numbers: Vec<u32> = numbers.into_iter().collect();
        for slice in numbers.chunks(200) {
            let counts: Vec<_> = cloud.core.look(|engine, journal, now| {
                let mut level = |number: u32| -> f64 {
                    if let Some(queue) = engine.queue_mut(engine::QueueId(number)) {
                        return queue.depth(now).visible as f64;
                    }
                    engine.stream(engine::StreamId(number)).map_or(0.0, |stream| stream.len() as f64)
                };
                let numbers = slice.iter().copied();
                numbers.map(|number| (number, journal.counts.get(number), level(number))).collect()
            });
            let mut rates = self.watch.rates.lock();
            let mut series = self.watch.series.lock();
            for (number, count, level) in counts {
                let (before, old) = rates.get(&number).copied().unwrap_or_default();
                let rate = Rate::between(&before, &count, seconds);
                series.note(number, second, &rate, level);
                if listens && rate != old {
                    self.of_event.insert(number);
                }
                rates.insert(number, (count, rate));
            }
        }
        if listens {
            self.of_event.extend(&self.timed);
        }
    }

    /// Makes the events.
    fn tell(&mut self, cloud: &Cloud) {
        let now = cloud.core.now();
        for (number, at, text) in cloud.notices.after(self.noticed) {
            self.noticed = number;
            let notice = json!({"number": number, "at": at, "notice": text});
            // A notice may tell of any account, as their page does.
            self.watch.hub.push("notice", at, vec![("notice", String::new(), notice)]);
        }
        let numbers: Vec<u32> = self.of_event.iter().copied().take(IN_EVENT).collect();
        if numbers.is_empty() {
            return;
        }
        numbers.iter().for_each(|number| _ = self.of_event.remove(number));
        let Moved { parts, timed } = moved(cloud, &self.watch, &numbers);
        numbers.iter().for_each(|number| _ = self.timed.remove(number));
        self.timed.extend(timed.into_iter().take(IN_EVENT));
        if !parts.is_empty() {
            self.watch.hub.push("figures", now, parts);
        }
    }
}
