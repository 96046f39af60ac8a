//! Events on their way to listeners: one ring that all of them read, each from where it was. Who is too slow for it is told to begin
//! anew; nothing is kept for a single listener.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use serde_json::Value as Json;
use tokio::sync::Notify;

/// Events that are kept for those who come again.
const KEPT: usize = 256;
/// Who may listen at once, of one account and in all.
pub(crate) const MOST_OF_ONE: usize = 64;
const MOST: usize = 512;

/// An event: parts that are of an account each, or of everybody.
#[derive(Debug)]
pub(crate) struct Event {
    pub number: u64,
    pub name: &'static str,
    pub at: u64,
    /// Each with its field in the event, and the ARN whose account may see it.
    pub parts: Vec<(&'static str, String, Json)>,
}

/// The ring.
pub(crate) struct Hub {
    /// Of this run of the server: numbers of another are no numbers of this one.
    run: u32,
    ring: Mutex<(u64, VecDeque<Arc<Event>>)>,
    notify: Notify,
    /// Somebody came.
    joined: Notify,
    listening: AtomicUsize,
    /// By account.
    of: Mutex<HashMap<String, usize>>,
}

impl Default for Hub {
    fn default() -> Self {
        let ring = Mutex::new((0, VecDeque::new()));
        let (listening, of) = (AtomicUsize::new(0), Mutex::default());
        Self { run: rand::random(), ring, notify: Notify::new(), joined: Notify::new(), listening, of }
    }
}

/// What a listener gets next.
pub(crate) enum Next {
    Events(Vec<Arc<Event>>),
    /// It was too slow, or was away for too long: what it knows is old.
    Dropped(u64),
}

impl Hub {
    /// How many listen.
    pub(crate) fn listening(&self) -> usize {
        self.listening.load(Ordering::Relaxed)
    }

    /// One more of an account listens until this is dropped; none where too many do already.
    pub(crate) fn join(self: &Arc<Self>, account: &str) -> Option<Listening> {
        let mut of = self.of.lock();
        let own = of.get(account).copied().unwrap_or_default();
        if own >= MOST_OF_ONE || self.listening() >= MOST {
            return None;
        }
        of.insert(account.to_owned(), own + 1);
        self.listening.fetch_add(1, Ordering::Relaxed);
        self.joined.notify_one();
        Some(Listening(self.clone(), account.to_owned()))
    }

    /// An event for all.
    pub(crate) fn push(&self, name: &'static str, at: u64, parts: Vec<(&'static str, String, Json)>) {
        {
            let (number, ring) = &mut *self.ring.lock();
            *number += 1;
            ring.push_back(Arc::new(Event { number: *number, name, at, parts }));
            if ring.len() > KEPT {
                ring.pop_front();
            }
        }
        self.notify.notify_waiters();
    }

    /// Something happened that nobody is told of, for nobody listened: who comes again is told that it missed it.
    pub(crate) fn skip(&self) {
        let (number, ring) = &mut *self.ring.lock();
        *number += 1;
        ring.clear();
    }

    /// An event's id for clients.
    pub(crate) fn id(&self, number: u64) -> String {
        format!("{:08x}-{number}", self.run)
    }

    /// The number in the id that a client saw last; none in another run's.
    pub(crate) fn number(&self, id: &str) -> Option<u64> {
        let (run, number) = id.split_once('-')?;
        (run == format!("{:08x}", self.run)).then(|| number.parse().ok())?
    }

    /// The number of the last event.
    pub(crate) fn last(&self) -> u64 {
        self.ring.lock().0
    }

    /// What comes after an event, if anything has.
    pub(crate) fn after(&self, number: u64) -> Option<Next> {
        let (last, ring) = &*self.ring.lock();
        if number >= *last {
            return None;
        }
        let first = ring.front().map_or(*last + 1, |event| event.number);
        if number + 1 < first {
            return Some(Next::Dropped(*last));
        }
        Some(Next::Events(ring.iter().skip((number + 1 - first) as usize).cloned().collect()))
    }

    /// Returns when there may be something new, at once if it came since `number`.
    pub(crate) async fn wait(&self, number: u64) {
        let told = self.notify.notified();
        if self.last() <= number {
            told.await;
        }
    }

    /// Returns when somebody came.
    pub(crate) async fn joined(&self) {
        self.joined.notified().await;
    }

    /// Wakes all listeners: the server stops.
    pub(crate) fn wake(&self) {
        self.notify.notify_waiters();
    }
}

/// A listener's place; dropping it leaves.
pub(crate) struct Listening(pub Arc<Hub>, String);

impl Drop for Listening {
    fn drop(&mut self) {
        let mut of = self.0.of.lock();
        match of.get_mut(&self.1) {
            Some(own) if *own > 1 => *own -= 1,
            _ => _ = of.remove(&self.1),
        }
        self.0.listening.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_away_for_too_long_begins_anew() {
        let hub = Arc::new(Hub::default());
        assert!(hub.after(0).is_none());
        for _ in 0..KEPT + 2 {
            hub.push("figures", 1, Vec::new());
        }
        assert!(matches!(hub.after(1), Some(Next::Dropped(last)) if last == KEPT as u64 + 2));
        assert!(matches!(hub.after(2), Some(Next::Events(events)) if events.len() == KEPT && events[0].number == 3));
        // Who came again after nobody had listened was told nothing of what it had missed.
        let last = hub.last();
        hub.skip();
        assert!(matches!(hub.after(last), Some(Next::Dropped(now)) if now == last + 1));
        hub.push("figures", 1, Vec::new());
        assert!(matches!(hub.after(last + 1), Some(Next::Events(events)) if events[0].number == last + 2));
        assert_eq!((hub.number(&hub.id(7)), hub.number("00-7"), hub.number("x")), (Some(7), None, None));
        let mut places: Vec<_> = (0..MOST_OF_ONE).map(|_| hub.join("1").unwrap()).collect();
        assert!(hub.join("1").is_none());
        places.extend((0..MOST - MOST_OF_ONE).map(|at| hub.join(&at.to_string().repeat(2)).unwrap()));
        assert!(hub.join("3").is_none());
        drop(places);
        assert!(hub.listening() == 0 && hub.of.lock().is_empty());
    }
}
