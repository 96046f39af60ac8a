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

/// A client's number among all that ever polled, from 1 on; 0 is nobody's.
pub(crate) type Number = u32;

/// The clients that poll.
#[derive(Debug, Default)]
pub(crate) struct Consumers(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    polls: FxHashMap<Key, (Millis, u64, Number)>,
    /// Whose a number is, of those in `polls`.
    numbers: FxHashMap<Number, Key>,
    last: Number,
}

impl Consumers {
    /// Notes that a client polls a queue; its number.
    pub(crate) fn note(&self, queue: QueueId, agent: &Arc<str>, application: Option<&Arc<str>>, now: Millis) -> Number {
        if agent.len() > LONGEST {
            return 0;
        }
        let Known { polls, numbers, last } = &mut *self.0.lock();
        let key = (queue, agent.clone(), application.cloned());
        if let Some((seen, count, number)) = polls.get_mut(&key) {
            (*seen, *count) = (now, *count + 1);
            return *number;
        }
        if polls.len() >= MOST {
            let oldest = polls.iter().min_by_key(|(_, (seen, ..))| *seen).map(|(key, _)| key.clone());
            let oldest = oldest.and_then(|oldest| polls.remove(&oldest));
            oldest.and_then(|(.., number)| numbers.remove(&number));
        }
        *last = last.wrapping_add(1).max(1);
        polls.insert(key.clone(), (now, 1, *last));
        numbers.insert(*last, key);
        *last
    }

    /// All that are remembered.
    pub(crate) fn all(&self) -> Vec<Polls> {
        self.0.lock().polls.iter().map(|(key, (last, count, _))| Polls::of(key, *last, *count)).collect()
    }

    /// Whose a number is, if that is remembered.
    pub(crate) fn of(&self, number: Number) -> Option<Polls> {
        let known = self.0.lock();
        let key = known.numbers.get(&number)?;
        let (last, count, _) = known.polls.get(key)?;
        Some(Polls::of(key, *last, *count))
    }

    /// Forgets all of them.
    pub(crate) fn forget(&self) {
        let known = &mut *self.0.lock();
        known.polls.clear();
        known.numbers.clear();
    }
}

impl Polls {
    fn of((queue, agent, application): &Key, last: Millis, count: u64) -> Self {
        Self { queue: *queue, agent: agent.clone(), application: application.clone(), last, count }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_quiet_for_longest_is_forgotten_with_its_number() {
        let consumers = Consumers::default();
        let note = |n: usize, now| consumers.note(QueueId(1), &format!("agent {n}").into(), None, now);
        let first = note(0, 1);
        assert_eq!((first, note(0, 2)), (1, 1));
        (1..=MOST).for_each(|n| _ = note(n, 3));
        assert!(consumers.of(first).is_none() && consumers.all().len() == MOST);
        assert_eq!(&*consumers.of(2).unwrap().agent, "agent 1");
        consumers.forget();
        assert!(consumers.of(2).is_none());
        assert_eq!(note(0, 4), MOST as u32 + 2, "a number is nobody else's later");
    }
}
