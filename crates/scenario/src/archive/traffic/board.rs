//! What is known of each book that was sent.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::story::{self, End, Story};
use crate::Progress;

/// What is known of a book.
#[derive(Debug, Clone, Default)]
pub(super) struct Fate {
    /// The id of its message.
    pub message: Option<String>,
    /// When it was sent.
    pub sent: Option<Instant>,
    /// Why it couldn't be sent.
    pub not_sent: Option<String>,
    /// Each message that says it was filed.
    pub filed: Vec<Filed>,
    /// Why it is a dead letter.
    pub dead: Option<String>,
    /// How long after it was sent its end was seen.
    pub lead: Option<Duration>,
}

/// What a message on the output queue says.
#[derive(Debug, Clone)]
pub(super) struct Filed {
    pub bucket: String,
    pub key: String,
    pub execution: Duration,
    /// When SQS took it: the time since the epoch.
    pub at: Duration,
}

/// The books of a run, and what became of them.
pub(super) struct Board {
    /// The run's name.
    pub run: String,
    pub stories: Vec<Story>,
    state: Mutex<State>,
    moves: AtomicU64,
    progress: Arc<Progress>,
}

#[derive(Default)]
struct State {
    fates: Vec<Fate>,
    open: usize,
    /// The books of each group in the order in which they were heard of.
    heard: HashMap<String, Vec<usize>>,
    asks: Asks,
}

/// What came of calling the API.
#[derive(Debug, Clone, Default)]
pub(super) struct Asks {
    /// Calls that took books, or found none.
    pub answered: u64,
    /// Wrong calls that were refused as they should be.
    pub refused: u64,
    /// Answers that should not have been, and the calls without one.
    pub failed: Vec<String>,
    /// How many failed.
    pub failures: u64,
    /// The messages that were taken.
    pub taken: BTreeSet<String>,
    /// How long each call took.
    pub took: Vec<Duration>,
}

impl Board {
    pub(super) fn new((run, stories): (String, Vec<Story>), progress: Arc<Progress>) -> Self {
        let state = State { fates: vec![Fate::default(); stories.len()], ..State::default() };
        Self { run, stories, state: Mutex::new(state), moves: AtomicU64::new(0), progress }
    }

    /// Counts up whenever something happens.
    pub(super) fn moves(&self) -> u64 {
        self.moves.load(Ordering::Relaxed)
    }

    fn moved(&self) {
        self.moves.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether each book that was sent has its end, but for those that are the same again: nothing is heard of them.
    pub(super) fn all_ended(&self) -> bool {
        self.state.lock().open == 0
    }

    /// A book is about to be sent.
    pub(super) fn sending(&self, n: usize) {
        let mut state = self.state.lock();
        state.fates[n].sent = Some(Instant::now());
        if self.stories[n].end != End::AsBefore {
            state.open += 1;
        }
        self.progress.ask(1);
        self.moved();
    }

    /// It was sent, or not.
    pub(super) fn sent(&self, n: usize, sent: Result<String, String>) {
        let mut state = self.state.lock();
        match sent {
            Ok(message) => state.fates[n].message = Some(message),
            Err(why) => {
                state.fates[n].not_sent = Some(why);
                if self.stories[n].end != End::AsBefore {
                    state.open -= 1;
                }
            }
        }
        if self.stories[n].end == End::AsBefore {
            self.progress.finish(1);
        }
        self.moved();
    }

    /// A message on the output queue speaks of a book; whether it is one of this run.
    pub(super) fn filed(&self, id: &str, group: &str, filed: Filed) -> bool {
        let Some(n) = story::number(&self.run, id).filter(|n| *n < self.stories.len()) else { return false };
        let mut state = self.state.lock();
        state.fates[n].filed.push(filed);
        if state.fates[n].filed.len() == 1 {
            state.heard.entry(group.to_owned()).or_default().push(n);
            self.end(&mut state, n);
        }
        true
    }

    /// A dead letter; whether it is one of this run that was meant to end so.
    pub(super) fn dead(&self, body: &str, why: String) -> bool {
        let Some(n) = story::number(&self.run, body).filter(|n| *n < self.stories.len()) else { return false };
        let mut state = self.state.lock();
        if state.fates[n].dead.replace(why).is_none() {
            self.end(&mut state, n);
        }
        matches!(self.stories[n].end, End::Dead(_))
    }

    fn end(&self, state: &mut State, n: usize) {
        let fate = &mut state.fates[n];
        if fate.lead.is_none() {
            fate.lead = fate.sent.map(|sent| sent.elapsed());
            state.open = state.open.saturating_sub(1);
            self.progress.finish(1);
        }
        self.moved();
    }

    /// Notes what came of calling the API.
    pub(super) fn asked(&self, note: impl FnOnce(&mut Asks)) {
        note(&mut self.state.lock().asks);
    }

    /// All that is known.
    pub(super) fn known(&self) -> (Vec<Fate>, HashMap<String, Vec<usize>>, Asks) {
        let state = self.state.lock();
        (state.fates.clone(), state.heard.clone(), state.asks.clone())
    }
}
