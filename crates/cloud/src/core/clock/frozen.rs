//! A clock that stands still until it is moved.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;

use super::Patience;
use engine::Millis;

/// The clock, and who waits for it.
#[derive(Debug)]
pub struct Frozen {
    now: watch::Sender<Millis>,
    /// Clients live by it too.
    for_clients: bool,
    /// When who sleeps is due, each with a number of its own.
    sleepers: Mutex<BTreeSet<(Millis, u64)>>,
    /// The same of those who aren't due then and only want to know.
    lookers: Mutex<BTreeSet<(Millis, u64)>>,
    numbers: AtomicU64,
    /// So many are working on what fell due.
    busy: Arc<AtomicUsize>,
    /// So often somebody began to work.
    begun: AtomicU64,
    /// Whose turn it is to move it.
    pub(super) turn: tokio::sync::Mutex<()>,
}

/// Somebody works, until it is dropped.
#[derive(Debug)]
pub(crate) struct Working(Arc<AtomicUsize>);

impl Drop for Working {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Somebody waits, until it is dropped.
struct Waiting<'c> {
    among: &'c Mutex<BTreeSet<(Millis, u64)>>,
    entry: (Millis, u64),
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.among.lock().remove(&self.entry);
    }
}

impl Frozen {
    pub(super) fn at(now: Millis, for_clients: bool) -> Self {
        Self {
            now: watch::Sender::new(now),
            for_clients,
            sleepers: Mutex::default(),
            lookers: Mutex::default(),
            numbers: AtomicU64::new(0),
            busy: Arc::default(),
            begun: AtomicU64::new(0),
            turn: tokio::sync::Mutex::default(),
        }
    }

    pub(super) fn now(&self) -> Millis {
        *self.now.borrow()
    }

    /// Whether clients live by it too.
    pub(crate) fn is_for_clients(&self) -> bool {
        self.for_clients
    }

    pub(super) fn set(&self, at: Millis) {
        self.now.send_replace(at);
    }

    pub(super) fn advance(&self, by: Duration) {
        self.now.send_modify(|now| *now = now.saturating_add(by.as_millis() as Millis));
    }

    pub(super) fn working(&self) -> Working {
        self.begun.fetch_add(1, Ordering::AcqRel);
        self.busy.fetch_add(1, Ordering::AcqRel);
        Working(self.busy.clone())
    }

    /// Who sleeps so is due at `at`.
    pub(super) async fn sleep_until(&self, at: Millis) {
        self.wait_among(&self.sleepers, at).await;
    }

    /// As [`sleep_until`](Self::sleep_until), for who isn't due then and only wants to know: the clock doesn't stop there.
    pub(super) async fn passed(&self, at: Millis) {
        self.wait_among(&self.lookers, at).await;
    }

    async fn wait_among(&self, among: &Mutex<BTreeSet<(Millis, u64)>>, at: Millis) {
        let entry = (at, self.numbers.fetch_add(1, Ordering::Relaxed));
        among.lock().insert(entry);
        let _waiting = Waiting { among, entry };
        let begun = self.now();
        // The sender lives as long as this clock, so waiting can't fail.
        _ = self.now.subscribe().wait_for(|now| *now >= at || *now < begun).await;
    }

    pub(super) async fn sleep_within(&self, at: Option<Millis>, patience: &Patience) {
        let due = async {
            match at {
                Some(at) => self.sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = due => {}
            () = self.passed(patience.at) => {}
            () = tokio::time::sleep_until(patience.until) => {}
        }
    }

    /// When the next sleeper is due, if that is so before `end`.
    pub(super) fn next_due(&self, end: Millis) -> Option<Millis> {
        self.sleepers.lock().first().map(|(at, _)| *at).filter(|at| *at < end)
    }

    /// Whether nobody works, and nobody still waits for a time that is there.
    pub(super) fn is_settled(&self) -> bool {
        let now = self.now();
        let none =
            |waiting: &Mutex<BTreeSet<_>>| waiting.lock().first().is_none_or(|(at, _): &(Millis, u64)| *at > now);
        self.busy.load(Ordering::Acquire) == 0 && none(&self.sleepers) && none(&self.lookers)
    }

    /// A number that changes whenever somebody begins to work.
    pub(super) fn begun(&self) -> u64 {
        self.begun.load(Ordering::Acquire)
    }
}
