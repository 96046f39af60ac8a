//! Who takes messages: the clients that poll queues, by what they say of themselves.

use std::sync::Arc;

use parking_lot::Mutex;
use rustc_hash::FxHashMap;

use engine::{Millis, QueueId};

/// Clients and queues that are remembered.
const MOST: usize = 1_000;
/// Bytes of what a client says of itself.
const LONGEST: usize = 1_024;

/// What is known of a client's polls of a queue.
#[derive(Debug, Clone)]
pub(crate) struct Polls {
    pub queue: QueueId,
    /// The header `User-Agent`.
    pub agent: Arc<str>,
    pub application: Option<Arc<str>>,
    pub last: Millis,
    pub count: u64,
}

/// A queue, and who polls it: its agent and its application.
type Key = (QueueId, Arc<str>, Option<Arc<str>>);

/// The clients that poll.
#[derive(Debug, Default)]
pub(crate) struct Consumers(Mutex<FxHashMap<Key, (Millis, u64)>>);

impl Consumers {
    /// Notes that a client polls a queue.
    pub(crate) fn note(&self, queue: QueueId, agent: &Arc<str>, application: Option<&Arc<str>>, now: Millis) {
        if agent.len() > LONGEST {
            return;
        }
        let mut all = self.0.lock();
        let key = (queue, agent.clone(), application.cloned());
        match all.get_mut(&key) {
            Some((last, count)) => (*last, *count) = (now, *count + 1),
            None => {
                if all.len() >= MOST {
                    let oldest = all.iter().min_by_key(|(_, (last, _))| *last).map(|(key, _)| key.clone());
                    oldest.and_then(|oldest| all.remove(&oldest));
                }
                all.insert(key, (now, 1));
            }
        }
    }

    /// All that are remembered.
    pub(crate) fn all(&self) -> Vec<Polls> {
        let all = self.0.lock();
        let polls = all.iter().map(|((queue, agent, application), (last, count))| Polls {
            queue: *queue,
            agent: agent.clone(),
            application: application.clone(),
            last: *last,
            count: *count,
        });
        polls.collect()
    }

    /// Forgets all of them.
    pub(crate) fn forget(&self) {
        self.0.lock().clear();
    }
}
